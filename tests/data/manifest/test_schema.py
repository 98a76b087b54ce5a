from __future__ import annotations

from pathlib import Path

import pytest

from mcbench.data import generated, list_manifests, load_manifest
from mcbench.data.manifest import FilesSource, GeneratedSource
from mcbench.errors import FileFormatError, InputError
from tests.data.making import TINY, install_tiny


def test_the_benchmark_is_as_the_paper_says() -> None:
    manifest = load_manifest("multi-character")
    assert manifest.paper is not None
    assert (manifest.paper.videos, manifest.paper.frames) == (20, 3917)
    generated, local = manifest.sources["generated"], manifest.sources["local"]
    assert isinstance(generated, GeneratedSource)
    assert isinstance(local, FilesSource)
    assert (generated.size, generated.networks, local.networks) == ((896, 640), "embedded", "reference")
    assert manifest.default_source == "generated"
    for source in (generated, local):
        assert (source.subsets["default"].videos, source.subsets["default"].frames) == (20, 3917)


def test_the_manifest_is_of_this_generator() -> None:
    source = load_manifest("multi-character").sources["generated"]
    assert isinstance(source, GeneratedSource)
    assert source.generator_version == generated.GENERATOR_VERSION
    for specs, name in ((generated.test_clips(), "default"), (generated.demo_clips(), "demo")):
        subset = source.subsets[name]
        assert subset.clips == tuple(spec.id for spec in specs)
        assert subset.frames == sum(spec.n_frames for spec in specs)
    assert set(source.hashes) <= {spec.id for spec in (*generated.test_clips(), *generated.demo_clips())}


def test_built_in_manifests_have_no_limits_for_trying() -> None:
    for manifest in list_manifests():
        for source in manifest.sources.values():
            assert not isinstance(source, GeneratedSource) or source.max_frames is None


def test_own_manifests_by_name_and_by_path(tmp_path: Path) -> None:
    path = install_tiny(tmp_path / "home")
    assert load_manifest("tiny", tmp_path / "home") == load_manifest(str(path))
    assert [manifest.id for manifest in list_manifests(tmp_path / "home")][-1] == "tiny"


def test_unknown_names_get_near_matches() -> None:
    with pytest.raises(InputError, match="no benchmark 'multicharacter'") as caught:
        load_manifest("multicharacter")
    assert "multi-character" in caught.value.hint
    with pytest.raises(InputError) as caught:
        load_manifest("zzz")
    assert "local" in caught.value.hint


def test_two_manifests_of_one_id(tmp_path: Path) -> None:
    path = install_tiny(tmp_path, TINY.replace('id = "tiny"', 'id = "local"'))
    with pytest.raises(InputError, match="two manifests have the id 'local'") as caught:
        load_manifest("local", tmp_path)
    assert str(path) in caught.value.message


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('id = "tiny"\n', "", "id"),
        ('id = "tiny"', 'id = "../tiny"', "cannot be used"),
        ('title = "Tiny"', "title = 3", "title"),
        ('title = "Tiny"', 'title = "Tiny"\nflavour = 3', "flavour"),
        ('default_source = "generated"', 'default_source = "web"', "default_source"),
        ('kind = "generated"', 'kind = "magic"', "sources.generated"),
        ("size = [64, 48]", "size = [64]", "size"),
        ("size = [64, 48]", "size = [64, 0]", "size"),
        ("max_frames = 3", "max_frames = 0", "max_frames"),
        ("videos = 2", "videos = 3", "2 clips are named"),
        ('["demo-02", "demo-01"]', '["demo-02", "demo-02"]', "named twice"),
        ('clips = ["demo-02"]', "", "must name its clips"),
        ('networks = "embedded"', 'networks = "others"', "networks"),
        ("max_frames = 3", 'hashes = { demo-01 = "abc" }', "hashes"),
        ('id = "tiny"', "id = ", "TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in TINY
    path = install_tiny(tmp_path, TINY.replace(old, new))
    with pytest.raises((FileFormatError, InputError), match=complaint) as caught:
        load_manifest(str(path))
    assert str(path) in caught.value.message or complaint == "cannot be used"


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"none\.toml"):
        load_manifest(str(tmp_path / "none.toml"))

"""The manifests that come with mcbench say what is known of each data set, and no more."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mcbench.data import list_manifests, load_manifest
from mcbench.data.manifest import FilesSource, Manifest, built_in_folder

ROOT = Path(__file__).resolve().parents[3]
RANDOM_40 = (
    "11 12 18 19 29 38 43 46 47 57 92 102 103 109 120 124 135 151 155 163 168 182 190 192 205 210 213 227 "
    "228 229 234 254 265 270 275 298 301 304 324 338"
)


def source_of(name: str, source: str) -> FilesSource:
    found = load_manifest(name).sources[source]
    assert isinstance(found, FilesSource)
    return found


def test_which_there_are() -> None:
    assert {manifest.id for manifest in list_manifests()} == {
        "dancetrack",
        "local",
        "multi-character",
        "ted-talks",
        "tiktok",
        "ubc-fashion",
        "wyd-multi",
    }


def test_every_meaning_of_the_tiktok_test_set_has_a_name_and_none_stands_for_it() -> None:
    manifest = load_manifest("tiktok")
    release, disco = source_of("tiktok", "release"), source_of("tiktok", "disco")
    clips = {name: [int(clip) for clip in subset.clips or ()] for name, subset in release.subsets.items()}
    assert clips == {
        "all": list(range(1, 341)),
        "335-340": list(range(335, 341)),
        "335-339": list(range(335, 340)),
        "last-40": list(range(301, 341)),
        "random-40": [int(number) for number in RANDOM_40.split()],
    }
    assert {len(clip) for subset in release.subsets.values() for clip in subset.clips or ()} == {5}
    assert {name: subset.videos for name, subset in disco.subsets.items()} == {"disco-10": 10}
    assert manifest.default_source == "release"
    assert release.clips.assumed_fps == 30


def test_ted_talks_are_brought_to_the_size_of_the_published_command() -> None:
    for name in ("youtube", "ready"):
        settings = source_of("ted-talks", name).clips
        assert (settings.size, settings.fit, settings.fps) == ((384, 384), "stretch", None)


@pytest.mark.shared
def test_hashes_of_annotations_are_those_of_the_published_files(shared: Path) -> None:
    from mcbench.files import sha256_file

    files = [*source_of("ted-talks", "youtube").files, *source_of("wyd-multi", "videos").files]
    known = {file.name: file for file in files if file.sha256}
    assert sorted(known) == ["ted-metadata.csv", "wyd.json"]
    for name, file in known.items():
        path = shared / "data" / name
        assert (sha256_file(path), path.stat().st_size) == (file.sha256, file.size)


def test_counts() -> None:
    expected = {
        ("multi-character", "local", "default"): (20, 3917),
        ("ubc-fashion", "release", "train"): (500, None),
        ("ubc-fashion", "release", "test"): (100, None),
        ("wyd-multi", "videos", "default"): (489, 81971),
        ("wyd-multi", "videos", "all"): (1544, 246652),
        ("dancetrack", "release", "default"): (100, None),
        ("dancetrack", "release", "train"): (40, None),
        ("dancetrack", "release", "test"): (35, None),
    }
    for (name, source, subset), counts in expected.items():
        found = load_manifest(name).sources[source].subsets[subset]
        assert (found.videos, found.frames) == counts


def test_terms_are_accepted_before_anything_that_is_not_free_is_fetched() -> None:
    asked = {
        f"{manifest.id}/{name}"
        for manifest in list_manifests()
        for name in manifest.sources
        if (terms := manifest.terms_of(name)) is not None and terms.must_accept
    }
    assert asked == {
        "dancetrack/release",
        "ted-talks/ready",
        "ted-talks/youtube",
        "tiktok/disco",
        "tiktok/release",
        "ubc-fashion/release",
    }
    terms = load_manifest("dancetrack").terms
    assert terms is not None
    assert "non-commercial research only" in terms.summary


def test_what_can_be_fetched_has_terms() -> None:
    for manifest in list_manifests():
        for name, source in manifest.sources.items():
            if isinstance(source, FilesSource) and not source.needs_folder:
                assert manifest.terms_of(name) is not None, f"{manifest.id} {name}"


def test_one_source_may_have_terms_of_its_own() -> None:
    manifest = load_manifest("tiktok")
    own = {"summary": "Free.", "must_accept": False}
    content = manifest.model_dump()
    content["sources"]["disco"]["terms"] = own
    changed = Manifest.model_validate(content)
    assert [changed.terms_of(name).summary for name in ("disco", "release")] == [  # type: ignore[union-attr]
        "Free.",
        manifest.terms.summary if manifest.terms else "",
    ]
    assert load_manifest("multi-character").terms_of("generated") is None


def test_a_wheel_carries_them() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert build["wheel"]["force-include"] == {"data/manifests": "mcbench/data/manifests"}
    assert "data/manifests" in build["sdist"]["include"]
    assert built_in_folder() == ROOT / "data" / "manifests"


def test_subsets_name_the_files_that_they_need() -> None:
    subsets = load_manifest("dancetrack").sources["release"].subsets
    needed = {name: subset.files for name, subset in subsets.items()}
    assert needed == {"default": (), "train": ("train*",), "val": ("val*",), "test": ("test*",)}
    subsets = load_manifest("ubc-fashion").sources["release"].subsets
    needed = {name: subset.files for name, subset in subsets.items()}
    assert needed == {"default": ("test/*",), "test": ("test/*",), "train": ("train/*",)}

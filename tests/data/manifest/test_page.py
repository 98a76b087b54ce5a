"""docs/manifests.md: its example works as it stands, and it leaves no field out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from mcbench.data import open_split, prepare
from mcbench.data.layouts import specs
from mcbench.data.manifest import (
    ClipSettings,
    FileList,
    FilesSource,
    GeneratedSource,
    Manifest,
    PaperFacts,
    Subset,
    Terms,
    check_manifest,
)
from mcbench.downloads import RemoteFile
from mcbench.errors import InputError
from mcbench.records import Part
from tests.video.making import blocks, write_video

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "manifests.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
SHAPES: tuple[type[Part], ...] = (
    Manifest, Terms, PaperFacts, FilesSource, GeneratedSource, RemoteFile, FileList, ClipSettings, Subset,
    specs.FramesLayout, specs.VideosLayout, specs.MotLayout, specs.TsvLayout, specs.TableLayout,
)  # fmt: skip


@pytest.fixture
def example(tmp_path: Path) -> Path:
    (tmp_path / "studio.toml").write_text(EXAMPLES[0])
    return tmp_path / "studio.toml"


def test_the_example_is_valid(example: Path) -> None:
    found = check_manifest(example)
    assert found.problems == ()
    assert [each.field for each in found.warnings] == [
        "sources.release.subsets",
        "sources.release.files.0.sha256",
    ]


def test_a_copy_of_the_paper_s_videos(tmp_path: Path) -> None:
    (tmp_path / "copy.toml").write_text(EXAMPLES[1])
    assert check_manifest(tmp_path / "copy.toml").problems == ()
    write_video(tmp_path / "mine.mp4", [blocks(64, 64, seed) for seed in range(2)])
    with pytest.raises(InputError, match="holds no video at"):
        prepare(str(tmp_path / "copy.toml"), from_path=tmp_path, home=tmp_path / "home")
    (tmp_path / "copy" / "videos").mkdir(parents=True)
    (tmp_path / "mine.mp4").rename(tmp_path / "copy" / "videos" / "a.mp4")
    report = prepare(str(tmp_path / "copy.toml"), from_path=tmp_path / "copy", home=tmp_path / "home")
    assert report.shortfall == (
        "1 videos where multi-character-copy has 20",
        "2 frames where multi-character-copy has 3,917",
    )


def test_the_example_needs_no_code(example: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name, rate, n_frames in (("test/anna", 24, 6), ("test/ben", 12, 5), ("train/cleo", 24, 4)):
        path = tmp_path / "copy" / "Studio" / f"{name}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_video(path, [blocks(64, 64, seed) for seed in range(n_frames)], rate=rate)
    with pytest.raises(InputError, match="say which one is meant"):
        prepare(str(example), from_path=tmp_path / "copy", home=home)
    report = prepare(f"{example}/test", from_path=tmp_path / "copy", home=home)
    assert [(clip.clip, clip.status, clip.n_frames) for clip in report.clips] == [
        ("anna", "done", 6),
        ("ben", "done", 10),
    ]
    assert report.complete
    (home / "manifests").mkdir()
    example.rename(home / "manifests" / "studio.toml")
    split = open_split("studio/test", home=home)
    assert [(clip.record.id, clip.record.fps, clip.record.size) for clip in split.clips] == [
        ("anna", 24.0, (256, 192)),
        ("ben", 24.0, (256, 192)),
    ]
    assert split.record.missing == ()
    pair = open_split("studio/pair", home=home)
    assert [clip.record.id for clip in pair.clips] == ["anna"]
    assert pair.record.missing == ("take-01", "take-02", "take-03")


def test_every_field_is_told() -> None:
    told = set(re.findall(r"`([a-z_0-9]+)`", PAGE))
    fields = {f"{shape.__name__}.{name}": name for shape in SHAPES for name in shape.model_fields}
    assert {field for field, name in fields.items() if name not in told} == set()


def test_every_layout_is_told() -> None:
    union, _ = get_args(specs.Layout)
    kinds = {name for shape in get_args(union) for name in get_args(get_type_hints(shape)["kind"])}
    assert kinds == {"folder", "frames", "videos", "mot", "tsv", "table"}
    assert kinds <= set(re.findall(r"^\| `([a-z]+)` \|", PAGE, re.MULTILINE))

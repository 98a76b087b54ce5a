from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from mcbench.data.layouts import FramesLayout, VideosLayout
from mcbench.data.layouts.reading import read_layout
from mcbench.data.manifest import FilesSource, load_manifest
from mcbench.errors import InputError
from tests.data.layouts.making import touch


def tiktok() -> FramesLayout:
    source = load_manifest("tiktok").sources["release"]
    assert isinstance(source, FilesSource)
    assert isinstance(source.layout, FramesLayout)
    return source.layout


def released(folder: Path, clip: str, n_frames: int, *kinds: str) -> None:
    """A clip as the TikTok release has it."""
    for kind in ("images", *kinds):
        touch(folder, *(f"{clip}/{kind}/{index:04d}.png" for index in range(1, n_frames + 1)))


@pytest.mark.shared
def test_disco_s_example_data(shared: Path) -> None:
    content = read_layout(tiktok(), shared / "data" / "tiktok-layout")
    assert [(clip.id, clip.expected_frames) for clip in content.clips] == [("00001", 9), ("00002", 9)]
    assert content.problems == ()
    clip = content.clips[0]
    assert set(clip.beside) == {"masks", "openpose"}
    folder = Path(clip.path)
    frames = sorted(folder.glob(clip.frames))
    masks = sorted(Path(clip.beside["masks"]).parent.glob(Path(clip.beside["masks"]).name))
    assert [path.name for path in masks] == [f"{path.name}.mask.png" for path in frames]
    with Image.open(masks[0]) as mask, Image.open(frames[0]) as frame:
        assert mask.size == frame.size
        assert np.unique(np.asarray(mask)).tolist() == [0, 1]


@pytest.mark.parametrize("above", ["", "TikTok_dataset", "TikTok_dataset/TikTok_dataset"])
def test_the_release_however_deep_the_archive_puts_it(tmp_path: Path, above: str) -> None:
    for clip in ("00001", "00340"):
        released(tmp_path / above, clip, 3, "masks", "densepose")
    content = read_layout(tiktok(), tmp_path)
    assert [clip.id for clip in content.clips] == ["00001", "00340"]
    root = tmp_path / above
    assert content.clips[1].path == str(root / "00340" / "images")
    assert content.clips[1].beside == {
        "masks": str(root / "00340" / "masks" / "*.png"),
        "densepose": str(root / "00340" / "densepose" / "*.png"),
    }


def test_what_does_not_go_with_the_frames_is_left_out_and_told(tmp_path: Path) -> None:
    released(tmp_path, "00001", 3, "masks", "densepose")
    (tmp_path / "00001" / "masks" / "0002.png").unlink()
    (tmp_path / "00001" / "densepose" / "0002.png").rename(tmp_path / "00001" / "densepose" / "x.png")
    content = read_layout(tiktok(), tmp_path)
    assert content.clips[0].beside == {}
    assert [problem.split(": ")[1] for problem in content.problems] == [
        "2 masks files do not go with its 3 frames",
        "3 densepose files do not go with its 3 frames",
    ]


def test_a_number_is_not_taken_for_the_beginning_of_another(tmp_path: Path) -> None:
    touch(tmp_path, "1/images/1.png", "1/images/2.png", "1/masks/10.png", "1/masks/2.png")
    assert read_layout(tiktok(), tmp_path).clips[0].beside == {}
    (tmp_path / "1" / "masks" / "10.png").rename(tmp_path / "1" / "masks" / "1.mask.png")
    assert set(read_layout(tiktok(), tmp_path).clips[0].beside) == {"masks"}


def test_frames_that_are_missing_in_between_are_told(tmp_path: Path) -> None:
    released(tmp_path, "00001", 6)
    for index in (3, 4):
        (tmp_path / "00001" / "images" / f"{index:04d}.png").unlink()
    content = read_layout(tiktok(), tmp_path)
    assert content.clips[0].expected_frames == 4
    assert content.problems == ("00001: 2 frames are missing between its first and last, such as number 3",)


def test_other_folders_are_passed_over(tmp_path: Path) -> None:
    released(tmp_path, "00001", 1)
    touch(tmp_path, "preview/images/1.png", "00002/images/readme.txt")
    content = read_layout(tiktok(), tmp_path)
    assert [clip.id for clip in content.clips] == ["00001"]
    assert content.passed_over == ("preview/images",)


def test_other_folders_do_not_hide_the_clips_further_down(tmp_path: Path) -> None:
    touch(tmp_path, "preview/1.png", "TikTok/7/000001.png")
    assert [clip.id for clip in read_layout(tiktok(), tmp_path).clips] == ["00007"]


def test_two_folders_of_one_number(tmp_path: Path) -> None:
    released(tmp_path, "1", 1)
    released(tmp_path, "00001", 1)
    with pytest.raises(InputError, match="would both become the clip '00001'"):
        read_layout(tiktok(), tmp_path)


def test_nothing_of_the_layout(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4")
    with pytest.raises(InputError, match=r"holds no frame at \{clip\}/images/\*\.png or"):
        read_layout(tiktok(), tmp_path)
    with pytest.raises(InputError, match="holds no video at"):
        read_layout(VideosLayout(kind="videos", patterns=("videos/{clip}.mp4",)), tmp_path)


@pytest.mark.parametrize("pattern", ["{clip}.png", "{clip}/0001.png", "{clip}/{frame}.png", "images/*.png"])
def test_patterns_of_frames_that_cannot_be(pattern: str) -> None:
    with pytest.raises(ValidationError):
        FramesLayout(kind="frames", patterns=(pattern,))


def test_what_lies_beside_is_named_by_what_the_frames_are_named_by(tmp_path: Path) -> None:
    def layout(beside: str) -> FramesLayout:
        return FramesLayout(kind="frames", patterns=("{split}/{clip}/*.png",), beside={"masks": (beside,)})

    touch(tmp_path, "test/a/1.png", "masks/test/a/1.png", "masks/train/a/1.png")
    clip = read_layout(layout("masks/{split}/{clip}/*.png"), tmp_path).clips[0]
    assert clip.beside == {"masks": str(tmp_path / "masks" / "test" / "a" / "*.png")}
    with pytest.raises(ValidationError, match=r"names \{part\}, which no pattern of frames does"):
        layout("masks/{part}/{clip}/*.png")


def test_videos_and_their_split(tmp_path: Path) -> None:
    touch(tmp_path, "x/train/91-3003CN5S.mp4", "x/test/A1%2B1.mp4", "x/test/notes.txt", "x/test/B.MP4")
    content = read_layout(VideosLayout(kind="videos", patterns=("{split}/{clip}.mp4",)), tmp_path)
    assert [(clip.id, clip.facts) for clip in content.clips] == [
        ("91-3003CN5S", {"split": "train"}),
        ("A1_2B1", {"split": "test"}),
        ("B", {"split": "test"}),
    ]
    assert content.clips[0].path == str(tmp_path / "x" / "train" / "91-3003CN5S.mp4")


def test_one_name_in_two_splits(tmp_path: Path) -> None:
    touch(tmp_path, "train/a.mp4", "test/A.mp4")
    with pytest.raises(InputError, match="would both become the clip"):
        read_layout(VideosLayout(kind="videos", patterns=("{split}/{clip}.mp4",)), tmp_path)


def test_a_glob_of_any_suffix_takes_videos_only(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "a.json", "b.webm", "c.mp4.part")
    content = read_layout(VideosLayout(kind="videos", patterns=("{clip}.*",)), tmp_path)
    assert [Path(clip.path).name for clip in content.clips] == ["a.mp4", "b.webm"]

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcbench.data.layouts import FolderLayout, clip_id
from mcbench.data.layouts.folder import find_clips
from mcbench.data.layouts.reading import read_layout
from mcbench.errors import InputError
from mcbench.files import safe_name
from tests.data.layouts.making import touch
from tests.data.making import CLIPS_OF_FOLDER, folder_of_videos, some_poses


@given(st.text(max_size=200))
def test_ids_can_be_used_everywhere(name: str) -> None:
    assert safe_name(clip_id(name)) == clip_id(name)
    assert clip_id(clip_id(name)) == clip_id(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("duo-street", "duo-street"),
        ("first dance (2)", "first_dance__2_"),
        ("Über", "Uber"),
        ("-x", "_-x"),
        (".x", "_.x"),
        ("", "_"),
        ("舞", "_"),
    ],
)
def test_ids(name: str, expected: str) -> None:
    assert clip_id(name) == expected


def test_videos_and_frame_folders(tmp_path: Path) -> None:
    content = find_clips(folder_of_videos(tmp_path / "in"))
    assert tuple(clip.id for clip in content.clips) == CLIPS_OF_FOLDER
    assert [Path(clip.path).name for clip in content.clips] == ["first dance.mp4", "third", "zweite.webm"]
    assert content.passed_over == ()


def test_what_is_passed_over_is_listed(tmp_path: Path) -> None:
    touch(tmp_path, "a.MP4", "reference.png", "notes.txt", "empty/readme.md", ".hidden.mp4", "b/1.jpg")
    content = find_clips(tmp_path)
    assert [clip.id for clip in content.clips] == ["a", "b"]
    assert content.passed_over == ("empty", "notes.txt", "reference.png")


def test_a_folder_of_frames_is_one_clip(tmp_path: Path) -> None:
    touch(tmp_path / "dance 1", "0001.png", "0002.png", "masks/0001.png")
    content = find_clips(tmp_path / "dance 1")
    assert [(clip.id, clip.path) for clip in content.clips] == [("dance_1", str(tmp_path / "dance 1"))]
    assert content.passed_over == ("masks",)


@pytest.mark.parametrize("names", [("a.mp4", "a.webm"), ("a b.mp4", "a_b.mp4"), ("A.mp4", "a/1.png")])
def test_two_clips_of_one_name(tmp_path: Path, names: tuple[str, str]) -> None:
    touch(tmp_path, *names)
    with pytest.raises(InputError, match="would both become the clip"):
        find_clips(tmp_path)


def test_poses_go_with_their_clip(tmp_path: Path) -> None:
    touch(tmp_path, "a b.mp4", "c/1.png", "d.mp4")
    for name in ("a b", "c"):
        some_poses(1).write(tmp_path / f"{name}.poses.npz")
    content = find_clips(tmp_path)
    found = {clip.id: Path(clip.beside["poses"]).name if clip.beside else None for clip in content.clips}
    assert found == {"a_b": "a b.poses.npz", "c": "c.poses.npz", "d": None}
    assert content.passed_over == ()


def test_poses_of_a_folder_that_is_one_clip_lie_beside_it(tmp_path: Path) -> None:
    touch(tmp_path, "dance/1.png", "dance.poses.npz")
    assert find_clips(tmp_path / "dance").clips[0].beside == {"poses": str(tmp_path / "dance.poses.npz")}


def test_poses_of_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "a.mp4", "b.poses.npz")
    with pytest.raises(InputError, match=r"b\.poses\.npz belongs to no video"):
        find_clips(tmp_path)


def test_folders_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there"):
        read_layout(FolderLayout(), tmp_path / "gone")
    touch(tmp_path, "a.txt")
    with pytest.raises(InputError, match="is no folder"):
        read_layout(FolderLayout(), tmp_path / "a.txt")
    with pytest.raises(InputError, match="no videos and no frame folders"):
        find_clips(tmp_path)

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcbench.errors import FileFormatError
from mcbench.video import open_frames, write_png
from mcbench.video.folders import natural_key
from tests.video.making import number_of, numbered


def frame_folder(folder: Path, names: list[str]) -> Path:
    for name, picture in zip(names, numbered(len(names)), strict=True):
        write_png(folder / name, picture)
    return folder


@pytest.mark.parametrize(
    "names",
    [
        [f"{index:06d}.png" for index in range(12)],
        [f"{index}.png" for index in range(12)],
        [f"frame-{index}.PNG" for index in range(7, 19)],
        [f"take{take}_shot{shot}.png" for take in (2, 10) for shot in (1, 9, 11)],
    ],
)
def test_natural_order(tmp_path: Path, names: list[str]) -> None:
    source = open_frames(frame_folder(tmp_path, names))
    assert [number_of(frame) for frame in source] == list(range(len(names)))
    assert number_of(source[-1]) == len(names) - 1
    assert (source.decoder, source.fps, source.size) == ("images", None, (64, 64))


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 99)), unique=True))
def test_numbers_count_by_value(numbers: list[tuple[int, int]]) -> None:
    names = [f"a{first}b{second}" for first, second in numbers]
    assert sorted(names, key=natural_key) == [f"a{first}b{second}" for first, second in sorted(numbers)]


def test_other_things_are_passed_over(tmp_path: Path) -> None:
    frame_folder(tmp_path, ["1.png", "2.png"])
    (tmp_path / ".hidden.png").write_text("not a picture")
    (tmp_path / "._2.png").write_text("what another system leaves")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "masks").mkdir()
    assert open_frames(tmp_path).n_frames == 2


def test_two_pictures_for_one_frame(tmp_path: Path) -> None:
    frame_folder(tmp_path, ["1.png", "2.png", "02.png"])
    with pytest.raises(FileFormatError, match=r"02\.png and 2\.png are two pictures for one frame"):
        open_frames(tmp_path)


def test_mixed_sizes(tmp_path: Path) -> None:
    frame_folder(tmp_path, ["1.png", "2.png"])
    write_png(tmp_path / "3.png", np.zeros((64, 65, 3), np.uint8))
    with pytest.raises(FileFormatError, match=r"3\.png is 64x65, but 1\.png in the same folder is 64x64"):
        open_frames(tmp_path)


def test_pictures_of_a_kind_that_is_not_read(tmp_path: Path) -> None:
    frame_folder(tmp_path, ["1.png", "2.png"])
    (tmp_path / "3.tiff").touch()
    with pytest.raises(FileFormatError, match=r"3\.tiff"):
        open_frames(tmp_path)


def test_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(FileFormatError, match="holds no frames"):
        open_frames(tmp_path)


@pytest.mark.parametrize("kind", ["folder", "empty", "loop"])
def test_what_is_named_like_a_frame_and_is_none(tmp_path: Path, kind: str) -> None:
    frame_folder(tmp_path, ["1.png", "2.png"])
    impostor = tmp_path / "3.png"
    if kind == "folder":
        impostor.mkdir()
    elif kind == "empty":
        impostor.touch()
    else:
        impostor.symlink_to(impostor)
    with pytest.raises(FileFormatError, match=r"3\.png"):
        open_frames(tmp_path)


def test_a_truncated_frame_is_named_when_it_is_read(tmp_path: Path) -> None:
    frame_folder(tmp_path, ["1.png", "2.png", "3.png"])
    content = (tmp_path / "2.png").read_bytes()
    (tmp_path / "2.png").write_bytes(content[: len(content) // 2])
    source = open_frames(tmp_path)
    frames = iter(source)
    assert number_of(next(frames)) == 0
    with pytest.raises(FileFormatError, match=r"2\.png"):
        next(frames)
    with pytest.raises(FileFormatError, match=r"2\.png"):
        source[1]

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mcbench.data.layouts import TsvLayout
from mcbench.data.layouts.reading import read_layout
from mcbench.data.layouts.tsv_file import TsvFile, member_pictures, parse_rows, write_rows
from mcbench.data.manifest import FilesSource, load_manifest
from mcbench.errors import FileFormatError, InputError
from mcbench.video import encode_png
from tests.data.layouts.making import picture, tsv_rows, write_tsv

LAYOUT = TsvLayout(kind="tsv", images=("*images.tsv",))


def indices(path: Path, member: str) -> list[int]:
    """The index that each picture of a clip tells."""
    shown = [np.asarray(Image.open(io.BytesIO(content))) for content in member_pictures(path, member)]
    return [int(one[0, 0, 0]) for one in shown]


@pytest.mark.parametrize("index", [True, False])
def test_clips_and_their_rows(tmp_path: Path, index: bool) -> None:
    write_tsv(tmp_path / "tsv" / "val_images.tsv", tsv_rows({"dance_a": 3, "dance_b": 2}), index=index)
    content = read_layout(LAYOUT, tmp_path)
    assert [(clip.id, clip.member, clip.expected_frames) for clip in content.clips] == [
        ("dance_a", "0-2", 3),
        ("dance_b", "3-4", 2),
    ]
    path = Path(content.clips[1].path)
    assert path == tmp_path / "tsv" / "val_images.tsv"
    assert indices(path, content.clips[0].member) == [0, 1, 2]
    assert indices(path, content.clips[1].member) == [0, 1]


def test_rows_come_in_order_of_frame_number_whatever_their_order(tmp_path: Path) -> None:
    rows = tsv_rows({"a": 12, "b": 2}, first=0)
    shuffled = [rows[row] for row in np.random.default_rng(0).permutation(len(rows))]
    write_tsv(tmp_path / "images.tsv", shuffled)
    first = read_layout(LAYOUT, tmp_path).clips[0]
    assert (first.id, first.expected_frames) == ("a", 12)
    assert indices(Path(first.path), first.member) == list(range(12))


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("{clip}_{frame}", ["TiktokDance_00001_0001", "TiktokDance_00001_0002"]),
        ("{clip}_{frame}", ["data/frames/00001_1.jpg", "data/frames/00001_2.jpg"]),
        ("{clip}/{frame}", ["root/00001/0001.png", "root/00001/0002.png"]),
        ("dance-{clip}.frame{frame}", ["dance-00001.frame001", "dance-00001.frame2"]),
    ],
)
def test_how_keys_name_clip_and_frame(tmp_path: Path, key: str, names: list[str]) -> None:
    write_tsv(tmp_path / "images.tsv", [(name, encode_png(picture(row))) for row, name in enumerate(names)])
    clip = read_layout(LAYOUT.model_copy(update={"key": key}), tmp_path).clips[0]
    assert clip.id.endswith("00001")
    assert clip.member == "0-1"


def test_files_beside_have_the_same_keys(tmp_path: Path) -> None:
    layout = LAYOUT.model_copy(update={"beside": {"masks": "*masks.tsv", "densepose": "*poses.tsv"}})
    rows = tsv_rows({"a": 2, "b": 2})
    write_tsv(tmp_path / "val_images.tsv", rows)
    write_tsv(tmp_path / "val_masks.tsv", rows)
    write_tsv(tmp_path / "val_poses.tsv", rows[:3])
    content = read_layout(layout, tmp_path)
    assert [clip.beside for clip in content.clips] == [{"masks": str(tmp_path / "val_masks.tsv")}] * 2
    assert content.problems == (
        "val_images.tsv: no file at *poses.tsv has its keys, so its clips have no densepose",
    )


def test_keys_that_do_not_fit_are_told(tmp_path: Path) -> None:
    write_tsv(tmp_path / "images.tsv", [*tsv_rows({"a": 1}), ("cover.png", encode_png(picture(0)))])
    content = read_layout(LAYOUT, tmp_path)
    assert [clip.id for clip in content.clips] == ["a"]
    assert content.problems == ("images.tsv: 1 keys do not fit '{clip}_{frame}', such as 'cover.png'",)
    with pytest.raises(InputError, match=r"no key in .* fits 'x{clip}_{frame}'"):
        read_layout(LAYOUT.model_copy(update={"key": "x{clip}_{frame}"}), tmp_path)


def test_two_rows_for_one_frame(tmp_path: Path) -> None:
    write_tsv(tmp_path / "images.tsv", tsv_rows({"a": 2}) + tsv_rows({"a": 1}))
    with pytest.raises(FileFormatError, match=r"row 2: a second row for 'a_0001\.png'"):
        read_layout(LAYOUT, tmp_path)


def test_one_clip_in_two_files(tmp_path: Path) -> None:
    write_tsv(tmp_path / "1_images.tsv", tsv_rows({"a": 1}))
    write_tsv(tmp_path / "2_images.tsv", tsv_rows({"A": 1}))
    with pytest.raises(InputError, match="would both become the clip"):
        read_layout(LAYOUT, tmp_path)


@pytest.mark.parametrize("index", ["", "x\n", "5\n", "0\n9\n4\n", "0\n100000\n"])
def test_an_index_that_does_not_go_with_its_file(tmp_path: Path, index: str) -> None:
    write_tsv(tmp_path / "images.tsv", tsv_rows({"a": 2}))
    (tmp_path / "images.lineidx").write_text(index)
    with pytest.raises(FileFormatError, match=r"images\.(lineidx|tsv)") as caught:
        read_layout(LAYOUT, tmp_path)
    assert "lineidx" in caught.value.hint


def test_an_index_into_the_middle_of_a_row(tmp_path: Path) -> None:
    write_tsv(tmp_path / "images.tsv", tsv_rows({"a": 2}))
    (tmp_path / "images.lineidx").write_text("0\n40\n")
    with pytest.raises(FileFormatError, match="row 1, has no key before a tab"):
        read_layout(LAYOUT, tmp_path)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "holds no"),
        (b"no tab at all\n", "row 0, has no key"),
        (b"\tAAAA\n", "row 0, has no key"),
        (b"\xff\xfe_1\tAAAA\n", "row 0, has no key"),
    ],
)
def test_files_that_are_no_such_tsv(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "images.tsv").write_bytes(content)
    with pytest.raises((FileFormatError, InputError), match=complaint if content else "no key"):
        read_layout(LAYOUT, tmp_path)


@pytest.mark.parametrize("text", [b"!!!!", b"AAA", b"", b"  "])
def test_rows_without_a_picture(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "images.tsv").write_bytes(b"a_1\t" + text + b"\n")
    with pytest.raises(FileFormatError, match="row 0"):
        TsvFile(tmp_path / "images.tsv").picture(0)


def test_a_file_that_has_shrunk(tmp_path: Path) -> None:
    write_tsv(tmp_path / "images.tsv", tsv_rows({"a": 2}))
    with pytest.raises(FileFormatError, match="has 2 rows, and its clip needs row 2"):
        list(member_pictures(tmp_path / "images.tsv", "0-2"))
    with pytest.raises(IndexError):
        TsvFile(tmp_path / "images.tsv").picture(-1)


def test_rows_longer_than_what_is_read_at_once(tmp_path: Path) -> None:
    big = np.random.default_rng(0).bytes(1_500_000)
    write_tsv(tmp_path / "images.tsv", [("a_1", big), ("a_2", b"small")], index=False)
    assert list(member_pictures(tmp_path / "images.tsv", "0-1")) == [big, b"small"]


@given(st.lists(st.integers(0, 50), min_size=1))
def test_row_numbers_as_text(rows: list[int]) -> None:
    assert parse_rows(write_rows(rows)) == rows


@pytest.mark.parametrize("text", ["", "a", "1-", "3-1", "-1", "1,,2", "1-2-3"])
def test_text_that_names_no_rows(text: str) -> None:
    with pytest.raises(FileFormatError, match="names no rows"):
        parse_rows(text)


def test_the_manifest_reads_tsv_files_of_ten_clips(tmp_path: Path) -> None:
    source = load_manifest("tiktok").sources["disco"]
    assert isinstance(source, FilesSource)
    lengths = {f"TiktokDance_{clip:03d}": 2 for clip in range(10)}
    write_tsv(tmp_path / "TikTokDance" / "new10val_TiktokDance-images.tsv", tsv_rows(lengths))
    write_tsv(tmp_path / "TikTokDance" / "new10val_TiktokDance-poses.tsv", tsv_rows(lengths))
    assert len(read_layout(source.layout, tmp_path).clips) == source.subsets["disco-10"].videos

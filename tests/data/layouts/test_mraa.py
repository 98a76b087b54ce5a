from __future__ import annotations

from pathlib import Path

import pytest

from mcbench.data.layouts import Crop, TableLayout, Trim
from mcbench.data.layouts.reading import read_layout, remote_files
from mcbench.data.manifest import FilesSource, load_manifest
from mcbench.errors import DataMissingError, FileFormatError, InputError
from tests.data.layouts.making import touch

HEADER = "video_id,start,end,bbox,fps,width,height,partition"
LAYOUT = TableLayout(kind="table", format="mraa", annotations=("ted384-metadata.csv", "ted-metadata.csv"))
ONE, TWO = "VM6HZqQKhok", "-E_1AB1rsSw"


def table(folder: Path, *rows: str, name: str = "ted384-metadata.csv") -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text("\n".join([HEADER, *rows]) + "\n")
    return folder


@pytest.mark.shared
def test_the_published_table(shared: Path) -> None:
    content = read_layout(LAYOUT, shared / "data")
    assert len(content.clips) == 1320
    assert {clip.missing for clip in content.clips} == {"start 0 and end 0 select no frame"}
    assert len({clip.facts["video"] for clip in content.clips}) == 411
    assert {clip.facts["split"] for clip in content.clips} == {"train"}
    assert content.problems[0].startswith("ted-metadata.csv: 1,320 of 1,320 rows cannot be used")
    assert "cannot reproduce" in content.problems[1]
    assert "ted384-metadata.csv" in content.problems[1]
    sample = next(clip for clip in content.clips if clip.id == "016737_016609_VM6HZqQKhok_000000_000000")
    assert sample.crop == Crop(left=104, top=10, right=665, bottom=570, of_width=944, of_height=944)
    assert remote_files(LAYOUT, shared / "data") == ()
    links = remote_files(LAYOUT, shared / "data", also_refused=True)
    assert len(links) == 411
    assert any(file.urls == ("youtube:xDKth-qS8Jk",) for file in links)


def test_rows_with_a_video(tmp_path: Path) -> None:
    table(
        tmp_path,
        f"{ONE},127,280,104-10-665-570,30.0,1280,720,train",
        f"{TWO},0,12,0-0-100-100,25,640,360,test",
    )
    touch(tmp_path, f"videos/{ONE}.mp4")
    present, missing = sorted(read_layout(LAYOUT, tmp_path).clips, key=lambda clip: bool(clip.missing))
    assert present.id == f"{ONE}_000127_000280"
    assert present.path == str(tmp_path / "videos" / f"{ONE}.mp4")
    assert present.trim == Trim(start=127, end=280, reference_fps=30)
    assert present.crop == Crop(left=104, top=10, right=665, bottom=570, of_width=1280, of_height=720)
    assert present.facts == {"split": "train", "video": ONE}
    assert missing.id == f"_{TWO}_000000_000012"
    assert missing.missing == f"its video '{TWO}' is not there"


def test_chunks_of_one_video_take_what_the_first_of_them_says(tmp_path: Path) -> None:
    table(tmp_path, f"{ONE},0,9,0-0-50-50,10,100,100,test", f"{ONE},10,19,0-0-50-50,25,900,900,train")
    touch(tmp_path, f"{ONE}.webm")
    first, second = read_layout(LAYOUT, tmp_path).clips
    assert first.crop == second.crop == Crop(left=0, top=0, right=50, bottom=50, of_width=100, of_height=100)
    assert second.trim == Trim(start=10, end=19, reference_fps=10)
    assert second.facts["split"] == "test"


def test_an_id_with_frame_numbers_is_written_back_to_front(tmp_path: Path) -> None:
    table(tmp_path, f"{ONE}#016609#016737,3,9,0-0-50-50,10,100,100,train")
    touch(tmp_path, f"{ONE}.mp4")
    clip = read_layout(LAYOUT, tmp_path).clips[0]
    assert clip.id == f"016737_016609_{ONE}_000003_000009"
    assert clip.path == str(tmp_path / f"{ONE}.mp4")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("5,5,0-0-50-50,10,100,100", "start 5 and end 5 select no frame"),
        ("9,5,0-0-50-50,10,100,100", "start 9 and end 5 select no frame"),
        ("0,5,0-0-101-50,10,100,100", "does not lie in a frame of 100x100"),
        ("0,5,50-0-50-50,10,100,100", "does not lie in a frame"),
        ("0,5,0-60-50-50,10,100,100", "does not lie in a frame"),
        ("0,5,0-0-50-50,0,100,100", "greater than 0"),
    ],
)
def test_rows_that_cannot_be_used_are_refused_with_the_reason(tmp_path: Path, row: str, reason: str) -> None:
    table(tmp_path, f"{ONE},0,9,0-0-50-50,10,100,100,train", f"{TWO},{row},train")
    touch(tmp_path, f"{ONE}.mp4", f"{TWO}.mp4")
    content = read_layout(LAYOUT, tmp_path)
    refused = [clip for clip in content.clips if clip.missing]
    assert len(refused) == 1
    assert reason in refused[0].missing
    assert content.problems[0].startswith("ted384-metadata.csv: 1 of 2 rows cannot be used")
    assert len(content.problems) == 1
    assert [file.urls for file in remote_files(LAYOUT, tmp_path)] == [(f"youtube:{ONE}",)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "has no column 'video_id'"),
        (HEADER.replace("bbox", "box"), "has no column 'bbox'"),
        (HEADER, "has no rows"),
        (f"{HEADER}\n{ONE},0,9,0-0-50,10,100,100,train", "line 2, cannot be read"),
        (f"{HEADER}\n{ONE},0,9,0-0-50-x,10,100,100,train", "line 2, cannot be read"),
        (f"{HEADER}\n{ONE},0,9", "line 2, cannot be read"),
        (f"{HEADER}\n{ONE},nan,9,0-0-50-50,10,100,100,train", "line 2, cannot be read"),
        (f"{HEADER}\n{ONE},zero,9,0-0-50-50,10,100,100,train", "line 2, cannot be read"),
        (f"{HEADER}\n{ONE},0,9,0-0-50-50,10,wide,100,train", "line 2, cannot be read"),
        ("<!DOCTYPE html><html></html>", "has no column"),
        ("x" * 200_000, "cannot be read: field larger than"),
        (f"{HEADER}\n{'x' * 200_000}", "cannot be read: field larger than"),
        (f"{HEADER}\n,0,9,0-0-50-50,10,100,100,train", "line 2, cannot be read: a column is empty"),
    ],
)
def test_tables_that_cannot_be_read(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "ted-metadata.csv").write_text(text)
    with pytest.raises(FileFormatError, match=complaint):
        read_layout(LAYOUT, tmp_path)


def test_a_row_that_is_there_twice(tmp_path: Path) -> None:
    table(tmp_path, *[f"{ONE},0,9,0-0-50-50,10,100,100,train"] * 2)
    with pytest.raises(InputError, match="would both become the clip"):
        read_layout(LAYOUT, tmp_path)


def test_the_table_that_works_goes_first_and_may_lie_among_the_downloads(tmp_path: Path) -> None:
    mine, downloads = tmp_path / "mine", tmp_path / "downloads"
    touch(mine, f"{ONE}.mp4")
    with pytest.raises(DataMissingError, match=r"hold no ted384-metadata\.csv or ted-metadata\.csv"):
        read_layout(LAYOUT, mine)
    table(downloads, f"{ONE},0,0,0-0-50-50,10,100,100,train", name="ted-metadata.csv")
    assert read_layout(LAYOUT, mine, downloads=downloads).clips[0].missing
    table(downloads, f"{ONE},0,9,0-0-50-50,10,100,100,train")
    assert read_layout(LAYOUT, mine, downloads=downloads).clips[0].path == str(mine / f"{ONE}.mp4")


def test_the_videos_to_fetch(tmp_path: Path) -> None:
    rows = [
        f"{video},{start},{start + 9},0-0-50-50,10,100,100,train" for video in (TWO, ONE) for start in (0, 10)
    ]
    table(tmp_path, *rows)
    files = remote_files(LAYOUT, tmp_path)
    assert [(file.name, file.urls) for file in files] == [
        (f"videos/_{TWO}.mp4", (f"youtube:{TWO}",)),
        (f"videos/{ONE}.mp4", (f"youtube:{ONE}",)),
    ]
    touch(tmp_path, *(file.name for file in files))
    assert all(clip.path for clip in read_layout(LAYOUT, tmp_path).clips)


def test_ready_made_clips_get_the_ids_of_the_table(tmp_path: Path) -> None:
    source = load_manifest("ted-talks").sources["ready"]
    assert isinstance(source, FilesSource)
    table(tmp_path / "a", f"{ONE},127,280,0-0-50-50,10,100,100,train", f"{TWO},0,9,0-0-50-50,10,100,100,test")
    touch(
        tmp_path / "b", f"TED384-v2/train/{ONE}#000127#000280.mp4", f"TED384-v2/test/{TWO}#000000#000009.mp4"
    )
    cut, ready = read_layout(LAYOUT, tmp_path / "a").clips, read_layout(source.layout, tmp_path / "b").clips
    assert [clip.id for clip in ready] == [clip.id for clip in cut]
    assert [clip.facts["split"] for clip in ready] == [clip.facts["split"] for clip in cut]

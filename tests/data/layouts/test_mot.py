from __future__ import annotations

from pathlib import Path

import pytest

from mcbench.data.layouts import MotLayout
from mcbench.data.layouts.reading import read_layout
from mcbench.data.manifest import load_manifest
from mcbench.errors import FileFormatError, InputError
from tests.data.layouts.making import touch

LAYOUT = MotLayout(kind="mot")
INFO = "[Sequence]\nname={name}\nimDir=img1\nframeRate=20\nseqLength={n}\nimWidth=1920\nimHeight=1080\n"
BOXES = "1,1,10,20,30,40,1,1,1\n1,2,50,20,30,40,1,1,1\n2,1,11,20,30,40,1,1,1\n\n2,3,90,20,30,40,1,1,1\n"


def sequence(folder: Path, split: str, name: str, n_frames: int, boxes: str | None = BOXES) -> Path:
    """A sequence as DanceTrack has it; the boxes of the test split are not public."""
    place = folder / split / name
    touch(place, *(f"img1/{index:08d}.jpg" for index in range(1, n_frames + 1)))
    (place / "seqinfo.ini").write_text(INFO.format(name=name, n=n_frames))
    if boxes is not None:
        (place / "gt").mkdir()
        (place / "gt" / "gt.txt").write_text(boxes)
    return place


def test_sequences_of_several_archives(tmp_path: Path) -> None:
    sequence(tmp_path / "train1", "train1", "dancetrack0001", 3)
    sequence(tmp_path / "test1", "test1", "dancetrack0003", 2, None)
    touch(tmp_path, "val.zip", "train1.zip.download.json")
    content = read_layout(LAYOUT, tmp_path)
    assert content.problems == ()
    first, second = content.clips
    assert (first.id, first.fps, first.expected_frames) == ("dancetrack0001", 20.0, 3)
    assert first.facts == {"split": "train1", "people": 3}
    assert first.path == str(tmp_path / "train1" / "train1" / "dancetrack0001" / "img1")
    assert (second.id, second.facts) == ("dancetrack0003", {"split": "test1"})


def test_the_splits_of_the_manifest(tmp_path: Path) -> None:
    for split, name in (("train1", "a"), ("train2", "b"), ("val", "c"), ("test2", "d")):
        sequence(tmp_path, split, name, 1, None)
    subsets = load_manifest("dancetrack").sources["release"].subsets
    clips = read_layout(LAYOUT, tmp_path).clips
    chosen = {
        name: [clip.id for clip in clips if subset.holds(clip.id, clip.facts)]
        for name, subset in subsets.items()
    }
    assert chosen == {"default": ["a", "b", "c", "d"], "train": ["a", "b"], "val": ["c"], "test": ["d"]}


def test_what_does_not_agree_is_told(tmp_path: Path) -> None:
    place = sequence(tmp_path, "val", "a", 3)
    (place / "img1" / "00000002.jpg").unlink()
    (sequence(tmp_path, "val", "b", 2) / "seqinfo.ini").unlink()
    content = read_layout(LAYOUT, tmp_path)
    assert content.problems == (
        "a: it has 2 frames where its seqinfo.ini says 3",
        "a: 1 frames are missing between its first and last, such as number 2",
        "b: no seqinfo.ini tells its frame rate",
    )
    assert [(clip.fps, clip.expected_frames) for clip in content.clips] == [(20.0, 3), (None, 2)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "frameRate=20",
        "[Sequence]\nframeRate=20\n",
        INFO.format(name="a", n="many"),
        INFO.format(name="a", n=0),
    ],
)
def test_damaged_descriptions(tmp_path: Path, text: str) -> None:
    (sequence(tmp_path, "val", "a", 1) / "seqinfo.ini").write_text(text)
    with pytest.raises(FileFormatError, match=r"seqinfo\.ini"):
        read_layout(LAYOUT, tmp_path)


@pytest.mark.parametrize("line", ["1", "1,x,3", "<html>", "1,nan,3", "1,inf,3"])
def test_damaged_boxes(tmp_path: Path, line: str) -> None:
    sequence(tmp_path, "val", "a", 1, f"1,1,2,3,4,5,1,1,1\n{line}\n")
    with pytest.raises(FileFormatError, match=r"gt\.txt, line 2"):
        read_layout(LAYOUT, tmp_path)


def test_no_sequences(tmp_path: Path) -> None:
    touch(tmp_path, "val/a/img1/readme.txt")
    with pytest.raises(InputError, match="holds no sequence"):
        read_layout(LAYOUT, tmp_path)

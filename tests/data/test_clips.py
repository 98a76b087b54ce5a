from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mcbench.data import Clip, load_clip, open_split, prepare
from mcbench.data.clips import data_hash
from mcbench.errors import DataMissingError, FileFormatError, InputError
from mcbench.records import ClipRecord
from tests.data.making import TINY_CLIPS


def clip_of(prepared: Path) -> Clip:
    return load_clip(prepared / "prepared/tiny/generated/clips/demo-01")


def test_a_split_says_what_it_is(prepared: Path) -> None:
    record = open_split("tiny", home=prepared).record
    assert (record.benchmark, record.subset, record.source, record.name) == (
        "tiny",
        "default",
        "generated",
        "tiny",
    )
    assert (record.canonical_size, record.networks) == ((64, 48), "embedded")
    assert (record.expected, record.missing, record.notes) == (TINY_CLIPS, (), ())
    assert open_split("tiny/one", home=prepared).record.name == "tiny/one"
    assert open_split("tiny/one", home=prepared).record.expected == ("demo-02",)


def test_the_data_hash_is_over_ids_and_frame_hashes(prepared: Path) -> None:
    split = open_split("tiny", home=prepared)
    lines = "".join(f"{clip.record.id} {clip.record.frames_sha256}\n" for clip in split.clips)
    assert split.record.data_sha256 == hashlib.sha256(lines.encode()).hexdigest()
    records = [clip.record for clip in split.clips]
    assert data_hash(records[::-1]) == split.record.data_sha256
    assert data_hash(records[:1]) != split.record.data_sha256


def test_a_partly_prepared_split_lists_what_is_missing(prepared: Path) -> None:
    whole = open_split("tiny", home=prepared).record
    shutil.rmtree(prepared / "prepared/tiny/generated/clips/demo-02")
    split = open_split("tiny", home=prepared)
    assert (split.record.missing, split.record.expected) == (("demo-02",), TINY_CLIPS)
    assert [clip.record.id for clip in split.clips] == ["demo-01"]
    assert split.record.data_sha256 != whole.data_sha256


@pytest.mark.parametrize(
    ("name", "source", "command"),
    [
        ("multi-character", None, "mcbench data prepare multi-character"),
        ("multi-character/demo", None, "mcbench data prepare multi-character/demo"),
        ("multi-character", "local", "mcbench data prepare multi-character --source local --from DIR"),
        ("local/street", None, "mcbench data prepare local/street --from DIR"),
    ],
)
def test_nothing_prepared_names_the_command(
    tmp_path: Path, name: str, source: str | None, command: str
) -> None:
    with pytest.raises(DataMissingError, match=f"{name} .*is not prepared") as caught:
        open_split(name, source=source, home=tmp_path)
    assert caught.value.hint == command


@pytest.mark.parametrize("name", ["", "nothing", "local", "local/../x", "multi-character/none", "local/a/b"])
def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        open_split(name, home=tmp_path)


def test_a_clip_gives_its_files(prepared: Path) -> None:
    clip = clip_of(prepared)
    assert clip.frame_path(2) == clip.folder / "frames" / "000002.png"
    frames = list(clip.frames())
    assert len(frames) == 3
    assert np.array_equal(frames[1], clip.frame(1))
    assert (clip.frame(0).shape, clip.frame(0).dtype) == ((64, 48, 3), np.uint8)
    assert (clip.masks(0).shape, clip.masks(0).dtype) == ((64, 48), np.uint8)
    assert (clip.depth(0).shape, clip.depth(0).dtype) == ((64, 48), np.uint16)
    assert (clip.flow(0).shape, clip.flow(0).dtype) == ((64, 48, 2), np.float32)
    assert (clip.poses().n_frames, clip.poses().size) == (3, (64, 48))


@pytest.mark.parametrize("index", [3, -1])
def test_no_such_frame(prepared: Path, index: int) -> None:
    clip = clip_of(prepared)
    for read in (clip.frame, clip.frame_path, clip.masks, clip.depth, clip.flow):
        with pytest.raises(IndexError, match="demo-01 has frames 0 to 2"):
            read(index)


def test_truth_that_a_clip_does_not_have(home: Path, videos: Path) -> None:
    prepare("local", from_path=videos, home=home)
    clip = open_split("local/videos", home=home).clips[0]
    with pytest.raises(DataMissingError, match="first_dance of local/videos has no poses") as caught:
        clip.poses()
    assert "first dance.poses.npz" in caught.value.hint
    for read in (clip.masks, clip.depth, clip.flow):
        with pytest.raises(DataMissingError, match="has no"):
            read(0)


def test_damaged_files_are_named(prepared: Path) -> None:
    clip = clip_of(prepared)
    for path, read in (
        (clip.frame_path(1), lambda: clip.frame(1)),
        (clip.folder / "truth/masks/000001.png", lambda: clip.masks(1)),
        (clip.folder / "truth/poses.npz", clip.poses),
    ):
        path.write_bytes(path.read_bytes()[:25])
        with pytest.raises(FileFormatError, match=path.name):
            read()


def test_a_folder_without_a_whole_clip(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match=r"no clip\.json"):
        load_clip(tmp_path)
    record = clip_of(prepared).folder / "clip.json"
    record.write_text(record.read_text().replace('"n_frames": 3', '"n_frames": 0'))
    with pytest.raises(FileFormatError, match="n_frames"):
        clip_of(prepared)


def test_records_are_written_as_they_are_read(prepared: Path) -> None:
    path = clip_of(prepared).folder / "clip.json"
    assert ClipRecord.read(path).model_dump_json(indent=2) + "\n" == path.read_text()


def test_importing_the_room_costs_little() -> None:
    code = (
        "import sys\nimport mcbench.data\n"
        "assert not {'numpy', 'pydantic'} & set(sys.modules)\n"
        "from mcbench.data import open_split, prepare, verify\n"
        "assert not {'torch', 'pandas', 'cv2', 'av', 'decord', 'PIL', 'scipy'} & set(sys.modules)\n"
        "try:\n    mcbench.data.nothing\nexcept AttributeError:\n    print('fine')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "fine\n"

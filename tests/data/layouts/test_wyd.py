from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mcbench.data import prepare
from mcbench.data.layouts import ClipMaterial, TableLayout, Trim
from mcbench.data.layouts.found_videos import FoundVideos
from mcbench.data.layouts.reading import read_layout, remote_files
from mcbench.data.manifest import load_manifest
from mcbench.errors import FileFormatError, InputError
from tests.data.layouts.making import touch
from tests.video.making import blocks, write_video

LAYOUT = TableLayout(kind="table", format="wyd", annotations=("wyd.json",))


def entry(
    name: str = "clip.mov", number: int = 0, dataset: str = "didemo_test", **changes: Any
) -> dict[str, Any]:
    return {
        "dataset_name": dataset,
        "vidln_id": "",
        "video_name": name,
        "actor_name": "Girl ",
        "caption": "Two girls dance.",
        "start_ix": 5,
        "end_ix": 14,
        "wyd_id": f"{name}_{number}",
        "video_length": 10,
        "video_height": 360,
        "video_width": 640,
        "video_fps": 24,
        "categories": {"num_actors": ["2"], "camera": ["Static"], "interactions": ["Solo", "Humans"]},
        **changes,
    }


def annotations(folder: Path, *entries: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "wyd.json").write_text(json.dumps(entries))
    return folder


def members(clips: tuple[ClipMaterial, ...], subset: str) -> list[ClipMaterial]:
    chosen = load_manifest("wyd-multi").sources["videos"].subsets[subset]
    return [clip for clip in clips if chosen.holds(clip.id, clip.facts)]


@pytest.mark.shared
def test_the_published_annotations(shared: Path) -> None:
    clips = read_layout(LAYOUT, shared / "data").clips
    subsets = load_manifest("wyd-multi").sources["videos"].subsets
    counts = {name: len(members(clips, name)) for name in subsets}
    assert counts == {"default": 489, "static": 337, "dancing": 27, "three-or-more": 109, "all": 1544}
    assert counts == {name: subset.videos for name, subset in subsets.items()}
    for name, subset in subsets.items():
        n_frames = sum(clip.expected_frames or 0 for clip in members(clips, name))
        assert subset.frames in (None, n_frames)
    assert sum(clip.expected_frames or 0 for clip in members(clips, "default")) == 81971


def test_a_clip_and_its_facts(tmp_path: Path) -> None:
    annotations(tmp_path, entry())
    touch(tmp_path, "DiDeMo/clip.mov")
    content = read_layout(LAYOUT, tmp_path)
    assert content.problems == ()
    clip = content.clips[0]
    assert (clip.id, clip.path) == ("clip.mov_0", str(tmp_path / "DiDeMo" / "clip.mov"))
    assert (clip.trim, clip.expected_frames, clip.expected_size) == (Trim(start=5, end=15), 10, (360, 640))
    assert clip.facts == {
        "dataset": "didemo",
        "part": "test",
        "video": "clip.mov",
        "caption": "Two girls dance.",
        "actor": "Girl",
        "fps": 24.0,
        "people": 2,
        "num_actors": ("2",),
        "camera": ("Static",),
        "interactions": ("Solo", "Humans"),
    }


def test_the_names_that_its_documentation_gives_the_fields(tmp_path: Path) -> None:
    renamed = entry()
    renamed["start_frame"], renamed["end_frame"] = renamed.pop("start_ix"), renamed.pop("end_ix")
    annotations(tmp_path, renamed)
    assert read_layout(LAYOUT, tmp_path).clips[0].trim == Trim(start=5, end=15)


def test_a_clip_ends_where_its_video_does(tmp_path: Path) -> None:
    annotations(tmp_path, entry(start_ix=0, end_ix=300, video_length=300))
    assert read_layout(LAYOUT, tmp_path).clips[0].trim == Trim(start=0, end=300)


def test_how_many_people_is_told_only_where_it_is_known(tmp_path: Path) -> None:
    categories = [{"num_actors": ["3+"]}, {"num_actors": []}, {}, {"num_actors": ["1"]}]
    annotations(tmp_path, *(entry(number=index, categories=each) for index, each in enumerate(categories)))
    clips = read_layout(LAYOUT, tmp_path).clips
    assert [clip.facts.get("people") for clip in clips] == [None, None, None, 1]
    assert [clip.id for clip in members(clips, "default")] == ["clip.mov_0"]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    annotations(tmp_path / "downloads", entry(), entry("5ft5ebGnMFU", dataset="uvo_valid"))
    touch(tmp_path / "mine", "clip.mov")
    content = read_layout(LAYOUT, tmp_path / "mine", downloads=tmp_path / "downloads")
    assert content.problems == ("wyd.json: the videos of 1 of 2 clips are not there",)
    assert {clip.id: clip.missing for clip in content.clips} == {
        "clip.mov_0": "",
        "5ft5ebGnMFU_0": "its video '5ft5ebGnMFU' is not there",
    }
    assert remote_files(LAYOUT, tmp_path / "downloads") == ()


def test_a_copy_of_another_size_is_told(tmp_path: Path) -> None:
    folder = annotations(
        tmp_path / "mine",
        entry("a.mp4", start_ix=1, video_length=2, video_height=64, video_width=48),
        entry("b.mp4", start_ix=0, video_length=3, video_height=128, video_width=96),
    )
    for name in ("a.mp4", "b.mp4"):
        write_video(folder / name, [blocks(64, 48, seed) for seed in range(4)])
    report = prepare("wyd-multi", from_path=folder, home=tmp_path / "home")
    assert [(clip.n_frames, clip.notes) for clip in report.clips] == [
        (2, ()),
        (3, ("its frames are 64x48, and 128x96 in the annotations",)),
    ]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"start_ix": -1}, "0.start_ix"),
        ({"video_length": 0}, "0.video_length"),
        ({"video_fps": 0}, "0.video_fps"),
        ({"categories": ["2"]}, "0.categories"),
        ({"wyd_id": ""}, "0.wyd_id"),
        ({"video_name": None}, "0.video_name"),
    ],
)
def test_entries_that_cannot_be_read(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    annotations(tmp_path, entry(**change))
    with pytest.raises(FileFormatError, match=complaint):
        read_layout(LAYOUT, tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "<html></html>"])
def test_files_that_are_no_annotations(tmp_path: Path, text: str) -> None:
    (tmp_path / "wyd.json").write_text(text)
    with pytest.raises(FileFormatError, match="does not hold WYD's annotations"):
        read_layout(LAYOUT, tmp_path)


def test_an_entry_that_is_there_twice(tmp_path: Path) -> None:
    annotations(tmp_path, entry(), entry())
    with pytest.raises(InputError, match="would both become the clip"):
        read_layout(LAYOUT, tmp_path)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("uvo/3xnLJ3bjOD0.mp4", "3xnLJ3bjOD0"),
        ("uvo/-4jhRyZILBc.mp4", "-4jhRyZILBc"),
        ("uvo/_-4jhRyZILBc.mp4", "-4jhRyZILBc"),
        ("Some title [3xnLJ3bjOD0].webm", "3xnLJ3bjOD0"),
        ("didemo/12644997@N04_5946713307_26456d9fab.mp4", "12644997@N04_5946713307_26456d9fab.avi"),
        ("didemo/1_d1267bb1cc..mp4", "1_d1267bb1cc."),
        ("didemo/1_d1267bb1cc.mp4", "1_d1267bb1cc."),
        ("didemo/1_d1267bb1cc.", "1_d1267bb1cc."),
        ("didemo/5946713307_26456d9fab.3gp", "5946713307_26456d9fab.3gp"),
        ("didemo/5946713307_26456d9fab.mp4", "5946713307_26456d9fab.mts"),
        ("uvo/3xnLJ3bjOD0", "3xnLJ3bjOD0"),
        ("oops/Saved It! (January 2018) _ FailArmy22.mp4", "Saved It! (January 2018) _ FailArmy22"),
        ("oops/Fails... (May 2017)48.mp4", "Fails... (May 2017)48"),
    ],
)
def test_names_that_copies_of_videos_have(tmp_path: Path, file: str, name: str) -> None:
    touch(tmp_path, file, "other.mp4", f".hidden/{file}")
    assert FoundVideos(tmp_path).find(name) == (tmp_path / file, "")


def test_several_files_of_one_name(tmp_path: Path) -> None:
    folder = tmp_path / "uvo and oops"
    touch(folder, "Oops/train/a.mp4", "uvo/a.mp4")
    found = FoundVideos(folder)
    assert found.find("a", within="uvo") == (folder / "uvo" / "a.mp4", "")
    assert found.find("a", within="oops") == (folder / "Oops" / "train" / "a.mp4", "")
    path, reason = found.find("a", within="didemo")
    assert path is None
    assert "several files may be its video 'a'" in reason

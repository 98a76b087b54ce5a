"""UBC Fashion, WYD, DanceTrack, Multi-Character's local copy and a manifest of a user's own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mcbench.data import fetch, open_split, prepare
from mcbench.errors import DataMissingError, FileFormatError
from mcbench.video import write_png
from tests.data.benchmarks.making import host, zipped
from tests.data.layouts.making import picture
from tests.downloads.conftest import QUICK
from tests.downloads.server import HostileServer
from tests.video.making import number_of, numbered, write_video


def video(path: Path, count: int = 4, rate: int = 10) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, numbered(count), rate=rate)
    return path.read_bytes()


def test_ubc_fashion_from_its_lists(tmp_path: Path, server: HostileServer) -> None:
    home = tmp_path / "home"
    content = video(tmp_path / "v.mp4")
    for file in ("A1.mp4", "C3.mp4"):
        server.put(f"/videos/{file}", content)
    server.put("/videos/91%2BB-2S.mp4", content)
    first, gone, odd, last = (server.url(f"/videos/{file}.mp4") for file in ("A1", "gone", "91%2BB-2S", "C3"))
    lists = {
        "fashion_train.txt": f"{first}\n{gone}\n".encode(),
        "fashion_test.txt": f"# test\n{odd}\r\n\n{last}".encode(),
    }
    name = host("ubc-fashion", lists, server, home)
    report = fetch(name, home=home, accept_licence=True, jobs=2, settings=QUICK)
    assert {file.file: file.status for file in report.files} == {
        "fashion_train.txt": "done",
        "fashion_test.txt": "done",
        "train/A1.mp4": "done",
        "train/gone.mp4": "failed",
        "test/91+B-2S.mp4": "done",
        "test/C3.mp4": "done",
    }
    assert {file.proof for file in report.with_status("done")} == {"unverified"}
    prepared = prepare(f"{name}/test", home=home, offline=True)
    assert [(clip.clip, clip.status) for clip in prepared.clips] == [("91+B-2S", "done"), ("C3", "done")]
    assert prepared.shortfall == (f"2 videos where {name}/test has 100",)
    split = open_split(f"{name}/test", home=home).record
    assert (split.videos, len(split.expected), split.missing) == (100, 2, ())
    assert [clip.clip for clip in prepare(f"{name}/train", home=home, offline=True).clips] == ["A1"]


def test_a_list_that_holds_something_else(tmp_path: Path, server: HostileServer) -> None:
    lists = {"fashion_train.txt": b"http://127.0.0.1/a.mp4\nfile:///etc/passwd\n", "fashion_test.txt": b""}
    name = host("ubc-fashion", lists, server, tmp_path / "home")
    with pytest.raises(FileFormatError, match=r"fashion_train\.txt, line 2.*no address"):
        fetch(name, home=tmp_path / "home", accept_licence=True, settings=QUICK)


def wyd_entry(
    wyd_id: str, file: str, dataset: str, start: int, length: int, actors: str
) -> dict[str, object]:
    return {
        "wyd_id": wyd_id,
        "video_name": file,
        "dataset_name": dataset,
        "caption": f"{actors} people dance",
        "actor_name": "dancers",
        "start_ix": start,
        "end_ix": start + length - 1,
        "video_length": length,
        "video_height": 64,
        "video_width": 64,
        "video_fps": 10.0,
        "categories": {"num_actors": [actors], "camera": ["Static"], "actions": ["Dancing and Gesturing"]},
    }


def test_wyd_from_a_users_copies(tmp_path: Path, server: HostileServer) -> None:
    home = tmp_path / "home"
    entries = [
        wyd_entry("w1", "fall.mp4", "oops_test", 2, 5, "2"),
        wyd_entry("w2", "dance.mp4", "uvo_valid", 0, 4, "3+"),
        wyd_entry("w3", "dance.mp4", "uvo_valid", 4, 4, "1"),
        wyd_entry("w4", "lost.avi", "didemo_valid", 0, 30, "2"),
    ]
    name = host("wyd-multi", {"wyd.json": json.dumps(entries).encode()}, server, home)
    for path in ("Oops/val/fall.mp4", "uvo/dance.mp4"):
        video(tmp_path / "mine" / path, 10)
    with pytest.raises(DataMissingError, match=r"wyd\.json") as caught:
        prepare(name, from_path=tmp_path / "mine", home=home)
    assert "mcbench data fetch" in caught.value.hint
    assert fetch(name, home=home, settings=QUICK).complete
    report = prepare(name, from_path=tmp_path / "mine", home=home)
    assert {clip.clip: (clip.status, clip.n_frames) for clip in report.clips} == {
        "w1": ("done", 5),
        "w2": ("done", 4),
        "w4": ("missing", 0),
    }
    split = open_split(name, home=home)
    assert [number_of(frame) for frame in split.clips[0].frames()] == [2, 3, 4, 5, 6]
    record = split.clips[0].record
    assert (record.n_people, record.facts["caption"], record.facts["num_actors"]) == (
        2,
        "2 people dance",
        ("2",),
    )
    assert split.record.missing_frames == {"w4": 30}
    assert (split.record.videos, split.record.frames) == (489, 81_971)
    assert [clip.clip for clip in prepare(f"{name}/three-or-more", home=home).clips] == ["w2"]


@pytest.mark.shared
def test_the_published_annotations_of_wyd(tmp_path: Path, shared: Path) -> None:
    home = tmp_path / "home"
    folder = home / "downloads/wyd-multi/videos"
    folder.mkdir(parents=True)
    (folder / "wyd.json").write_bytes((shared / "data/wyd.json").read_bytes())
    entries = json.loads((shared / "data/wyd.json").read_text())
    chosen = next(
        each for each in entries if each["categories"]["num_actors"] == ["2"] and each["start_ix"] == 0
    )
    stem = Path(chosen["video_name"]).stem
    video(tmp_path / "mine" / f"{stem}.mp4", chosen["video_length"])
    report = prepare("wyd-multi", from_path=tmp_path / "mine", home=home)
    assert len(report.clips) == 489
    done = report.with_status("done")
    assert done
    assert all(clip.n_frames for clip in done)
    record = open_split("wyd-multi", home=home).record
    assert len(record.missing) == 489 - len(done)
    assert sum(record.missing_frames.values()) + sum(clip.n_frames for clip in done) == 81_971


def test_dancetrack_from_its_archives(tmp_path: Path, server: HostileServer) -> None:
    home = tmp_path / "home"
    contents = {}
    for number, split in enumerate(("train1", "train2", "val", "test1", "test2")):
        sequence = tmp_path / split / split / f"dancetrack{number:04d}"
        for index in range(3):
            write_png(sequence / "img1" / f"{index + 1:08d}.png", picture(10 * number + index))
        (sequence / "seqinfo.ini").write_text(
            f"[Sequence]\nname=dancetrack{number:04d}\nimDir=img1\nframeRate=20\nseqLength=3\nimExt=.png\n"
        )
        if not split.startswith("test"):
            (sequence / "gt").mkdir()
            (sequence / "gt/gt.txt").write_text("1,1,0,0,5,5,1,1,1\n1,2,3,0,5,5,1,1,1\n2,1,0,0,5,5,1,1,1\n")
        contents[f"{split}.zip"] = zipped(tmp_path / split)
    name = host("dancetrack", contents, server, home)
    report = fetch(name, home=home, accept_licence=True, settings=QUICK)
    assert {(file.status, file.proof) for file in report.files} == {("done", "sha256")}
    prepared = prepare(f"{name}/train", home=home)
    assert [(clip.clip, clip.status) for clip in prepared.clips] == [
        ("dancetrack0000", "done"),
        ("dancetrack0001", "done"),
    ]
    clip = open_split(f"{name}/train", home=home).clips[1]
    assert (clip.record.fps, clip.record.n_people, clip.record.n_frames) == (20, 2, 3)
    assert np.array_equal(clip.frame(2), picture(12))
    assert len(prepare(name, home=home).clips) == 5


def test_a_damaged_archive_is_told_and_the_rest_is_used(tmp_path: Path, server: HostileServer) -> None:
    home = tmp_path / "home"
    sequence = tmp_path / "val/val/dancetrack0001/img1"
    write_png(sequence / "00000001.png", picture(1))
    contents = {"val.zip": zipped(tmp_path / "val"), "train1.zip": b"PK\x03\x04" + bytes(100)}
    name = host("dancetrack", contents, server, home)
    report = fetch(name, home=home, accept_licence=True, settings=QUICK)
    reasons = {file.file: file.reason for file in report.with_status("failed")}
    assert set(reasons) == {"train1.zip", "train2.zip", "test1.zip", "test2.zip"}
    assert "damaged or cut off" in reasons["train1.zip"]
    assert [clip.status for clip in prepare(f"{name}/val", home=home, offline=True).clips] == ["done"]


def test_the_papers_videos_by_a_list_of_addresses(tmp_path: Path, server: HostileServer) -> None:
    home = tmp_path / "home"
    (tmp_path / "v").mkdir()
    urls = []
    for index in range(3):
        server.put(f"/dance {index}.mp4".replace(" ", "%20"), video(tmp_path / f"v/{index}.mp4", 5 + index))
        urls.append(server.url(f"/dance%20{index}.mp4"))
    server.put("/urls.txt", "\n".join(urls).encode())
    manifest = tmp_path / "mine.toml"
    manifest.write_text(f"""
id = "paper-copy"
title = "My copy"
default_source = "web"
[sources.web]
kind = "files"
networks = "reference"
[[sources.web.lists]]
into = "videos"
file = {{ name = "urls.txt", urls = ["{server.url("/urls.txt")}"] }}
[sources.web.layout]
kind = "videos"
patterns = ["videos/{{clip}}.mp4"]
[sources.web.subsets.default]
videos = 3
frames = 20
""")
    report = prepare(str(manifest), home=home, settings=QUICK)
    assert {clip.clip: clip.n_frames for clip in report.clips} == {"dance_0": 5, "dance_1": 6, "dance_2": 7}
    assert report.shortfall == ("18 frames where paper-copy has 20",)
    assert not report.complete
    again = prepare(str(manifest), home=home, offline=True)
    assert {clip.status for clip in again.clips} == {"skipped"}
    assert again.not_fetched == {}

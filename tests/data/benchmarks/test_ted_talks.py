"""TED-talks: a table, YouTube videos, trims and crops; links that rot; ready-made copies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcbench.data import check_links, download_status, fetch, open_split, prepare
from mcbench.errors import DataMissingError
from tests.data.benchmarks.making import host
from tests.downloads.conftest import QUICK
from tests.downloads.server import HostileServer
from tests.video.making import number_of, numbered, write_video

HEADER = "video_id,start,end,bbox,fps,width,height,partition\n"
TALK, GONE, REFUSED = "aaaaaaaaaa1", "bbbbbbbbbb2", "cccccccccc3"
TABLE = HEADER + "".join(
    f"{row}\n"
    for row in (
        f"{TALK}#000000#000012,2,5,16-8-80-72,10.0,96,80,train",
        f"{TALK}#000020#000030,4,6,0-0-80-80,10.0,96,80,test",
        f"{GONE}#000000#000030,0,6,0-0-80-80,10.0,96,80,train",
        f"{REFUSED}#000000#000030,0,0,0-0-80-80,10.0,96,80,train",
    )
)


def talk(path: Path) -> bytes:
    """A video of 12 numbered frames, 20 a second, 160 x 192: twice the size and rate that the table names."""
    write_video(path, numbered(12, 160, 192), rate=20)
    return path.read_bytes()


def test_videos_from_youtube_are_trimmed_cropped_and_resized(tmp_path: Path, server: HostileServer) -> None:
    pytest.importorskip("yt_dlp", reason="the extra youtube is not installed")
    home = tmp_path / "home"
    name = host("ted-talks", {"ted-metadata.csv": TABLE.encode()}, server, home)
    server.put(f"/watch/{TALK}.mp4", talk(tmp_path / "talk.mp4"), content_type="video/mp4")
    settings = replace(QUICK, youtube=server.url("/watch/{id}.mp4"))
    report = fetch(name, home=home, accept_licence=True, settings=settings)
    assert [file.file for file in report.with_status("done")] == ["ted-metadata.csv", f"videos/{TALK}.mp4"]
    reasons = {file.file: file.reason for file in report.with_status("failed")}
    assert set(reasons) == {"ted384-metadata.csv", f"videos/{GONE}.mp4"}
    assert "attachment of issue 12" in reasons["ted384-metadata.csv"]
    # An incomplete set can be used.
    prepared = prepare(name, home=home, offline=True)
    assert not prepared.complete
    missing = {clip.clip: clip.reason for clip in prepared.with_status("missing")}
    assert len(missing) == 2
    assert any(GONE in reason for reason in missing.values())
    assert any("select no frame" in reason for reason in missing.values())
    split = open_split(f"{name}/train", home=home)
    assert (len(split.clips), len(split.record.missing)) == (1, 2)
    frames = list(split.clips[0].frames())
    # start 2, end 5 at 10 a second of a file with 20: frames 4 to 9 of it.
    assert len(frames) == 6
    assert {frame.shape for frame in frames} == {(384, 384, 3)}
    # The box 16-8-80-72 of 96x80 is 32-16-160-144 of 192x160: blocks 1 to 7 of 8 numbered ones, 24 wide.
    wanted = numbered(10, 160, 192)[9][16:144, 32:160]
    row = np.repeat(wanted[60:61, :, 0], 3, axis=1)[0].astype(int)
    assert np.abs(frames[-1][180, :, 0].astype(int) - row).mean() < 12
    assert split.record.expected == tuple(sorted(split.record.expected))
    assert open_split(f"{name}/test", home=home).clips[0].record.n_frames == 4
    # Links: one video is gone, the table cannot be fetched by a program, the rest is there.
    links = check_links(name, home=home, settings=settings)
    states = {file.file: file.state for file in links.files}
    assert states == {
        "ted-metadata.csv": "present",
        "ted384-metadata.csv": "manual",
        f"videos/{TALK}.mp4": "present",
        f"videos/{GONE}.mp4": "dead",
        f"videos/{REFUSED}.mp4": "dead",
    }
    (status,) = (each for each in download_status(home=home) if each.benchmark == name)
    assert (status.present, status.known, status.terms) == (2, 4, "accepted")
    assert set(status.dead) == {f"videos/{GONE}.mp4", f"videos/{REFUSED}.mp4"}


def test_a_table_put_there_by_hand_is_preferred(tmp_path: Path, server: HostileServer) -> None:
    home = tmp_path / "home"
    name = host("ted-talks", {"ted-metadata.csv": TABLE.encode()}, server, home)
    folder = home / "downloads" / name / "youtube"
    (folder / "videos").mkdir(parents=True)
    (folder / "ted384-metadata.csv").write_text(
        HEADER + f"{TALK}#000000#000012,0,6,0-0-80-80,10,96,80,test\n"
    )
    talk(folder / "videos" / f"{TALK}.mp4")
    report = prepare(name, home=home, offline=True)
    assert [(clip.status, clip.n_frames) for clip in report.clips] == [("done", 12)]
    assert set(report.not_fetched) == {"ted-metadata.csv"}
    frames = open_split(f"{name}/test", home=home).clips[0].frames()
    assert len(list(frames)) == 12


def test_a_ready_made_copy(tmp_path: Path) -> None:
    for split, count in (("train", 4), ("test", 3)):
        (tmp_path / "copy" / split).mkdir(parents=True)
        write_video(tmp_path / "copy" / split / f"{TALK}#{count:06d}.mp4", numbered(count, 96, 96))
    home = tmp_path / "home"
    report = prepare("ted-talks", source="ready", from_path=tmp_path / "copy", home=home)
    assert [clip.status for clip in report.clips] == ["done", "done"]
    (clip,) = open_split("ted-talks/test", source="ready", home=home).clips
    assert (clip.record.size, [number_of(frame) for frame in clip.frames()]) == ((384, 384), [0, 1, 2])


@pytest.mark.shared
def test_the_shipped_table_reproduces_nothing_and_says_so(tmp_path: Path, shared: Path) -> None:
    content = (shared / "data/ted-metadata.csv").read_bytes()
    home = tmp_path / "home"
    folder = home / "downloads/ted-talks/youtube"
    folder.mkdir(parents=True)
    (folder / "ted-metadata.csv").write_bytes(content)
    report = prepare("ted-talks", home=home, offline=True)
    assert len(report.with_status("missing")) == 1320
    assert any("1,320 of 1,320 rows cannot be used" in problem for problem in report.problems)
    with pytest.raises(DataMissingError):
        open_split("ted-talks", home=home)

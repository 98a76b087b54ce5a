"""TikTok: the release's frames, masks and DensePose in an archive; DisCo's TSV files from Google Drive."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcbench.data import fetch, open_split, prepare, verify
from mcbench.errors import InputError
from mcbench.video import read_image, write_png
from tests.data.benchmarks.making import host, zipped
from tests.data.layouts.making import picture, tsv_rows, write_tsv
from tests.downloads.conftest import QUICK
from tests.downloads.server import HostileServer

SIZE = (24, 16)


def release(folder: Path, videos: list[str], n_frames: int = 3) -> Path:
    """Folders as the release has them: 00001/images/0001.png with masks/ and densepose/."""
    for video in videos:
        for index in range(n_frames):
            name = f"{index + 1:04d}.png"
            base = folder / "TikTok_dataset" / video
            write_png(base / "images" / name, picture(index, SIZE))
            mask = np.zeros(SIZE, np.uint8)
            mask[4:20, 4:12] = 255
            write_png(base / "masks" / name, mask)
            drawing = np.zeros((*SIZE, 3), np.uint8)
            drawing[4:20, 4:12] = (60, 0, index)
            write_png(base / "densepose" / name, drawing)
    return folder


def test_the_release_from_an_archive(tmp_path: Path, server: HostileServer) -> None:
    home = tmp_path / "home"
    content = zipped(release(tmp_path / "made", ["00334", "00335", "00338", "00339", "00340"]))
    name = host("tiktok", {"TikTok_dataset.zip": content}, server, home)
    with pytest.raises(InputError, match="accepted its terms") as caught:
        fetch(name, home=home)
    assert caught.value.hint == f"mcbench data fetch {name} --accept-licence"
    assert server.asked == []
    assert fetch(name, home=home, accept_licence=True, settings=QUICK).complete
    with pytest.raises(InputError, match="several subsets"):
        prepare(name, home=home)
    report = prepare(f"{name}/335-340", home=home, offline=True)
    assert {clip.clip: clip.status for clip in report.clips} == {
        "00335": "done",
        "00336": "missing",
        "00337": "missing",
        "00338": "done",
        "00339": "done",
        "00340": "done",
    }
    assert not report.complete
    split = open_split(f"{name}/335-340", home=home)
    assert (split.record.missing, split.record.name) == (("00336", "00337"), f"{name}/335-340")
    clip = split.clips[0]
    assert (clip.record.n_frames, clip.record.fps, clip.record.size) == (3, 30, SIZE)
    assert np.array_equal(clip.frame(2), picture(2, SIZE))
    assert clip.record.beside == ("densepose", "masks")
    masks = [read_image(path)[10, :, 0] for path in sorted((clip.folder / "beside" / "masks").iterdir())]
    assert [list(np.flatnonzero(row)) for row in masks] == [list(range(4, 12))] * 3
    assert {int(row.max()) for row in masks} == {1}
    assert read_image(clip.folder / "beside/densepose/000002.png")[10, 6].tolist() == [60, 0, 2]
    # The other meanings of "test set" use the same clips.
    assert [each.clip for each in prepare(f"{name}/335-339", home=home).with_status("skipped")] == [
        "00335",
        "00338",
        "00339",
    ]
    assert len(open_split(f"{name}/last-40", home=home).record.missing) == 35 + 1
    assert not verify(f"{name}/335-340", home=home).complete


def test_what_lies_beside_is_left_out_where_it_does_not_fit(tmp_path: Path) -> None:
    folder = release(tmp_path / "made", ["00335"])
    base = folder / "TikTok_dataset/00335"
    write_png(base / "masks/0002.png", np.zeros((5, 5), np.uint8))
    (base / "densepose/0003.png").write_bytes(b"no picture")
    report = prepare("tiktok/335-340", from_path=folder, home=tmp_path / "home")
    (done,) = report.with_status("done")
    assert len(done.notes) == 2
    assert "densepose are left out" in done.notes[0]
    assert "0003.png is no picture" in done.notes[0]
    assert "masks are left out" in done.notes[1]
    assert "not of the frames' size" in done.notes[1]
    record = open_split("tiktok/335-340", home=tmp_path / "home").clips[0].record
    assert (record.beside, record.notes) == ((), done.notes)


def test_the_archive_of_a_user(tmp_path: Path) -> None:
    archive = tmp_path / "TikTok_dataset.zip"
    archive.write_bytes(zipped(release(tmp_path / "made", ["00339"])))
    home = tmp_path / "home"
    report = prepare("tiktok/335-339", from_path=archive, home=home)
    assert [clip.clip for clip in report.with_status("done")] == ["00339"]
    again = prepare("tiktok/335-339", home=home)  # remembers where it came from
    assert [clip.clip for clip in again.with_status("skipped")] == ["00339"]
    folder = prepare("tiktok/335-339", from_path=tmp_path / "made", home=tmp_path / "other")
    assert folder.with_status("done")[0].frames_sha256 == report.with_status("done")[0].frames_sha256
    # A folder in which the archive lies as it was downloaded will do as well.
    beside = prepare("tiktok/335-339", from_path=tmp_path, home=tmp_path / "third")
    assert beside.with_status("done")[0].frames_sha256 == report.with_status("done")[0].frames_sha256


def test_discos_tsv_files_from_google_drive(tmp_path: Path, server: HostileServer) -> None:
    home = tmp_path / "home"
    lengths = {f"TiktokDance_2{clip:02d}": 2 + clip % 3 for clip in range(10)}
    write_tsv(tmp_path / "made/new10val_TiktokDance-images.tsv", tsv_rows(lengths))
    name = host("tiktok", {}, server, home)
    server.put("/uc", zipped(tmp_path / "made"), content_type="application/octet-stream")
    settings = replace(QUICK, gdrive=server.url("/uc"))
    assert fetch(f"{name}/disco-10", home=home, accept_licence=True, settings=settings).complete
    report = prepare(f"{name}/disco-10", home=home)
    assert (report.source, report.complete) == ("disco", True)
    split = open_split(f"{name}/disco-10", home=home)
    assert {clip.record.id: clip.record.n_frames for clip in split.clips} == lengths
    for clip in split.clips:
        assert [int(frame[0, 0, 0]) for frame in clip.frames()] == list(range(clip.record.n_frames))
        assert not (clip.folder / "rows").exists()
    assert {clip.status for clip in prepare(f"{name}/disco-10", home=home).clips} == {"skipped"}


@pytest.mark.shared
def test_the_layout_that_disco_reads(tmp_path: Path, shared: Path) -> None:
    report = prepare(
        "tiktok/all",
        clips=["00001", "00002"],
        from_path=shared / "data/tiktok-layout",
        home=tmp_path / "home",
    )
    assert [(clip.clip, clip.status, clip.n_frames) for clip in report.clips] == [
        ("00001", "done", 9),
        ("00002", "done", 9),
    ]
    first, second = open_split("tiktok/all", home=tmp_path / "home").clips
    assert (first.record.size, second.record.size) == ((1920, 1080), (1080, 604))
    assert np.array_equal(first.frame(0), read_image(shared / "data/tiktok-layout/001/000001.png"))
    assert first.record.beside == ("masks", "openpose")
    mask = read_image(second.folder / "beside/masks/000000.png")[..., 0]
    assert set(np.unique(mask)) <= {0, 1, 2}
    assert 0.02 < (mask > 0).mean() < 0.6
    poses = json.loads((first.folder / "beside/openpose/000000.json").read_text())
    assert poses[0]["keypoints"][0][:2] == [496, 656]

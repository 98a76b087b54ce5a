from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from mcbench.data import open_split, prepare, status, verify
from mcbench.data.truth import Poses
from mcbench.errors import DataMissingError
from mcbench.video import encode_png, write_png
from tests.data.making import TINY, TINY_CLIPS, Collected, install_tiny


def clip_folder(home: Path, clip: str) -> Path:
    return home / "prepared/tiny/generated/clips" / clip


def statuses(home: Path, workers: int = 1) -> dict[str, tuple[str, str]]:
    report = verify("tiny", home=home, workers=workers)
    assert report.complete == all(check.status == "ok" for check in report.clips)
    return {check.clip: (check.status, check.reason) for check in report.clips}


@pytest.mark.parametrize("workers", [1, 2])
def test_whole_clips_are_whole(prepared: Path, workers: int) -> None:
    assert statuses(prepared, workers) == dict.fromkeys(TINY_CLIPS, ("ok", ""))


def test_verify_reports_progress(prepared: Path) -> None:
    progress = Collected()
    verify("tiny", home=prepared, progress=progress)
    assert (progress.stages, progress.done) == ([("verifying tiny", 2)], 2)


def change_a_pixel(folder: Path) -> None:
    frame = np.array(next(iter(_frames(folder))))
    frame[5, 7, 1] ^= 1
    write_png(folder / "frames/000000.png", frame)


def _frames(folder: Path):  # type: ignore[no-untyped-def]
    from mcbench.video import open_frames

    return open_frames(folder / "frames")


def swap_frames(folder: Path) -> None:
    first, second = folder / "frames/000000.png", folder / "frames/000001.png"
    first.rename(folder / "frames/swap")
    second.rename(first)
    (folder / "frames/swap").rename(second)


def cut_a_depth_map(folder: Path) -> None:
    path = folder / "truth/depth/000001.png"
    path.write_bytes(path.read_bytes()[:40])


def shrink_a_mask(folder: Path) -> None:
    write_png(folder / "truth/masks/000002.png", np.zeros((64, 47), np.uint8))


def shorten_the_poses(folder: Path) -> None:
    path = folder / "truth/poses.npz"
    Poses.read(path).first(2).write(path)


def lose_a_frame(folder: Path) -> None:
    (folder / "frames/000002.png").unlink()


def spoil_the_record(folder: Path) -> None:
    (folder / "clip.json").write_text("{}")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (change_a_pixel, "not those that were prepared"),
        (swap_frames, "not those that were prepared"),
        (lose_a_frame, "000002.png"),
        (cut_a_depth_map, "000001.png"),
        (shrink_a_mask, "masks of frame 2"),
        (shorten_the_poses, "poses are 2 frames"),
        (spoil_the_record, "clip.json"),
    ],
)
def test_damage_is_found_and_named(prepared: Path, damage, reason: str) -> None:  # type: ignore[no-untyped-def]
    damage(clip_folder(prepared, "demo-02"))
    found = statuses(prepared)
    assert found["demo-01"] == ("ok", "")
    assert found["demo-02"][0] == "damaged"
    assert reason in found["demo-02"][1]


def test_pixels_other_than_recorded_in_the_manifest(prepared: Path) -> None:
    right = open_split("tiny", home=prepared).clips[0].record.frames_sha256
    hashes = f'max_frames = 3\nhashes = {{ demo-01 = "{right}", demo-02 = "{"0" * 64}" }}'
    install_tiny(prepared, TINY.replace("max_frames = 3", hashes))
    found = statuses(prepared)
    assert found["demo-01"] == ("ok", "")
    assert "recorded in the manifest" in found["demo-02"][1]


def test_missing_clips_are_missing(prepared: Path) -> None:
    shutil.rmtree(clip_folder(prepared, "demo-01"))
    found = statuses(prepared)
    assert found == {"demo-01": ("missing", "not prepared"), "demo-02": ("ok", "")}


def test_nothing_prepared(home: Path) -> None:
    with pytest.raises(DataMissingError) as caught:
        verify("tiny", home=home)
    assert caught.value.hint == "mcbench data prepare tiny"


def test_status_counts_what_is_there(prepared: Path, videos: Path) -> None:
    prepare("local", from_path=videos, home=prepared)
    (videos / "zweite.webm").unlink()
    prepare("tiny", from_path=videos, home=prepared)
    shutil.rmtree(clip_folder(prepared, "demo-02"))
    rows = {(row.benchmark, row.subset, row.source): row for row in status(home=prepared)}
    assert set(rows) == {
        ("local/videos", "default", "local"),
        ("multi-character", "default", "generated"),
        ("multi-character", "demo", "generated"),
        ("tiny", "default", "generated"),
        ("tiny", "one", "generated"),
        ("tiny", "default", "local"),
    }
    tiny = rows["tiny", "default", "generated"]
    assert (tiny.prepared, tiny.expected, tiny.frames, tiny.missing) == (1, 2, 3, ("demo-02",))
    assert tiny.data_sha256 == open_split("tiny", home=prepared).record.data_sha256
    assert tiny.bytes == sum(
        path.stat().st_size for path in clip_folder(prepared, "demo-01").rglob("*") if path.is_file()
    )
    assert rows["tiny", "one", "generated"].data_sha256 is None
    assert rows["multi-character", "demo", "generated"].expected == 4
    assert rows["tiny", "default", "local"].notes == (
        "2 videos where tiny has 3",
        "9 frames where tiny has 13",
    )
    assert (
        rows["local/videos", "default", "local"].prepared,
        rows["local/videos", "default", "local"].frames,
    ) == (
        3,
        13,
    )


def test_status_survives_a_damaged_record(prepared: Path) -> None:
    spoil_the_record(clip_folder(prepared, "demo-01"))
    (row,) = (row for row in status(home=prepared) if (row.benchmark, row.subset) == ("tiny", "default"))
    assert row.missing == ("demo-01",)
    assert "clip.json" in row.notes[0]


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("masks/000001.png", b"", "000001.png"),
        ("masks/000000.png", encode_png(np.zeros((5, 5), np.uint8)), "not of the frames' size"),
        ("openpose/000001.json", b"{", "is no JSON"),
    ],
    # Not the bytes: a PNG file's differ between processes, and all workers must know the same tests.
    ids=["empty", "other size", "half a JSON"],
)
def test_damage_beside_the_frames_is_found(
    home: Path, tmp_path: Path, file: str, content: bytes, reason: str
) -> None:
    folder = tmp_path / "in" / "00001"
    for name in ("1.png", "2.png"):
        write_png(folder / "images" / name, np.zeros((8, 6, 3), np.uint8))
        write_png(folder / "masks" / name, np.ones((8, 6), np.uint8))
        (folder / "openpose_json").mkdir(exist_ok=True)
        (folder / "openpose_json" / f"{name}.json").write_text("[]")
    assert prepare("tiktok/all", clips=["00001"], from_path=tmp_path / "in", home=home).complete
    (check,) = (check for check in verify("tiktok/all", home=home).clips if check.status != "missing")
    assert (check.clip, check.status) == ("00001", "ok")
    (home / "prepared/tiktok/release/clips/00001/beside" / file).write_bytes(content)
    (check,) = (check for check in verify("tiktok/all", home=home).clips if check.status != "missing")
    assert check.status == "damaged"
    assert reason in check.reason

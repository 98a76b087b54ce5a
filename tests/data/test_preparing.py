from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mcbench import files
from mcbench.data import ensure_prepared, load_clip, open_split, prepare
from mcbench.data.decode import FilesWork
from mcbench.data.generated import build_scene, demo_clips
from mcbench.data.jobs import ClipJob, prepare_clip
from mcbench.data.layouts import ClipMaterial
from mcbench.errors import DataMissingError, FileFormatError, InputError, McbenchError
from mcbench.records import ClipRecord
from mcbench.video import digest_frames, open_frames, read_image
from tests.data.making import (
    CLIPS_OF_FOLDER,
    TINY,
    TINY_CLIPS,
    Collected,
    install_tiny,
    some_poses,
)
from tests.video.making import content_of, numbered, write_video

# --- generated -------------------------------------------------------------------------------------


def test_generated_clips_are_what_the_generator_gives(prepared: Path) -> None:
    split = open_split("tiny", home=prepared)
    assert tuple(clip.record.id for clip in split.clips) == TINY_CLIPS
    for clip, spec in zip(split.clips, demo_clips()[:2], strict=True):
        scene = build_scene(spec)
        record = clip.record
        assert (record.n_frames, record.fps, record.size) == (3, spec.fps, (64, 48))
        assert (record.n_people, record.truth) == (spec.n_people, ("poses", "masks", "depth", "flow"))
        for index, frame in enumerate(clip.frames()):
            rendered = scene.render(index, (64, 48))
            assert np.array_equal(frame, rendered.image)
            assert np.array_equal(clip.masks(index), rendered.masks)
            assert np.array_equal(clip.depth(index), rendered.depth)
            assert np.abs(clip.flow(index) - rendered.flow).max() <= 1 / 128
        assert np.array_equal(clip.poses().keypoints, scene.poses((64, 48)).first(3).keypoints)


def test_only_what_is_asked_for(home: Path) -> None:
    report = prepare("tiny/one", home=home)
    assert [(clip.clip, clip.status) for clip in report.clips] == [("demo-02", "done")]
    report = prepare("tiny", home=home, clips=["demo-01"])
    assert [clip.clip for clip in report.clips] == ["demo-01"]
    report = prepare("tiny", home=home, limit=1)
    assert [(clip.clip, clip.status) for clip in report.clips] == [("demo-01", "skipped")]
    assert prepare("tiny", subset="one", home=home).name == "tiny/one"


def test_several_processes_give_the_same_files(prepared: Path, tmp_path: Path) -> None:
    install_tiny(tmp_path / "other")
    progress = Collected()
    report = prepare("tiny", home=tmp_path / "other", workers=2, progress=progress)
    assert [(clip.clip, clip.status) for clip in report.clips] == [(clip, "done") for clip in TINY_CLIPS]
    assert content_of(tmp_path / "other" / "prepared") == content_of(prepared / "prepared")
    assert (progress.stages, progress.done) == ([("preparing tiny", 2)], 2)


def test_a_second_call_has_nothing_to_do(prepared: Path) -> None:
    times = {path: path.stat().st_mtime_ns for path in (prepared / "prepared").rglob("*.png")}
    report = prepare("tiny", home=prepared)
    assert {clip.status for clip in report.clips} == {"skipped"}
    assert report.complete
    assert times == {path: path.stat().st_mtime_ns for path in (prepared / "prepared").rglob("*.png")}


@pytest.mark.parametrize(
    "lost", ["frames/000001.png", "truth/flow/000002.png", "truth/poses.npz", "clip.json"]
)
def test_what_was_lost_is_made_again(prepared: Path, lost: str) -> None:
    before = content_of(prepared / "prepared")
    (prepared / "prepared/tiny/generated/clips/demo-01" / lost).unlink()
    report = prepare("tiny", home=prepared)
    assert [clip.status for clip in report.clips] == ["done", "skipped"]
    assert content_of(prepared / "prepared") == before


def test_a_damaged_record_is_made_again(prepared: Path) -> None:
    before = content_of(prepared / "prepared")
    (prepared / "prepared/tiny/generated/clips/demo-01/clip.json").write_text("{")
    with pytest.raises(FileFormatError, match="demo-01") as caught:
        open_split("tiny", home=prepared)
    assert caught.value.hint == "mcbench data prepare tiny --clip demo-01 --force"
    prepare("tiny", home=prepared)
    assert content_of(prepared / "prepared") == before


def test_force_makes_anew(prepared: Path) -> None:
    frame = prepared / "prepared/tiny/generated/clips/demo-01/frames/000000.png"
    good = read_image(frame)
    frame.write_bytes(b"damaged")
    assert prepare("tiny", home=prepared).with_status("skipped")
    report = prepare("tiny", home=prepared, clips=["demo-01"], force=True)
    assert [clip.status for clip in report.clips] == ["done"]
    assert np.array_equal(read_image(frame), good)


def test_another_size_makes_the_clips_anew(prepared: Path) -> None:
    install_tiny(prepared, TINY.replace("[64, 48]", "[48, 32]"))
    with pytest.raises(DataMissingError):
        open_split("tiny", home=prepared)
    assert [clip.status for clip in prepare("tiny", home=prepared).clips] == ["done", "done"]
    assert open_split("tiny", home=prepared).clips[0].frame(0).shape == (48, 32, 3)


def test_pixels_that_differ_from_the_recorded_hash_are_told(prepared: Path) -> None:
    clips = open_split("tiny", home=prepared).clips
    right, wrong = clips[0].record.frames_sha256, "0" * 64
    hashes = f'max_frames = 3\nhashes = {{ demo-01 = "{right}", demo-02 = "{wrong}" }}'
    install_tiny(prepared, TINY.replace("max_frames = 3", hashes))
    report = prepare("tiny", home=prepared)
    assert report.differing == ("demo-02",)
    assert not report.complete


def test_a_manifest_for_another_generator(home: Path) -> None:
    install_tiny(home, TINY.replace("generator_version = 1", "generator_version = 99"))
    report = prepare("tiny", home=home)
    assert all("version 99" in clip.reason for clip in report.with_status("failed"))
    assert len(report.with_status("failed")) == 2


def test_a_clip_that_the_generator_does_not_have(home: Path) -> None:
    install_tiny(home, TINY.replace('["demo-02", "demo-01"]', '["demo-02", "demo-99"]'))
    report = prepare("tiny", home=home)
    assert {clip.clip: clip.status for clip in report.clips} == {"demo-02": "done", "demo-99": "failed"}
    assert open_split("tiny", home=home).record.missing == ("demo-99",)


def test_ensure_prepared(home: Path, videos: Path) -> None:
    progress = Collected()
    ensure_prepared("tiny", home=home, limit=1, progress=progress)
    assert open_split("tiny", home=home).record.missing == ("demo-02",)
    ensure_prepared("tiny", home=home, progress=progress)
    assert open_split("tiny", home=home).record.missing == ()
    assert len(progress.stages) == 2
    ensure_prepared("tiny", home=home, progress=progress)
    assert len(progress.stages) == 2
    ensure_prepared("local/never", home=home)
    assert not (home / "prepared" / "local").exists()
    install_tiny(home, TINY.replace("generator_version = 1", "generator_version = 99"))
    with pytest.raises(McbenchError, match="version 99"):
        ensure_prepared("tiny", home=home)


# --- local -----------------------------------------------------------------------------------------


def test_local_clips_are_the_decoded_frames(home: Path, videos: Path) -> None:
    report = prepare("local", from_path=videos, home=home)
    assert (report.name, report.complete, report.passed_over) == ("local/videos", True, ())
    split = open_split("local/videos", home=home)
    assert tuple(clip.record.id for clip in split.clips) == CLIPS_OF_FOLDER
    origins = {"first_dance": "first dance.mp4", "third": "third", "zweite": "zweite.webm"}
    for clip in split.clips:
        source = open_frames(videos / origins[clip.record.id])
        assert (clip.record.n_frames, clip.record.size) == (source.n_frames, source.size)
        assert clip.record.frames_sha256 == digest_frames(source) == digest_frames(clip.frames())
    assert {clip.record.id: clip.record.fps for clip in split.clips} == {
        "first_dance": 10.0,
        "third": 30.0,
        "zweite": 25.0,
    }
    assert split.record.networks == "reference"


def test_local_names(home: Path, videos: Path) -> None:
    assert prepare("local", from_path=videos, name="street", home=home).name == "local/street"
    assert prepare("local/wall", from_path=videos, home=home).name == "local/wall"
    assert [clip.status for clip in prepare("local/wall", home=home).clips] == ["skipped"] * 3
    odd = shutil.move(str(videos), str(videos.parent / "my videos!"))
    assert prepare("local", from_path=Path(odd), home=home).name == "local/my_videos_"


def test_frame_rate_of_frame_folders(home: Path, videos: Path) -> None:
    def rate() -> float:
        return load_clip(home / "prepared/local/videos/local/clips/third").record.fps

    prepare("local", from_path=videos, fps=12.5, home=home)
    assert rate() == 12.5
    report = prepare("local/videos", home=home)  # remembers it
    assert (rate(), {clip.status for clip in report.clips}) == (12.5, {"skipped"})
    report = prepare("local/videos", fps=8, home=home)
    assert (rate(), [clip.status for clip in report.clips]) == (8.0, ["skipped", "done", "skipped"])
    with pytest.raises(InputError, match="--fps is -1"):
        prepare("local/videos", fps=-1, home=home)


def test_what_changed_is_decoded_again(home: Path, videos: Path) -> None:
    prepare("local", from_path=videos, home=home)
    write_video(videos / "first dance.mp4", numbered(6), options={"crf": "20"})
    (videos / "third" / "4.png").unlink()
    report = prepare("local/videos", home=home)
    assert [clip.status for clip in report.clips] == ["done", "done", "skipped"]
    assert [clip.n_frames for clip in report.clips] == [6, 3, 4]


def test_what_vanished_is_removed_and_told(home: Path, videos: Path) -> None:
    prepare("local", from_path=videos, home=home)
    (videos / "zweite.webm").unlink()
    progress = Collected()
    prepare("local/videos", home=home, progress=progress)
    assert any("zweite" in message for message in progress.messages)
    assert open_split("local/videos", home=home).record.expected == ("first_dance", "third")
    assert not (home / "prepared/local/videos/local/clips/zweite").exists()


def test_a_moved_folder_is_the_same_data(home: Path, videos: Path) -> None:
    prepare("local", from_path=videos, home=home)
    moved = videos.rename(videos.parent / "elsewhere")
    with pytest.raises(InputError, match=r"was prepared from .*videos, not from .*elsewhere"):
        prepare("local/videos", from_path=moved, home=home)
    report = prepare("local/videos", home=home, from_path=moved, force=True)
    assert {clip.status for clip in report.clips} == {"done"}


def test_a_clip_that_fails_is_named_and_the_others_are_made(home: Path, videos: Path) -> None:
    (videos / "broken.mp4").write_bytes(b"no video")
    (videos / "third" / "2.png").write_bytes(b"no picture")
    (videos / "loop.mp4").symlink_to(videos / "loop.mp4")
    progress = Collected()
    report = prepare("local", from_path=videos, home=home, workers=2, progress=progress)
    failed = {clip.clip: clip.reason for clip in report.with_status("failed")}
    assert set(failed) == {"broken", "loop", "third"}
    assert "broken.mp4" in failed["broken"]
    assert "2.png" in failed["third"]
    assert "loop.mp4" in failed["loop"]
    assert not report.complete
    assert sum("broken failed" in message for message in progress.messages) == 1
    split = open_split("local/videos", home=home)
    assert split.record.missing == ("broken", "loop", "third")
    assert list((home / "prepared/local/videos/local/clips").glob(".*")) == []


def test_driving_poses_come_along(home: Path, videos: Path) -> None:
    poses = some_poses(5)
    poses.write(videos / "first dance.poses.npz")
    prepare("local", from_path=videos, home=home)
    clips = {clip.record.id: clip for clip in open_split("local/videos", home=home).clips}
    assert (clips["first_dance"].record.truth, clips["first_dance"].record.n_people) == (("poses",), 2)
    assert np.array_equal(clips["first_dance"].poses().keypoints, poses.keypoints)
    some_poses(5, n_people=3).write(videos / "first dance.poses.npz")
    report = prepare("local/videos", home=home)
    assert [clip.status for clip in report.clips] == ["done", "skipped", "skipped"]


@pytest.mark.parametrize(("frames", "size"), [(4, (64, 64)), (5, (64, 63))])
def test_poses_of_another_video(home: Path, videos: Path, frames: int, size: tuple[int, int]) -> None:
    some_poses(frames, size).write(videos / "first dance.poses.npz")
    report = prepare("local", from_path=videos, home=home)
    (failed,) = report.with_status("failed")
    assert "first dance.poses.npz" in failed.reason
    assert f"{frames} frames of {size[0]}x{size[1]}" in failed.reason


def test_a_copy_of_the_papers_videos_is_counted(home: Path, videos: Path) -> None:
    report = prepare("tiny", from_path=videos, home=home)
    assert (report.source, report.shortfall, report.complete) == ("local", (), True)
    (videos / "zweite.webm").unlink()
    report = prepare("tiny", source="local", home=home)
    expected = ("2 videos where tiny has 3", "9 frames where tiny has 13")
    assert report.shortfall == expected
    assert not report.complete
    assert open_split("tiny", source="local", home=home).record.notes == expected


# --- names and arguments ---------------------------------------------------------------------------


def test_arguments_that_do_not_fit(home: Path, videos: Path) -> None:
    for arguments, complaint in (
        ({"benchmark": "local"}, "local needs a folder"),
        ({"benchmark": "local/new"}, "needs the folder of its videos"),
        ({"benchmark": "tiny", "source": "local"}, "needs the folder of its videos"),
        ({"benchmark": "local", "from_path": videos, "name": "a/b"}, "names no split"),
        ({"benchmark": "local", "from_path": videos, "name": "../.."}, "names no split"),
        ({"benchmark": "local", "from_path": videos, "name": ".."}, "cannot be used"),
        ({"benchmark": "local", "from_path": videos / "gone"}, "is not there"),
        ({"benchmark": "tiny", "name": "x"}, "--name goes with local"),
        ({"benchmark": "tiny/one", "subset": "one"}, "names its subset already"),
        ({"benchmark": "tiny/none"}, "no subset 'none'"),
        ({"benchmark": "tiny", "source": "web"}, "no source 'web'"),
        ({"benchmark": "tiny/one/two"}, "names no split"),
        ({"benchmark": "tiny", "clips": ["mc-01"]}, "no clip 'mc-01'"),
        ({"benchmark": "tiny", "source": "generated", "from_path": videos}, "reads no folder"),
        ({"benchmark": "nothing"}, "no benchmark"),
    ):
        with pytest.raises(InputError, match=complaint):
            prepare(**arguments, home=home)  # type: ignore[arg-type]


def test_another_process_is_waited_for(home: Path) -> None:
    lock = files.locked(home / "prepared/tiny/generated/clips")
    lock.__enter__()

    class LettingGo(Collected):
        def message(self, text: str) -> None:
            super().message(text)
            lock.__exit__(None, None, None)

    progress = LettingGo()
    report = prepare("tiny", clips=["demo-01"], home=home, progress=progress)
    assert progress.messages == ["another mcbench process prepares tiny: waiting until it ends"]
    assert [clip.status for clip in report.clips] == ["done"]


# --- killed ----------------------------------------------------------------------------------------


def job_of(home: Path, video: Path) -> ClipJob:
    return ClipJob(
        clip="long",
        benchmark="local/videos",
        source="local",
        folder=str(home / "prepared/local/videos/local/clips/long"),
        work=FilesWork(material=ClipMaterial(id="long", path=str(video))),
    )


def test_a_job_is_plain_data(tmp_path: Path) -> None:
    write_video(tmp_path / "long.mp4", numbered(3))
    job = job_of(tmp_path, tmp_path / "long.mp4")
    record = prepare_clip(ClipJob.model_validate_json(job.model_dump_json()))
    assert record == ClipRecord.read(Path(job.folder) / "clip.json") == prepare_clip(job)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_outright_it_goes_on(tmp_path: Path, workers: int) -> None:
    videos = tmp_path / "videos"
    noise = np.random.default_rng(0).integers(0, 256, (150, 128, 128, 3), dtype=np.uint8)
    videos.mkdir()
    write_video(videos / "a.mp4", numbered(2))
    write_video(videos / "long.mp4", list(noise), options={"crf": "30", "preset": "ultrafast"})
    code = (
        "from pathlib import Path\n"
        "from mcbench.data import prepare\n"
        "if __name__ == '__main__':\n"
        f"    prepare('local', from_path=Path({str(videos)!r}), home=Path({str(tmp_path / 'home')!r}),"
        f" workers={workers})\n"
    )
    script = tmp_path / "go.py"
    script.write_text(code)
    clips = tmp_path / "home/prepared/local/videos/local/clips"
    process = subprocess.Popen([sys.executable, str(script)], cwd=Path(__file__).parents[2])
    try:
        _wait_for(lambda: len(list(clips.glob(".partial-*/frames/00000*.png"))) >= 5, process)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not (clips / "long").exists()
    leftover = list(clips.glob(".partial-*"))
    assert leftover
    if workers > 1:
        _wait_for(lambda: not _grows(leftover[0]), None)  # its worker ends with it
    prepare("local/videos", home=tmp_path / "home")
    assert list(clips.glob(".*")) == []
    prepare("local", from_path=videos, home=tmp_path / "fresh")
    assert content_of(tmp_path / "home" / "prepared") == content_of(tmp_path / "fresh" / "prepared")


def _wait_for(condition, process: subprocess.Popen | None) -> None:  # type: ignore[no-untyped-def, type-arg]
    deadline = time.monotonic() + 60
    while not condition():
        assert process is None or process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _grows(folder: Path) -> bool:
    before = len(list(folder.rglob("*")))
    time.sleep(0.3)
    return len(list(folder.rglob("*"))) > before

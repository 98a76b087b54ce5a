"""External methods: the real runner on small drivers, and everything that a driver can do wrong."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench import baselines
from mcbench.baselines import AnimationRequest
from mcbench.baselines.external.variables import variables
from mcbench.baselines.inputs import clip_inputs
from mcbench.data import Clip, open_split, prepare
from mcbench.data.truth import Poses
from mcbench.errors import DataMissingError, McbenchError, WorkerError
from mcbench.runs import RunRequest, run_model
from tests.video.making import numbered, write_video

SIZE = (48, 64)
SPEC = """
id = "small"
display_name = "small"
description = "A method of a test."
kind = "external"
inputs = {inputs}
driver = "driver.py"
options = {{ gain = 2, mode = "plain" }}

[native]
{native}

[limits]
minutes = 10
"""
GOOD = """
import driver_kit as kit


def main(job):
    reference = kit.read_reference(job)
    for index in range(job["n_frames"]):
        kit.write_frame(job, index, reference)
    return {"gain": kit.option(job, "gain")}


kit.run(main)
"""
HALF = """
    frame = job["folder"] / "frames/000001.png"
    content = frame.read_bytes()
    frame.write_bytes(content[: len(content) // 2])
    return"""
SMALL = """
    for path in (job["folder"] / "frames").iterdir():
        kit.Image.open(path).resize((8, 8)).save(path)
    return"""


def write_method(folder: Path, driver: str, *, inputs: str = "[]", native: str = "") -> str:
    """Write a spec and its driver; return the spec's path."""
    folder.mkdir(exist_ok=True)
    (folder / "driver.py").write_text(textwrap.dedent(driver), encoding="utf-8")
    path = folder / "small.toml"
    path.write_text(SPEC.format(inputs=inputs, native=native), encoding="utf-8")
    return str(path)


def picture() -> NDArray[np.uint8]:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.stack([rows * 4, columns * 3, rows + columns], axis=-1).astype(np.uint8)


def request(n_frames: int = 3, size: tuple[int, int] | None = None, **more: object) -> AnimationRequest:
    return AnimationRequest("clip", picture(), None, n_frames, 25.0, size, 7, **more)  # type: ignore[arg-type]


def animate(method: str, asked: AnimationRequest | None = None, **options: object) -> list[NDArray[np.uint8]]:
    animator = baselines.load(method, "cpu", options)  # type: ignore[arg-type]
    return list(animator.animate(asked or request()))


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path) -> Iterator[None]:
    """Whatever went wrong, no job folder is left."""
    yield
    jobs = tmp_path / "mcbench-home" / "baselines" / "jobs"
    assert not jobs.is_dir() or not list(jobs.iterdir())


def test_a_driver_gives_its_frames_and_facts(tmp_path: Path) -> None:
    animator = baselines.load(write_method(tmp_path / "m", GOOD), "cpu", {"gain": 5})
    frames = list(animator.animate(request()))
    assert len(frames) == 3
    assert all(np.array_equal(frame, picture()) for frame in frames)
    assert animator.facts()["gain"] == 5  # type: ignore[attr-defined]
    described = animator.describe()
    assert described.sampler["gain"] == 5
    assert len(str(described.sampler["driver_sha256"])) == 12


def test_frames_are_made_at_the_native_size_and_given_in_the_one_asked_for(tmp_path: Path) -> None:
    method = write_method(tmp_path / "m", GOOD, native='size = [32, 32]\nfit = "pad"')
    assert [frame.shape for frame in animate(method)] == [(24, 32, 3)] * 3  # 48x64 in the middle of 32x32
    assert [frame.shape for frame in animate(method, request(2, (50, 70)))] == [(50, 70, 3)] * 2
    stretched = write_method(tmp_path / "s", GOOD, native="size = [32, 32]")
    assert animate(stretched)[0].shape == (48, 64, 3)  # a distorted picture would have no score
    other = write_method(tmp_path / "n", GOOD, native="multiple_of = 40")
    assert animate(other)[0].shape == (40, 80, 3)


@pytest.mark.parametrize(
    ("driver", "told"),
    [
        ("import sys; print('what went wrong'); sys.exit(5)", "exit code 5; its log ends: what went wrong"),
        ("raise RuntimeError('no such layer')", "no such layer"),
        ("import driver_kit as kit\nkit.run(lambda job: kit.fail('no person'))", "clip: no person"),
        ("import os; os.kill(os.getpid(), 9)", "killed by signal 9"),
        ("pass", "made no frame of 3; its log is empty"),
        (GOOD.replace('job["n_frames"]', "2"), "made 2 frames, not 3"),
        (GOOD.replace('job["n_frames"]', "4"), "made 4 frames, not 3"),
        (GOOD.replace("index, reference)", "index + 1, reference)"), "made no 000000.png"),
        (GOOD.replace("index, reference)", "index, reference[:9])"), r"frame 0 is uint8 \(9, 64, 3\)"),
        (GOOD.replace("index, reference)", "index, reference * 0)"), "all of its frames are of one colour"),
        (GOOD.replace("kit.run(main)", "main(kit.read_job(__import__('sys').argv[1]))"), "result.json"),
        (GOOD.replace("    return", HALF), "000001.png is damaged or cut short"),
        (GOOD.replace("    return", SMALL), "made frames of 8x8, not 48x64"),
    ],
)  # fmt: skip
def test_what_a_driver_does_wrong_is_told(tmp_path: Path, driver: str, told: str) -> None:
    with pytest.raises(McbenchError, match=told) as caught:
        animate(write_method(tmp_path / "m", driver))
    assert isinstance(caught.value, WorkerError)
    assert any("log of the program" in note for note in caught.value.__notes__)


def test_a_driver_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "child-lives"
    child = f"import time, pathlib; time.sleep(6); pathlib.Path({str(mark)!r}).touch()"
    driver = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])\n"
    with pytest.raises(WorkerError, match=r"ended after 0\.01 minutes") as caught:
        animate(write_method(tmp_path / "m", driver), limit_minutes=0.01)
    assert "--option limit_minutes=N" in caught.value.hint
    import psutil

    assert not [p for p in psutil.process_iter(["cmdline"]) if str(mark) in " ".join(p.info["cmdline"] or [])]


def test_a_driver_that_takes_too_much_memory_is_ended(tmp_path: Path) -> None:
    driver = "import time\nblock = bytearray(300_000_000)\ntime.sleep(20)\n"
    with pytest.raises(WorkerError, match=r"more than 0\.2 GB of memory"):
        animate(write_method(tmp_path / "m", driver), limit_minutes=1, limit_memory_gb=0.2)


def test_a_program_is_given_no_secrets_and_no_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "secret")
    assert "SOME_TOKEN" not in variables({})
    assert variables({})["PATH"]
    monkeypatch.setenv("UV_INDEX_URL", "https://user:word@example.org")
    assert "UV_INDEX_URL" not in variables()
    assert "UV_INDEX_URL" in variables(installing=True)
    driver = GOOD.replace(
        "reference = ", "import os\n    assert 'SOME_TOKEN' not in os.environ\n    reference = "
    )
    assert len(animate(write_method(tmp_path / "m", driver), mode="; touch x $(id)")) == 3


def test_the_poses_of_a_job_are_those_of_the_request(tmp_path: Path) -> None:
    driver = """
    import driver_kit as kit

    def main(job):
        seen = [people.tolist() for people in kit.read_poses(job)]
        reference = kit.read_reference(job)
        for index in range(job["n_frames"]):
            kit.write_frame(job, index, reference)
        return {"first": str(seen[0][0][0]), "covered": str(seen[1][0][3]), "people": len(seen[1])}

    kit.run(main)
    """
    keypoints = np.tile(np.asarray([10.0, 20.0], np.float32), (2, 2, 18, 1))
    visibility = np.full((2, 2, 18), 2, np.uint8)
    visibility[1, 0, 3] = 1
    poses = Poses(keypoints, visibility, np.ones((2, 2), np.float32), SIZE)
    asked = AnimationRequest("clip", picture(), poses, 2, 25.0, None, 7)
    method = write_method(tmp_path / "m", driver, inputs='["poses"]', native="size = [96, 64]")
    animator = baselines.load(method, "cpu", {})
    list(animator.animate(asked))
    facts = animator.facts()  # type: ignore[attr-defined]
    assert (facts["first"], facts["covered"]) == ("[10.0, 40.0, 1.0]", "[10.0, 40.0, 0.5]")
    assert facts["people"] == 2


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    folder = tmp_path / "videos"
    folder.mkdir()
    write_video(folder / "a.mp4", numbered(4, *SIZE))
    assert prepare("local", from_path=folder, name="real").complete
    return open_split("local/real").clips[0]


def test_true_frames_drive_and_the_run_record_says_so(tmp_path: Path, clip: Clip) -> None:
    driver = GOOD.replace("reference)", "frames[index])").replace(
        "reference = kit.read_reference(job)", "frames = list(kit.read_driving(job, 'driving-frames'))"
    )
    method = write_method(tmp_path / "m", driver, inputs='["driving-frames"]')
    record = run_model(RunRequest(method, "local/real", out=tmp_path / "results"))
    (video,) = record.videos
    assert video.status == "done", video.reason
    assert video.frames_sha256 == clip.record.frames_sha256
    assert video.conditions == {"driving-frames": "true frames"}
    assert video.facts["gain"] == 2
    assert record.model.inputs == ("driving-frames",)
    assert (tmp_path / "results" / "small" / "local" / "real" / "run.json").is_file()


@pytest.mark.parametrize(
    ("kind", "option"), [("densepose", "--densepose"), ("masks", "--masks"), ("poses", "--pose")]
)
def test_what_the_clip_lacks_is_told_with_the_command(
    tmp_path: Path, clip: Clip, kind: str, option: str
) -> None:
    method = write_method(tmp_path / "m", GOOD, inputs=f'["{kind}"]')
    with pytest.raises(DataMissingError, match=f"has no {kind}") as caught:
        clip_inputs(baselines.get(method), clip, poses_by=None, options={})
    assert f"mcbench data conditions local/real {option}" in caught.value.hint
    record = run_model(RunRequest(method, "local/real", out=tmp_path / "results"))
    assert record.videos[0].status == "failed"
    assert f"has no {kind}" in record.videos[0].reason


def test_a_failed_video_is_recorded_and_its_log_kept(tmp_path: Path, clip: Clip) -> None:
    method = write_method(tmp_path / "m", "print('deep reason'); raise SystemExit(4)")
    (video,) = run_model(RunRequest(method, "local/real", out=tmp_path / "results")).videos
    assert (video.status, "deep reason" in video.reason) == ("failed", True)
    run = tmp_path / "results" / "small" / "local" / "real"
    assert "deep reason" in (run / "logs" / "a.txt").read_text(encoding="utf-8")
    assert not (run / "frames" / "a").exists()

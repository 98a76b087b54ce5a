"""How a run is cut into processes never shows in its frames, and memory does not grow with a video."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mcbench import data
from mcbench.data.generated import GENERATOR_VERSION
from mcbench.model.pipeline import AnimationPipeline
from mcbench.records import RunRecord
from mcbench.runs import RunRequest, run_model
from tests.data.making import TINY, install_tiny


@pytest.fixture
def place(pipeline: AnimationPipeline, tmp_path: Path) -> Path:
    """`home/` with two clips of three frames, and `pipeline/` with the micro networks."""
    version = f"generator_version = {GENERATOR_VERSION}"
    install_tiny(tmp_path / "home", TINY.replace("generator_version = 1", version))
    data.prepare("tiny", home=tmp_path / "home", workers=1)
    pipeline.save_pretrained(tmp_path / "pipeline")
    return tmp_path


def _frames(record: RunRecord) -> dict[str, str | None]:
    assert [video.status for video in record.videos] == ["done"] * len(record.videos), record.videos
    return {video.video: video.frames_sha256 for video in record.videos}


def _run(place: Path, out: str, **options: object) -> RunRecord:
    return run_model(
        RunRequest(
            model="ours",
            split="tiny",
            out=place / out,
            home=place / "home",
            options={"checkpoint": str(place / "pipeline"), "window": 2, "overlap": 1, "guidance": 1.5},
            **options,  # type: ignore[arg-type]
        )
    )


def test_shards_in_processes_of_their_own_make_the_same_frames(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _frames(_run(place, "whole"))
    assert len(set(whole.values())) == 2
    # Other slices of decoded frames, and features on disk, are no other frames either.
    monkeypatch.setattr("mcbench.model.pipeline._FRAMES_AT_ONCE", 1)
    monkeypatch.setattr("mcbench.model.frame_store.FrameStore.__init__.__defaults__", (0,))
    assert _frames(_run(place, "slices", clips=("demo-02",))) == {"demo-02": whole["demo-02"]}
    command = [
        sys.executable, "-m", "mcbench", "run", "--model", "ours", "--split", "tiny", "--clip", "demo-01",
        "--out", str(place / "shard"), "--config", "micro", "--option", f"checkpoint={place / 'pipeline'}",
        "--option", "window=2", "--option", "overlap=1", "--option", "guidance=1.5",
    ]  # fmt: skip
    settings = {**os.environ, "MCBENCH_HOME": str(place / "home"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shard = RunRecord.read(place / "shard" / "ours" / "tiny" / "run.json")
    assert _frames(shard) == {"demo-01": whole["demo-01"]}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the system cannot reset a peak")
def test_memory_does_not_grow_with_a_video(
    pipeline: AnimationPipeline, reference: NDArray[np.uint8], tmp_path: Path
) -> None:
    pipeline.save_pretrained(tmp_path / "pipeline")
    Image.fromarray(reference).save(tmp_path / "reference.png")
    command = [sys.executable, str(Path(__file__).parent / "peaks.py"), str(tmp_path), "32", "96"]
    # A process of its own, whose larger pieces go back to the system as soon as they are free: what its
    # allocator would keep for later differs from run to run by more than what is looked for.
    settings = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "1000000"}
    done = subprocess.run(
        command,
        env={**os.environ, **settings, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    short, long = map(int, done.stdout.split())
    # 64 more frames of 480 x 320 would take 29 MB as bytes, and 118 MB as numbers.
    assert long - short < 16 * 2**20

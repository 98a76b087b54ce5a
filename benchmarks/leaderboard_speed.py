"""How long a leaderboard of many submissions takes, and whether it is the same bytes each time.

    .venv/bin/python benchmarks/leaderboard_speed.py [--submissions 1000] [--videos 20]

Submissions are invented: 100 models to a split, each with every metric of `mcbench/1` and its values by
video, so that the paired tests run as they would. Each round is a process of its own, as continuous
integration's. Processor seconds tell more than those of the clock where other work runs beside it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mcbench.leaderboard.submissions import Submission
from mcbench.records import (
    Coverage,
    Environment,
    MetricValue,
    ModelDescription,
    ScoreRecord,
    SplitRecord,
    WeightsUse,
)
from mcbench.scoring.protocols import PROTOCOLS

MODELS = 100
FRAMES = 196
BASE = {"l1": 0.06, "psnr": 20.0, "psnr_uint8": 30.0, "ssim": 0.7, "lpips": 0.25, "lpips_vgg": 0.3}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def invent(model: int, split: int, n_videos: int) -> Submission:
    """Return a submission of a model that is the better the smaller its number."""
    chance = random.Random(f"{model} {split}")
    videos = [f"video-{index:03d}" for index in range(n_videos)]
    protocol = PROTOCOLS["mcbench/1"]
    metrics = {}
    for metric in protocol.frame_metrics:
        worse = (1 - model / 300) if metric.higher_is_better else (1 + model / 300)
        by_video = {video: BASE[metric.key] * worse * chance.uniform(0.97, 1.03) for video in videos}
        if metric.key == "psnr_uint8":
            by_video = {video: max(value, 25.0) for video, value in by_video.items()}
        mean = sum(by_video.values()) / n_videos
        metrics[metric.key] = MetricValue(
            value=mean,
            ci_low=mean * 0.98,
            ci_high=mean * 1.02,
            n_videos=n_videos,
            n_items=n_videos * (FRAMES - 1),
            with_reference=mean,
            higher_is_better=metric.higher_is_better,
            unit=metric.unit,
            note=metric.note,
            by_video=by_video,
        )
    for distance in protocol.distribution_metrics:
        value = 30.0 + model + chance.random()
        metrics[distance.key] = MetricValue(
            value=value,
            ci_low=value - 3,
            ci_high=value + 3,
            n_videos=n_videos,
            n_items=n_videos * 12,
            dimensions=400,
            noise_floor=25.0,
            higher_is_better=False,
            replicates=tuple(value + chance.uniform(-1, 1) for _ in range(min(n_videos, 20))),
        )
    n_frames = n_videos * FRAMES
    record = ScoreRecord(
        protocol="mcbench/1",
        protocol_sha256=protocol.sha256,
        networks="reference",
        metrics=metrics,
        weights={"motion": WeightsUse(name="i3d", sha256=digest("i3d"))},
        coverage=Coverage(
            videos_expected=n_videos, videos_scored=n_videos, frames_expected=n_frames, frames_scored=n_frames
        ),
        split=SplitRecord(
            benchmark=f"bench-{split:02d}",
            subset="default",
            source="files",
            canonical_size=(896, 640),
            networks="reference",
            data_sha256=digest(f"data {split}"),
            expected=tuple(videos),
        ),
        model=ModelDescription(id=f"model-{model:03d}", display_name=f"Model {model}", kind="diffusers"),
        predictions_sha256=digest(f"predictions {model} {split}"),
        ground_truth_sha256=digest(f"truth {split}"),
        original_sizes=dict.fromkeys(videos, ((896, 640), (896, 640))),
        environment=Environment(
            mcbench="0.1.0",
            python="3.11.7",
            platform="Linux x86_64",
            packages={"numpy": "2.0.0"},
            hardware="one",
            device="cuda",
            git_commit="0" * 40,
            git_dirty=False,
        ),
        created="2026-11-21T00:00:00+00:00",
    )
    return Submission(division="open", score=record, submitted="2026-11-21T00:00:00+00:00")


def regenerate(out: Path, seed: int) -> tuple[float, float, str]:
    """Regenerate in a new process; return seconds of clock and processor, and a hash of its files."""
    begun, used = time.perf_counter(), _used()
    subprocess.run(
        [sys.executable, "-m", "mcbench", "leaderboard", "--submissions-only", "--out", str(out)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONHASHSEED": str(seed), "OMP_NUM_THREADS": str(1 + seed % 2)},
    )
    seconds = time.perf_counter() - begun
    names = ("README.md", "leaderboard.csv", "leaderboard.json", "index.html")
    return seconds, _used() - used, digest("".join(digest((out / name).read_text()) for name in names))


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def main() -> None:
    """Invent submissions, regenerate three times, print seconds and hashes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--videos", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "leaderboard"
        for number in range(options.submissions):
            one = invent(number % MODELS, number // MODELS, options.videos)
            one.write(out / "submissions" / one.place)
        size = sum(path.stat().st_size for path in out.rglob("*.json"))
        print(f"{options.submissions} submissions of {options.videos} videos, {size / 1e6:.0f} MB")
        hashes = set()
        for seed in range(3):
            seconds, processor, found = regenerate(out, seed)
            hashes.add(found)
            print(f"regenerated in {seconds:.1f} s ({processor:.1f} s of the processor): {found[:16]}")
        print("byte-identical" if len(hashes) == 1 else "THE BYTES DIFFER")


if __name__ == "__main__":
    main()

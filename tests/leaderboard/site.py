"""A results folder of three models on six videos, two of which can be played, and its page."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from mcbench.leaderboard import collect, write_leaderboard
from mcbench.records import MetricValue, ModelDescription, ScoreRecord
from mcbench.video import write_preview
from tests.leaderboard import factory

HOSTILE = "<img src=x onerror=alert(1)></script><script>document.title='owned'</script>"
N_FRAMES, FPS = 20, 10.0
VIDEOS = tuple(f"dance-{index:02d}" for index in range(6))
PUBLISHED = Path(__file__).resolve().parents[2] / "leaderboard" / "published"
MODELS = {"ours": ("ours", 20.0), "warp": ("warp", 9.0), "hostile": (HOSTILE, 15.0)}
PEAK = 13
"""The frame in which the models differ most."""


def frames(level: int) -> list[NDArray[np.uint8]]:
    return [np.full((64, 48, 3), level + 5 * index, np.uint8) for index in range(N_FRAMES)]


def record(model: str) -> ScoreRecord:
    name, psnr = MODELS[model]
    return factory.score(
        ModelDescription(id=model, display_name=name, kind="builtin", licence="MIT"),
        {"psnr": by_video("psnr", psnr), "ssim": by_video("ssim", psnr / 40)},
        split=factory.split(expected=VIDEOS),
        coverage=factory.coverage(videos_expected=6, videos_scored=6),
        slices={
            "people=2": {"psnr": by_video("psnr", psnr - 1)},
            "overlap": {"psnr": by_video("psnr", psnr)},
        },
    )


def by_video(metric: str, number: float) -> MetricValue:
    """A value whose videos read 0, 1, ... hundredths of it more and less."""
    values = {video: number * (1 + (place - 2.5) / 100) for place, video in enumerate(VIDEOS)}
    return factory.value(metric, fmean(values.values()), n_videos=6, by_video=values)


def curve(psnr: float) -> list[float]:
    return [psnr + (psnr / 5 if index == PEAK else 0) + index / 100 for index in range(N_FRAMES)]


def make_results(results: Path) -> None:
    for level, (model, (_, psnr)) in enumerate(MODELS.items()):
        path = factory.put(results, record(model))
        factory.put_frame_values(
            path, {"dance-00": {"psnr": curve(psnr)}, "dance-01": {"psnr": [psnr] * N_FRAMES}}
        )
        run = results / model / "multi-character/demo"
        write_preview(run / "previews/dance-00.mp4", frames(40 + 40 * level), FPS)
        with path.with_suffix(".people.jsonl").open("w", encoding="utf-8") as stream:
            for index in range(N_FRAMES):
                line = {"video": "dance-00", "frame": index, "visible": 2 + index % 2, "overlap": index < 5}
                stream.write(json.dumps(line) + "\n")
    truth = results / "_truth/multi-character/demo" / f"generated-{factory.digest('data')[:12]}"
    for video in VIDEOS[:2]:
        write_preview(truth / f"{video}.mp4", frames(20), FPS)
    # A second table, whose videos are elsewhere.
    factory.put(results, factory.score("ours", split=factory.split(benchmark="local/far", subset="default")))


def make_site(root: Path) -> Path:
    """Write results and leaderboard, with the printed numbers of this repository, and return the page."""
    make_results(root / "results")
    write_leaderboard(collect([root / "results"], None, PUBLISHED), root / "leaderboard")
    return root / "leaderboard" / "index.html"

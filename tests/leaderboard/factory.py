"""Score records and results trees as the stages before the leaderboard write them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from mcbench.records import (
    Coverage,
    Environment,
    MetricValue,
    ModelDescription,
    RunRecord,
    ScoreRecord,
    SplitRecord,
    Unavailable,
)

VIDEOS = ("dance-00", "dance-01", "dance-02")
HIGHER = {"psnr", "psnr_uint8", "ssim"}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def value(metric: str, number: float, **changes: Any) -> MetricValue:
    distribution = metric.partition("@")[0] in {"fid", "fid_vid", "fvd", "kid", "kvd"}
    fields: dict[str, Any] = {
        "value": number,
        "ci_low": None if distribution else number * 0.95,
        "ci_high": None if distribution else number * 1.05,
        "n_videos": len(VIDEOS),
        "n_items": 72,
        "dimensions": 128 if distribution else None,
        "higher_is_better": metric in HIGHER,
        "unit": "dB" if metric.startswith("psnr") else "",
    }
    return MetricValue(**fields | changes)


def environment(**changes: Any) -> Environment:
    fields: dict[str, Any] = {
        "mcbench": "0.1.0",
        "python": "3.11.7",
        "platform": "Linux x86_64",
        "packages": {"numpy": "2.4.6"},
        "hardware": "2 cores",
        "device": "cpu",
        "git_commit": "0123456789abcdef0123456789abcdef01234567",
        "git_dirty": False,
    }
    return Environment(**fields | changes)


def split(**changes: Any) -> SplitRecord:
    fields: dict[str, Any] = {
        "benchmark": "multi-character",
        "subset": "demo",
        "source": "generated",
        "canonical_size": (256, 184),
        "networks": "embedded",
        "data_sha256": digest("data"),
        "expected": VIDEOS,
    }
    return SplitRecord(**fields | changes)


def coverage(**changes: Any) -> Coverage:
    fields: dict[str, Any] = {
        "videos_expected": 3,
        "videos_scored": 3,
        "frames_expected": 72,
        "frames_scored": 72,
    }
    return Coverage(**fields | changes)


def score(
    model: str | ModelDescription = "ours", metrics: dict[str, Any] | None = None, **changes: Any
) -> ScoreRecord:
    """A record of `model`; numbers in `metrics` become values with an interval."""
    numbers = {"psnr": 20.0, "ssim": 0.8, "fvd@embedded": 30.0} if metrics is None else metrics
    if isinstance(model, str):
        model = ModelDescription(id=model, display_name=model, kind="builtin")
    fields: dict[str, Any] = {
        "protocol": "disco/2",
        "protocol_sha256": digest("protocol"),
        "networks": "embedded",
        "metrics": {k: v if isinstance(v, MetricValue) else value(k, v) for k, v in numbers.items()},
        "coverage": coverage(),
        "split": split(),
        "model": model,
        "predictions_sha256": digest(f"{model.id} {numbers}"),
        "ground_truth_sha256": digest("truth"),
        "environment": environment(),
        "created": "2026-11-21T03:30:00+00:00",
    }
    return ScoreRecord(**fields | changes)


def unavailable(reason: str, command: str) -> Unavailable:
    return Unavailable(reason=reason, command=command)


def put(results: Path, record: ScoreRecord, folder: str | None = None) -> Path:
    """Write a record where `mcbench score` would, with the run record beside it; return its path."""
    assert record.split is not None
    assert record.model is not None
    run = results / (folder or record.model.id) / record.split.name
    RunRecord(
        model=record.model,
        split=record.split,
        seed=0,
        size=None,
        environment=record.environment,
        created=record.created,
    ).write(run / "run.json")
    path = run / "scores" / f"{record.protocol.replace('/', '-')}.json"
    record.write(path)
    return path


def put_frame_values(record_path: Path, values: dict[str, dict[str, list[float]]]) -> Path:
    """Write video -> metric -> value by frame as JSON lines beside a record."""
    path = record_path.with_name(record_path.stem + ".frames.jsonl")
    with path.open("w", encoding="utf-8") as stream:
        for video, by_metric in values.items():
            for frame in range(max(len(series) for series in by_metric.values())):
                counted = {"counted": frame > 0}
                line = (
                    {"video": video, "frame": frame} | counted | {m: s[frame] for m, s in by_metric.items()}
                )
                stream.write(json.dumps(line) + "\n")
    return path

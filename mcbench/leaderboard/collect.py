"""Score records found below folders, as one pandas frame in long form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mcbench import files
from mcbench.errors import FileFormatError
from mcbench.records import MetricValue, RunRecord, ScoreRecord, Unavailable

COLUMNS = (
    "benchmark", "subset", "split", "source", "data_sha256", "protocol", "protocol_sha256", "networks",
    "weights", "model", "model_name", "predictions_sha256", "metric", "value", "ci_low", "ci_high",
    "with_reference", "noise_floor", "n_videos", "n_items", "dimensions", "higher_is_better", "unit",
    "note", "unavailable", "command", "videos_expected", "videos_scored", "frames_expected",
    "frames_scored", "complete", "missing_videos", "excluded", "date", "commit", "dirty",
    "record_sha256", "record_path", "run_path",
)  # fmt: skip
"""Columns of the frame. A row is one metric of one record; `unavailable` says why `value` is missing."""


@dataclass
class _Found:
    record: ScoreRecord
    path: Path
    run_folder: Path | None


def collect(folders: Sequence[Path], submissions: Path | None = None) -> pd.DataFrame:
    """Read every score record into one frame.

    Args:
        folders: results folders: records are `scores/*.json` at any depth below each, and the folder
            that holds `scores` is the run's.
        submissions: folder of committed records, `MODEL/SPLIT/PROTOCOL.json`; may be absent.

    Returns:
        a frame with `COLUMNS`, sorted, one row a record and metric, whether or not the metric could be
        computed. Missing numbers are None. A record that is found twice with the same content counts once:
        the committed file is named, and the run's folder is where its videos are.

    Raises:
        FileFormatError: a record (or the `run.json` beside it) cannot be read, or says neither which
            model nor which split it is about.
    """
    found: dict[str, _Found] = {}
    for path, run_folder in [*_submitted(submissions), *_scored(folders)]:
        record = ScoreRecord.read(path)
        known = found.setdefault(record.model_dump_json(), _Found(record, path, run_folder))
        known.run_folder = known.run_folder or run_folder
    rows = [row for item in found.values() for row in _rows(item)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    order = ["benchmark", "subset", "source", "data_sha256", "protocol", "protocol_sha256", "networks"]
    order += ["model", "predictions_sha256", "record_sha256", "metric"]
    frame = frame.sort_values(order, kind="stable", ignore_index=True)
    return frame.where(frame.notna(), None)


def _submitted(folder: Path | None) -> Iterator[tuple[Path, None]]:
    if folder is not None:
        for path in _visible(folder, "*.json"):
            yield path, None


def _scored(folders: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    for folder in folders:
        for path in _visible(folder, "scores/*.json"):
            yield path, path.parent.parent


def _visible(folder: Path, pattern: str) -> list[Path]:
    # Names that start with a dot are locks and what killed writers left behind.
    paths = sorted(folder.rglob(pattern))
    return [path for path in paths if not any(p.startswith(".") for p in path.relative_to(folder).parts)]


def _rows(found: _Found) -> Iterator[dict[str, Any]]:
    record = found.record
    if record.split is None or record.model is None:
        raise FileFormatError(
            f"{found.path} says neither which model nor which split it scores",
            "a score of `mcbench compare` has no place in a leaderboard: move it elsewhere, or score a run",
        )
    coverage, environment = record.coverage, record.environment
    commit, dirty = environment.git_commit, environment.git_dirty
    if found.run_folder is not None and (run := found.run_folder / "run.json").is_file():
        # Uncommitted changes taint a number wherever they were: when generating or when scoring.
        dirty = dirty or RunRecord.read(run).environment.git_dirty
    shared: dict[str, Any] = {
        "benchmark": record.split.benchmark,
        "subset": record.split.subset,
        "split": record.split.name,
        "source": record.split.source,
        "data_sha256": record.split.data_sha256,
        "protocol": record.protocol,
        "protocol_sha256": record.protocol_sha256,
        "networks": record.networks,
        "weights": json.dumps({name: use.sha256 for name, use in sorted(record.weights.items())}),
        "model": record.model.id,
        "model_name": record.model.display_name or record.model.id,
        "predictions_sha256": record.predictions_sha256,
        "videos_expected": coverage.videos_expected,
        "videos_scored": coverage.videos_scored,
        "frames_expected": coverage.frames_expected,
        "frames_scored": coverage.frames_scored,
        "complete": coverage.complete,
        "missing_videos": json.dumps(sorted(coverage.missing_videos), ensure_ascii=False),
        "excluded": json.dumps(coverage.excluded, ensure_ascii=False, sort_keys=True),
        "date": record.created[:10],
        "commit": commit,
        "dirty": dirty,
        "record_sha256": files.sha256_text(record.model_dump_json()),
        "record_path": str(found.path),
        "run_path": None if found.run_folder is None else str(found.run_folder),
    }
    if not record.metrics and not record.unavailable:
        raise FileFormatError(f"{found.path} holds no metric", "remove it and score the run again")
    for metric, value in record.metrics.items():
        yield shared | {"metric": metric} | _value_columns(value)
    for metric, reason in record.unavailable.items():
        if metric not in record.metrics:
            yield shared | {"metric": metric} | _reason_columns(reason)


def _value_columns(value: MetricValue) -> dict[str, Any]:
    return value.model_dump()


def _reason_columns(reason: Unavailable) -> dict[str, Any]:
    return {"unavailable": reason.reason, "command": reason.command}

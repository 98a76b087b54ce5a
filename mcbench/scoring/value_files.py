"""The values behind a score, as lines of JSON beside its record."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcbench import files
from mcbench.records import ScoreRecord
from mcbench.scoring.aggregate import headline_mask
from mcbench.scoring.engine import Scored
from mcbench.scoring.protocols import Protocol
from mcbench.scoring.values import VideoValues


def write_score(record: ScoreRecord, protocol: Protocol, found: Scored, path: Path) -> None:
    """Write a record to a path, with `.frames.jsonl` (a line a frame) and `.videos.jsonl` beside it."""
    # The record goes first and comes last, so that it never stands beside values of another score.
    path.unlink(missing_ok=True)
    videos = found.values[protocol.name]
    files.write_text(path.with_suffix(".frames.jsonl"), "".join(_frame_lines(protocol, videos)))
    files.write_text(path.with_suffix(".videos.jsonl"), "".join(_video_lines(protocol, videos, found)))
    record.write(path)


def _frame_lines(protocol: Protocol, videos: Sequence[VideoValues]) -> list[str]:
    lines = []
    for video in videos:
        counted = headline_mask(protocol, video)
        for place, index in enumerate(video.indices.tolist()):
            values = {key: float(series[place]) for key, series in video.frames.items()}
            values |= _people_of_frame(video, place)
            row = {"video": video.name, "frame": index, "counted": bool(counted[place]), **values}
            lines.append(json.dumps(row, allow_nan=False) + "\n")
    return lines


def _people_of_frame(video: VideoValues, place: int) -> dict[str, Any]:
    """Return the metrics of people in a frame; null where one has no meaning there."""
    people = video.people
    if people is None:
        return {}
    values: dict[str, Any] = {key: _or_none(column[place]) for key, column in people.frames.items()}
    each = {key: [_or_none(one) for one in table[place]] for key, table in people.people.items()}
    return values | {
        "people": int(people.visible[place]),
        "overlap": bool(people.overlap[place]),
        "each": each,
    }


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _video_lines(protocol: Protocol, videos: Sequence[VideoValues], found: Scored) -> list[str]:
    lines = []
    for video in videos:
        counted = headline_mask(protocol, video)
        means = {
            key: float(series[counted].mean()) if counted.any() else None
            for key, series in video.frames.items()
        }
        row = {
            "video": video.name,
            "frames": int(counted.sum()),
            "clips": {role: len(one.items) for role, one in video.features.items()},
            "prediction_sha256": found.digests[video.name][0],
            "truth_sha256": found.digests[video.name][1],
            **means,
        }
        lines.append(json.dumps(row, allow_nan=False) + "\n")
    return lines

"""The values behind a score, as lines of JSON beside its record."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

from mcbench import files
from mcbench.records import ScoreRecord
from mcbench.scoring.aggregate import headline_mask
from mcbench.scoring.engine import Scored
from mcbench.scoring.protocols import Protocol
from mcbench.scoring.values import VideoValues


def write_score(record: ScoreRecord, protocol: Protocol, found: Scored, path: Path) -> None:
    """Write a record to a path, with lines for each frame and each video, and for people if there are any."""
    # The record goes first and comes last, so that it never stands beside values of another score.
    path.unlink(missing_ok=True)
    videos = found.values[protocol.name]
    files.write_text(path.with_suffix(".frames.jsonl"), "".join(_frame_lines(protocol, videos)))
    files.write_text(path.with_suffix(".videos.jsonl"), "".join(_video_lines(protocol, videos, found)))
    each_person = path.with_suffix(".people.jsonl")
    each_person.unlink(missing_ok=True)
    if lines := _people_lines(videos):
        files.write_text(each_person, "".join(lines))
    record.write(path)


def _frame_lines(protocol: Protocol, videos: Sequence[VideoValues]) -> list[str]:
    lines = []
    for video in videos:
        counted = headline_mask(protocol, video)
        for place, index in enumerate(video.indices.tolist()):
            values = {key: float(series[place]) for key, series in video.frames.items()}
            if video.people is not None:
                values |= {
                    key: float(column[place])
                    for key, column in video.people.frames.items()
                    if not math.isnan(column[place])
                }
            row = {"video": video.name, "frame": index, "counted": bool(counted[place]), **values}
            lines.append(json.dumps(row, allow_nan=False) + "\n")
    return lines


def _people_lines(videos: Sequence[VideoValues]) -> list[str]:
    """Return a line a frame with the values of each person; null where one has no meaning."""
    lines = []
    for video in (one for one in videos if one.people is not None):
        people = video.people
        assert people is not None
        for place, index in enumerate(people.indices.tolist()):
            row = {
                "video": video.name,
                "frame": index,
                "visible": int(people.visible[place]),
                "overlap": bool(people.overlap[place]),
                **{key: [_or_none(one) for one in table[place]] for key, table in people.people.items()},
            }
            lines.append(json.dumps(row, allow_nan=False) + "\n")
    return lines


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

"""The videos that the page plays, and the values by frame that it draws: what lies beside the records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcbench.errors import FileFormatError
from mcbench.leaderboard.style import column_order, style_of
from mcbench.leaderboard.tables import Row, Table
from mcbench.leaderboard.text import link_target, plain
from mcbench.records import ScoreRecord
from mcbench.runs import truth_preview_folder

_POSE = ".pose"


@dataclass(frozen=True)
class Truth:
    """The previews of a split's truth: video -> file."""

    frames: dict[str, Path] = field(default_factory=dict)
    poses: dict[str, Path] = field(default_factory=dict)


def previews_of(run_folder: Path) -> dict[str, Path]:
    """Return video -> its preview, for each video of a run that has one."""
    return _videos(run_folder / "previews")


def truth_of(run_folder: Path, record: ScoreRecord) -> Truth:
    """Return the previews of the truth that a run was scored against, where the run stage has left them."""
    if record.split is None:
        return Truth()
    depth = len(Path(record.split.name).parts)
    if len(run_folder.absolute().parents) <= depth:
        return Truth()
    found = _videos(truth_preview_folder(run_folder.absolute().parents[depth], record.split))
    poses = {name.removesuffix(_POSE): path for name, path in found.items() if name.endswith(_POSE)}
    return Truth({name: path for name, path in found.items() if not name.endswith(_POSE)}, poses)


def _videos(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.mp4")) if not path.name.startswith(".")}


def player_data(table: Table, out: Path) -> dict[str, Any]:
    """Return what the page's player needs for a table, ready for JSON, with URLs relative to `out`.

    Raises:
        FileFormatError: a preview or a file of values by frame cannot be read.
    """
    truth = Truth()
    predictions: list[dict[str, Path]] = []
    curves: list[dict[str, dict[str, dict[int, float]]]] = []
    for row in table.rows:
        predictions.append(previews_of(row.run) if row.run else {})
        curves.append(_frame_values(row))
        if row.run and not truth.frames:
            truth = truth_of(row.run, ScoreRecord.read(row.record))
    names = sorted({name for found in (truth.frames, *predictions) for name in found})
    metrics = sorted({m for by_video in curves for v in by_video.values() for m in v}, key=column_order)
    return {
        "id": table.id,
        "title": plain(table.title, 300),
        "models": [plain(row.name) for row in table.rows],
        "metrics": [{"metric": m, "label": plain(style_of(table.protocol, m).label)} for m in metrics],
        "videos": [_video(name, truth, predictions, curves, out) for name in names],
    }


def _video(
    name: str,
    truth: Truth,
    predictions: Sequence[dict[str, Path]],
    curves: Sequence[dict[str, dict[str, dict[int, float]]]],
    out: Path,
) -> dict[str, Any]:
    files = [found.get(name) for found in (truth.frames, truth.poses, *predictions)]
    fps, n_frames = _timing(next(path for path in files if path is not None))
    urls = [None if path is None else link_target(path, out) for path in files]
    return {
        "id": name,
        "fps": fps,
        "frames": n_frames,
        "truth": urls[0],
        "pose": urls[1],
        "models": urls[2:],
        "curves": [
            {metric: _compact(values, n_frames) for metric, values in sorted(by_video.get(name, {}).items())}
            for by_video in curves
        ],
    }


def _compact(values: dict[int, float], n_frames: int) -> str:
    """Return the values of frames 0 to n_frames - 1 to four digits, with nothing where there is none."""
    return ",".join(format(values[index], ".4g") if index in values else "" for index in range(n_frames))


def _timing(path: Path) -> tuple[float, int]:
    """Return (frames a second, number of frames) as the header of one of mcbench's own previews tells."""
    import av

    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            return round(float(stream.average_rate), 5), int(stream.frames)
    except (av.error.FFmpegError, OSError, ValueError, IndexError, TypeError) as error:
        raise FileFormatError(
            f"{path} cannot be read as a preview: {error}", "remove it and run the same `mcbench run` again"
        ) from error


def _frame_values(row: Row) -> dict[str, dict[str, dict[int, float]]]:
    """Return video -> metric -> frame -> value from the JSON lines beside a record, if they are there."""
    path = row.record.with_name(row.record.name.removesuffix(".json") + ".frames.jsonl")
    found: dict[str, dict[str, dict[int, float]]] = {}
    if not path.is_file():
        return found
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                item = json.loads(line)
                by_metric = found.setdefault(item.pop("video"), {})
                frame = item.pop("frame")
                item.pop("counted", None)
                for metric, value in item.items():
                    if value is not None:
                        by_metric.setdefault(metric, {})[frame] = float(value)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise FileFormatError(
                    f"{path}, line {number}: no frame's values: {error!r}", "score the run again"
                ) from error
    return found

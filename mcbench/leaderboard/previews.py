"""What lies beside a score record: videos to play, values of each frame, and who is seen in it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcbench.errors import FileFormatError
from mcbench.records import ScoreRecord
from mcbench.runs import truth_preview_folder

_POSE = ".pose"


@dataclass(frozen=True)
class Truth:
    """The previews of a split's truth: video -> file."""

    frames: dict[str, Path] = field(default_factory=dict)
    poses: dict[str, Path] = field(default_factory=dict)


@dataclass
class FrameValues:
    """The values of a run by frame, as the lines beside its record tell them."""

    values: dict[str, dict[str, dict[int, float]]] = field(default_factory=dict)
    """Video -> metric -> frame -> value."""
    counted: dict[str, set[int]] = field(default_factory=dict)
    """Video -> the frames that the score counts; the reference frame is often not one of them."""


@dataclass(frozen=True)
class Scene:
    """What the truth shows in one frame."""

    people: int
    """How many people are visible."""
    overlap: bool
    """Whether two of their boxes overlap."""


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


def timing(path: Path) -> tuple[float, int]:
    """Return (frames a second, number of frames) as the header of one of mcbench's own previews tells.

    Raises:
        FileFormatError: it is no such video.
    """
    import av

    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            return round(float(stream.average_rate), 5), int(stream.frames)
    except (av.error.FFmpegError, OSError, ValueError, IndexError, TypeError) as error:
        raise FileFormatError(
            f"{path} cannot be read as a preview: {error}", "remove it and run the same `mcbench run` again"
        ) from error


def frame_values(record_path: Path) -> FrameValues:
    """Return the values by frame that lie beside a record; empty where there are none.

    Raises:
        FileFormatError: a line of the file is not what `mcbench score` writes.
    """
    found = FrameValues()

    def take(item: dict[str, Any]) -> None:
        video, frame = item.pop("video"), int(item.pop("frame"))
        by_metric = found.values.setdefault(video, {})
        if item.pop("counted", True):
            found.counted.setdefault(video, set()).add(frame)
        for metric, value in item.items():
            if value is not None:
                by_metric.setdefault(metric, {})[frame] = _finite(value)

    _read(record_path.with_name(record_path.name.removesuffix(".json") + ".frames.jsonl"), take)
    return found


def scenes_beside(record_path: Path) -> dict[str, dict[int, Scene]]:
    """Return video -> frame -> what the truth shows there, from any score of people in a record's folder.

    Raises:
        FileFormatError: a line of such a file is not what `mcbench score` writes.
    """
    found: dict[str, dict[int, Scene]] = {}

    def take(item: dict[str, Any]) -> None:
        scene = Scene(int(item["visible"]), bool(item["overlap"]))
        found.setdefault(str(item["video"]), {})[int(item["frame"])] = scene

    for path in sorted(record_path.parent.glob("[!.]*.people.jsonl")):
        _read(path, take)
    return found


def _videos(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.mp4")) if not path.name.startswith(".")}


def _read(path: Path, take: Callable[[dict[str, Any]], None]) -> None:
    """Give each line of a file, if it is there, to a function."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                take(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise FileFormatError(
                    f"{path}, line {number}: no frame's values: {error!r}", "score the run again"
                ) from error


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is no finite number")
    return number

"""Tables and what lies beside their records become what the page knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcbench.leaderboard.page.data import PageBoard, PageCurves, PageData, PageMetric, PageRun, PageVideo
from mcbench.leaderboard.page.runs import page_run
from mcbench.leaderboard.previews import (
    FrameValues,
    Scene,
    Truth,
    frame_values,
    previews_of,
    scenes_beside,
    timing,
    truth_of,
)
from mcbench.leaderboard.style import column_order, is_of_the_data, style_of
from mcbench.leaderboard.submissions import read_score
from mcbench.leaderboard.tables import Board, Row, Table
from mcbench.leaderboard.text import link_target, plain
from mcbench.records import ScoreRecord

_DIGITS = ".4g"


@dataclass(frozen=True)
class _Source:
    """A row with all that lies beside its record."""

    row: Row
    record: ScoreRecord
    frames: FrameValues
    previews: dict[str, Path]


def page_data(board: Board, out: Path) -> PageData:
    """Return what the page's script draws of a leaderboard, with links relative to the page's folder `out`.

    Raises:
        FileFormatError: a record, a preview or a file of values by frame cannot be read.
    """
    boards: list[PageBoard] = []
    curves: list[PageCurves] = []
    for table in board.tables:
        made, its_curves = _board(table, out)
        boards.append(made)
        curves += its_curves
    return PageData(boards=tuple(boards), curves=tuple(curves))


def _board(table: Table, out: Path) -> tuple[PageBoard, list[PageCurves]]:
    sources = [_source(row) for row in table.rows]
    truth, scenes = _truth(sources), _scenes(sources)
    names = _video_names(sources, truth)
    board = PageBoard(
        id=table.id,
        title=plain(table.title, 300),
        split=plain(table.split),
        source=plain(table.source),
        protocol=plain(table.protocol),
        networks=plain(table.networks + table.variant),
        metrics=tuple(_metrics(table, sources)),
        runs=tuple(_run(table, source, names, scenes, out) for source in sources),
        videos=tuple(_video(name, truth, sources, scenes.get(name, {}), out) for name in names),
    )
    found = [_curves(f"{table.id}-{place}", video, sources) for place, video in enumerate(board.videos)]
    return board, [one for one in found if one is not None]


def _source(row: Row) -> _Source:
    return _Source(
        row=row,
        record=read_score(row.record),
        frames=frame_values(row.record),
        previews=previews_of(row.run) if row.run else {},
    )


def _truth(sources: Sequence[_Source]) -> Truth:
    """Return the truth that lies beside the first run that has any."""
    found = (truth_of(one.row.run, one.record) for one in sources if one.row.run)
    return next((truth for truth in found if truth.frames), Truth())


def _scenes(sources: Sequence[_Source]) -> dict[str, dict[int, Scene]]:
    """Return who is seen in each frame of the truth; every run of a table has the same truth."""
    scenes: dict[str, dict[int, Scene]] = {}
    for source in sources:
        for video, frames in scenes_beside(source.row.record).items():
            scenes.setdefault(video, frames)
    return scenes


def _video_names(sources: Sequence[_Source], truth: Truth) -> list[str]:
    names = {*truth.frames}
    for source in sources:
        names |= {*source.previews, *source.frames.values}
        names |= {video for value in source.record.metrics.values() for video in value.by_video}
    return sorted(names)


def _metrics(table: Table, sources: Sequence[_Source]) -> list[PageMetric]:
    """Return the metrics that have values by video or by frame, in the order of columns."""
    units = {column.metric: (column.unit, column.higher_is_better) for column in table.columns}
    names = {metric for one in sources for series in one.frames.values.values() for metric in series} | {
        metric for one in sources for metric, value in one.record.metrics.items() if value.by_video
    }
    found = []
    for metric in sorted((name for name in names if not is_of_the_data(name)), key=column_order):
        style = style_of(table.protocol, metric)
        unit, higher_is_better = units.get(metric, ("", None))
        found.append(
            PageMetric(
                metric=metric,
                label=plain(style.label),
                unit=plain(unit),
                higher_is_better=higher_is_better,
                decimals=style.decimals,
                exponent=style.exponent,
            )
        )
    return found


def _run(
    table: Table, source: _Source, names: Sequence[str], scenes: Mapping[str, dict[int, Scene]], out: Path
) -> PageRun:
    record = source.record
    means = {metric: value.by_video for metric, value in record.metrics.items() if value.by_video}
    for metric, by_video in _means(source.frames, source.frames.counted).items():
        means.setdefault(metric, by_video)
    parts = {
        part: {metric: value.by_video for metric, value in values.items() if value.by_video}
        for part, values in record.slices.items()
    }
    for part, frames in _frames_of_parts(source.frames, scenes).items():
        for metric, by_video in _means(source.frames, frames).items():
            parts.setdefault(part, {}).setdefault(metric, by_video)
    return page_run(
        table,
        source.row,
        record,
        means={metric: _in_order(by_video, names) for metric, by_video in means.items()},
        parts={
            part: {metric: _in_order(by_video, names) for metric, by_video in values.items()}
            for part, values in sorted(parts.items())
            if values
        },
        out=out,
    )


def _frames_of_parts(
    frames: FrameValues, scenes: Mapping[str, dict[int, Scene]]
) -> dict[str, dict[str, set[int]]]:
    """Return part -> video -> the counted frames that belong to it, named as scores of people name them."""
    parts: dict[str, dict[str, set[int]]] = {}
    for video, counted in frames.counted.items():
        for frame in counted & scenes.get(video, {}).keys():
            scene = scenes[video][frame]
            for part in (f"people={scene.people}", "overlap" if scene.overlap else "no-overlap"):
                parts.setdefault(part, {}).setdefault(video, set()).add(frame)
    return parts


def _means(frames: FrameValues, wanted: Mapping[str, set[int]]) -> dict[str, dict[str, float]]:
    """Return metric -> video -> mean over the wanted frames that have a value."""
    means: dict[str, dict[str, float]] = {}
    for video, by_metric in frames.values.items():
        chosen = wanted.get(video, set())
        for metric, series in by_metric.items():
            values = [series[frame] for frame in sorted(chosen & series.keys())]
            if values:
                means.setdefault(metric, {})[video] = sum(values) / len(values)
    return means


def _in_order(by_video: Mapping[str, float], names: Sequence[str]) -> tuple[float | None, ...]:
    return tuple(float(format(by_video[name], ".6g")) if name in by_video else None for name in names)


def _video(
    name: str, truth: Truth, sources: Sequence[_Source], scene: Mapping[int, Scene], out: Path
) -> PageVideo:
    paths = [truth.frames.get(name), truth.poses.get(name), *(one.previews.get(name) for one in sources)]
    first = next((path for path in paths if path is not None), None)
    fps, frames = timing(first) if first is not None else (None, None)
    links = [None if path is None else link_target(path, out) for path in paths]
    overlapping = sum(one.overlap for one in scene.values())
    return PageVideo(
        id=name,
        fps=fps,
        frames=frames,
        truth=links[0],
        pose=links[1],
        predictions=tuple(links[2:]),
        people=max((one.people for one in scene.values()), default=None),
        overlap=round(overlapping / len(scene), 4) if scene else None,
    )


def _curves(name: str, video: PageVideo, sources: Sequence[_Source]) -> PageCurves | None:
    found = [one.frames.values.get(video.id, {}) for one in sources]
    metrics = sorted({metric for by_metric in found for metric in by_metric}, key=column_order)
    last = max(
        (frame for by_metric in found for series in by_metric.values() for frame in series), default=-1
    )
    if last < 0:
        return None
    count = video.frames or last + 1
    counted = {frame for one in sources for frame in one.frames.counted.get(video.id, set())}
    return PageCurves(
        id=name,
        uncounted=tuple(frame for frame in range(count) if frame not in counted),
        series={metric: tuple(_compact(one.get(metric, {}), count) for one in found) for metric in metrics},
    )


def _compact(values: Mapping[int, float], count: int) -> str:
    """Return the values of frames 0 to count - 1 to four digits, with nothing where there is none."""
    if not values:
        return ""
    return ",".join(format(values[index], _DIGITS) if index in values else "" for index in range(count))

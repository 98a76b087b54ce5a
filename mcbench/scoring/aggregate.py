"""From the values of each video to a protocol's numbers with their intervals.

Videos are taken in order of their names, whatever order they come in, and all sums are float64: the same
values give the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError
from mcbench.metrics.distribution.squared import squared_distance
from mcbench.metrics.distribution.subsets import FrechetSubsets, KernelSubsets, Subsets
from mcbench.metrics.statistics import (
    bootstrap_interval,
    deal,
    is_mostly_bias,
    jackknife_interval,
    random_state,
    reading_of_equals,
)
from mcbench.records import MetricValue
from mcbench.scoring.protocols import DistributionMetric, FrameMetric, Protocol
from mcbench.scoring.values import Features, VideoValues

Items = NDArray[np.float32]
TruthReadings = tuple[float | None, float | None]
"""What a distance reads between halves and between quarters of the truth; None where these are too small."""
Series = Mapping[str, NDArray[Any]]
"""Video -> its values."""


def headline_mask(protocol: Protocol, video: VideoValues) -> NDArray[np.bool_]:
    """Return which frames of a video count in the headline."""
    if protocol.reference_frame == "included":
        return np.ones(len(video.indices), dtype=np.bool_)
    return np.asarray(video.indices != 0, dtype=np.bool_)


def frame_value(
    protocol: Protocol, metric: FrameMetric, videos: Sequence[VideoValues], seed: int
) -> MetricValue | None:
    """Return the aggregate of a frame metric, or None where no frame counts."""
    series = {video.name: video.frames[metric.key][headline_mask(protocol, video)] for video in videos}
    value = mean_value(
        protocol,
        series,
        higher_is_better=metric.higher_is_better,
        unit=metric.unit,
        note=metric.note,
        seed=seed,
    )
    if value is None or protocol.reference_frame == "included":
        return value
    sums, counts = _sums_and_counts(protocol, {video.name: video.frames[metric.key] for video in videos})
    return value.model_copy(update={"with_reference": float(sums.sum() / counts.sum())})


def mean_value(
    protocol: Protocol,
    series: Series,
    *,
    higher_is_better: bool,
    unit: str = "",
    note: str = "",
    seed: int = 0,
) -> MetricValue | None:
    """Return the mean that the protocol asks for, of videos or of their values, with its interval.

    Args:
        protocol: `average` says which mean, and the interval's draws and confidence.
        series: video -> its values that count; a video without any is left out.
        higher_is_better, unit, note: of the metric.
        seed: of the bootstrap.

    Returns:
        the value, with each video's mean for paired tests; None where no video has a value.

    Raises:
        InputError: a value is not finite.
    """
    counted = {
        name: np.asarray(series[name], dtype=np.float64) for name in sorted(series) if len(series[name])
    }
    if not counted:
        return None
    sums, counts = _sums_and_counts(protocol, counted)
    low, high = bootstrap_interval(
        sums, counts, draws=protocol.bootstrap_draws, confidence=protocol.confidence, seed=seed
    ) or (None, None)
    weighed = protocol.average == "frames"
    return MetricValue(
        value=float(sums.sum() / counts.sum()),
        ci_low=low,
        ci_high=high,
        n_videos=len(counted),
        n_items=sum(len(values) for values in counted.values()),
        higher_is_better=higher_is_better,
        unit=unit,
        note=note,
        by_video={name: float(values.mean()) for name, values in counted.items()},
        by_video_items={name: len(values) for name, values in counted.items()} if weighed else {},
    )


def distribution_value(
    protocol: Protocol,
    metric: DistributionMetric,
    features: Mapping[str, Features],
    seed: int,
    truth_readings: TruthReadings | None = None,
) -> MetricValue:
    """Return a distance between the features of all predictions and those of all truths.

    Args:
        protocol: says how many groups the jackknife has and how often the truth is halved.
        metric: its `distance` says which distance.
        features: video -> its features; each has at least one item.
        seed: of the dealing of videos into groups and halves.
        truth_readings: from `truth_readings` of the same truth, where they are known already.

    Raises:
        InputError: fewer than two items in all, a video without any, or features that are not finite.
        MismatchError: the two sides of a video do not pair up.
    """
    videos = {name: features[name] for name in sorted(features)}
    if metric.distance == "squared":
        return _squared_value(protocol, metric, videos, seed)
    sides = [one.prediction for one in videos.values()], [one.truth for one in videos.values()]
    subsets = _subsets(metric, *sides)
    value = subsets.whole()
    replicates = _replicates(protocol, subsets, videos, seed)
    low: float | None = None
    high: float | None = None
    if replicates:
        low, high = jackknife_interval(value, replicates, confidence=protocol.confidence)
        if metric.distance == "frechet":
            low = max(0.0, low)
    floor, quarter = truth_readings or _readings_of_truth(
        subsets, len(videos), protocol.noise_floor_splits, seed
    )
    return MetricValue(
        value=value,
        ci_low=low,
        ci_high=high,
        n_videos=len(videos),
        n_items=sum(len(one.truth) for one in videos.values()),
        dimensions=int(sides[1][0].shape[1]),
        higher_is_better=False,
        noise_floor=floor,
        note=metric.note,
        replicates=replicates,
        warning=_warning(value, floor, quarter, len(videos)) if metric.distance == "frechet" else "",
    )


def read_truth(
    protocol: Protocol, metric: DistributionMetric, truth: Mapping[str, Items], seed: int
) -> TruthReadings:
    """Return what a distance reads between halves, and between quarters, of the true videos alone.

    It depends on the truth only, so that it serves every method that is scored against it.

    Args:
        protocol: says how often the truth is halved.
        metric: a distance between distributions.
        truth: video -> float32 [N, D].
        seed: of the halving.
    """
    items = [truth[name] for name in sorted(truth)]
    return _readings_of_truth(_subsets(metric, items, items), len(items), protocol.noise_floor_splits, seed)


def _subsets(metric: DistributionMetric, prediction: list[Items], truth: list[Items]) -> Subsets:
    if metric.distance == "frechet":
        return FrechetSubsets(prediction, truth)
    return KernelSubsets(prediction, truth, paired=True)


def _squared_value(
    protocol: Protocol, metric: DistributionMetric, videos: Mapping[str, Features], seed: int
) -> MetricValue:
    """Return the mean over items of their two vectors' squared distance: a mean as a frame metric's is."""
    series = {
        name: np.array(
            [squared_distance(*pair) for pair in zip(_rows(one.prediction), _rows(one.truth), strict=True)]
        )
        for name, one in videos.items()
    }
    over_items = protocol.model_copy(update={"average": "frames"})
    value = mean_value(over_items, series, higher_is_better=False, note=metric.note, seed=seed)
    if value is None:
        raise InputError("a distance needs at least one item")
    dimensions = next(iter(videos.values())).truth.shape[1]
    return value.model_copy(update={"dimensions": int(dimensions)})


def _rows(items: Items) -> list[Items]:
    return [items[place : place + 1] for place in range(len(items))]


def _sums_and_counts(protocol: Protocol, series: Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pieces = [np.asarray(series[name], dtype=np.float64) for name in sorted(series)]
    if protocol.average == "videos":
        return np.array([piece.mean() for piece in pieces]), np.ones(len(pieces))
    return np.array([piece.sum() for piece in pieces]), np.array([float(len(piece)) for piece in pieces])


def _replicates(
    protocol: Protocol, subsets: Subsets, videos: Mapping[str, Features], seed: int
) -> tuple[float, ...]:
    """Return the distance without each group of videos, or nothing where too little would be left."""
    smallest = min(len(one.truth) for one in videos.values())
    if len(videos) < 3 or (len(videos) - 1) * smallest < 2:
        return ()
    groups = deal(list(videos), protocol.jackknife_groups, seed)
    return tuple(subsets.without(frozenset(group)) for group in groups)


def _readings_of_truth(subsets: Subsets, n_videos: int, splits: int, seed: int) -> TruthReadings:
    """Return the mean distance between two disjoint halves of the true videos, and between two quarters.

    Either is None where there are too few videos or items for it.
    """
    random = random_state(seed)
    orders = [random.permutation(n_videos).tolist() for _ in range(splits)]
    halves = [half for order in orders for half in _halves(order)]
    quarters = [quarter for half in halves for quarter in _halves(half)]
    return _mean_between(subsets, halves), _mean_between(subsets, quarters)


def _halves(places: list[int]) -> tuple[list[int], list[int]]:
    return places[: len(places) // 2], places[len(places) // 2 :]


def _mean_between(subsets: Subsets, parts: list[list[int]]) -> float | None:
    """Return the mean distance between the parts, taken two by two."""
    if not all(parts):
        return None
    try:
        return float(np.mean([subsets.between(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]))
    except InputError:
        return None  # one clip in a part has no spread


def _warning(value: float, half: float | None, quarter: float | None, n_videos: int) -> str:
    if half is None:
        return f"{n_videos} video(s): too few to tell how much of the distance is bias"
    reading = reading_of_equals(half, quarter)
    if not is_mostly_bias(value, reading):
        return ""
    return (
        f"mostly bias: two equal sets of {n_videos} videos would read about {reading:.3g}; "
        "trust paired differences between methods, not the number"
    )

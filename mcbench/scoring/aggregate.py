"""From the values of each video to a protocol's numbers with their intervals."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError
from mcbench.metrics.distribution import frechet_distance, kernel_distance, squared_distance
from mcbench.metrics.statistics import bootstrap_interval, jackknife_interval
from mcbench.records import MetricValue
from mcbench.scoring.protocols import DistributionMetric, FrameMetric, Protocol
from mcbench.scoring.values import Features, VideoValues

Distance = Callable[[NDArray[Any], NDArray[Any]], float]
_BETWEEN_SIDES: dict[str, Distance] = {
    "frechet": frechet_distance,
    "kernel-paired": functools.partial(kernel_distance, paired=True),
}
_BETWEEN_HALVES: dict[str, Distance] = {"frechet": frechet_distance, "kernel-paired": kernel_distance}


def headline_mask(protocol: Protocol, video: VideoValues) -> NDArray[np.bool_]:
    """Return which frames of a video count in the headline."""
    if protocol.reference_frame == "included":
        return np.ones(len(video.indices), dtype=np.bool_)
    return np.asarray(video.indices != 0, dtype=np.bool_)


def frame_value(
    protocol: Protocol, metric: FrameMetric, videos: Sequence[VideoValues], seed: int
) -> MetricValue | None:
    """Return the aggregate of a frame metric, or None where no frame counts."""
    pieces = [video.frames[metric.key][headline_mask(protocol, video)] for video in videos]
    pieces = [piece for piece in pieces if len(piece)]
    if not pieces:
        return None
    sums, counts = _sums_and_counts(protocol, pieces)
    interval = bootstrap_interval(
        sums, counts, draws=protocol.bootstrap_draws, confidence=protocol.confidence, seed=seed
    )
    with_reference = None
    if protocol.reference_frame == "excluded":
        all_sums, all_counts = _sums_and_counts(protocol, [video.frames[metric.key] for video in videos])
        with_reference = float(all_sums.sum() / all_counts.sum())
    return MetricValue(
        value=float(sums.sum() / counts.sum()),
        ci_low=interval[0] if interval else None,
        ci_high=interval[1] if interval else None,
        n_videos=len(pieces),
        n_items=sum(len(piece) for piece in pieces),
        higher_is_better=metric.higher_is_better,
        unit=metric.unit,
        note=metric.note,
        with_reference=with_reference,
    )


def distribution_value(
    protocol: Protocol, metric: DistributionMetric, features: Sequence[Features], seed: int
) -> MetricValue:
    """Return a distribution metric over the features of all videos.

    Raises:
        InputError: fewer than two items in all.
    """
    distance = _BETWEEN_SIDES[metric.distance]
    prediction = np.concatenate([one.prediction for one in features])
    truth = np.concatenate([one.truth for one in features])
    value = distance(prediction, truth)

    def without(left_out: NDArray[np.int64]) -> float:
        kept = [one for place, one in enumerate(features) if place not in left_out]
        return distance(
            np.concatenate([one.prediction for one in kept]), np.concatenate([one.truth for one in kept])
        )

    smallest = min(len(one.truth) for one in features)
    interval = None
    if (len(features) - 1) * smallest >= 2:
        interval = jackknife_interval(
            value,
            len(features),
            without,
            groups=protocol.jackknife_groups,
            confidence=protocol.confidence,
            seed=seed,
        )
    floor = 0.0 if metric.distance == "frechet" else -np.inf
    return MetricValue(
        value=value,
        ci_low=max(floor, interval[0]) if interval else None,
        ci_high=interval[1] if interval else None,
        n_videos=len(features),
        n_items=len(truth),
        dimensions=int(truth.shape[1]),
        higher_is_better=False,
        noise_floor=_noise_floor(
            _BETWEEN_HALVES[metric.distance], features, protocol.noise_floor_splits, seed
        ),
    )


def squared_value(
    protocol: Protocol, metric: DistributionMetric, features: Mapping[str, Features], seed: int
) -> MetricValue:
    """Return the mean squared distance of the items' feature vectors, with its interval over videos.

    It is a mean over items, so the bootstrap serves it as it does frame metrics; a single item is enough.
    """
    sums, counts = [], []
    for one in features.values():
        counts.append(float(len(one.items)))
        sums.append(counts[-1] * squared_distance(one.prediction, one.truth))
    interval = bootstrap_interval(
        np.array(sums),
        np.array(counts),
        draws=protocol.bootstrap_draws,
        confidence=protocol.confidence,
        seed=seed,
    )
    return MetricValue(
        value=float(sum(sums) / sum(counts)),
        ci_low=interval[0] if interval else None,
        ci_high=interval[1] if interval else None,
        n_videos=len(features),
        n_items=int(sum(counts)),
        dimensions=int(next(iter(features.values())).truth.shape[1]),
        higher_is_better=False,
        note=metric.note,
        by_video={name: total / count for name, total, count in zip(features, sums, counts, strict=True)},
    )


def _sums_and_counts(
    protocol: Protocol, pieces: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if protocol.average == "videos":
        return np.array([piece.mean() for piece in pieces]), np.ones(len(pieces))
    return np.array([piece.sum() for piece in pieces]), np.array([float(len(piece)) for piece in pieces])


def _noise_floor(distance: Distance, features: Sequence[Features], splits: int, seed: int) -> float | None:
    """Return the mean distance between two disjoint halves of the true videos, or None for too few."""
    if len(features) < 2:
        return None
    random = np.random.default_rng(seed)
    found = []
    for _ in range(splits):
        order = random.permutation(len(features))
        halves = [order[: len(order) // 2], order[len(order) // 2 :]]
        sides = [np.concatenate([features[place].truth for place in half]) for half in halves]
        try:
            found.append(distance(sides[0], sides[1]))
        except InputError:
            return None  # one clip in a half has no spread
    return float(np.mean(found))

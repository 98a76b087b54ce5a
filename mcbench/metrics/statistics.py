"""How sure a number is: intervals over videos, since frames of one video are not independent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from mcbench.errors import InputError

Interval = tuple[float, float]


def bootstrap_interval(
    sums: NDArray[Any],
    counts: NDArray[Any],
    *,
    draws: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval | None:
    """Return the percentile bootstrap interval of a mean, resampling whole videos.

    Each draw takes as many videos as there are, with replacement, and forms sum(sums) / sum(counts).
    With counts of 1 that is the mean of video means, with frame counts the mean over frames.

    Args:
        sums: [V], sum of the values of each video.
        counts: [V], how many values it has, above 0.
        draws: number of resamples.
        confidence: share of the draws inside.
        seed: the same seed gives the same interval on any machine.

    Returns:
        (low, high), or None for fewer than two videos.

    Raises:
        InputError: lengths differ, a count is not positive, or a value is not finite.

    Source: Efron and Tibshirani 1993, chapter 13.
    """
    sums, counts = np.asarray(sums, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if sums.shape != counts.shape or sums.ndim != 1 or not (counts > 0).all() or not np.isfinite(sums).all():
        raise InputError("the bootstrap needs a finite sum and a positive count of every video")
    if len(sums) < 2:
        return None
    chosen = np.random.default_rng(seed).integers(0, len(sums), size=(draws, len(sums)))
    means = sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(low), float(high)


def jackknife_interval(
    value: float,
    n_videos: int,
    without: Callable[[NDArray[np.int64]], float],
    *,
    groups: int = 20,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval | None:
    """Return an interval around a statistic of whole videos by leaving groups of them out.

    It suits distances between distributions, for which the bootstrap does not: a video drawn twice
    adds no spread, so every resample reads too high, often above the value itself.

    Args:
        value: the statistic of all videos.
        n_videos: V.
        without: the statistic without the videos whose places are given.
        groups: how many groups the videos are dealt into, at most; one video each if there are fewer.
        confidence: of Student's t with groups - 1 degrees of freedom.
        seed: of the dealing.

    Returns:
        (low, high), or None for fewer than three videos, of which nothing can be left out.

    Source: Efron and Tibshirani 1993, chapter 11; Kott 2001 for groups.
    """
    if n_videos < 3:
        return None
    order = np.random.default_rng(seed).permutation(n_videos)
    parts = np.array_split(order, min(groups, n_videos))
    replicates = np.array([without(part) for part in parts])
    count = len(replicates)
    spread = np.sqrt((count - 1) / count * np.square(replicates - replicates.mean()).sum())
    reach = float(scipy.stats.t.ppf((1.0 + confidence) / 2.0, count - 1) * spread)
    return value - reach, value + reach

"""Whether two methods differ, on the same videos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import ArrayLike, NDArray

from mcbench.errors import InputError
from mcbench.metrics.statistics.draws import random_state
from mcbench.metrics.statistics.intervals import Interval, bootstrap_interval, jackknife_error

_EXACT_UP_TO = 20
"""Videos up to which all signs are tried."""
_FLIPS_AT_ONCE = 4_000_000
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Difference:
    """How much one method's number is above another's, and how sure that is.

    Attributes:
        value: first minus second.
        interval: of the difference, or None for too few videos.
        p: probability of a difference as large, either way, if the methods were alike; None for too few
            videos.
    """

    value: float
    interval: Interval | None
    p: float | None


def sign_flip_test(differences: ArrayLike, *, draws: int = 100_000, seed: int = 0) -> float:
    """Return the two-sided p of a paired permutation test.

    If two methods are alike, it is chance which of them got which value of a video, so each difference may
    as well have the other sign. p is the share of all sign patterns whose sum is, in size, at least the one
    found. Up to 20 videos all 2^V patterns count (p is exact, and at least 2 / 2^V); beyond that `draws`
    random ones and the pattern found itself, so that p is never 0.

    Args:
        differences: [V], of each video; weighted before, where videos weigh differently.
        draws: random patterns beyond 20 videos.
        seed: of those.

    Raises:
        InputError: no differences, or some that are not finite.

    Source: Fisher 1935; Phipson and Smyth 2010 for the pattern that is added.
    """
    found = np.asarray(differences, dtype=np.float64)
    if found.ndim != 1 or found.size == 0 or not np.isfinite(found).all():
        raise InputError("a paired test needs a finite difference of every video")
    found = found[found != 0.0]  # its sign decides nothing
    if found.size == 0:
        return 1.0
    # Sums that differ by rounding alone are equal.
    threshold = abs(found.sum()) - _ROUNDING * np.abs(found).sum()
    if found.size <= _EXACT_UP_TO:
        return _exact_share(found, float(threshold))
    return (1 + _random_hits(found, float(threshold), draws, seed)) / (1 + draws)


def paired_means(
    first: ArrayLike,
    second: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    confidence: float = 0.95,
    bootstrap_draws: int = 1000,
    seed: int = 0,
) -> Difference:
    """Compare the means of two methods over the same videos.

    Args:
        first, second: [V], value of each video, in the same order.
        weights: [V], above 0: how much each video weighs in the mean (its frames, say); None for alike.
        confidence: of the interval.
        bootstrap_draws: of the interval, which resamples videos and takes both methods' values of each.
        seed: of draws and signs.

    Returns:
        the difference of the weighted means; the percentile bootstrap interval and the sign-flip p are None
        for fewer than two videos.

    Raises:
        InputError: lengths differ, no video, weights not above 0, or values that are not finite.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    shares = np.ones(one.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if one.ndim != 1 or not one.size or one.shape != other.shape or one.shape != shares.shape:
        raise InputError(f"values of {one.shape}, {other.shape} and weights of {shares.shape} do not pair up")
    if not np.isfinite([one, other, shares]).all() or not (shares > 0).all():
        raise InputError("a paired comparison needs finite values and weights above 0")
    sums = (one - other) * shares
    value = float(sums.sum() / shares.sum())
    if len(sums) < 2:
        return Difference(value, None, None)
    interval = bootstrap_interval(sums, shares, draws=bootstrap_draws, confidence=confidence, seed=seed)
    return Difference(value, interval, sign_flip_test(sums, seed=seed))


def paired_jackknife(
    first: float,
    second: float,
    first_replicates: ArrayLike,
    second_replicates: ArrayLike,
    *,
    confidence: float = 0.95,
) -> Difference:
    """Compare two methods' distances between distributions by the jackknife of their difference.

    The replicates of both leave out the same videos, so what moves both alike cancels: the truth, which they
    share, and the bias of few videos as far as it is of one size. p is of Student's t with G - 1 degrees of
    freedom.

    Args:
        first, second: the distances over all videos.
        first_replicates, second_replicates: [G], without each group of videos, in the same order.
        confidence: of the interval.

    Returns:
        the difference; interval and p are None for fewer than three replicates.

    Raises:
        InputError: numbers of replicates differ, or see `jackknife_error`.
    """
    one = np.asarray(first_replicates, dtype=np.float64)
    other = np.asarray(second_replicates, dtype=np.float64)
    if one.shape != other.shape:
        raise InputError(f"{one.size} and {other.size} replicates do not pair up")
    value = first - second
    if one.size < 3:
        return Difference(value, None, None)
    error = jackknife_error(one - other)
    freedom = one.size - 1
    # What is left of two equal numbers by rounding is no spread.
    if error <= _ROUNDING * max(abs(first), abs(second)):
        return Difference(value, (value, value), 1.0 if value == 0.0 else 0.0)
    # The special functions are a hundred times as fast as scipy.stats.t, for the same numbers.
    reach = float(scipy.special.stdtrit(freedom, (1.0 + confidence) / 2.0)) * error
    p = 2.0 * float(scipy.special.stdtr(freedom, -abs(value) / error))
    return Difference(value, (value - reach, value + reach), p)


def _exact_share(differences: NDArray[np.float64], threshold: float) -> float:
    """Return the share of all sign patterns whose sum is at least the threshold in size.

    The sums of one half of the differences are looked up among those of the other, sorted: 2^(V/2) sums
    instead of 2^V.
    """
    if threshold <= 0.0:
        return 1.0
    middle = (len(differences) + 1) // 2
    first = _all_sums(differences[:middle])
    rest = differences[middle:]
    second = np.sort(_all_sums(np.concatenate([[0.0], rest]))) if rest.size else np.zeros(1)
    above = len(second) - np.searchsorted(second, threshold - first, side="left")
    below = np.searchsorted(second, -threshold - first, side="right")
    return float(above.sum() + below.sum()) / (len(first) * len(second))


def _all_sums(differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums under every sign pattern with the first sign kept: the others mirror them."""
    sums = differences[:1]
    for difference in differences[1:]:
        sums = np.concatenate([sums + difference, sums - difference])
    return sums


def _random_hits(differences: NDArray[np.float64], threshold: float, draws: int, seed: int) -> int:
    random, hits, left = random_state(seed), 0, draws
    n_bytes = (len(differences) + 7) // 8
    while left:
        rows = min(left, max(1, _FLIPS_AT_ONCE // len(differences)))
        chance = np.frombuffer(random.bytes(rows * n_bytes), dtype=np.uint8).reshape(rows, n_bytes)
        flipped = np.unpackbits(chance, axis=1, count=len(differences)).astype(np.float64)
        sums = differences.sum() - 2.0 * (flipped @ differences)
        hits += int((np.abs(sums) >= threshold).sum())
        left -= rows
    return hits

"""Distances with some of the videos left out, and between halves of the truth, without starting anew.

Intervals and noise floors need a distance some thirty times over nearly the same features. What the
thirty share is computed once here: products of features, or sums of kernel values by pairs of videos.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import torch

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.distribution.features import Features, checked_features
from mcbench.metrics.distribution.frechet import frechet_distance
from mcbench.metrics.distribution.kernel import cubic_kernel

_ROWS_AT_ONCE = 2048
_TOLERANCE = 1e-9
"""Error that a quick Frechet distance may have, as a share of the traces of both covariances."""
_EIGENVALUE_ERROR = 0.25 * torch.finfo(torch.float64).eps
"""Error of the small eigenvalues of products of features, as a share of the largest: twenty times what was
measured at D = 2048 (variances falling as k^-0.5 to k^-1.5, 500 to 2,000 items)."""


class Subsets(Protocol):
    """A distance between two sides of the same videos, and what it is on parts of them.

    Videos are given by their places, 0 to V - 1. A part must hold two items a side, else InputError.
    """

    def whole(self) -> float:
        """Return the distance over all videos."""

    def without(self, left_out: Collection[int]) -> float:
        """Return the distance with some videos left out on both sides."""

    def between(self, first: Sequence[int], second: Sequence[int]) -> float:
        """Return the distance between the truth of some videos and the truth of others."""


class FrechetSubsets:
    """The Frechet distance (`frechet_distance`) on parts of the videos.

    With fewer items than dimensions it works on the items' products, else on the covariances, of which the
    videos left out are subtracted. The trace of the root then comes from eigenvalues of a symmetric
    matrix, four times faster than from singular values, where their rounding is well below 1e-9 of the
    traces; where it may not be (repeated frames, dead features), singular values it is.

    Args:
        prediction: of each video [n, D], n >= 1.
        truth: of each video [m, D], m >= 1.

    Raises:
        MismatchError: numbers of videos or dimensions differ.
        InputError: a video without items, fewer than two items a side, or values that are not finite.
    """

    def __init__(self, prediction: Sequence[Features], truth: Sequence[Features]) -> None:
        self._sides = _sides(prediction, truth)
        self._alike = [torch.equal(*pair) for pair in zip(*self._sides, strict=True)]
        self._moments: list[_Moments] | None = None

    def whole(self) -> float:
        """Return `frechet_distance` over all videos."""
        return frechet_distance(torch.cat(self._sides[0]), torch.cat(self._sides[1]))

    def without(self, left_out: Collection[int]) -> float:
        """Return the distance with some videos left out on both sides."""
        kept = [place for place in range(len(self._alike)) if place not in left_out]
        if all(self._alike[place] for place in kept):
            return 0.0
        items = [sum(len(side[place]) for place in kept) for side in self._sides]
        if min(items) > self._sides[1][0].shape[1]:
            found = self._from_moments(left_out)
            if found is not None:
                return found
        x, y = checked_features(*(_joined(side, kept) for side in self._sides))
        return _from_items(x, y)

    def between(self, first: Sequence[int], second: Sequence[int]) -> float:
        """Return the distance between the truth of some videos and the truth of others."""
        return _from_items(*checked_features(*(_joined(self._sides[1], part) for part in (first, second))))

    def _from_moments(self, left_out: Collection[int]) -> float | None:
        if self._moments is None:
            self._moments = [_Moments(torch.cat(side)) for side in self._sides]
        (mean_1, covariance_1), (mean_2, covariance_2) = (
            moments.without(_joined(side, sorted(left_out)))
            for moments, side in zip(self._moments, self._sides, strict=True)
        )
        return _from_covariances(mean_1 - mean_2, covariance_1, covariance_2)


class KernelSubsets:
    """The kernel distance (`kernel_distance`) on parts of the videos, from sums by pairs of videos.

    Args:
        prediction: of each video [n, D], n >= 1.
        truth: of each video [m, D], m >= 1.
        paired: as `kernel_distance` has it; concerns `whole` and `without`.

    Raises:
        MismatchError: numbers of videos or dimensions differ, or lengths of pairs.
        InputError: a video without items, fewer than two items a side, or values that are not finite.
    """

    def __init__(
        self, prediction: Sequence[Features], truth: Sequence[Features], *, paired: bool = False
    ) -> None:
        x, y = _sides(prediction, truth)
        self._paired = paired
        lengths = [[len(video) for video in side] for side in (x, y)]
        if paired and lengths[0] != lengths[1]:
            raise MismatchError(f"videos of {lengths[0]} and {lengths[1]} feature vectors are not pairs")
        self._same = paired and all(torch.equal(a, b) for a, b in zip(x, y, strict=True))
        self._counts = [torch.tensor(one, dtype=torch.float64) for one in lengths]
        self._within = [_block_sums(side, side) for side in (x, y)]
        self._own = [torch.stack([_own_sum(video, video) for video in side]) for side in (x, y)]
        self._across = _block_sums(x, y)
        if paired:
            self._pairs = torch.stack([_own_sum(a, b) for a, b in zip(x, y, strict=True)])

    def whole(self) -> float:
        """Return the distance over all videos."""
        return self.without(())

    def without(self, left_out: Collection[int]) -> float:
        """Return the distance with some videos left out on both sides."""
        kept = [place for place in range(len(self._across)) if place not in left_out]
        if self._same:
            return 0.0
        counts = [float(one[kept].sum()) for one in self._counts]
        across = self._across[kept][:, kept].sum()
        if self._paired:
            across = (across - self._pairs[kept].sum()) / (counts[0] * (counts[0] - 1.0))
        else:
            across = across / (counts[0] * counts[1])
        return float(self._mean_within(0, kept) + self._mean_within(1, kept) - 2.0 * across)

    def between(self, first: Sequence[int], second: Sequence[int]) -> float:
        """Return the distance between the truth of some videos and the truth of others."""
        one, other = list(first), list(second)
        product = self._counts[1][one].sum() * self._counts[1][other].sum()
        across = self._within[1][one][:, other].sum() / product
        return float(self._mean_within(1, one) + self._mean_within(1, other) - 2.0 * across)

    def _mean_within(self, side: int, kept: list[int]) -> torch.Tensor:
        count = float(self._counts[side][kept].sum())
        if count < 2:
            raise InputError(f"{count:.0f} feature vector(s) have no spread; a distance needs at least 2")
        total = self._within[side][kept][:, kept].sum() - self._own[side][kept].sum()
        return total / (count * (count - 1.0))


def _sides(
    prediction: Sequence[Features], truth: Sequence[Features]
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return the videos of both sides in float64, checked as one set a side."""
    if len(prediction) != len(truth):
        raise MismatchError(f"{len(prediction)} predicted and {len(truth)} true videos")
    if not all(len(video) for video in (*prediction, *truth)):
        raise InputError("a video without feature vectors has no part in a distance")
    lengths = [[len(video) for video in side] for side in (prediction, truth)]
    x, y = checked_features(*(torch.cat([torch.as_tensor(v) for v in side]) for side in (prediction, truth)))
    return list(torch.split(x, lengths[0])), list(torch.split(y, lengths[1]))


def _joined(side: list[torch.Tensor], places: Sequence[int]) -> torch.Tensor:
    return torch.cat([side[0][:0], *(side[place] for place in places)])


class _Moments:
    """Mean and scatter of all items, of which some can be taken away."""

    def __init__(self, items: torch.Tensor) -> None:
        self._count, self._mean = len(items), items.mean(dim=0)
        # About the mean, so that no large sums are subtracted from each other later.
        centred = items - self._mean
        self._scatter = centred.T @ centred

    def without(self, items: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and covariance without some of the items."""
        kept = self._count - len(items)
        centred = items - self._mean
        shift = -centred.sum(dim=0) / kept
        scatter = self._scatter - centred.T @ centred - kept * torch.outer(shift, shift)
        return self._mean + shift, scatter / (kept - 1)


def _from_covariances(difference: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> float | None:
    """Return the distance, or None where rounding might show."""
    factor, failed = torch.linalg.cholesky_ex(first)
    if int(failed):
        return None
    traces = float(first.trace() + second.trace())
    root_trace = _root_trace(factor.T @ second @ factor, traces)
    return None if root_trace is None else max(0.0, float(difference @ difference) + traces - 2 * root_trace)


def _from_items(x: torch.Tensor, y: torch.Tensor) -> float:
    if torch.equal(x, y):
        return 0.0
    if min(len(x), len(y)) > x.shape[1]:
        return frechet_distance(x, y)
    difference = x.mean(dim=0) - y.mean(dim=0)
    a, b = _independent_rows(x), _independent_rows(y)
    traces = float(a.square().sum() + b.square().sum())
    product = a @ b.T if len(a) <= len(b) else b @ a.T
    root_trace = _root_trace(product @ product.T, traces)
    if root_trace is None:
        root_trace = float(torch.linalg.svdvals(product).sum())
    return max(0.0, float(difference @ difference) + traces - 2.0 * root_trace)


def _independent_rows(features: torch.Tensor) -> torch.Tensor:
    """Return F of N - 1 rows with F^T F the covariance.

    Centred rows sum to 0, which would give every product an eigenvalue of 0. A Householder reflection
    that sends (1, ..., 1) to the first axis turns the first row into that 0, and it is left away.
    """
    count = len(features)
    centred = (features - features.mean(dim=0)) / (count - 1) ** 0.5
    rows: torch.Tensor = centred[1:] - centred[0] / (count**0.5 + 1.0)
    return rows


def _root_trace(symmetric: torch.Tensor, traces: float) -> float | None:
    """Return the sum of the roots of the eigenvalues, or None where their rounding might show.

    An eigenvalue v that is off by d moves its root by d / (2 sqrt(v)): much for a small one.
    """
    values = torch.linalg.eigvalsh(symmetric)
    error = _EIGENVALUE_ERROR * float(values[-1])
    if not float(values[0]) > 4.0 * error:
        return None
    roots = values.sqrt()
    if float((error / (2.0 * roots)).sum()) > _TOLERANCE * traces:
        return None
    return float(roots.sum())


def _block_sums(x: list[torch.Tensor], y: list[torch.Tensor]) -> torch.Tensor:
    """Return [V, V]: the sum of the kernel between all items of video i and all of video j."""
    columns = torch.cat(y)
    of_column = torch.repeat_interleave(torch.tensor([len(video) for video in y]))
    found = []
    for video in x:
        total = torch.zeros(len(columns), dtype=torch.float64, device=columns.device)
        for rows in torch.split(video, _ROWS_AT_ONCE):
            total += cubic_kernel(rows @ columns.T, columns.shape[1]).sum(dim=0)
        sums = torch.zeros(len(y), dtype=torch.float64, device=columns.device)
        found.append(sums.index_add_(0, of_column.to(columns.device), total))
    return torch.stack(found)


def _own_sum(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return cubic_kernel((x * y).sum(dim=1), x.shape[1]).sum()

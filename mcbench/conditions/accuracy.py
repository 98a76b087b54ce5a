"""How far estimates are from exact truth: pure functions of arrays, for clips that have both."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import MismatchError


def end_point_errors(found: NDArray[np.float32], truth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return by how many pixels each flow vector is off, float32 [height, width].

    Args:
        found: float32 [height, width, 2]; what is not finite is unknown.
        truth: the same, exact.

    Returns:
        NaN where either is unknown.

    Raises:
        MismatchError: they are of different sizes.
    """
    if found.shape != truth.shape:
        raise MismatchError(f"flow {found.shape} cannot be compared with flow {truth.shape}")
    return np.asarray(np.linalg.norm(found - truth, axis=-1), np.float32)


def mask_ious(found: NDArray[np.uint8], truth: NDArray[np.uint8], n_people: int) -> NDArray[np.float64]:
    """Return each person's intersection over union, float64 [people]; NaN for who is on neither side.

    Args:
        found: uint8 [height, width], k for the k-th person.
        truth: the same, exact; people in the same order.
        n_people: how many there are.

    Raises:
        MismatchError: they are of different sizes.
    """
    if found.shape != truth.shape:
        raise MismatchError(f"masks {found.shape} cannot be compared with masks {truth.shape}")
    people = np.arange(1, n_people + 1)[:, None, None]
    one, other = found[None] == people, truth[None] == people
    union = (one | other).sum(axis=(1, 2))
    with np.errstate(invalid="ignore"):
        return np.asarray((one & other).sum(axis=(1, 2)) / union, np.float64)


def ordered_pairs(found: NDArray[np.float32], truth: NDArray[np.float32], least: float) -> tuple[int, int]:
    """Return how many pairs of people have the right one in front, and of how many pairs.

    Args:
        found: float32 [people], rising with distance, in any unit.
        truth: float32 [people], metres.
        least: pairs whose true distances differ by less are left out, and pairs with an unknown number.

    Raises:
        MismatchError: they are of different numbers of people.
    """
    if found.shape != truth.shape:
        raise MismatchError(f"{len(found)} depths cannot be compared with {len(truth)}")
    known = np.flatnonzero(np.isfinite(found) & np.isfinite(truth))
    pairs = [
        (one, other)
        for one, other in itertools.combinations(known, 2)
        if abs(truth[one] - truth[other]) >= least
    ]
    right = sum((found[one] < found[other]) == (truth[one] < truth[other]) for one, other in pairs)
    return int(right), len(pairs)

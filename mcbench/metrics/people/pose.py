"""Pose error: how far detected key points lie from the true ones, in the field's usual figures.

Key points are COCO-18 (`mcbench.data.truth.COCO18`), (x, y) in pixels. All functions take any leading
axes, say [frames, people]. NaN as a detected coordinate says that the point was not found. `counts` says
which points of the truth are asked for; see `counting`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mcbench.estimators.similarity import BOX_TO_AREA as BOX_TO_AREA
from mcbench.estimators.similarity import SIGMAS as SIGMAS
from mcbench.estimators.similarity import distances as distances
from mcbench.estimators.similarity import mean_where
from mcbench.estimators.similarity import oks as oks

Array = NDArray[np.floating[Any]]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

PCK_SHARE = 0.1
"""The threshold of PCK, as a share of the larger side of the person's box."""
PCK_HEAD_SHARE = 0.5
"""The threshold of the PCKh-like figure, as a share of the distance from neck to nose."""
FOUND_OKS = 0.5
"""A person counts as found above this OKS."""
_NOSE, _NECK = 0, 1


def counting(visibility: NDArray[np.uint8], *, covered: bool = False) -> Flags:
    """Return which true key points count, bool of the same shape.

    A covered point cannot be seen in the picture, only guessed, so that an error there says little of the
    picture. COCO's own evaluation counts covered points that were annotated: `covered=True`.

    Args:
        visibility: uint8, 0 outside the picture or unknown, 1 covered, 2 visible.
        covered: count covered points too.
    """
    return np.asarray(visibility) >= (1 if covered else 2)


def oks_matrix(predictions: Array, truths: Array, counts: Flags, area: Array) -> Floats:
    """Return the OKS of every detected with every true person of a frame.

    Args:
        predictions: [D, 18, 2].
        truths: [P, 18, 2].
        counts: bool [P, 18].
        area: [P].

    Returns:
        float64 [D, P].
    """
    shape = (len(predictions), *truths.shape)
    return oks(np.broadcast_to(predictions[:, None], shape), np.broadcast_to(truths, shape), counts, area)


def pck(prediction: Array, truth: Array, counts: Flags, scale: Array, *, share: float = PCK_SHARE) -> Floats:
    """Return the percentage of correct key points as a share, for every person; 1 is best, range 0..1.

    A point is correct if it lies at most `share * scale` from the true one; one that was not found is not.

    Args:
        prediction: [..., 18, 2].
        truth: [..., 18, 2].
        counts: bool [..., 18].
        scale: [...], the person's size in pixels: the larger side of his box (PCK as Yang and Ramanan
            define it), or `head_size` with `PCK_HEAD_SHARE` for a figure like PCKh.
        share: threshold.

    Returns:
        float64 [...]; NaN where no point counts or the size is unknown or 0.
    """
    size = np.asarray(scale, np.float64)
    known = np.isfinite(size) & (size > 0)
    correct = distances(prediction, truth) <= share * np.where(known, size, 0.0)[..., None]
    return np.where(known, mean_where(correct.astype(np.float64), counts), np.nan)


def head_size(truth: Array, counts: Flags) -> Floats:
    """Return the distance from neck to nose, float64 [...]; NaN where one of them does not count.

    PCKh proper takes 0.6 of the diagonal of MPII's head box, which COCO-18 does not have: figures by this
    size compare with each other, not with published PCKh.
    """
    points = np.asarray(truth, np.float64)
    across = points[..., _NOSE, :] - points[..., _NECK, :]
    both = counts[..., _NOSE] & counts[..., _NECK]
    return np.where(both, np.hypot(across[..., 0], across[..., 1]), np.nan)


def mpjpe_2d(prediction: Array, truth: Array, counts: Flags, height: Array | None = None) -> Floats:
    """Return the mean distance of key points of every person; 0 is best.

    Points that were not found are left out, so read it beside `missing_keypoint_rate`.

    Args:
        prediction: [..., 18, 2].
        truth: [..., 18, 2].
        counts: bool [..., 18].
        height: [...], the person's height in pixels to divide by: the result then is a share of it.

    Returns:
        float64 [...], in pixels, or shares; NaN where no point counts and was found, or the height is
        unknown or 0.
    """
    apart = distances(prediction, truth)
    error = mean_where(np.where(np.isnan(apart), 0.0, apart), counts & ~np.isnan(apart))
    if height is None:
        return error
    size = np.asarray(height, np.float64)
    known = np.isfinite(size) & (size > 0)
    return np.where(known, error / np.where(known, size, 1.0), np.nan)


def average_keypoint_distance(prediction: Array, reference: Array, found: Flags) -> float:
    """Return the mean distance over all key points of all people that were found on both sides, in pixels.

    AKD proper compares a detector's points in the made video with the same detector's in the real one, so
    that its own bias cancels.

    Args:
        prediction: [..., 18, 2], detected in the prediction.
        reference: [..., 18, 2], detected in the true frame.
        found: bool [..., 18], found on both.

    Returns:
        0 is best; NaN where nothing was found on both.

    Source: github.com/AliaksandrSiarohin/pose-evaluation (there with OpenPose).
    """
    apart = distances(prediction, reference)
    both = found & ~np.isnan(apart)
    return float(apart[both].mean()) if both.any() else float("nan")


def missing_keypoint_rate(found: Flags, found_reference: Flags) -> float:
    """Return the share of the key points found in the true frame that are missing in the prediction.

    Args:
        found: bool [..., 18], found in the prediction.
        found_reference: bool [..., 18], found in the true frame, and asked for.

    Returns:
        0..1, 0 is best; NaN where nothing was found in the true frame.

    Source: as `average_keypoint_distance`.
    """
    asked = int(np.count_nonzero(found_reference))
    missing = int(np.count_nonzero(found_reference & ~np.asarray(found)))
    return missing / asked if asked else float("nan")


class PeopleCounts(NamedTuple):
    """How many people were found by their key points.

    Attributes:
        found: true people with a detected one of their own above the threshold.
        missed: true people without.
        extra: detected people that no true one was matched with.
    """

    found: int
    missed: int
    extra: int

    @property
    def recall(self) -> float:
        """Share of the true people that were found; NaN without any."""
        return self.found / (self.found + self.missed) if self.found + self.missed else float("nan")

    @property
    def precision(self) -> float:
        """Share of the detected people that are true ones; NaN without any."""
        return self.found / (self.found + self.extra) if self.found + self.extra else float("nan")

    @property
    def f1(self) -> float:
        """2 found / (2 found + missed + extra); NaN where there is nobody on either side."""
        everybody = 2 * self.found + self.missed + self.extra
        return 2 * self.found / everybody if everybody else float("nan")


def count_people(similarity: Floats, *, threshold: float = FOUND_OKS) -> PeopleCounts:
    """Return how many people of a frame were found, by a one-to-one assignment.

    Pairs at or below the threshold are no match; among the rest the assignment takes as many pairs as
    can be, and of those with equally many the one with the largest sum. (COCO's own matching is greedy
    by confidence, which the order of equal confidences decides.)

    Args:
        similarity: OKS [D, P] of detected with true people; a true person whose column is NaN, since
            nothing of him counts, is left out.
        threshold: of OKS.
    """
    columns = similarity[:, ~np.isnan(similarity).all(axis=0)] if len(similarity) else similarity
    near = np.nan_to_num(columns) > threshold
    # A match outweighs any gain in similarity: at most min(D, P) <= D of those, each at most 1.
    gain = np.where(near, len(columns) + 1 + np.nan_to_num(columns), 0.0)
    rows, taken = linear_sum_assignment(gain, maximize=True)
    found = int(np.count_nonzero(near[rows, taken]))
    return PeopleCounts(found, columns.shape[1] - found, columns.shape[0] - found)

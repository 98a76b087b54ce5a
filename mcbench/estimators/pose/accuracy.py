"""How well people are found and followed, where the truth is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mcbench.data.truth import Poses
from mcbench.errors import MismatchError
from mcbench.estimators.pose.crops import person_boxes
from mcbench.estimators.similarity import BOX_TO_AREA, oks

MATCHING_OKS = 0.5
LEAST_VISIBLE = 6
"""A true person counts in a frame from this many visible key points."""


class TrackingAccuracy(NamedTuple):
    """Figures of one clip, or sums over several.

    Attributes:
        people: true people over all frames.
        found: of those, matched with somebody at an OKS of 0.5 or more.
        extra: people found whom no true one matches.
        switches: times that a true person is matched with another identity than the last time he was.
        identity: true people over all frames who are matched with the one identity that the whole clip gives
            each of them (the numerator of IDF1's recall).
        oks: sum of the OKS of the matches.
    """

    people: int
    found: int
    extra: int
    switches: int
    identity: int
    oks: float

    def __add__(self, other: object) -> TrackingAccuracy:
        if not isinstance(other, TrackingAccuracy):
            return NotImplemented
        counts = [a + b for a, b in zip(self[:5], other[:5], strict=True)]
        return TrackingAccuracy(counts[0], counts[1], counts[2], counts[3], counts[4], self.oks + other.oks)


def tracking_accuracy(found: Poses, truth: Poses) -> TrackingAccuracy:
    """Compare tracks with the truth of the same clip.

    In each frame true and found people are matched one to one, by the most matches at an OKS of at least 0.5;
    of those the pairs of the frame before are kept where they still match, as in the CLEAR MOT figures
    (Bernardin and Stiefelhagen 2008). OKS counts visible true points; the area is 0.53 of the true box.

    Raises:
        MismatchError: numbers of frames or sizes differ.
    """
    if found.n_frames != truth.n_frames or found.size != truth.size:
        raise MismatchError(
            f"tracks of {found.n_frames} frames at {found.size} do not fit the truth, "
            f"{truth.n_frames} frames at {truth.size}"
        )
    together = np.zeros((truth.n_people, found.n_people), np.int64)
    last = np.full(truth.n_people, -1)
    people = matched = extra = switches = 0
    total = 0.0
    for frame in range(truth.n_frames):
        alike, counts = _alike(found, truth, frame)
        people += int(counts.sum())
        extra += int((found.visibility[frame] > 0).any(axis=1).sum())
        near = alike >= MATCHING_OKS
        together += near
        stays = np.zeros_like(alike)
        known = np.flatnonzero(last >= 0)
        stays[known, last[known]] = 1.0
        # One match outweighs all similarity, a kept pair all of one match's.
        worth = np.where(near, 2.0 * (1 + alike.shape[1]) + stays * 1.5 + alike, 0.0)
        rows, columns = linear_sum_assignment(worth, maximize=True)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            if near[row, column]:
                matched, extra = matched + 1, extra - 1
                total += float(alike[row, column])
                switches += int(last[row] not in (-1, column))
                last[row] = column
    rows, columns = linear_sum_assignment(together, maximize=True)
    return TrackingAccuracy(people, matched, extra, switches, int(together[rows, columns].sum()), total)


def _alike(found: Poses, truth: Poses, frame: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the OKS of each true with each found person of a frame [T, P], and which true ones count [T]."""
    visible = truth.visibility[frame] == 2
    counts = visible.sum(axis=1) >= LEAST_VISIBLE
    boxes = person_boxes(truth.keypoints[frame], truth.visibility[frame])
    area = BOX_TO_AREA * (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    there = found.visibility[frame] > 0
    points = np.where(there[..., None], found.keypoints[frame], np.nan)
    alike = oks(points[None], truth.keypoints[frame][:, None], visible[:, None], area[:, None])
    return np.where(counts[:, None] & there.any(axis=1), np.nan_to_num(alike), 0.0), counts

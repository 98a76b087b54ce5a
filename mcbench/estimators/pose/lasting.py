"""Which tracks are people: what an estimator sees now and then in somebody's clothes is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mcbench.estimators.boxes import box_iou
from mcbench.estimators.pose.people import BODY, People, similarity

_BRIEF = 0.2
"""Tracks found in a smaller share of a clip's frames are asked whether they lie on somebody else."""
_MOSTLY = 0.5
_ALIKE, _OVERLAP = 0.5, 0.6
"""OKS or IoU from which two in one frame have one place."""
_WITHIN, _SMALLER = 0.75, 0.75
"""Share of somebody's points in another's box, and his size by that one's, where he is a part of him."""


def people_among(
    tracks: Sequence[Mapping[int, People]],
    n_frames: int,
    *,
    threshold: float,
    least_density: float,
    least_run: int,
) -> list[Mapping[int, People]]:
    """Return the tracks that are people, in their order.

    Dropped are tracks found in too few of the frames from their first to their last and never for some frames
    in a row (somebody who leaves and comes back much later is), and those found in less than a fifth of the
    clip which, in at least half of these, have a longer track beside them and mostly lie on its person: in
    the same place (OKS 0.5 or IoU 0.6), or within his box at less than three quarters of his size.

    Args:
        tracks: of each what was found, a `People` of one, by frame.
        n_frames: of the clip.
        threshold: confidence from which a key point counts.
        least_density: smallest share of the frames that a track spans in which it must be found,
        least_run: or else the fewest frames in a row.
    """
    dense = [
        track
        for track in tracks
        if len(track) >= least_density * (max(track) - min(track) + 1) or _longest_run(track) >= least_run
    ]
    return [
        track for track in dense if len(track) >= _BRIEF * n_frames or not _rides(track, dense, threshold)
    ]


def _longest_run(track: Mapping[int, People]) -> int:
    longest = run = 0
    for frame in sorted(track):
        run = run + 1 if frame - 1 in track else 1
        longest = max(longest, run)
    return longest


def _rides(track: Mapping[int, People], others: Sequence[Mapping[int, People]], threshold: float) -> bool:
    """Return whether a track lies mostly on the person of one longer track."""
    for other in others:
        if len(other) > len(track):
            shared = track.keys() & other.keys()
            on_him = sum(_lies_on(track[frame], other[frame], threshold) for frame in shared)
            if len(shared) >= _MOSTLY * len(track) and on_him > _MOSTLY * len(shared):
                return True
    return False


def _lies_on(one: People, other: People, threshold: float) -> bool:
    if similarity(one, other, threshold)[0, 0] >= _ALIKE or box_iou(one.boxes, other.boxes)[0, 0] >= _OVERLAP:
        return True
    points = one.keypoints[0, :BODY][one.confidence[0, :BODY] >= threshold]
    left_top, right_bottom = other.boxes[0, :2], other.boxes[0, 2:]
    within = ((points >= left_top) & (points <= right_bottom)).all(axis=-1)
    sizes = [float(np.sqrt(np.prod(people.boxes[0, 2:] - people.boxes[0, :2]))) for people in (one, other)]
    return len(points) > 0 and float(within.mean()) >= _WITHIN and sizes[0] < _SMALLER * sizes[1]

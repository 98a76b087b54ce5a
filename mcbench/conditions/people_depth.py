"""Who is nearer, where no exact depth is known: an order of people, without unit.

Two ways, both of which say only who is in front of whom:

- by an estimated depth map: the mean of the inverse relative depth inside each person's mask at the
  reference frame (Depth Anything: larger is nearer);
- by the ground: people who stand on one floor before one camera are nearer the lower their feet are in the
  picture. It needs poses alone, and is wrong for who sits, jumps or stands on a stage.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcbench.conditions.bodies import body_masks, body_scale
from mcbench.data.truth import Poses
from mcbench.errors import MismatchError

_ANKLES, _KNEES, _NECK = (10, 13), (9, 12), 1
_NECK_TO_ANKLE, _KNEE_TO_ANKLE = 2.6, 0.8
"""Lengths of an upright body in `body_scale`s, for people whose feet are not in the picture."""


def ground_lines(keypoints: NDArray[np.float32], visibility: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return how far down the picture each person's lower foot is, or would be if he stood.

    Args:
        keypoints: float32 [people, 18, 2], (x, y) in pixels.
        visibility: uint8 [people, 18].

    Returns:
        float32 [people], y in pixels, which may lie below the picture; NaN for people who are not in it.
    """
    lines = np.full(len(keypoints), np.nan, dtype=np.float32)
    for person, (points, seen) in enumerate(zip(keypoints, visibility, strict=True)):
        if not seen.any():
            continue
        scale = body_scale(points, seen)
        for joints, further in ((_ANKLES, 0.0), (_KNEES, _KNEE_TO_ANKLE), ((_NECK,), _NECK_TO_ANKLE)):
            there = [float(points[joint][1]) for joint in joints if seen[joint]]
            if there:
                lines[person] = max(there) + further * scale
                break
        else:
            lines[person] = float(points[seen > 0][:, 1].max())
    return lines


def depth_by_ground(poses: Poses) -> NDArray[np.float32]:
    """Return numbers that rise with distance: minus the ground line in picture heights, each frame's own.

    Returns:
        float32 [frames, people], an order without unit; NaN for people who are not in the picture.
    """
    lines = [
        ground_lines(points, seen) for points, seen in zip(poses.keypoints, poses.visibility, strict=True)
    ]
    return np.asarray(-np.stack(lines) / poses.size[0], dtype=np.float32)


def depth_by_map(
    nearness: NDArray[np.float32],
    keypoints: NDArray[np.float32],
    visibility: NDArray[np.uint8],
    labels: NDArray[np.uint8] | None = None,
) -> NDArray[np.float32]:
    """Return numbers that rise with distance: minus the mean inverse depth inside each person's mask.

    Args:
        nearness: float32 [height, width], inverse depth of one frame, larger is nearer; NaN is left out.
        keypoints: float32 [people, 18, 2], (x, y) in its pixels.
        visibility: uint8 [people, 18].
        labels: uint8 [height, width], the people's masks, k for the k-th; without them the dilated bodies
            are taken, and where bodies overlap, only what is one person's alone (all, if nothing is).

    Returns:
        float32 [people], an order without unit; NaN for people without a known pixel.

    Raises:
        MismatchError: the arrays do not fit each other.
    """
    size = (nearness.shape[0], nearness.shape[1])
    if labels is not None and labels.shape != size:
        raise MismatchError(f"masks {labels.shape} do not fit a depth map {size}", "make the masks again")
    if labels is not None:
        inside = labels[None] == np.arange(1, len(keypoints) + 1)[:, None, None]
    else:
        inside = body_masks(keypoints, visibility, size) > 0
        alone = inside & (inside.sum(axis=0) == 1)
        inside = np.where(alone.any(axis=(1, 2), keepdims=True), alone, inside)
    known = inside & np.isfinite(nearness)
    total = np.where(known, nearness, 0).sum(axis=(1, 2), dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(-total / known.sum(axis=(1, 2)), dtype=np.float32)

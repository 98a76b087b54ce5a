"""The driving people's poses brought to where the people of the picture are, as large as they are.

**Approximate.** Each person's poses are moved and scaled as a whole (one similarity a person, the same in all
frames). Proportions of limbs stay the driver's, and so do the camera's perspective and tilt: somebody
with longer legs than the driver gets the driver's. How far he walks is scaled with his size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcbench.animate.matching import Match
from mcbench.conditions.bodies import body_scale
from mcbench.conditions.people_depth import depth_by_ground
from mcbench.data.truth import Poses
from mcbench.errors import InputError
from mcbench.records import Size

_ANCHORS = ((1,), (8, 11), (2, 5), (0, 14, 15, 16, 17))
"""Points by which two poses are laid over each other, the first ones that both show."""
_FIRST_FRAMES = 25
"""Frames from the driver's first on whose median says how large he is at the beginning."""


def retarget_poses(reference: Poses, driving: Poses, matches: Sequence[Match]) -> Poses:
    """Return the picture's own pose, then that of every driving frame, in pixels of the picture.

    A person's first driving pose is laid over his pose in the picture by the neck (else hips, shoulders,
    face), scaled by the ratio of body sizes (about neck to hips; the driver's is the median over his first
    25 frames). People without a driver stand still.

    Args:
        reference: of the picture, one frame.
        driving: of the video.
        matches: as `match_people` gives them.

    Returns:
        1 + driving frames, people as in `reference`; depth is the order by the ground.

    Raises:
        InputError: nothing tells how large somebody is or where, since too few points were found.
    """
    moved = _standing(reference, driving.n_frames)
    for person, driver in matches:
        points, seen = driving.keypoints[:, driver], driving.visibility[:, driver]
        own, own_seen = reference.keypoints[0, person], reference.visibility[0, person]
        scale = _scale(own, own_seen, points, seen, (person, driver))
        anchor, own_anchor = _anchors(own, own_seen, points, seen, (person, driver))
        moved.keypoints[1:, person] = (points - anchor) * scale + own_anchor
        moved.visibility[1:, person] = seen
    return _finished(moved)


def fit_poses(reference: Poses, driving: Poses, matches: Sequence[Match]) -> Poses:
    """Return the picture's own pose, then those of the video as they are, its frame fitted into the picture.

    The driving frame is scaled evenly, as large as fits, and put in the middle: nobody is squeezed. Arguments
    and result as for `retarget_poses`.
    """
    (height, width), (rows, columns) = reference.size, driving.size
    scale = min(height / rows, width / columns)
    shift = np.array([(width - columns * scale) / 2, (height - rows * scale) / 2], np.float32)
    moved = _standing(reference, driving.n_frames)
    for person, driver in matches:
        moved.keypoints[1:, person] = driving.keypoints[:, driver] * np.float32(scale) + shift
        moved.visibility[1:, person] = driving.visibility[:, driver]
    return _finished(moved)


def _standing(reference: Poses, n_frames: int) -> Poses:
    """Return everybody's pose of the picture, one frame longer than the driving video."""
    times = n_frames + 1
    return Poses(
        reference.keypoints[:1].repeat(times, axis=0),
        reference.visibility[:1].repeat(times, axis=0),
        reference.depth[:1].repeat(times, axis=0),
        reference.size,
    )


def _finished(poses: Poses) -> Poses:
    """Return poses with points outside the picture unknown, and everybody's order of depth."""
    size: Size = poses.size
    inside = ((poses.keypoints >= 0) & (poses.keypoints < (size[1], size[0]))).all(axis=-1)
    visible = np.where(inside, poses.visibility, 0).astype(np.uint8)
    known = Poses(poses.keypoints.astype(np.float32), visible, poses.depth, size)
    return Poses(known.keypoints, visible, depth_by_ground(known), size)


def _scale(
    own: NDArray[np.float32],
    own_seen: NDArray[np.uint8],
    points: NDArray[np.float32],
    seen: NDArray[np.uint8],
    match: Match,
) -> float:
    first = np.flatnonzero(seen.any(axis=1))[:_FIRST_FRAMES]
    driver = [scale for frame in first if (scale := body_scale(points[frame], seen[frame])) > 0]
    size = body_scale(own, own_seen)
    if not driver or size <= 0:
        raise _too_little(match, "how large")
    return size / float(np.median(driver))


def _anchors(
    own: NDArray[np.float32],
    own_seen: NDArray[np.uint8],
    points: NDArray[np.float32],
    seen: NDArray[np.uint8],
    match: Match,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the driver's anchor (x, y) in the first frame that shares one with the picture, and its own."""
    for frame in np.flatnonzero(seen.any(axis=1)).tolist():
        for joints in _ANCHORS:
            shared = [joint for joint in joints if own_seen[joint] and seen[frame, joint]]
            if shared:
                return points[frame, shared].mean(axis=0), own[shared].mean(axis=0)
    raise _too_little(match, "where")


def _too_little(match: Match, what: str) -> InputError:
    return InputError(
        f"too few points were found of person {match[0] + 1} of the picture, or of person {match[1] + 1} of "
        f"the video, to tell {what} he is",
        "use another frame or picture, or --no-retarget to take the poses as they are",
    )

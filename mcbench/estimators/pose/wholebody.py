"""The two orders of a whole body's points: COCO-WholeBody's 133, and the 134 that OpenPose's drawings use.

The 134 are COCO-18 (with a neck), 6 points of the feet, 68 of the face, 21 of the left hand and 21 of the
right one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COCO_WHOLE_BODY = 133
WHOLE_BODY = 134
FEET, FACE = slice(18, 24), slice(24, 92)
LEFT_HAND, RIGHT_HAND = slice(92, 113), slice(113, 134)

_SHOULDERS = [5, 6]
_NECK = 1
# COCO-17's index of each point of COCO-18; the neck's is put right afterwards.
_BODY = [0, 0, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
_ORDER = np.array([*_BODY, *range(17, COCO_WHOLE_BODY)])


def with_neck(
    keypoints: NDArray[np.float64], confidence: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points [..., 18 or 134, 2] and their confidence in OpenPose's order.

    The neck is the middle of the shoulders, as sure as the less sure of them.

    Args:
        keypoints: [..., 17 or 133, 2], COCO's or COCO-WholeBody's points.
        confidence: [..., 17 or 133].
    """
    order = _ORDER[: keypoints.shape[-2] + 1]
    points, sure = keypoints[..., order, :].copy(), confidence[..., order].copy()
    points[..., _NECK, :] = keypoints[..., _SHOULDERS, :].mean(axis=-2)
    sure[..., _NECK] = confidence[..., _SHOULDERS].min(axis=-1)
    return points, sure

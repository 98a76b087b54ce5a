"""Body masks made from key points alone: the skeleton dilated to about the outline of a dressed person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcbench.conditions.skeleton import check_people, draw_capsule, draw_disc, draw_polygon
from mcbench.records import Size

ARMS = ((2, 3), (3, 4), (5, 6), (6, 7))
LEGS = ((8, 9), (9, 10), (11, 12), (12, 13))
TORSO = (2, 5, 11, 8)
HEAD = (0, 14, 15, 16, 17)
NOSE, NECK = 0, 1
WRISTS, ANKLES = (4, 7), (10, 13)

# Radii in units of `body_scale`, about the distance from neck to hips.
_ARM, _LEG, _TORSO, _HEAD, _HAND, _FOOT = 0.15, 0.20, 0.22, 0.34, 0.18, 0.24
_NECK_TO_HIP_FROM = {  # other lengths of a body, as a share of neck to hip, for people partly in the picture
    (2, 5): 0.72, (1, 0): 0.42, (8, 9): 0.80, (11, 12): 0.80, (9, 10): 0.80, (12, 13): 0.80,
    (2, 3): 0.58, (5, 6): 0.58, (3, 4): 0.52, (6, 7): 0.52,
}  # fmt: skip


def body_scale(points: NDArray[np.float32], seen: NDArray[np.uint8]) -> float:
    """Return about the distance from neck to hips of one person facing the camera, in pixels.

    The largest of what the visible lengths imply, since foreshortening only ever shortens; 0 where
    nothing tells.
    """
    implied = [0.0]
    for hip in (8, 11):
        if seen[NECK] and seen[hip]:
            implied.append(float(np.linalg.norm(points[NECK] - points[hip])))
    for (start, end), share in _NECK_TO_HIP_FROM.items():
        if seen[start] and seen[end]:
            implied.append(0.9 * float(np.linalg.norm(points[start] - points[end])) / share)
    return max(implied)


def body_mask(points: NDArray[np.float32], seen: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Return the dilated body of one person, uint8 [height, width], 255 inside and 0 outside.

    Args:
        points: float32 [18, 2], (x, y) in pixels of `size`.
        seen: uint8 [18], visibility.
        size: (height, width) of the mask.
    """
    canvas = np.zeros(size, dtype=np.uint8)
    scale = body_scale(points, seen)
    if scale <= 0:
        return canvas
    for limbs, radius in ((ARMS, _ARM), (LEGS, _LEG)):
        for start, end in limbs:
            if seen[start] and seen[end]:
                draw_capsule(canvas, points[start], points[end], radius * scale, (255,))
    for joints, radius in ((WRISTS, _HAND), (ANKLES, _FOOT)):
        for joint in joints:
            if seen[joint]:
                draw_disc(canvas, points[joint], radius * scale, (255,))
    _draw_torso(canvas, points, seen, scale)
    _draw_head(canvas, points, seen, scale)
    return canvas


def body_masks(
    keypoints: NDArray[np.float32], visibility: NDArray[np.uint8], size: Size
) -> NDArray[np.uint8]:
    """Return the dilated bodies of all people of a frame, uint8 [people, height, width], 255 inside.

    Args:
        keypoints: float32 [people, 18, 2], (x, y) in pixels of `size`.
        visibility: uint8 [people, 18].
        size: (height, width) of the masks.

    Raises:
        MismatchError: the arrays do not fit each other.
    """
    check_people(keypoints, visibility)
    masks = np.zeros((len(keypoints), *size), dtype=np.uint8)
    for index, (points, seen) in enumerate(zip(keypoints, visibility, strict=True)):
        masks[index] = body_mask(points, seen, size)
    return masks


def union_mask(masks: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return where any person is, uint8 [height, width], 255 inside; `masks` as `body_masks` gives them."""
    union: NDArray[np.uint8] = np.max(masks, axis=0, initial=0)
    return union


def _draw_torso(
    canvas: NDArray[np.uint8], points: NDArray[np.float32], seen: NDArray[np.uint8], scale: float
) -> None:
    corners = [joint for joint in TORSO if seen[joint]]
    if len(corners) >= 3:
        draw_polygon(canvas, points[corners], (255,))
    for start, end in zip(corners, corners[1:] + corners[:1], strict=True):
        draw_capsule(canvas, points[start], points[end], _TORSO * scale, (255,))


def _draw_head(
    canvas: NDArray[np.uint8], points: NDArray[np.float32], seen: NDArray[np.uint8], scale: float
) -> None:
    joints = [joint for joint in HEAD if seen[joint]]
    if not joints:
        return
    centre = points[joints].mean(axis=0)
    draw_disc(canvas, centre, _HEAD * scale, (255,))
    if seen[NECK]:
        draw_capsule(canvas, centre, points[NECK], _TORSO * scale, (255,))

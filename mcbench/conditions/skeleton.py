"""Pose drawings in the style of OpenPose and DWPose: one colour a limb, one a joint, on black."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.errors import MismatchError
from mcbench.records import Size

LIMBS: tuple[tuple[int, int], ...] = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
    (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""The 17 limbs that OpenPose's COCO drawings connect, as indices into `mcbench.data.truth.COCO18`."""

LIMB_BRIGHTNESS = 0.6
_HEIGHT_OF_ONE_STROKE = 160
# Coordinates are handed to OpenCV in 1/16 pixel, so that slow motion does not jump from pixel to pixel.
_SUBPIXEL_BITS = 4
_FAR = 16384.0


def limb_colours() -> NDArray[np.uint8]:
    """Return the 18 colours of OpenPose's drawings, uint8 [18, 3] RGB: hues 20 degrees apart.

    Colour i belongs to joint i; limb i is drawn in colour i at 60 % brightness.
    """
    colours = [colorsys.hsv_to_rgb(index / 18, 1.0, 1.0) for index in range(18)]
    return np.array(np.floor(np.array(colours) * 255 + 0.5), dtype=np.uint8)


def draw_poses(
    keypoints: NDArray[np.float32], visibility: NDArray[np.uint8], size: Size
) -> NDArray[np.uint8]:
    """Draw the people of one frame as OpenPose and DWPose do.

    People are drawn in the order given, limbs below joints. A limb is drawn when both its ends are in
    the picture (visibility 1 or 2: DWPose too reports joints that are covered by others).

    Args:
        keypoints: float32 [people, 18, 2], (x, y) in pixels of `size`.
        visibility: uint8 [people, 18], as in `mcbench.data.truth.Poses`.
        size: (height, width) of the drawing. Strokes are `stroke_radius` pixels thick on each side.

    Returns:
        uint8 [height, width, 3], RGB on black.

    Raises:
        MismatchError: the arrays do not fit each other.

    Deviation: DWPose draws limbs as ellipses; here they are lines with round ends of the same width,
    which differ by a pixel at these sizes.
    """
    check_people(keypoints, visibility)
    canvas = np.zeros((*size, 3), dtype=np.uint8)
    radius = stroke_radius(size)
    colours = limb_colours()
    for points, seen in zip(keypoints, visibility, strict=True):
        for colour, (start, end) in zip(colours, LIMBS, strict=False):
            if seen[start] and seen[end]:
                shade = tuple(int(channel * LIMB_BRIGHTNESS) for channel in colour)
                draw_capsule(canvas, points[start], points[end], radius, shade)
        for joint in range(18):
            if seen[joint]:
                draw_disc(canvas, points[joint], radius, tuple(int(channel) for channel in colours[joint]))
    return canvas


def stroke_radius(size: Size) -> float:
    """Return half the width of a stroke in pixels: 4 at the paper's 640 pixels width, at least 1."""
    return max(1.0, size[1] / _HEIGHT_OF_ONE_STROKE)


def draw_capsule(
    canvas: NDArray[np.uint8],
    start: NDArray[np.float32],
    end: NDArray[np.float32],
    radius: float,
    colour: tuple[int, ...],
) -> None:
    """Fill, in place, all pixels within about `radius` of a segment; coordinates as in `Poses`."""
    thickness = max(1, round(2 * radius))
    cv2.line(canvas, _fixed(start), _fixed(end), colour, thickness, cv2.LINE_8, _SUBPIXEL_BITS)


def draw_disc(
    canvas: NDArray[np.uint8], centre: NDArray[np.float32], radius: float, colour: tuple[int, ...]
) -> None:
    """Fill, in place, all pixels within `radius` of a point."""
    fixed_radius = round(radius * (1 << _SUBPIXEL_BITS))
    cv2.circle(canvas, _fixed(centre), fixed_radius, colour, -1, cv2.LINE_8, _SUBPIXEL_BITS)


def draw_polygon(canvas: NDArray[np.uint8], corners: NDArray[np.float32], colour: tuple[int, ...]) -> None:
    """Fill, in place, the convex hull of some points, float32 [n, 2]."""
    fixed = np.array([_fixed(corner) for corner in corners], dtype=np.int32)
    cv2.fillConvexPoly(canvas, cv2.convexHull(fixed), colour, cv2.LINE_8, _SUBPIXEL_BITS)


def check_people(keypoints: NDArray[np.float32], visibility: NDArray[np.uint8]) -> None:
    """Check that key points [people, 18, 2] and visibility [people, 18] fit each other.

    Raises:
        MismatchError: they do not.
    """
    if keypoints.ndim != 3 or keypoints.shape[1:] != (18, 2) or visibility.shape != keypoints.shape[:2]:
        raise MismatchError(
            f"key points {keypoints.shape} and visibility {visibility.shape} are not those of one frame",
            "give key points [people, 18, 2] and visibility [people, 18]",
        )


def _fixed(point: NDArray[np.float32]) -> tuple[int, int]:
    # OpenCV has pixel centres at integers, `Poses` at half-integers, and works in 32-bit fixed point:
    # points far outside, or NaN of unknown ones, must not wrap around.
    x, y = (min(max(value, -_FAR), _FAR) if value == value else -_FAR for value in point.tolist())
    return round((x - 0.5) * (1 << _SUBPIXEL_BITS)), round((y - 0.5) * (1 << _SUBPIXEL_BITS))

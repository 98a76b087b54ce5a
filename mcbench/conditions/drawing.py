"""Pose drawings as DWPose and ControlNet's OpenPose make them, pixel by pixel: what baselines expect.

Source: `controlnet_aux` 0.0.10 (`dwpose/util.py`, `open_pose/util.py`). `draw_poses` in
`mcbench.conditions.skeleton` is the reference model's own map, whose strokes grow with the picture.
"""

from __future__ import annotations

import colorsys
import itertools
import math
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.conditions.skeleton import LIMB_BRIGHTNESS, LIMBS, limb_colours
from mcbench.errors import InputError, MismatchError
from mcbench.records import Size

DrawingStyle = Literal["dwpose", "openpose"]

_STROKE = 4
_FACE_RADIUS, _HAND_WIDTH = 3, 2
_FACE, _HANDS = slice(24, 92), (slice(92, 113), slice(113, 134))
_FINGERS = tuple(
    (0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1)
    for finger in range(5)
    for joint in range(4)
)
_WHITE, _BLUE = (255, 255, 255), (0, 0, 255)


def draw_whole_bodies(
    keypoints: NDArray[np.floating[Any]],
    confidence: NDArray[np.floating[Any]],
    size: Size,
    *,
    style: DrawingStyle = "dwpose",
    threshold: float = 0.3,
    hands: bool = True,
    face: bool = True,
) -> NDArray[np.uint8]:
    """Draw the people of one frame in the style that baselines expect.

    Limbs are ellipses 4 pixels wide on each side at 60 % brightness, joints discs of radius 4, fingers
    lines of 2 pixels with blue joints, faces white dots of radius 3, whatever the size of the picture.

    Args:
        keypoints: [P, 18 or 134, 2], (x, y) in pixels of `size`, see `mcbench.estimators.pose.People`.
        confidence: [P, 18 or 134]; a visibility of 0, 1 or 2 will do.
        size: (height, width) of the drawing. DWPose draws at a shorter side of 512.
        style: `dwpose` draws each kind of limb of all people before the next; `openpose` (ControlNet's) one
            person after the other, which differs where people overlap.
        threshold: only points surer than this are drawn.
        hands: draw hands, where there are points of them.
        face: draw faces, the same.

    Returns:
        uint8 [height, width, 3], RGB on black.

    Raises:
        MismatchError: the arrays do not fit each other.
        InputError: there is no such style.
    """
    _check(keypoints, confidence)
    canvas = np.zeros((*size, 3), dtype=np.uint8)
    shown = (confidence > threshold) & np.isfinite(keypoints).all(axis=-1)
    points = np.where(shown[..., None], keypoints, -1.0)
    whole = points.shape[1] > 18
    everybody = range(len(points))
    if style == "dwpose":
        groups = [list(everybody)]
    elif style == "openpose":
        groups = [[person] for person in everybody]
    else:
        raise InputError(f"no style of drawing is called {style!r}", "there are dwpose and openpose")
    for people in groups:
        _draw_limbs(canvas, list(itertools.product(range(len(LIMBS)), people)), points, shown)
        _draw_joints(canvas, list(itertools.product(range(18), people)), points, shown)
        for side, person in itertools.product(_HANDS if whole and hands else (), people):
            _draw_hand(canvas, points[person, side])
        for person in people if whole and face else ():
            _draw_face(canvas, points[person, _FACE])
    return canvas


def _draw_limbs(
    canvas: NDArray[np.uint8],
    which: list[tuple[int, int]],
    points: NDArray[np.floating[Any]],
    shown: NDArray[np.bool_],
) -> None:
    colours = limb_colours()
    for limb, person in which:
        ends = list(LIMBS[limb])
        if not shown[person, ends].all():
            continue
        (x0, y0), (x1, y1) = np.asarray(points[person, ends], np.float64)
        middle = int((x0 + x1) / 2), int((y0 + y1) / 2)
        half = int(math.hypot(x0 - x1, y0 - y1) / 2)
        angle = int(math.degrees(math.atan2(y0 - y1, x0 - x1)))
        outline = cv2.ellipse2Poly(middle, (half, _STROKE), angle, 0, 360, 1)
        colour = tuple(int(channel * LIMB_BRIGHTNESS) for channel in colours[limb].tolist())
        cv2.fillConvexPoly(canvas, outline, colour)


def _draw_joints(
    canvas: NDArray[np.uint8],
    which: list[tuple[int, int]],
    points: NDArray[np.floating[Any]],
    shown: NDArray[np.bool_],
) -> None:
    colours = limb_colours()
    for joint, person in which:
        if shown[person, joint]:
            colour = tuple(int(channel) for channel in colours[joint])
            cv2.circle(canvas, _pixel(points[person, joint]), _STROKE, colour, -1)


def _draw_hand(canvas: NDArray[np.uint8], points: NDArray[np.floating[Any]]) -> None:
    for index, (start, end) in enumerate(_FINGERS):
        ends = _pixel(points[start]), _pixel(points[end])
        if min(*ends[0], *ends[1]) > 0:
            colour = tuple(255 * channel for channel in colorsys.hsv_to_rgb(index / len(_FINGERS), 1.0, 1.0))
            cv2.line(canvas, *ends, colour, _HAND_WIDTH)
    _draw_dots(canvas, points, _STROKE, _BLUE)


def _draw_face(canvas: NDArray[np.uint8], points: NDArray[np.floating[Any]]) -> None:
    _draw_dots(canvas, points, _FACE_RADIUS, _WHITE)


def _draw_dots(
    canvas: NDArray[np.uint8], points: NDArray[np.floating[Any]], radius: int, colour: tuple[int, int, int]
) -> None:
    for point in points:
        x, y = _pixel(point)
        if x > 0 and y > 0:  # as DWPose has it: the first row and column show none
            cv2.circle(canvas, (x, y), radius, colour, -1)


def _pixel(point: NDArray[np.floating[Any]]) -> tuple[int, int]:
    """Return the pixel that a point lies in, cut as DWPose cuts."""
    return int(point[0]), int(point[1])


def _check(keypoints: NDArray[np.floating[Any]], confidence: NDArray[np.floating[Any]]) -> None:
    fits = keypoints.ndim == 3 and keypoints.shape[:2] == confidence.shape and keypoints.shape[2] == 2
    if not fits or keypoints.shape[1] not in (18, 134):
        raise MismatchError(
            f"key points {list(keypoints.shape)} and confidence {list(confidence.shape)} are not a frame's",
            "give [people, 18 or 134, 2] and [people, 18 or 134]",
        )

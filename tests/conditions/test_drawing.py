"""Drawings in DWPose's style, against its rules written down plainly."""

from __future__ import annotations

import cv2
import matplotlib.colors
import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench.conditions.drawing import DrawingStyle, draw_whole_bodies
from mcbench.errors import InputError, MismatchError

# As DWPose lists them, counted from 1.
LIMBS = [[2, 3], [2, 6], [3, 4], [4, 5], [6, 7], [7, 8], [2, 9], [9, 10], [10, 11], [2, 12], [12, 13],
         [13, 14], [2, 1], [1, 15], [15, 17], [1, 16], [16, 18]]  # fmt: skip
COLOURS = [(255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0),
           (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255),
           (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85)]  # fmt: skip
FINGERS = [(0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1)
           for finger in range(5) for joint in range(4)]  # fmt: skip


def ellipse(canvas: NDArray[np.uint8], start: NDArray, end: NDArray, colour: tuple[int, ...]) -> None:
    """An outline of 361 points at whole degrees, rounded and filled: what cv2.ellipse2Poly gives."""
    middle = (start + end) / 2
    half = int(np.hypot(*(start - end)) / 2)
    turn = np.deg2rad(int(np.rad2deg(np.arctan2(start[1] - end[1], start[0] - end[0]))))
    degrees = np.deg2rad(np.arange(361))
    x, y = half * np.cos(degrees), 4 * np.sin(degrees)
    points = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
    outline = np.round(points + np.trunc(middle)).astype(np.int32)
    cv2.fillConvexPoly(canvas, outline, colour)


def plain(points: NDArray, sure: NDArray, size: tuple[int, int]) -> NDArray[np.uint8]:
    """DWPose's drawing: limbs, all darkened at the end, joints, hands, faces."""
    canvas = np.zeros((*size, 3), np.uint8)
    for (start, end), colour in zip(LIMBS, COLOURS, strict=False):
        for person in range(len(points)):
            if min(sure[person, start - 1], sure[person, end - 1]) > 0.3:
                ellipse(canvas, points[person, start - 1], points[person, end - 1], colour)
    canvas = (canvas * 0.6).astype(np.uint8)
    for joint, colour in enumerate(COLOURS):
        for person in range(len(points)):
            if sure[person, joint] > 0.3:
                cv2.circle(canvas, tuple(points[person, joint].astype(int)), 4, colour, -1)
    if points.shape[1] == 18:
        return canvas
    for first in (92, 113):
        for person in range(len(points)):
            hand, shown = (
                points[person, first : first + 21].astype(int),
                sure[person, first : first + 21] > 0.3,
            )
            for index, (start, end) in enumerate(FINGERS):
                if shown[start] and shown[end] and min(*hand[start], *hand[end]) > 0:
                    colour = matplotlib.colors.hsv_to_rgb([index / 20, 1, 1]) * 255
                    cv2.line(canvas, tuple(hand[start]), tuple(hand[end]), colour.tolist(), 2)
            for point in hand[shown]:
                if min(point) > 0:
                    cv2.circle(canvas, tuple(point), 4, (0, 0, 255), -1)
    for person in range(len(points)):
        for point, found in zip(points[person, 24:92].astype(int), sure[person, 24:92] > 0.3, strict=True):
            if found and min(point) > 0:
                cv2.circle(canvas, tuple(point), 3, (255, 255, 255), -1)
    return canvas


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("number", [18, 134])
def test_drawings_are_dwposes(seed: int, number: int) -> None:
    random = np.random.default_rng(seed)
    size = [(128, 96), (96, 200), (256, 256)][seed % 3]
    points = random.uniform(-8, (size[1] + 8, size[0] + 8), (1 + seed % 3, number, 2))
    sure = random.uniform(0, 1, points.shape[:2])
    found, expected = draw_whole_bodies(points, sure, size), plain(points, sure, size)
    # OpenCV rounds an outline's point at a half where we round to even: at most a rim of single pixels.
    assert (found != expected).any(axis=2).mean() < 0.002
    assert found.any()


def one_limb(style: DrawingStyle) -> NDArray[np.uint8]:
    """Two people whose upper arms cross at the same place, one upright, one level."""
    points, sure = np.full((2, 18, 2), np.nan), np.zeros((2, 18))
    points[0, [2, 3]], points[1, [3, 4]] = [(50, 20), (50, 80)], [(20, 50), (80, 50)]
    sure[0, [2, 3]] = sure[1, [3, 4]] = 1
    return draw_whole_bodies(points, sure, (100, 100), style=style)


def test_styles_differ_in_who_is_on_top() -> None:
    # Limb 3 (elbow to wrist) of the second person is drawn after limb 2 (shoulder to elbow) in both.
    for style in ("dwpose", "openpose"):
        drawing = one_limb(style)
        assert tuple(drawing[50, 50]) == tuple(int(0.6 * c) for c in COLOURS[3])
        assert tuple(drawing[35, 50]) == tuple(int(0.6 * c) for c in COLOURS[2])
    points, sure = np.full((2, 18, 2), np.nan), np.zeros((2, 18))
    points[0, 2], sure[0, 2] = (50, 50), 1
    points[1, [3, 4]], sure[1, [3, 4]] = [(20, 50), (80, 50)], 1
    by_limb = draw_whole_bodies(points, sure, (100, 100), style="dwpose")
    by_person = draw_whole_bodies(points, sure, (100, 100), style="openpose")
    assert tuple(by_limb[50, 50]) == COLOURS[2], "joints of everybody lie on limbs of everybody"
    assert tuple(by_person[50, 50]) == tuple(int(0.6 * c) for c in COLOURS[3]), (
        "the second person lies on top"
    )


def test_parts_can_be_left_out_and_unsure_points_are() -> None:
    random = np.random.default_rng(1)
    points, sure = random.uniform(20, 100, (1, 134, 2)), np.ones((1, 134))
    body = draw_whole_bodies(points[:, :18], sure[:, :18], (128, 128))
    bare = draw_whole_bodies(points, sure, (128, 128), hands=False, face=False)
    np.testing.assert_array_equal(bare, body)
    assert (draw_whole_bodies(points, sure, (128, 128), hands=False) != body).any()
    assert not draw_whole_bodies(points, sure * 0.3, (128, 128)).any()
    points[:] = np.nan
    assert not draw_whole_bodies(points, sure, (128, 128)).any()
    assert not draw_whole_bodies(points[:0], sure[:0], (128, 128)).any()


def test_bad_input_is_told() -> None:
    with pytest.raises(MismatchError, match="134"):
        draw_whole_bodies(np.zeros((1, 17, 2)), np.zeros((1, 17)), (64, 64))
    with pytest.raises(MismatchError, match="134"):
        draw_whole_bodies(np.zeros((2, 18, 2)), np.zeros((1, 18)), (64, 64))
    with pytest.raises(InputError, match="dwpose and openpose"):
        draw_whole_bodies(np.zeros((1, 18, 2)), np.ones((1, 18)), (64, 64), style="other")  # type: ignore[arg-type]

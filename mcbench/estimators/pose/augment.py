"""What training does to a crop: turns, shifts, blurs, recolours, covers it; and where its joints are then."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.estimators.pose.architecture import (
    ASPECT,
    INPUT_SIZE,
    MAP_SIZE,
    MARGIN,
    box_plane,
)
from mcbench.estimators.pose.crops import person_boxes
from mcbench.estimators.pose.footage import CROP_SIZE, People

MIRRORED = np.array([0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16])
"""Which key point of COCO-18 each becomes in a mirror."""
NOBODY = 0.1
"""Share of the crops that are made to show nobody; their maps are to be even."""
COVERED_WEIGHT = 0.3
"""Weight of a covered key point in the loss: it can only be guessed."""
_BOX_ERROR = 0.12
"""How far each edge of a box may be off, as a share of its larger side."""
_BEYOND = 20
"""Rows at the top and bottom of a kept crop that lie beyond head and feet."""
_SPREAD = 0.9
"""Standard deviation of a target in cells of the map."""


class Example(NamedTuple):
    """One crop as the network is trained on it.

    Attributes:
        planes: float32 [4, 128, 96]: colours on -1..1 and the box.
        targets: float32 [18, 32, 24], each summing to 1, or 0 where there is nothing to learn; even where
            nobody is.
        weights: float32 [18].
    """

    planes: NDArray[np.float32]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]


def draw_example(people: People, index: int, random: np.random.Generator) -> Example:
    """Return a distorted view of a person; the box is as inexact as that of a person who moved."""
    turn = _turned(people.keypoints[index] * (CROP_SIZE[1], CROP_SIZE[0]), random)
    points, visibility = turn.points, people.visibility[index]
    if turn.mirrored:
        points, visibility = points[MIRRORED], visibility[MIRRORED]
    box = person_boxes(points, visibility)
    box = box + random.uniform(-_BOX_ERROR, _BOX_ERROR, 4) * max(box[2] - box[0], box[3] - box[1])
    scale = INPUT_SIZE[0] / (MARGIN * max(box[3] - box[1], (box[2] - box[0]) / ASPECT, 2.0))
    shift = np.array([INPUT_SIZE[1], INPUT_SIZE[0]]) / 2 - scale * (box[:2] + box[2:]) / 2
    matrix = scale * turn.matrix
    matrix[:, 2] += shift
    crop = _warp(people.crops[index], matrix)
    if random.random() < 0.3:
        crop = _covered(crop, people.crops[int(random.integers(len(people)))], random)
    nobody = bool(random.random() < NOBODY)
    if nobody:
        crop = _without_anybody(crop, people.crops[index], random)
    planes = np.concatenate([_recoloured(crop, random), box_plane(box * scale + np.tile(shift, 2))[None]])
    if nobody:
        even = np.full((18, *MAP_SIZE), 1 / (MAP_SIZE[0] * MAP_SIZE[1]), np.float32)
        return Example(planes, even, np.ones(18, np.float32))
    points = points * scale + shift
    inside = (points >= 0).all(axis=1) & (points < (INPUT_SIZE[1], INPUT_SIZE[0])).all(axis=1)
    weights = np.where(visibility == 2, 1.0, COVERED_WEIGHT) * (inside & (visibility > 0))
    targets = _targets(points) * (weights > 0)[:, None, None].astype(np.float32)
    return Example(planes, targets, weights.astype(np.float32))


class _Turn(NamedTuple):
    matrix: NDArray[np.float64]
    points: NDArray[np.float64]
    mirrored: bool


def _turned(points: NDArray[np.float64], random: np.random.Generator) -> _Turn:
    """Return a rotation about the crop's middle, perhaps with a mirror, and the points after it."""
    angle = np.deg2rad(random.normal(0, 9))
    mirrored = bool(random.random() < 0.5)
    stretch = np.exp(random.normal(0, 0.05))
    flip = -1.0 if mirrored else 1.0
    linear = np.array(
        [[np.cos(angle) * flip * stretch, -np.sin(angle)], [np.sin(angle) * flip * stretch, np.cos(angle)]]
    )
    middle = np.array([CROP_SIZE[1], CROP_SIZE[0]]) / 2
    matrix = np.concatenate([linear, (middle - linear @ middle)[:, None]], axis=1)
    return _Turn(matrix, points @ linear.T + matrix[:, 2], mirrored)


def _warp(crop: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    # OpenCV counts pixel centres at integers.
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    warped = cv2.warpAffine(
        crop.astype(np.float32), centred, (INPUT_SIZE[1], INPUT_SIZE[0]),
        flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(warped, np.float32)


def _covered(
    crop: NDArray[np.float32], other: NDArray[np.uint8], random: np.random.Generator
) -> NDArray[np.float32]:
    """Lay a piece of another picture over part of the crop, or let the whole shine through."""
    height, width = INPUT_SIZE
    layer = np.asarray(cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    if random.random() < 0.35:
        share = random.uniform(0.05, 0.3)
        return np.asarray(crop * (1 - share) + layer * share, np.float32)
    rows, columns = (int(random.integers(8, side // 2)) for side in (height, width))
    top, left = int(random.integers(height - rows)), int(random.integers(width - columns))
    covered = crop.copy()
    covered[top : top + rows, left : left + columns] = layer[top : top + rows, left : left + columns]
    return covered


def _without_anybody(
    crop: NDArray[np.float32], kept: NDArray[np.uint8], random: np.random.Generator
) -> NDArray[np.float32]:
    """Return one colour, a blur without shape, noise, or what is above or below the person over and over."""
    height, width = INPUT_SIZE
    kind = float(random.random())
    if kind < 0.15:
        return np.broadcast_to(random.uniform(0, 255, 3).astype(np.float32), crop.shape).copy()
    if kind < 0.3:
        return np.asarray(cv2.GaussianBlur(crop, (0, 0), float(random.uniform(20, 40))), np.float32)
    if kind < 0.45:
        noise = random.standard_normal(crop.shape, np.float32) * np.float32(random.uniform(30, 90))
        return np.asarray(crop.mean(axis=(0, 1)) + noise, np.float32)
    strip = np.asarray((kept if random.random() < 0.5 else kept[::-1])[:_BEYOND], np.float32)
    way = np.concatenate([strip, strip[::-1]])
    first, start = int(random.integers(len(way))), int(random.integers(CROP_SIZE[1] - width + 1))
    repeated = np.tile(way, (-(-height // len(way)) + 1, 1, 1))
    return repeated[first : first + height, start : start + width]


def _recoloured(crop: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Return planes [3, 128, 96] on -1..1 after blur, noise and other light."""
    if random.random() < 0.4:
        crop = np.asarray(cv2.GaussianBlur(crop, (0, 0), float(random.uniform(0.4, 2.2))), np.float32)
    if random.random() < 0.25:
        share = float(random.uniform(0.25, 0.8))
        small = cv2.resize(crop, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        back = cv2.resize(small, (INPUT_SIZE[1], INPUT_SIZE[0]), interpolation=cv2.INTER_LINEAR)
        crop = np.asarray(back, np.float32)
    gains = np.exp(random.normal(0, 0.12) + random.normal(0, 0.08, 3))
    crop = crop * gains.astype(np.float32) + np.float32(random.normal(0, 8))
    if random.random() < 0.15:
        grey = crop.mean(axis=2, keepdims=True)
        crop = grey + (crop - grey) * np.float32(random.uniform(0, 0.7))
    if random.random() < 0.4:
        crop = crop + random.standard_normal(crop.shape, np.float32) * np.float32(random.uniform(1, 20))
    return np.clip(crop, 0, 255).transpose(2, 0, 1) / np.float32(127.5) - np.float32(1)


def _targets(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return a Gaussian around each point, float32 [18, 32, 24], each summing to 1."""
    rows, columns = MAP_SIZE
    at = points * (columns / INPUT_SIZE[1], rows / INPUT_SIZE[0])
    across = np.exp(-((np.arange(columns) + 0.5 - at[:, :1]) ** 2) / (2 * _SPREAD**2))
    down = np.exp(-((np.arange(rows) + 0.5 - at[:, 1:]) ** 2) / (2 * _SPREAD**2))
    maps = down[:, :, None] * across[:, None, :]
    return np.asarray(maps / np.maximum(maps.sum(axis=(1, 2), keepdims=True), 1e-12), np.float32)

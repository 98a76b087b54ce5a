"""Resizes written out in numpy, for tests to compare with."""

from __future__ import annotations

import math

import numpy as np


def bilinear(frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Sample [H, W, 3] at pixel centres between its four neighbours, edges repeated, no antialiasing."""
    axes = []
    for length, wanted in zip(frame.shape[:2], size, strict=True):
        place = np.clip((np.arange(wanted) + 0.5) * length / wanted - 0.5, 0, None)
        low = np.minimum(np.floor(place).astype(int), length - 1)
        axes.append((low, np.minimum(low + 1, length - 1), place - low))
    (top, bottom, down), (left, right, along) = axes
    down, along = down[:, None, None], along[None, :, None]
    upper = frame[top][:, left] * (1 - along) + frame[top][:, right] * along
    lower = frame[bottom][:, left] * (1 - along) + frame[bottom][:, right] * along
    return upper * (1 - down) + lower * down


def covered(frame: np.ndarray, side: int) -> np.ndarray:
    """Return the centre square of a frame whose shorter side was resized to `side`."""
    height, width = frame.shape[:2]
    scale = side / min(height, width)
    whole = (side, math.ceil(width * scale)) if height < width else (math.ceil(height * scale), side)
    top, left = (whole[0] - side) // 2, (whole[1] - side) // 2
    return bilinear(frame, whole)[top : top + side, left : left + side]

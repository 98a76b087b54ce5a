"""People of a simple shape who walk in straight lines: what trackers are tried on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcbench.estimators.pose import People

HEIGHT = 100.0
FIGURE = np.array(
    [(0, 8), (0, 20), (-12, 20), (-18, 35), (-20, 48), (12, 20), (18, 35), (20, 48), (-7, 52), (-8, 75),
     (-8, 98), (7, 52), (8, 75), (8, 98), (-3, 6), (3, 6), (-6, 7), (6, 7)], np.float64
)  # fmt: skip
"""COCO-18 of somebody 100 pixels tall who stands at (0, 0)."""


def standing(*places: tuple[float, float], confidence: float = 0.9) -> People:
    """People who stand with the middle of their heads' tops at places."""
    points = FIGURE + np.array(places).reshape(-1, 1, 2)
    return People(
        points.astype(np.float32),
        np.full(points.shape[:2], confidence, np.float32),
        np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1).astype(np.float32),
        np.full(len(points), 0.9, np.float32),
    )


def painted(people: People, colours: list[tuple[int, int, int]], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A grey picture in which everybody's box is filled with his colour, the last person in front."""
    picture = np.full((*size, 3), 128, np.uint8)
    for box, colour in zip(people.boxes, colours, strict=True):
        left, top, right, bottom = np.clip(np.round(box), 0, (size[1], size[0]) * 2).astype(int)
        picture[top:bottom, left:right] = colour
    return picture

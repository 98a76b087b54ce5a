"""From a frame and the boxes of its people to the crops that a pose network sees, and back to pixels.

Coordinates are those of `mcbench.data.truth.Poses`: pixel centres lie at half-integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.records import Size

_SMALLEST_SIDE = 2.0


def person_boxes(keypoints: NDArray[np.floating[Any]], visibility: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the box of every person's key points that are in the picture, covered ones too.

    Args:
        keypoints: [..., 18, 2], (x, y) in pixels.
        visibility: uint8 [..., 18]: 0 outside the picture or unknown, 1 covered, 2 visible.

    Returns:
        float64 [..., 4]: left, top, right, bottom. NaN where fewer than two points are in the picture.
    """
    points = np.asarray(keypoints, dtype=np.float64)
    inside = (np.asarray(visibility) > 0) & np.isfinite(points).all(axis=-1)
    low = np.where(inside[..., None], points, np.inf).min(axis=-2)
    high = np.where(inside[..., None], points, -np.inf).max(axis=-2)
    boxes = np.concatenate([low, high], axis=-1)
    boxes[inside.sum(axis=-1) < 2] = np.nan
    return boxes


@dataclass(frozen=True)
class Crop:
    """A rectangle of whole pixels around a box; it may reach beyond the picture.

    Attributes:
        left, top: of its first pixel.
        width, height: in pixels of the picture.
    """

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def around(cls, box: NDArray[np.float64], margin: float, aspect: float) -> Crop:
        """Return the crop with the box in its middle.

        Args:
            box: left, top, right, bottom.
            margin: the crop's height as a multiple of the box's, or its width, whichever is the larger.
            aspect: width / height of the crop.
        """
        left, top, right, bottom = (float(edge) for edge in box)
        height = margin * max(bottom - top, (right - left) / aspect, _SMALLEST_SIDE)
        rows, columns = max(round(height), 2), max(round(height * aspect), 2)
        across, down = (left + right) / 2, (top + bottom) / 2
        return cls(round(across - columns / 2), round(down - rows / 2), columns, rows)

    def cut(self, frame: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
        """Return the crop, resized to `size`: uint8 [*size, 3].

        Beyond the picture its edge is repeated. Shrinking averages areas, enlarging is bilinear.
        """
        rows = np.clip(np.arange(self.top, self.top + self.height), 0, frame.shape[0] - 1)
        columns = np.clip(np.arange(self.left, self.left + self.width), 0, frame.shape[1] - 1)
        piece = frame[rows[:, None], columns[None, :]]
        shrinks = self.height > size[0]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        resized: NDArray[np.uint8] = np.asarray(cv2.resize(piece, (size[1], size[0]), interpolation=how))
        return resized

    def to_frame(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return points [..., 2], given in parts of the crop's width and height, in the frame's pixels."""
        inside = np.asarray(points, np.float64)
        return inside * (self.width, self.height) + (self.left, self.top)

    def from_frame(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return points [..., 2] of the frame in parts of the crop's width and height."""
        return (np.asarray(points, np.float64) - (self.left, self.top)) / (self.width, self.height)

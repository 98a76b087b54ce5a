"""Square crops that may be turned, as BlazePose's own graph cuts them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_FINEST = 4
"""Shrinking by more than this averages no more pixels: nobody would be recognised then either."""


@dataclass(frozen=True)
class TurnedCrop:
    """A square around a centre whose upward side points along a direction.

    Attributes:
        centre: (x, y) in pixels of the frame, pixel centres at half-integers.
        side: in pixels of the frame.
        angle: clockwise, in radians; 0 is upright.
    """

    centre: tuple[float, float]
    side: float
    angle: float = 0.0

    @classmethod
    def from_circle(cls, middle: NDArray[np.float64], edge: NDArray[np.float64], margin: float) -> TurnedCrop:
        """Return the square about a circle, turned so that `edge` lies straight above `middle`.

        Args:
            middle: (x, y) of the circle's centre.
            edge: (x, y) of the point of the circle that is the person's upward direction.
            margin: the square's side in diameters of the circle.
        """
        across, up = float(edge[0] - middle[0]), float(middle[1] - edge[1])
        side = max(2 * margin * math.hypot(across, up), 2.0)
        return cls((float(middle[0]), float(middle[1])), side, math.atan2(across, up))

    def cut(self, frame: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
        """Return the crop, uint8 [pixels, pixels, 3]: black beyond the picture; shrinking averages areas."""
        finer = min(max(math.ceil(self.side / pixels), 1), _FINEST)
        size = pixels * finer
        cut = cv2.warpAffine(
            frame,
            self._matrix(size),
            (size, size),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
        )
        if finer > 1:
            cut = cv2.resize(cut, (pixels, pixels), interpolation=cv2.INTER_AREA)
        return np.asarray(cut, np.uint8)

    def to_frame(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Return points [..., 2], given in parts of the crop's sides, in the frame's pixels."""
        inside = (np.asarray(points, np.float64) - 0.5) * self.side
        return inside @ self._turn().T + self.centre

    def _turn(self) -> NDArray[np.float64]:
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return np.array([[cos, -sin], [sin, cos]])

    def _matrix(self, size: int) -> NDArray[np.float64]:
        """Return OpenCV's matrix [2, 3] from its pixels of the crop to its pixels of the frame."""
        turn = self._turn() * (self.side / size)
        # OpenCV has pixel centres at integers: half a pixel goes on before and comes off after.
        offset = np.asarray(self.centre) + turn @ np.full(2, 0.5 - size / 2) - 0.5
        return np.concatenate([turn, offset[:, None]], axis=1)

"""What a pose detector is to the metrics."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError


class Detection(NamedTuple):
    """The key points of a frame's people.

    Attributes:
        keypoints: float64 [P, 18, 2], COCO-18, (x, y) in pixels of the frame with pixel centres at
            half-integers; NaN for a person without a box.
        confidence: float64 [P, 18], 0..1; 0 for a person without a box.
    """

    keypoints: NDArray[np.float64]
    confidence: NDArray[np.float64]


class PoseDetector(Protocol):
    """A loaded detector of one person's key points at a time, in a crop around the box it is told.

    Attributes:
        name: `pose@embedded` or the catalogue's name of its weights.
        threshold: confidence from which a key point counts as found.
    """

    @property
    def name(self) -> str:
        """Its name for protocols and records."""

    @property
    def threshold(self) -> float:
        """Confidence from which a key point counts as found."""

    def detect(self, frame: NDArray[np.uint8], boxes: NDArray[np.floating[Any]]) -> Detection:
        """Return the key points of the people in the boxes.

        Args:
            frame: uint8 [height, width, 3], RGB.
            boxes: [P, 4], left, top, right, bottom in pixels (see `person_boxes`); NaN for a person who is
                not to be looked for.

        Raises:
            InputError: the frame or the boxes have another shape or dtype.
        """


def check_request(frame: NDArray[np.uint8], boxes: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Check what a detector is given and return which people have a box.

    Raises:
        InputError: the frame or the boxes have another shape or dtype, or a box ends before it begins.
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise InputError(
            f"a pose detector takes a frame uint8 [height, width, 3], not {frame.dtype} {list(frame.shape)}"
        )
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise InputError(f"boxes are [people, 4] (left, top, right, bottom), not {list(boxes.shape)}")
    if (boxes[:, 2:] < boxes[:, :2]).any():
        raise InputError("a box ends before it begins: give left, top, right, bottom")
    return np.flatnonzero(np.isfinite(boxes).all(axis=1))

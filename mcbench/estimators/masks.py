"""Masks of people whose boxes are known: the segmentation that BlazePose gives beside its key points.

Source: MediaPipe 0.10.21, `modules/pose_landmark/pose_landmark_full.tflite`, third output: logits of
belonging to the person in the middle of a square crop of 256x256. Deviations from MediaPipe's graph: crops
come from a box of key points and are not turned; no smoothing over time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench import weights
from mcbench.errors import InputError
from mcbench.estimators.identity import EstimatorIdentity
from mcbench.estimators.openvino_network import OpenVinoNetwork, load_openvino
from mcbench.records import WeightsUse
from mcbench.video import Frame

if TYPE_CHECKING:
    from mcbench.estimators.pose.crops import Crop

FROM_POSE, BLAZEPOSE = "from-pose", "blazepose"
MASK_ESTIMATORS = (FROM_POSE, BLAZEPOSE)
"""`from-pose` is the dilated skeleton and looks at no pixel; `blazepose` cuts it to what is a person."""

_SIDE = 256
_SHAPES = [[1, _SIDE, _SIDE, 3], [1, 195], [1, 1], [1, _SIDE, _SIDE, 1]]
"""Of the network's input, landmarks, presence and segmentation."""
_MARGIN = 1.25
_LARGEST_LOGIT = 60.0


def mask_identity(name: str, *, home: Path | None = None) -> EstimatorIdentity:
    """Return what a record says of an estimator of masks, without loading it.

    Raises:
        InputError: there is no such estimator, or what runs it is not installed.
        WeightsMissingError: its weights are not on this machine; the hint is the command that gets them.
    """
    if name == FROM_POSE:
        return EstimatorIdentity(name=FROM_POSE)
    if name != BLAZEPOSE:
        raise InputError(
            f"no estimator of masks is called {name!r}", f"there are {', '.join(MASK_ESTIMATORS)}"
        )
    used = weights.present(BLAZEPOSE, home)
    return EstimatorIdentity(
        name=BLAZEPOSE,
        weights=(WeightsUse(name=BLAZEPOSE, sha256=used.sha256),),
        settings={"margin": _MARGIN},
    )


def load_segmenter(*, home: Path | None = None) -> Segmenter:
    """Load BlazePose's segmentation, on OpenVINO on the CPU in float32.

    Raises:
        InputError: OpenVINO is not installed.
        WeightsMissingError: the weights are not on this machine; the hint is the command that gets them.
        FileFormatError: the file holds another network.
    """
    path = weights.find(BLAZEPOSE, home)
    return Segmenter(load_openvino(path, "BlazePose with its segmentation", BLAZEPOSE, _SHAPES))


class Segmenter:
    """BlazePose's segmentation of one person at a time."""

    def __init__(self, network: OpenVinoNetwork) -> None:
        self._network = network

    def person(self, frame: Frame, box: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return where the person in a box is.

        Args:
            frame: uint8 [height, width, 3], RGB.
            box: [4], left, top, right, bottom of his key points, in pixels.

        Returns:
            float32 [height, width], the probability, 0..1; 0 outside the crop, 1.25 times the box.
        """
        from mcbench.estimators.pose.crops import Crop  # its package imports torch

        crop = Crop.around(np.asarray(box, np.float64), _MARGIN, 1.0)
        pixels = crop.cut(frame, (_SIDE, _SIDE)).astype(np.float32)[None] / np.float32(255)
        logits = self._network.infer(pixels)[2][0, ..., 0]
        sure = 1 / (1 + np.exp(-np.clip(logits, -_LARGEST_LOGIT, _LARGEST_LOGIT)))
        return _place(sure.astype(np.float32), crop, frame.shape[:2])


def _place(values: NDArray[np.float32], crop: Crop, size: tuple[int, ...]) -> NDArray[np.float32]:
    """Return a picture of `size` with a crop's values where the crop lies, and 0 elsewhere."""
    enlarged = cv2.resize(values, (crop.width, crop.height), interpolation=cv2.INTER_LINEAR)
    canvas = np.zeros(size[:2], np.float32)
    top, left = max(crop.top, 0), max(crop.left, 0)
    bottom, right = min(crop.top + crop.height, size[0]), min(crop.left + crop.width, size[1])
    if top < bottom and left < right:
        canvas[top:bottom, left:right] = enlarged[
            top - crop.top : bottom - crop.top, left - crop.left : right - crop.left
        ]
    return canvas

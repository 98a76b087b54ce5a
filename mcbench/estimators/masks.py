"""Masks of people whose boxes are known: the segmentation that BlazePose gives beside its key points.

Source: MediaPipe 0.10.21, `modules/pose_landmark/pose_landmark_full.tflite`, third output: logits of
belonging to the person in the middle of a square crop of 256x256. Deviations from MediaPipe's graph: crops
come from a box of key points and are not turned; no smoothing over time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench import weights
from mcbench.errors import FileFormatError, InputError
from mcbench.estimators.identity import EstimatorIdentity
from mcbench.estimators.pose.crops import Crop
from mcbench.records import WeightsUse
from mcbench.video import Frame

FROM_POSE, BLAZEPOSE = "from-pose", "blazepose"
MASK_ESTIMATORS = (FROM_POSE, BLAZEPOSE)
"""`from-pose` is the dilated skeleton and looks at no pixel; `blazepose` cuts it to what is a person."""

_SIDE = 256
_SHAPES = [[1, _SIDE, _SIDE, 3], [1, _SIDE, _SIDE, 1]]
"""Of the network's input and of its segmentation."""
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
    try:
        import openvino  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise InputError(
            "BlazePose runs on OpenVINO, which is not installed", "pip install 'mcbench[fast]'"
        ) from None
    core = openvino.Core()
    try:
        model = core.read_model(path)
        shapes = [list(port.shape) for port in (*model.inputs, *model.outputs[2:3])]
    except RuntimeError as error:
        raise FileFormatError(
            f"{path} is no network that OpenVINO can read: {str(error).splitlines()[0]}",
            f"mcbench weights fetch {BLAZEPOSE}",
        ) from error
    if shapes != _SHAPES:
        raise FileFormatError(
            f"{path} is not BlazePose with its segmentation: {shapes}",
            f"mcbench weights fetch {BLAZEPOSE}",
        )
    # Left alone OpenVINO would compute in bfloat16 where the CPU can.
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    return Segmenter(core.compile_model(model, "CPU", settings))


class Segmenter:
    """BlazePose's segmentation of one person at a time."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    def person(self, frame: Frame, box: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return where the person in a box is.

        Args:
            frame: uint8 [height, width, 3], RGB.
            box: [4], left, top, right, bottom of his key points, in pixels.

        Returns:
            float32 [height, width], the probability, 0..1; 0 outside the crop, 1.25 times the box.
        """
        crop = Crop.around(np.asarray(box, np.float64), _MARGIN, 1.0)
        pixels = crop.cut(frame, (_SIDE, _SIDE)).astype(np.float32)[None] / np.float32(255)
        logits = np.asarray(self._compiled([pixels])[2], np.float32)[0, ..., 0]
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

"""BlazePose: 33 points of one person, from the .tflite file that MediaPipe publishes, run by OpenVINO.

Source: MediaPipe 0.10.21, `modules/pose_landmark/pose_landmark_full.tflite` (Apache-2.0); Bazarevsky et
al. 2020, arXiv 2006.10204. Deviations from MediaPipe's own graph: crops come from the true box instead of its
person detector, and are never turned; no smoothing over time; the neck is the middle of the shoulders.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcbench.estimators.boxes import box_iou
from mcbench.estimators.openvino_network import OpenVinoNetwork, load_openvino
from mcbench.estimators.pose.contract import Detection, check_request
from mcbench.estimators.pose.crops import Crop, person_boxes

BLAZEPOSE = "blazepose"
MARGIN = 1.25
"""Side of the square crop as a multiple of the larger side of the box of key points."""
_WIDE_MARGIN = 2.0
_CLEARLY_BETTER = 0.1
"""By how much more of the box another view has to fit, as IoU, to be taken."""
INPUT_SIDE = 256
_LANDMARKS, _NUMBERS = 39, 5
CIRCLE = [33, 34]
"""The middle of the hips, and a point on the circle around the whole body."""
_LEFT_SHOULDER, _RIGHT_SHOULDER = 11, 12
_FROM_BLAZEPOSE = np.array([0, 0, 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7])
"""BlazePose's index of each key point of COCO-18; the neck's is put right afterwards."""
_NECK = 1


class _Seen(NamedTuple):
    """A person in one crop: points and confidence, and the box of the circle around his whole body."""

    keypoints: NDArray[np.float64]
    confidence: NDArray[np.float64]
    circle: NDArray[np.float64]


class LandmarkNetwork:
    """BlazePose's network of landmarks."""

    def __init__(self, network: OpenVinoNetwork) -> None:
        self._network = network

    def look(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float64], float]:
        """Return the landmarks of a crop [256, 256, 3], and whether anybody is there.

        Returns:
            landmarks float64 [39, 5], as in `coco18_from_landmarks`; the probability, 0..1, of a person.
        """
        outputs = self._network.infer(pixels.astype(np.float32)[None] / np.float32(255))
        return np.asarray(outputs[0], np.float64).reshape(_LANDMARKS, _NUMBERS), float(outputs[1].ravel()[0])


class BlazePose:
    """BlazePose (full) on OpenVINO, on the CPU in float32; a `PoseDetector`."""

    def __init__(self, network: LandmarkNetwork) -> None:
        self._network = network

    @property
    def name(self) -> str:
        """`blazepose`."""
        return BLAZEPOSE

    @property
    def threshold(self) -> float:
        """Confidence from which a key point counts as found."""
        return 0.2

    def detect(self, frame: NDArray[np.uint8], boxes: NDArray[np.floating[Any]]) -> Detection:
        """Return the key points of the people in the boxes.

        Raises:
            InputError: see `check_request`.
        """
        here = check_request(frame, boxes)
        keypoints = np.full((len(boxes), 18, 2), np.nan)
        confidence = np.zeros((len(boxes), 18))
        for person in here:
            seen = self._person(frame, np.asarray(boxes[person], np.float64))
            keypoints[person], confidence[person] = seen.keypoints, seen.confidence
        return Detection(keypoints, confidence)

    def _person(self, frame: NDArray[np.uint8], box: NDArray[np.float64]) -> _Seen:
        """Return what is seen close up, or further off where that fits the box clearly better."""
        near = self._look(frame, Crop.around(box, MARGIN, 1.0))
        fit = _fit(near.keypoints, box, frame)
        if fit + _CLEARLY_BETTER >= 1:
            return near
        # The box of half a body is far from the circle around a whole one that the network was trained on;
        # a wide view lets it tell where that circle is.
        wide = self._look(frame, Crop.around(box, _WIDE_MARGIN, 1.0))
        far = self._look(frame, Crop.around(wide.circle, MARGIN, 1.0))
        return far if _fit(far.keypoints, box, frame) > fit + _CLEARLY_BETTER else near

    def _look(self, frame: NDArray[np.uint8], crop: Crop) -> _Seen:
        landmarks, presence = self._network.look(crop.cut(frame, (INPUT_SIDE, INPUT_SIDE)))
        points, sure = coco18_from_landmarks(landmarks)
        middle, edge = crop.to_frame(landmarks[CIRCLE, :2] / INPUT_SIDE)
        radius = float(np.hypot(*(edge - middle)))
        circle = np.concatenate([middle - radius, middle + radius])
        return _Seen(crop.to_frame(points), sure * presence, circle)


def coco18_from_landmarks(
    landmarks: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return COCO-18 key points from BlazePose's output.

    Args:
        landmarks: [39, 5]: x and y in pixels of the 256x256 crop, depth, and the logits of being visible
            and of being in the crop. The first 33 are BlazePose's points, the others serve tracking.

    Returns:
        points float64 [18, 2] in parts of the crop; confidence float64 [18], the probability of being
        visible. The neck is the middle of the shoulders, as sure as the less sure of them.
    """
    shoulders = landmarks[[_LEFT_SHOULDER, _RIGHT_SHOULDER]]
    chosen = landmarks[_FROM_BLAZEPOSE]
    points = chosen[:, :2].copy()
    points[_NECK] = shoulders[:, :2].mean(axis=0)
    logits = chosen[:, 3].copy()
    logits[_NECK] = shoulders[:, 3].min()
    return points / INPUT_SIDE, 1 / (1 + np.exp(-np.clip(logits, -60, 60)))


def _fit(keypoints: NDArray[np.float64], box: NDArray[np.float64], frame: NDArray[np.uint8]) -> float:
    """Return the IoU of a box with that of the points that lie in the picture; 0 without two of them."""
    inside = ((keypoints >= 0) & (keypoints < (frame.shape[1], frame.shape[0]))).all(axis=1)
    found = person_boxes(keypoints, np.where(inside, 2, 0).astype(np.uint8))
    return float(box_iou(found[None], box[None])[0, 0])


def load_blazepose(path: Path) -> BlazePose:
    """Load BlazePose from its .tflite file.

    Raises:
        InputError: OpenVINO is not installed.
        FileFormatError: OpenVINO cannot read the file, or it holds another network.
    """
    return BlazePose(load_landmarks(path))


def load_landmarks(path: Path) -> LandmarkNetwork:
    """Load BlazePose's network of landmarks; raises what `load_blazepose` does."""
    shapes = [[1, INPUT_SIDE, INPUT_SIDE, 3], [1, _LANDMARKS * _NUMBERS], [1, 1]]
    return LandmarkNetwork(load_openvino(path, "BlazePose", BLAZEPOSE, shapes))

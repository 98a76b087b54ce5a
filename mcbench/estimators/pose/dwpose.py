"""DWPose: whole bodies of everybody in a frame, on ONNX Runtime.

Source: Yang et al. 2023, arXiv 2307.15880; the files `yolox_l.onnx` and `dw-ll_ucoco_384.onnx` of
IDEA-Research/DWPose (branch `onnx`, `cv_ox_det.py` and `cv_ox_pose.py`), whose way of feeding them rtmlib
0.0.16 has too. Kept as there, to the pixel: BGR, the frame in the upper left of 640x640 on grey, boxes of
`person` by score and non-maximum suppression, crops of 288x384 at 1.25 times the box without anti-aliasing,
points at half a pixel of the crop. Deviations: a frame without detections has nobody (DWPose takes the whole
frame for a person); people whom a tracker expects are looked for too; doubles are dropped.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench import weights
from mcbench.estimators.boxes import box_iou
from mcbench.estimators.identity import EstimatorIdentity
from mcbench.estimators.pose.contract import check_request
from mcbench.estimators.pose.onnx_network import OnnxNetwork, load_onnx
from mcbench.estimators.pose.people import People, nobody, without_doubles
from mcbench.estimators.pose.tracking import TRACKING_VERSION
from mcbench.estimators.pose.wholebody import COCO_WHOLE_BODY, WHOLE_BODY, with_neck
from mcbench.records import WeightsUse

DWPOSE, DETECTION = "dwpose", "dwpose-detection"
DETECTOR_SIDE = 640
CROP = (384, 288)
"""(height, width) of the crop."""
_STRIDES = (8, 16, 32)
_CANDIDATES = sum((DETECTOR_SIDE // stride) ** 2 for stride in _STRIDES)
_NUMBERS = 85
_GREY = 114
_LEAST_SCORE, _LEAST_HINTED = 0.3, 0.1
_MOST_OVERLAP = 0.45
_PERSON = 5
_MARGIN = 1.25
_SPLIT = 2
"""Cells of the two distributions (along x, along y) a pixel of the crop."""
_MEAN = np.array([123.675, 116.28, 103.53])
_STD = np.array([58.395, 57.12, 57.375])
_THRESHOLD = 0.3
_MOST_ALIKE, _MOST_ALIKE_HEADS = 0.7, 0.8
_SAME_BOX = 0.7


class DWPose:
    """DWPose (l, 384x288) behind YOLOX-l; a `PoseEstimator`."""

    def __init__(self, detector: OnnxNetwork, network: OnnxNetwork, identity: EstimatorIdentity) -> None:
        self._detector, self._network, self._identity = detector, network, identity

    @property
    def identity(self) -> EstimatorIdentity:
        """Its name, weights and settings."""
        return self._identity

    @property
    def threshold(self) -> float:
        """Confidence from which a key point counts as found."""
        return _THRESHOLD

    @property
    def points(self) -> int:
        """Whole bodies."""
        return WHOLE_BODY

    def estimate(self, frame: NDArray[np.uint8], near: People | None = None) -> People:
        """Return the people of a frame.

        Raises:
            InputError: see `check_request`.
        """
        expected = np.zeros((0, 4)) if near is None else np.asarray(near.boxes, np.float64)
        check_request(frame, expected)
        boxes, scores = self.person_boxes(frame)
        new = box_iou(expected, boxes).max(axis=1, initial=0.0) < _SAME_BOX
        boxes = np.concatenate([boxes, expected[new]])
        if not len(boxes):
            return nobody(WHOLE_BODY)
        points, sureness = zip(*(self.read(frame, box) for box in boxes), strict=True)
        keypoints, confidence = with_neck(np.stack(points), np.stack(sureness))
        # Nobody vouches for a box from a tracker but the points themselves.
        body = confidence[:, :18].mean(axis=1)
        people = People(
            keypoints.astype(np.float32),
            np.clip(confidence, 0, 1).astype(np.float32),
            boxes.astype(np.float32),
            np.clip(np.concatenate([scores, body[len(scores) :]]), 0, 1).astype(np.float32),
        )
        sure = people.only(np.flatnonzero(body >= _LEAST_HINTED))
        return without_doubles(sure, _THRESHOLD, most_alike=_MOST_ALIKE, most_alike_heads=_MOST_ALIKE_HEADS)

    def person_boxes(self, frame: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the boxes [N, 4] of a frame's people and their scores [N], surest first."""
        picture, ratio = letterbox(frame)
        planes = picture[..., ::-1].transpose(2, 0, 1).astype(np.float32)[None]
        return decode_boxes(self._detector.infer(planes)[0][0], ratio)

    def read(
        self, frame: NDArray[np.uint8], box: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the 133 points [133, 2] of the person in a box and their confidence [133]."""
        centre, extent = crop_of(box)
        planes = (cut(frame, centre, extent)[..., ::-1] - _MEAN) / _STD
        x, y = self._network.infer(planes.transpose(2, 0, 1)[None].astype(np.float32))
        points, confidence = decode_points(x[0], y[0])
        return points / CROP[::-1] * extent + centre - extent / 2, confidence


def letterbox(frame: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """Return a frame in the upper left of a grey square, uint8 [640, 640, 3], and how much smaller it is."""
    height, width = frame.shape[:2]
    ratio = min(DETECTOR_SIDE / height, DETECTOR_SIDE / width)
    size = int(width * ratio), int(height * ratio)
    square = np.full((DETECTOR_SIDE, DETECTOR_SIDE, 3), _GREY, np.uint8)
    square[: size[1], : size[0]] = cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR)
    return square, ratio


def decode_boxes(
    numbers: NDArray[np.float32], ratio: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the people of YOLOX's output, surest first.

    Args:
        numbers: [8400, 85]: centre, logarithms of width and height (all in strides, from the cell), whether
            anything is there, and 80 classes of which the first is a person.
        ratio: see `letterbox`.

    Returns:
        boxes float64 [N, 4], left, top, right, bottom in pixels of the frame; scores float64 [N], 0..1.
    """
    cells, strides = [], []
    for stride in _STRIDES:
        side = DETECTOR_SIDE // stride
        y, x = np.divmod(np.arange(side * side), side)
        cells.append(np.stack([x, y], axis=-1))
        strides.append(np.full((side * side, 1), stride))
    place, stride_of = np.concatenate(cells), np.concatenate(strides)
    values = np.asarray(numbers, np.float64)
    scores = values[:, _PERSON - 1] * values[:, _PERSON]
    chosen = np.flatnonzero(scores > _LEAST_SCORE)
    centre = (values[chosen, :2] + place[chosen]) * stride_of[chosen]
    half = np.exp(values[chosen, 2:4]) * stride_of[chosen] / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1) / ratio
    kept = _suppress(boxes, scores[chosen])
    return boxes[kept], scores[chosen][kept]


def crop_of(box: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the centre (x, y) and the extent (width, height) in pixels of the crop about a box."""
    width, height = (box[2:] - box[:2]) * _MARGIN
    aspect = CROP[1] / CROP[0]
    extent = (width, width / aspect) if width > height * aspect else (height * aspect, height)
    return (box[:2] + box[2:]) / 2, np.array(extent)


def cut(
    frame: NDArray[np.uint8], centre: NDArray[np.float64], extent: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return a crop, uint8 [384, 288, 3]: bilinear, black beyond the picture."""
    scale = CROP[1] / extent[0]
    shift = np.array(CROP[::-1]) / 2 - scale * centre
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    return np.asarray(cv2.warpAffine(frame, matrix, CROP[::-1], flags=cv2.INTER_LINEAR), np.uint8)


def decode_points(
    x: NDArray[np.float32], y: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points [K, 2] in pixels of the crop and their confidence [K].

    Args:
        x: [K, 576], the response along x, two cells a pixel.
        y: [K, 768], the same along y.
    """
    best = np.stack([x.argmax(axis=1), y.argmax(axis=1)], axis=-1).astype(np.float64)
    confidence = (x.max(axis=1).astype(np.float64) + y.max(axis=1)) / 2
    best[confidence <= 0] = -1
    return best / _SPLIT, confidence


def dwpose_identity(home: Path | None = None) -> EstimatorIdentity:
    """Return what a record says of DWPose, without loading it.

    Raises:
        WeightsMissingError: its weights are not on this machine; the hint is the command that gets them.
    """
    used = tuple(
        WeightsUse(name=name, sha256=weights.present(name, home).sha256) for name in (DETECTION, DWPOSE)
    )
    return EstimatorIdentity(name=DWPOSE, version=TRACKING_VERSION, weights=used)


def load_dwpose(home: Path | None = None, device: str = "cpu") -> DWPose:
    """Load DWPose from mcbench's folder of weights.

    Raises:
        InputError: ONNX Runtime is not installed, or cannot use the device.
        WeightsMissingError: its weights are not on this machine; the hint is the command that gets them.
        FileFormatError: a file holds another network.
    """
    identity = dwpose_identity(home)
    found = load_detector_file(weights.find(DETECTION, home), device)
    return DWPose(found, load_pose_file(weights.find(DWPOSE, home), device), identity)


def load_detector_file(path: Path, device: str = "cpu") -> OnnxNetwork:
    """Load YOLOX from its file; raises what `load_onnx` does."""
    shapes = [[1, 3, DETECTOR_SIDE, DETECTOR_SIDE], [1, _CANDIDATES, _NUMBERS]]
    return load_onnx(path, "DWPose's detector YOLOX", DETECTION, shapes, device=device)


def load_pose_file(path: Path, device: str = "cpu") -> OnnxNetwork:
    """Load DWPose's own network from its file; raises what `load_onnx` does."""
    points = COCO_WHOLE_BODY
    shapes = [[1, 3, *CROP], [1, points, CROP[1] * _SPLIT], [1, points, CROP[0] * _SPLIT]]
    return load_onnx(path, "DWPose", DWPOSE, shapes, device=device)


def _suppress(boxes: NDArray[np.float64], scores: NDArray[np.float64]) -> list[int]:
    """Return the indices of boxes that overlap no surer one, in YOLOX's reckoning of whole pixels."""
    order = list(np.argsort(-scores, kind="stable"))
    grown = boxes + np.array([0.0, 0.0, 1.0, 1.0])
    kept: list[int] = []
    while order:
        best = order.pop(0)
        kept.append(int(best))
        overlap = box_iou(grown[[best]], grown[order])[0] if order else np.zeros(0)
        order = [one for one, shared in zip(order, overlap, strict=True) if shared <= _MOST_OVERLAP]
    return kept

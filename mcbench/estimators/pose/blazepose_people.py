"""BlazePose for whole frames: its person detector finds people, its network of landmarks reads each.

Source: MediaPipe 0.10.21, `modules/pose_detection`, `modules/pose_landmark` (Apache-2.0). Deviations, since
MediaPipe's graph follows one person and this has to see several: the frame is also looked at in square tiles;
low detection scores are let through and judged by how well the landmarks fit the detection; crops stay
upright unless turning them fits better; people who are seen twice are counted once; no smoothing over time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcbench import weights
from mcbench.estimators.identity import EstimatorIdentity
from mcbench.estimators.openvino_network import OpenVinoNetwork, load_openvino
from mcbench.estimators.pose.blazepose import (
    BLAZEPOSE,
    CIRCLE,
    INPUT_SIDE,
    MARGIN,
    LandmarkNetwork,
    coco18_from_landmarks,
    load_landmarks,
)
from mcbench.estimators.pose.contract import check_request
from mcbench.estimators.pose.crops import person_boxes
from mcbench.estimators.pose.people import BODY, People, nobody, without_doubles
from mcbench.estimators.pose.person_detection import DETECTOR_SIDE, Candidates, decode, merge
from mcbench.estimators.pose.turned import TurnedCrop
from mcbench.records import WeightsUse

DETECTION = "blazepose-detection"
_ANCHORS, _NUMBERS = 2254, 12
_TILE_STEP = 0.5
"""Tiles begin at most this share of their side after each other."""
_LEAST_DETECTION, _LEAST_PRESENCE, _LEAST_FIT = 0.2, 0.5, 0.3
_TURNED = 0.35
"""From this angle, in radians, a turned crop is tried too."""
_MISFIT = 0.15
"""Distance between detection and landmarks, in radii of the body's circle, at which they fit by 1 / e."""
_LEAST_HEIGHT = 0.15
"""Smaller people, as a share of the frame's height, are spectators."""
_MOST_ALIKE = 0.5
_THRESHOLD = 0.3
_NECK, _FACE = 1, [0, 14, 15]


class _Seen(NamedTuple):
    keypoints: NDArray[np.float64]
    confidence: NDArray[np.float64]
    circle: NDArray[np.float64]
    presence: float


class BlazePosePeople:
    """BlazePose for several people; a `PoseEstimator`."""

    def __init__(
        self, detector: OpenVinoNetwork, landmarks: LandmarkNetwork, identity: EstimatorIdentity
    ) -> None:
        self._detector, self._landmarks, self._identity = detector, landmarks, identity

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
        """COCO-18."""
        return BODY

    def estimate(self, frame: NDArray[np.uint8], near: NDArray[np.floating[Any]] | None = None) -> People:
        """Return the people of a frame.

        Raises:
            InputError: see `check_request`.
        """
        boxes = np.zeros((0, 4)) if near is None else np.asarray(near, np.float64)
        here = check_request(frame, boxes)
        found = self._candidates(frame)
        seen = [
            self._read(frame, found.points[index], found.faces[index], float(found.scores[index]))
            for index in range(len(found))
        ]
        seen += [self._again(frame, boxes[index]) for index in here]
        people = [person for person in seen if person is not None]
        if not people:
            return nobody()
        return without_doubles(_people(people, frame), _THRESHOLD, most_alike=_MOST_ALIKE)

    def _candidates(self, frame: NDArray[np.uint8]) -> Candidates:
        """Return who the detector sees in the whole frame and in its tiles, in pixels of the frame."""
        views = []
        for crop in tiles(frame.shape[0], frame.shape[1]):
            pixels = crop.cut(frame, DETECTOR_SIDE).astype(np.float32)[None] / np.float32(127.5) - 1
            numbers, logits = self._detector.infer(pixels)[:2]
            views.append(decode(numbers[0], logits[0, :, 0], _LEAST_DETECTION).in_frame(crop))
        return merge(Candidates.all_of(views))

    def _read(
        self, frame: NDArray[np.uint8], points: NDArray[np.float64], face: NDArray[np.float64], score: float
    ) -> _Seen | None:
        """Return the landmarks of a detected person, from the view of him that fits the detection best."""
        turned = TurnedCrop.from_circle(points[0], points[1], MARGIN)
        views = [TurnedCrop(turned.centre, turned.side)]
        if abs(turned.angle) > _TURNED:
            views.append(turned)
        looks = [self._look(frame, view) for view in views]
        best = max(looks, key=lambda one: _fit(one, points, face))
        # A second look, from where the landmarks themselves say that the body is.
        ring = TurnedCrop.from_circle(best.circle[0], best.circle[1], MARGIN)
        again = self._look(frame, TurnedCrop(ring.centre, ring.side))
        best = max(best, again, key=lambda one: _fit(one, points, face))
        if best.presence < _LEAST_PRESENCE or _fit(best, points, face) < _LEAST_FIT:
            return None
        return best._replace(presence=best.presence * _fit(best, points, face))

    def _again(self, frame: NDArray[np.uint8], box: NDArray[np.float64]) -> _Seen | None:
        """Return the landmarks of whoever is in a box."""
        side = MARGIN * float(max(box[2] - box[0], box[3] - box[1], 2.0))
        seen = self._look(frame, TurnedCrop((float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2), side))
        return seen if seen.presence >= _LEAST_PRESENCE else None

    def _look(self, frame: NDArray[np.uint8], crop: TurnedCrop) -> _Seen:
        landmarks, presence = self._landmarks.look(crop.cut(frame, INPUT_SIDE))
        points, confidence = coco18_from_landmarks(landmarks)
        circle = crop.to_frame(landmarks[CIRCLE, :2] / INPUT_SIDE)
        return _Seen(crop.to_frame(points), confidence, circle, presence)


def tiles(height: int, width: int) -> list[TurnedCrop]:
    """Return the square views in which people are looked for: the whole frame, then overlapping tiles.

    Tiles are as large as the frame's shorter side and cover the longer one.
    """
    short, long = min(height, width), max(height, width)
    views = [TurnedCrop((width / 2, height / 2), long)]
    if long == short:
        return views
    number = int(np.ceil((long - short) / (_TILE_STEP * short))) + 1
    for place in np.linspace(short / 2, long - short / 2, number):
        centre = (float(place), height / 2) if width > height else (width / 2, float(place))
        views.append(TurnedCrop(centre, short))
    return views


def blazepose_identity(home: Path | None = None) -> EstimatorIdentity:
    """Return what a record says of BlazePose for whole frames, without loading it.

    Raises:
        WeightsMissingError: its weights are not on this machine; the hint is the command that gets them.
    """
    used = tuple(
        WeightsUse(name=name, sha256=weights.present(name, home).sha256) for name in (DETECTION, BLAZEPOSE)
    )
    return EstimatorIdentity(name=BLAZEPOSE, weights=used)


def load_blazepose_people(home: Path | None = None) -> BlazePosePeople:
    """Load BlazePose for whole frames from mcbench's folder of weights.

    Raises:
        InputError: OpenVINO is not installed.
        WeightsMissingError: its weights are not on this machine; the hint is the command that gets them.
        FileFormatError: a file holds another network.
    """
    identity = blazepose_identity(home)
    shapes = [[1, DETECTOR_SIDE, DETECTOR_SIDE, 3], [1, _ANCHORS, _NUMBERS], [1, _ANCHORS, 1]]
    detector = load_openvino(weights.find(DETECTION, home), "BlazePose's detector", DETECTION, shapes)
    return BlazePosePeople(detector, load_landmarks(weights.find(BLAZEPOSE, home)), identity)


def _fit(seen: _Seen, points: NDArray[np.float64], face: NDArray[np.float64]) -> float:
    """Return how well landmarks fit a detection, 0..1: the same neck, the same face, somebody there."""
    radius = max(float(np.hypot(*(points[1] - points[0]))), 1.0)
    centre = (face[:2] + face[2:]) / 2
    apart = (
        np.hypot(*(seen.keypoints[_NECK] - points[2])),
        np.hypot(*(seen.keypoints[_FACE].mean(0) - centre)),
    )
    return float(seen.presence * np.exp(-((np.mean(apart) / radius / _MISFIT) ** 2)))


def _people(seen: list[_Seen], frame: NDArray[np.uint8]) -> People:
    """Return people with the boxes of their points in the picture; spectators are left out."""
    keypoints = np.stack([person.keypoints for person in seen])
    confidence = np.stack([person.confidence * person.presence for person in seen])
    inside = ((keypoints >= 0) & (keypoints < (frame.shape[1], frame.shape[0]))).all(axis=-1)
    shown = inside & (confidence >= _THRESHOLD)
    boxes = person_boxes(keypoints, np.where(shown, 2, 0).astype(np.uint8))
    scores = (confidence * inside).mean(axis=1)
    with np.errstate(invalid="ignore"):
        tall = boxes[:, 3] - boxes[:, 1] >= _LEAST_HEIGHT * frame.shape[0]
    return People(
        keypoints.astype(np.float32),
        np.clip(confidence, 0, 1).astype(np.float32),
        boxes.astype(np.float32),
        np.clip(scores, 0, 1).astype(np.float32),
    ).only(np.flatnonzero(tall))

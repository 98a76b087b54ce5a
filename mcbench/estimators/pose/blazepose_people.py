"""BlazePose for whole frames: its person detector finds people, its network of landmarks reads each.

Source: MediaPipe 0.10.21, `modules/pose_detection`, `modules/pose_landmark` (Apache-2.0). Deviations, since
MediaPipe's graph follows one person and this has to see several: the frame is also looked at in square tiles;
low detection scores are let through and judged by how well the landmarks fit the detection; crops stay
upright unless turning them fits better; people who are seen twice are counted once; no smoothing over time.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

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
from mcbench.estimators.pose.neighbours import Axis, axis_of, is_near, others_of, without_others
from mcbench.estimators.pose.people import BODY, People, nobody, similarity, without_doubles
from mcbench.estimators.pose.person_detection import DETECTOR_SIDE, Candidates, decode, merge
from mcbench.estimators.pose.tracking import TRACKING_VERSION
from mcbench.estimators.pose.turned import TurnedCrop
from mcbench.records import WeightsUse

DETECTION = "blazepose-detection"
_ANCHORS, _NUMBERS = 2254, 12
_TILE_STEP = 0.5
"""Tiles begin at most this share of their side after each other."""
_LEAST_DETECTION, _LEAST_DETECTION_NEAR = 0.2, 0.6
_LEAST_PRESENCE, _LEAST_WORTH = 0.5, 0.2
_TURNED = 0.35
"""From this angle, in radians, a turned crop is tried too."""
_MISFIT = 0.15
"""Distance between detection and landmarks, in radii of the body's circle, at which they fit by 1 / e."""
_LEAST_HEIGHT = 0.15
"""Smaller people, as a share of the frame's height, are spectators."""
_MOST_ALIKE, _MOST_ALIKE_HEADS = 0.5, 0.5
_THRESHOLD = 0.3
_LEAST_ALIKE = 0.2
_NECK, _FACE, _HIPS = 1, [0, 14, 15], [8, 11]


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

    def estimate(self, frame: NDArray[np.uint8], near: People | None = None) -> People:
        """Return the people of a frame.

        Raises:
            InputError: see `check_request`.
        """
        expected = nobody() if near is None else near
        check_request(frame, np.asarray(expected.boxes, np.float64))
        found = self._candidates(frame)
        axes = [_axis_of_detection(found, index) for index in range(len(found))]
        axes += [_axis_of_person(expected, index) for index in range(len(expected))]
        seen = [self._read(frame, found, index, axes) for index in range(len(found))]
        people = [person for person in seen if person is not None]
        necks = np.array([person.keypoints[_NECK] for person in people]).reshape(-1, 2)
        again = [
            self._again(frame, expected, index, axes)
            for index in range(len(expected))
            if not is_near(_axis_of_person(expected, index), necks)
        ]
        people += [person for person in again if person is not None]
        if not people:
            return nobody()
        found_people = _people(people, frame)
        with np.errstate(invalid="ignore"):
            tall = found_people.boxes[:, 3] - found_people.boxes[:, 1] >= _LEAST_HEIGHT * frame.shape[0]
        return without_doubles(
            found_people.only(np.flatnonzero(tall)),
            _THRESHOLD,
            most_alike=_MOST_ALIKE,
            most_alike_heads=_MOST_ALIKE_HEADS,
        )

    def _candidates(self, frame: NDArray[np.uint8]) -> Candidates:
        """Return who the detector sees in the whole frame and in its tiles, in pixels of the frame."""
        views = []
        short = min(frame.shape[:2])
        for crop in tiles(frame.shape[0], frame.shape[1]):
            # Seen from too near, a hand or a fold passes for somebody more often.
            least = _LEAST_DETECTION if crop.side >= short else _LEAST_DETECTION_NEAR
            pixels = crop.cut(frame, DETECTOR_SIDE).astype(np.float32)[None] / np.float32(127.5) - 1
            numbers, logits = self._detector.infer(pixels)[:2]
            views.append(decode(numbers[0], logits[0, :, 0], least).in_frame(crop))
        merged = merge(Candidates.all_of(views))
        radius = np.hypot(*(merged.points[:, 1] - merged.points[:, 0]).T)
        return merged.only(2 * radius >= _LEAST_HEIGHT * frame.shape[0])

    def _read(
        self, frame: NDArray[np.uint8], found: Candidates, index: int, axes: list[Axis]
    ) -> _Seen | None:
        """Return the landmarks of a detected person, from the view of him that fits the detection best."""

        def fit(seen: _Seen) -> float:
            return _fit(seen, found, index)

        own = axes[index]
        others = others_of(own, axes)
        turned = TurnedCrop.from_circle(found.points[index, 0], found.points[index, 1], MARGIN)
        upright = TurnedCrop(turned.centre, turned.side)
        looks = self._looks(frame, upright, own, others)
        if abs(turned.angle) > _TURNED:
            looks.append(self._look(frame, turned))
        best = max(looks, key=fit)
        # A second look, from where the landmarks themselves say that the body is.
        ring = TurnedCrop.from_circle(best.circle[0], best.circle[1], MARGIN)
        again = self._looks(frame, TurnedCrop(ring.centre, ring.side), own, others)
        best = max([best, *again], key=fit)
        if best.presence < _LEAST_PRESENCE or fit(best) * found.scores[index] < _LEAST_WORTH:
            return None
        return best

    def _again(
        self, frame: NDArray[np.uint8], expected: People, index: int, axes: list[Axis]
    ) -> _Seen | None:
        """Return the landmarks of somebody who was seen before, from the view that is likest to that."""
        # All points, unsure ones too: the crop must not shrink to the part of a body that is in sight.
        points = np.asarray(expected.keypoints[index], np.float64)
        box = np.concatenate([points.min(axis=0), points.max(axis=0)])
        side = MARGIN * float(max(box[2] - box[0], box[3] - box[1], 2.0))
        crop = TurnedCrop((float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2), side)
        own = _axis_of_person(expected, index)
        looks = self._looks(frame, crop, own, others_of(own, axes))
        people = _people(looks, frame)
        alike = similarity(people, expected.only([index]), _THRESHOLD)[:, 0]
        worth = alike * [one.presence for one in looks]
        best = int(np.argmax(worth))
        if looks[best].presence < _LEAST_PRESENCE or alike[best] < _LEAST_ALIKE:
            return None
        return looks[best]

    def _looks(
        self, frame: NDArray[np.uint8], crop: TurnedCrop, own: Axis, others: list[Axis]
    ) -> list[_Seen]:
        """Return what a crop shows as it is, and with the people around painted over where there are any."""
        pixels = crop.cut(frame, INPUT_SIDE)
        looks = [self._landmarks_of(pixels, crop)]
        reach = crop.side / 2
        close = [axis for axis in others if (np.abs(axis - crop.centre) < reach).all(axis=1).any()]
        if close:
            looks.append(self._landmarks_of(without_others(pixels, crop, own, close), crop))
        return looks

    def _look(self, frame: NDArray[np.uint8], crop: TurnedCrop) -> _Seen:
        return self._landmarks_of(crop.cut(frame, INPUT_SIDE), crop)

    def _landmarks_of(self, pixels: NDArray[np.uint8], crop: TurnedCrop) -> _Seen:
        landmarks, presence = self._landmarks.look(pixels)
        points, confidence = coco18_from_landmarks(landmarks)
        circle = crop.to_frame(landmarks[CIRCLE, :2] / INPUT_SIDE)
        return _Seen(crop.to_frame(points), confidence, circle, presence)


def tiles(height: int, width: int) -> list[TurnedCrop]:
    """Return the square views in which people are looked for: the whole frame, then overlapping tiles.

    Tiles are squares of the frame's shorter side, and of half its longer one.
    """
    short, long = min(height, width), max(height, width)
    sides = [long] + [side for side in (short, round(long / 2)) if side < long]
    views = []
    for side in sides:
        rows, columns = (_places(length, side) for length in (height, width))
        views += [TurnedCrop((x, y), side) for y in rows for x in columns]
    return views


def _places(length: int, side: int) -> list[float]:
    """Return the middles of squares that cover a length."""
    if length <= side:
        return [length / 2]
    number = int(np.ceil((length - side) / (_TILE_STEP * side))) + 1
    return [float(place) for place in np.linspace(side / 2, length - side / 2, number)]


def blazepose_identity(home: Path | None = None) -> EstimatorIdentity:
    """Return what a record says of BlazePose for whole frames, without loading it.

    Raises:
        WeightsMissingError: its weights are not on this machine; the hint is the command that gets them.
    """
    used = tuple(
        WeightsUse(name=name, sha256=weights.present(name, home).sha256) for name in (DETECTION, BLAZEPOSE)
    )
    return EstimatorIdentity(name=BLAZEPOSE, version=TRACKING_VERSION, weights=used)


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


def _fit(seen: _Seen, found: Candidates, index: int) -> float:
    """Return how well landmarks fit a detection, 0..1: the same neck, the same face, somebody there."""
    points, face = found.points[index], found.faces[index]
    radius = max(float(np.hypot(*(points[1] - points[0]))), 1.0)
    centre = (face[:2] + face[2:]) / 2
    neck, head = seen.keypoints[_NECK], seen.keypoints[_FACE].mean(axis=0)
    apart = (np.hypot(*(neck - points[2])) + np.hypot(*(head - centre))) / 2
    return float(seen.presence * np.exp(-((apart / radius / _MISFIT) ** 2)))


def _axis_of_detection(found: Candidates, index: int) -> Axis:
    points, face = found.points[index], found.faces[index]
    return axis_of((face[:2] + face[2:]) / 2, points[2], points[0])


def _axis_of_person(people: People, index: int) -> Axis:
    points = np.asarray(people.keypoints[index], np.float64)
    return axis_of(points[_FACE].mean(axis=0), points[_NECK], points[_HIPS].mean(axis=0))


def _people(seen: list[_Seen], frame: NDArray[np.uint8]) -> People:
    """Return people with the boxes of their points in the picture; NaN with fewer than two."""
    keypoints = np.stack([person.keypoints for person in seen])
    confidence = np.stack([person.confidence * person.presence for person in seen])
    inside = ((keypoints >= 0) & (keypoints < (frame.shape[1], frame.shape[0]))).all(axis=-1)
    shown = inside & (confidence >= _THRESHOLD)
    boxes = person_boxes(keypoints, np.where(shown, 2, 0).astype(np.uint8))
    scores = (confidence * inside).mean(axis=1)
    return People(
        keypoints.astype(np.float32),
        np.clip(confidence, 0, 1).astype(np.float32),
        boxes.astype(np.float32),
        np.clip(scores, 0, 1).astype(np.float32),
    )

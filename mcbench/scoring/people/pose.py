"""Pose error of a pair of frames: the key points that a detector finds in them against the exact ones."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.estimators.pose import PoseDetector, person_boxes
from mcbench.metrics.people import pose
from mcbench.records import NetworkFamily

Floats = NDArray[np.float64]
DETECTOR_OF = MappingProxyType[NetworkFamily, str]({"embedded": "pose@embedded", "reference": "blazepose"})
"""Family of networks -> pose detector."""
_EACH = ("oks", "pck", "pck_head", "mpjpe", "mpjpe_height")
PER_PERSON = (*_EACH, *(f"{name}_truth" for name in _EACH))
"""Figures of each person."""
PER_FRAME = ("akd", "mkr", "pose_found", "pose_found_truth")
"""Figures of a frame. `X_truth` is X of the true frame: the detector's own error."""
POSE_FUNCTIONS = frozenset({*PER_PERSON, *PER_FRAME})
"""Names of all figures."""


@dataclass(frozen=True)
class TruePoses:
    """The people of a frame as they truly are, in the pixels of the frame that is measured.

    Attributes:
        keypoints: float64 [P, 18, 2].
        visibility: uint8 [P, 18], as in `Poses`.
        area: [P], how many pixels of each are seen.
    """

    keypoints: Floats
    visibility: NDArray[np.uint8]
    area: NDArray[Any]


def pose_errors(
    detector: PoseDetector, prediction: NDArray[Any], truth: NDArray[Any], people: TruePoses
) -> dict[str, float | Floats]:
    """Return the pose error of a pair of frames.

    On either side the detector is told the boxes of the true key points. Only key points that are
    visible count. One of which the detector is not sure counts as not found: it adds 0 to `oks` and `pck`,
    or else a picture without people would read as well as the detector guesses from the boxes. The
    distances of `mpjpe` take in the guesses, so that points cannot better it by vanishing.

    Args:
        detector: from `load_detector`.
        prediction: [H, W, 3], RGB on 0..255, uint8 or floating (then rounded).
        truth: the same.
        people: in the pixels of these frames.

    Returns:
        Every key of `PER_PERSON` as float64 [P], every one of `PER_FRAME` as a number; NaN where undefined.
    """
    boxes = person_boxes(people.keypoints, people.visibility)
    seen, known = (detector.detect(_eight_bit(frame), boxes) for frame in (prediction, truth))
    here, there = (side.confidence >= detector.threshold for side in (seen, known))
    errors = _against_truth(seen.keypoints, here, people, boxes)
    of_truth = _against_truth(known.keypoints, there, people, boxes)
    errors |= {f"{key}_truth": value for key, value in of_truth.items()}
    asked = pose.counting(people.visibility) & there
    errors["akd"] = pose.average_keypoint_distance(seen.keypoints, known.keypoints, asked & here)
    errors["mkr"] = pose.missing_keypoint_rate(here, asked)
    return errors


def _against_truth(
    guessed: Floats, sure: NDArray[np.bool_], people: TruePoses, boxes: Floats
) -> dict[str, float | Floats]:
    found, truth = np.where(sure[..., None], guessed, np.nan), people.keypoints
    counts, sides = pose.counting(people.visibility), boxes[:, 2:] - boxes[:, :2]
    similarity = pose.oks_matrix(found, truth, counts, people.area)
    head = pose.head_size(truth, counts)
    return {
        "oks": np.diagonal(similarity).copy(),
        "pck": pose.pck(found, truth, counts, np.fmax(sides[:, 0], sides[:, 1])),
        "pck_head": pose.pck(found, truth, counts, head, share=pose.PCK_HEAD_SHARE),
        "mpjpe": pose.mpjpe_2d(guessed, truth, counts),
        "mpjpe_height": pose.mpjpe_2d(guessed, truth, counts, sides[:, 1]),
        "pose_found": pose.count_people(similarity).recall,
    }


def _eight_bit(frame: NDArray[Any]) -> NDArray[np.uint8]:
    if frame.dtype != np.uint8:
        frame = np.clip(np.rint(frame), 0, 255)
    return frame.astype(np.uint8, copy=False)

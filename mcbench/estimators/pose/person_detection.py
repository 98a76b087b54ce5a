"""BlazePose's person detector: faces and the circles around whole bodies, from a picture of 224x224.

Source: MediaPipe 0.10.21, `modules/pose_detection/pose_detection.tflite` and the graph beside it
(`pose_detection_cpu.pbtxt`; Apache-2.0). A detection is the box of a face and four points: the middle of the
hips, a point above it on the circle around the whole body, and the same two for the upper body. Deviations:
several square views of a frame may be looked at, and detections of all of them compete.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.estimators.boxes import box_iou
from mcbench.estimators.pose.turned import TurnedCrop

DETECTOR_SIDE = 224
NUMBERS = 12
_STRIDES = (8, 16, 32, 32, 32)
_ANCHORS_A_LAYER = 2
_SAME_FACE = 0.3
"""IoU of two boxes of faces from which they are one."""
_LARGEST_LOGIT = 100.0


@dataclass(frozen=True)
class Candidates:
    """People that may be in a frame, best first.

    Attributes:
        faces: float64 [N, 4], left, top, right, bottom of each face in pixels.
        points: float64 [N, 4, 2]: middle of the hips, a point on the circle around the whole body, middle of
            the shoulders, a point on the circle around the upper body.
        scores: float64 [N], 0..1.
    """

    faces: NDArray[np.float64]
    points: NDArray[np.float64]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.scores)

    def in_frame(self, crop: TurnedCrop) -> Candidates:
        """Return candidates, given in parts of an upright crop, in the frame's pixels."""
        corners = crop.to_frame(self.faces.reshape(-1, 2, 2)).reshape(-1, 4)
        return Candidates(corners, crop.to_frame(self.points), self.scores)

    def only(self, chosen: NDArray[Any]) -> Candidates:
        """Return some of the candidates, by index or flag."""
        return Candidates(self.faces[chosen], self.points[chosen], self.scores[chosen])

    @classmethod
    def all_of(cls, several: Sequence[Candidates]) -> Candidates:
        """Return the candidates of several views together."""
        return cls(
            np.concatenate([one.faces for one in several]),
            np.concatenate([one.points for one in several]),
            np.concatenate([one.scores for one in several]),
        )


def anchors() -> NDArray[np.float64]:
    """Return the centres (x, y) of the network's 2254 anchors in parts of the view, float64 [2254, 2].

    Layers of one stride share their cells: all of a cell's anchors come after each other.
    """
    centres = []
    for stride in sorted(set(_STRIDES)):
        cells = DETECTOR_SIDE // stride
        y, x = np.divmod(np.arange(cells * cells), cells)
        grid = (np.stack([x, y], axis=-1) + 0.5) / cells
        centres.append(np.repeat(grid, _ANCHORS_A_LAYER * _STRIDES.count(stride), axis=0))
    return np.concatenate(centres)


def decode(numbers: NDArray[np.float32], logits: NDArray[np.float32], threshold: float) -> Candidates:
    """Return the candidates of one view that reach a score, in parts of the view.

    Args:
        numbers: [2254, 12]: centre, width and height of the face's box, then four points, in 1/224 of the
            view, as offsets from the anchor's centre.
        logits: [2254].
        threshold: least score.
    """
    clipped = np.clip(np.asarray(logits, np.float64), -_LARGEST_LOGIT, _LARGEST_LOGIT)
    scores = 1 / (1 + np.exp(-clipped))
    chosen = np.flatnonzero(scores >= threshold)
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
    values = np.asarray(numbers, np.float64)[chosen].reshape(-1, NUMBERS // 2, 2) / DETECTOR_SIDE
    centres = anchors()[chosen]
    middle, half = values[:, 0] + centres, values[:, 1] / 2
    faces = np.concatenate([middle - half, middle + half], axis=-1)
    return Candidates(faces, values[:, 2:] + centres[:, None], scores[chosen])


def merge(candidates: Candidates) -> Candidates:
    """Return one candidate for each face: the mean of all that overlap the best one, weighted by score.

    MediaPipe's weighted non-maximum suppression; the score is that of the best.
    """
    left = np.argsort(-candidates.scores, kind="stable")
    faces, points, scores = [], [], []
    while len(left):
        best = left[0]
        ends = np.maximum(candidates.faces[left, 2:], candidates.faces[left, :2])
        boxes = np.concatenate([candidates.faces[left, :2], ends], axis=-1)
        same = box_iou(boxes[:1], boxes)[0] > _SAME_FACE
        same[0] = True
        group = left[same]
        weight = candidates.scores[group] / candidates.scores[group].sum()
        faces.append(np.einsum("n,nc->c", weight, candidates.faces[group]))
        points.append(np.einsum("n,npc->pc", weight, candidates.points[group]))
        scores.append(candidates.scores[best])
        left = left[~same]
    return Candidates(
        np.array(faces).reshape(-1, 4), np.array(points).reshape(-1, 4, 2), np.array(scores).reshape(-1)
    )

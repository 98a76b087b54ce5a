"""The people of one frame, as an estimator finds them without being told where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mcbench.estimators.identity import EstimatorIdentity
from mcbench.estimators.similarity import BOX_TO_AREA, oks

BODY = 18
HEAD = (0, 1, 2, 5, 14, 15, 16, 17)
"""Head, neck and shoulders of COCO-18."""


@dataclass(frozen=True)
class People:
    """The people of one frame, surest first.

    Attributes:
        keypoints: float32 [P, K, 2], (x, y) in pixels with pixel centres at half-integers. K is 18
            (COCO-18), or 134 for whole bodies (see `mcbench.estimators.pose.wholebody`).
        confidence: float32 [P, K], 0..1.
        boxes: float32 [P, 4], left, top, right, bottom of each person in pixels.
        scores: float32 [P], 0..1, how sure it is that somebody is there.
    """

    keypoints: NDArray[np.float32]
    confidence: NDArray[np.float32]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        people, points = self.confidence.shape
        shapes = (self.keypoints.shape, self.boxes.shape, self.scores.shape)
        if shapes != ((people, points, 2), (people, 4), (people,)):
            raise ValueError(f"people do not fit each other: {shapes}, confidence {self.confidence.shape}")

    def __len__(self) -> int:
        return len(self.scores)

    def bodies(self) -> People:
        """Return the same people with their 18 body points alone: files of one clip may differ in that."""
        return People(self.keypoints[:, :BODY], self.confidence[:, :BODY], self.boxes, self.scores)

    def only(self, chosen: NDArray[Any] | list[int]) -> People:
        """Return some of the people, in the order of the indices."""
        index = np.asarray(chosen, dtype=np.int64)
        return People(self.keypoints[index], self.confidence[index], self.boxes[index], self.scores[index])


def nobody(points: int = BODY) -> People:
    """Return an empty frame's people."""
    shapes = ((0, points, 2), (0, points), (0, 4), (0,))
    return People(*(np.zeros(shape, np.float32) for shape in shapes))


def together(several: Sequence[People]) -> People:
    """Return the people of several, at least one, in one."""
    return People(
        np.concatenate([people.keypoints for people in several]),
        np.concatenate([people.confidence for people in several]),
        np.concatenate([people.boxes for people in several]),
        np.concatenate([people.scores for people in several]),
    )


class PoseEstimator(Protocol):
    """A loaded estimator of everybody's key points in a frame.

    Attributes:
        identity: its name, weights and settings, for records.
        threshold: confidence from which a key point counts as found.
        points: 18 or 134, see `People`.
    """

    @property
    def identity(self) -> EstimatorIdentity:
        """Its name, weights and settings."""

    @property
    def threshold(self) -> float:
        """Confidence from which a key point counts as found."""

    @property
    def points(self) -> int:
        """Number of key points of a person."""

    def estimate(self, frame: NDArray[np.uint8], near: People | None = None) -> People:
        """Return the people of a frame.

        Args:
            frame: uint8 [height, width, 3], RGB.
            near: people who are likely to be about where they are here, say those of the frame before:
                looked for there too.

        Raises:
            InputError: the frame has another shape or dtype.
        """


def similarity(
    first: People, second: People, threshold: float, points: Sequence[int] = range(BODY)
) -> NDArray[np.float64]:
    """Return the OKS of every pair of people, float64 [N, M], over points that are found on both sides.

    The area is that of the larger box of the pair; 0 where fewer than three points are found on both sides.
    """
    chosen = list(points)
    spread = np.zeros((1, 1, BODY), bool)
    spread[..., chosen] = True
    sure = (first.confidence[:, :BODY] >= threshold, second.confidence[:, :BODY] >= threshold)
    counts = sure[0][:, None] & sure[1][None] & spread
    area = BOX_TO_AREA * np.maximum(_areas(first.boxes)[:, None], _areas(second.boxes)[None])
    alike = oks(first.keypoints[:, None, :BODY], second.keypoints[None, :, :BODY], counts, area)
    return np.where(counts.sum(axis=-1) >= 3, np.nan_to_num(alike), 0.0)


def without_doubles(
    people: People, threshold: float, *, most_alike: float, most_alike_heads: float
) -> People:
    """Return the people without those who look like a surer one: non-maximum suppression of poses.

    Args:
        people: in any order.
        threshold: confidence from which a key point counts.
        most_alike: OKS above which two are one person.
        most_alike_heads: OKS of head, neck and shoulders above which they are one too: a body has one head.
    """
    ordered = people.only(np.argsort(-people.scores, kind="stable"))
    same = (similarity(ordered, ordered, threshold) > most_alike) | (
        similarity(ordered, ordered, threshold, HEAD) > most_alike_heads
    )
    kept: list[int] = []
    for person in range(len(ordered)):
        if not same[person, kept].any():
            kept.append(person)
    return ordered.only(kept)


def _areas(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    sides = np.asarray(boxes[:, 2:] - boxes[:, :2], np.float64)
    return np.asarray(sides.prod(axis=-1), np.float64)

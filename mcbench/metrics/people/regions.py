"""Where the people of a frame are: areas, boxes and overlap, from an instance mask.

An instance mask is an integer array [height, width]: 0 background, k the k-th person (1-based). Several
people are always counted in full, visible or not, so that person k stays person k throughout a clip.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError, MismatchError
from mcbench.estimators.boxes import box_iou

Labels = NDArray[Any]
"""Integer [height, width]: 0 background, k the k-th person."""
MIN_PIXELS = 64
"""A person of fewer pixels is not visible: what is measured on so few tells nothing."""
CROSSING_IOU = 0.1
"""Two people overlap where the IoU of their boxes is above this, as IAA_cross has it."""


def check_labels(labels: Labels, n_people: int, frame: NDArray[Any] | None = None) -> None:
    """Check an instance mask.

    Args:
        labels: integer [H, W].
        n_people: how many people there are; no label is above it.
        frame: a frame [H, W, ...] that it belongs to, or None.

    Raises:
        InputError: not two-dimensional, not of integers, or with labels outside 0 to `n_people`.
        MismatchError: it has another height or width than the frame.
    """
    if n_people < 0:
        raise InputError(f"a frame cannot have {n_people} people")
    if labels.ndim != 2 or not np.issubdtype(labels.dtype, np.integer) or labels.size == 0:
        raise InputError(
            f"an instance mask is an integer array [height, width], not {labels.dtype} {labels.shape}"
        )
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high > n_people:
        raise InputError(f"the instance mask has labels from {low} to {high}, not from 0 to {n_people}")
    if frame is not None and frame.shape[:2] != labels.shape:
        raise MismatchError(
            f"an instance mask of {labels.shape[0]}x{labels.shape[1]} does not fit a frame of "
            f"{'x'.join(str(side) for side in frame.shape[:2])}",
            "bring both to one size first, the mask by nearest neighbour",
        )


def person_areas(labels: Labels, n_people: int) -> NDArray[np.int64]:
    """Return how many pixels of each person are seen, int64 [n_people].

    Raises:
        InputError: see `check_labels`.
    """
    check_labels(labels, n_people)
    return np.bincount(labels.ravel(), minlength=n_people + 1)[1:].astype(np.int64)


def visible_people(labels: Labels, n_people: int, *, minimum: int = MIN_PIXELS) -> NDArray[np.bool_]:
    """Return which people are visible, bool [n_people]: at least `minimum` pixels.

    Raises:
        InputError: see `check_labels`.
    """
    return np.asarray(person_areas(labels, n_people) >= minimum, dtype=np.bool_)


def person_boxes(labels: Labels, n_people: int, *, minimum: int = MIN_PIXELS) -> NDArray[np.float64]:
    """Return the box of each person, float64 [n_people, 4]: left, top, right, bottom in pixels.

    The box spans all pixels of the person (right and bottom are exclusive); NaN for who is not visible.

    Raises:
        InputError: see `check_labels`.
    """
    boxes = np.full((n_people, 4), np.nan)
    for person in np.flatnonzero(visible_people(labels, n_people, minimum=minimum)):
        inside = labels == person + 1
        columns, rows = np.flatnonzero(inside.any(axis=0)), np.flatnonzero(inside.any(axis=1))
        boxes[person] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return boxes


def boxes_overlap(boxes: NDArray[Any], *, threshold: float = CROSSING_IOU) -> bool:
    """Return whether two of a frame's boxes have an IoU above the threshold.

    Args:
        boxes: [people, 4] as `person_boxes` gives them.
        threshold: 0.1, as IAA_cross has it.

    Raises:
        InputError: see `box_iou`.
    """
    iou = box_iou(boxes, boxes)
    return bool((np.triu(iou, 1) > threshold).any())

"""Object keypoint similarity (OKS) of COCO-18 key points: what metrics judge and trackers match by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SIGMAS: Floats = np.array(
    (0.026, 0.079, 0.079, 0.072, 0.062, 0.079, 0.072, 0.062, 0.107, 0.087, 0.089, 0.107, 0.087, 0.089,
     0.025, 0.025, 0.035, 0.035)
)  # fmt: skip
"""COCO's spread of annotators per key point, in COCO-18's order. COCO has no neck: it gets the shoulders'."""
SIGMAS.setflags(write=False)
BOX_TO_AREA = 0.53
"""Where no mask tells a person's area it is taken as this share of his box."""


def distances(prediction: Array, truth: Array) -> Floats:
    """Return the distance of each pair of key points in pixels, float64 [..., 18]; NaN if one is NaN.

    Raises:
        ValueError: the shapes do not fit, or are not [..., 18, 2].
    """
    for points in (prediction, truth):
        if points.shape[-2:] != (18, 2):
            raise ValueError(f"key points are [..., 18, 2], not {list(points.shape)}")
    difference = np.asarray(prediction, np.float64) - np.asarray(truth, np.float64)
    return np.asarray(np.hypot(difference[..., 0], difference[..., 1]), np.float64)


def oks(prediction: Array, truth: Array, counts: Flags, area: Array) -> Floats:
    """Return the object keypoint similarity of every person; 1 is best, range 0..1.

    ::

        OKS = mean over points that count of exp(-d^2 / (2 * area * (2 sigma)^2))

    A point that was not found adds 0.

    Args:
        prediction: [..., 18, 2].
        truth: [..., 18, 2].
        counts: bool [..., 18].
        area: [...], of the person in square pixels: of his mask; `BOX_TO_AREA` of his box without one.

    Returns:
        float64 [...]; NaN where no point counts or the area is unknown or 0.

    Source: COCO key-point evaluation, pycocotools `COCOeval.computeOks`. Deviations: a neck (`SIGMAS`); the
    points that count are the caller's choice (COCO: all that were annotated); COCO adds 2.2e-16 to the area.
    """
    apart = distances(prediction, truth)
    space = np.asarray(area, np.float64)
    known = np.isfinite(space) & (space > 0)
    scale = 2 * np.where(known, space, 1.0)[..., None] * (2 * SIGMAS) ** 2
    similarity = np.where(np.isnan(apart), 0.0, np.exp(-(np.where(np.isnan(apart), 0.0, apart) ** 2) / scale))
    return np.where(known, mean_where(similarity, counts), np.nan)


def mean_where(values: Floats, counts: Flags) -> Floats:
    """Return the mean over the last axis of the values that count; NaN where none does."""
    chosen = np.broadcast_to(counts, values.shape)
    number = chosen.sum(axis=-1)
    total = np.where(chosen, values, 0.0).sum(axis=-1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)

"""Boxes of people: how much two of them share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError


def box_iou(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    """Return the intersection over union of every pair of boxes, float64 [N, M] in 0..1.

    Args:
        first: [N, 4], left, top, right, bottom. A box with NaN has an IoU of 0 with every other.
        second: [M, 4], the same.

    Raises:
        InputError: not [N, 4] and [M, 4], or a box ends before it begins.
    """
    sides = [np.asarray(boxes, dtype=np.float64) for boxes in (first, second)]
    for boxes in sides:
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise InputError(f"boxes are [N, 4] (left, top, right, bottom), not {list(boxes.shape)}")
        if (boxes[:, 2:] < boxes[:, :2]).any():
            raise InputError("a box ends before it begins: give left, top, right, bottom")
    a, b = sides[0][:, None], sides[1][None]
    extent = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.prod(np.maximum(extent, 0.0), axis=-1)
    union = np.prod(a[..., 2:] - a[..., :2], axis=-1) + np.prod(b[..., 2:] - b[..., :2], axis=-1) - shared
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nan_to_num(shared / union, nan=0.0), dtype=np.float64)

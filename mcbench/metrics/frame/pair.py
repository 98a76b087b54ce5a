"""The checks that every frame metric makes of its two sides."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError, MismatchError

Frames = NDArray[Any]
"""uint8 or floating [..., height, width, 3]."""
Values = NDArray[np.float64]
"""float64 of the leading shape: one value a frame."""


def check_pair(prediction: Frames, truth: Frames) -> None:
    """Check that two sides are RGB frames of one shape.

    Raises:
        MismatchError: the shapes differ.
        InputError: not [..., H, W, 3], empty, neither uint8 nor floating, or not finite.
    """
    if prediction.shape != truth.shape:
        raise MismatchError(
            f"frames of shapes {prediction.shape} and {truth.shape} cannot be compared",
            "resize both sides by the protocol first",
        )
    for side, frames in (("prediction", prediction), ("truth", truth)):
        if frames.ndim < 3 or frames.shape[-1] != 3 or frames.size == 0:
            raise InputError(f"the {side} must be RGB frames [..., height, width, 3], not {frames.shape}")
        if frames.dtype != np.uint8 and not np.issubdtype(frames.dtype, np.floating):
            raise InputError(f"the {side} must be uint8 or floating, not {frames.dtype}")
        if frames.dtype != np.uint8 and not np.isfinite(frames).all():
            raise InputError(f"the {side} holds values that are not finite")


def check_uint8(prediction: Frames, truth: Frames) -> None:
    """Check a pair for a metric that is defined on 8-bit frames alone.

    Raises:
        InputError, MismatchError: as `check_pair`, or a side is not uint8.
    """
    check_pair(prediction, truth)
    for side, frames in (("prediction", prediction), ("truth", truth)):
        if frames.dtype != np.uint8:
            raise InputError(f"the {side} must be uint8, not {frames.dtype}, for an 8-bit metric")


def squared_error(prediction: Frames, truth: Frames) -> Values:
    """Return the mean squared error of each frame, in float64."""
    difference = prediction.astype(np.float64) - truth.astype(np.float64)
    return np.asarray(np.square(difference).mean(axis=(-3, -2, -1)), dtype=np.float64)

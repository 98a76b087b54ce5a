"""Absolute differences of frames."""

from __future__ import annotations

import numpy as np

from mcbench.metrics.frame.pair import Frames, Values, check_pair


def mae(prediction: Frames, truth: Frames, *, data_range: float = 255.0) -> Values:
    """Return the mean absolute error of each frame as a share of the data range.

    Args:
        prediction: uint8 or floating [..., H, W, 3].
        truth: the same shape.
        data_range: distance between black and white.

    Returns:
        float64 [...], 0 for equal frames, 1 for black against white.

    Raises:
        MismatchError, InputError: see `check_pair`.
    """
    check_pair(prediction, truth)
    difference = np.abs(prediction.astype(np.float64) - truth.astype(np.float64))
    return np.asarray(difference.mean(axis=(-3, -2, -1)) / data_range, dtype=np.float64)


def l1_per_pixel(prediction: Frames, truth: Frames) -> Values:
    """Return the "L1" of DisCo's evaluator: mean absolute error on 0..255, divided once more by H*W.

    It depends on the resolution: the same error at twice the side prints a quarter. Protocol
    `disco/2` uses it at 256x256, where 3.78e-4 stands for 24.8 grey levels.

    Args:
        prediction: uint8 or floating [..., H, W, 3] on 0..255.
        truth: the same shape.

    Returns:
        float64 [...].

    Raises:
        MismatchError, InputError: see `check_pair`.
    """
    error = mae(prediction, truth, data_range=1.0)
    return np.asarray(error / (truth.shape[-3] * truth.shape[-2]), dtype=np.float64)

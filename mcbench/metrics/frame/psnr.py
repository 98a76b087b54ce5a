"""Peak signal-to-noise ratio, and the value that 8-bit overflow once made of it."""

from __future__ import annotations

import numpy as np

from mcbench.metrics.frame.pair import Frames, Values, check_pair, check_uint8, squared_error


def psnr(
    prediction: Frames,
    truth: Frames,
    *,
    data_range: float = 255.0,
    identical: float = 100.0,
    cap: float | None = None,
) -> Values:
    """Return 10 log10(data_range^2 / MSE) of each frame, in dB.

    Args:
        prediction: uint8 or floating [..., H, W, 3].
        truth: the same shape.
        data_range: distance between black and white.
        identical: the value for frames without any difference, where the formula has none.
        cap: the highest value to return, or None. Without it a frame that differs in one channel of
            one pixel reads above 100 dB, more than an identical one.

    Returns:
        float64 [...]; higher is better.

    Raises:
        MismatchError, InputError: see `check_pair`.
    """
    check_pair(prediction, truth)
    return decibels(squared_error(prediction, truth), data_range, identical, cap)


def psnr_uint8(prediction: Frames, truth: Frames) -> Values:
    """Return what `(a - b) ** 2` on 8-bit arrays makes of the PSNR: wrong, and widely published.

    Difference and square both wrap modulo 256, so the result never falls below 24.07 dB, is near
    28 dB for any bad frame and is not monotone in the error. DisCo's evaluator computed it so until
    April 2024; it is kept to read tables of that time, and is never called PSNR.

    Args:
        prediction: uint8 [..., H, W, 3].
        truth: uint8, the same shape.

    Returns:
        float64 [...], 100 where no wrapped square is left.

    Raises:
        MismatchError, InputError: see `check_uint8`.
    """
    check_uint8(prediction, truth)
    wrapped = np.subtract(prediction, truth, dtype=np.uint8)
    squares = np.multiply(wrapped, wrapped, dtype=np.uint8)
    return decibels(squares.mean(axis=(-3, -2, -1), dtype=np.float64), 255.0, 100.0, None)


def decibels(mse: Values, data_range: float, identical: float, cap: float | None) -> Values:
    """Return 10 log10(data_range^2 / mse), at most `cap`, and `identical` where mse is 0; NaN stays NaN."""
    mse = np.asarray(mse, dtype=np.float64)
    with np.errstate(divide="ignore"):
        values = 10.0 * np.log10(data_range**2 / mse)
    values = np.where(mse == 0.0, identical, values)
    return values if cap is None else np.minimum(values, cap)

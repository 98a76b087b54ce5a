"""Structural similarity in the three forms that the field quotes. They differ by up to 0.17."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError
from mcbench.metrics.frame.pair import Frames, Values, check_pair, check_uint8

_K1, _K2 = 0.01, 0.03
_UNIFORM = 7
_GAUSSIAN, _SIGMA = 11, 1.5


def ssim_gaussian(prediction: Frames, truth: Frames, *, data_range: float = 1.0) -> Values:
    """Return the SSIM of each frame with Wang et al.'s window, averaged over R, G and B.

    11x11 Gaussian window of sigma 1.5, population covariance, K1 0.01, K2 0.03, mean over the region
    where the window lies inside the frame.

    Args:
        prediction: uint8 or floating [..., H, W, 3] with H, W >= 11.
        truth: the same shape.
        data_range: distance between black and white.

    Returns:
        float64 [...], at most 1; higher is better.

    Raises:
        MismatchError, InputError: see `check_pair`; or the frames are smaller than the window.

    Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment", 2004; RGB mean as common since.
    """
    check_pair(prediction, truth)
    _check_window(truth, _GAUSSIAN)
    return _each_frame(prediction, truth, _gaussian_window(), data_range, covariance_scale=1.0)


def ssim_gaussian_map(prediction: Frames, truth: Frames, *, data_range: float = 1.0) -> NDArray[np.float64]:
    """Return the map that `ssim_gaussian` is the mean of, for one frame: the mean over R, G and B at a pixel.

    Args:
        prediction: uint8 or floating [H, W, 3] with H, W >= 11.
        truth: the same shape.
        data_range: distance between black and white.

    Returns:
        float64 [H - 10, W - 10]: entry (y, x) is that of the window centred at pixel (y + 5, x + 5).

    Raises:
        MismatchError, InputError: as `ssim_gaussian`; or it is not one frame.
    """
    check_pair(prediction, truth)
    if truth.ndim != 3:
        raise InputError(f"an SSIM map is that of one frame [height, width, 3], not {truth.shape}")
    _check_window(truth, _GAUSSIAN)
    similarity = _ssim_map(prediction, truth, _gaussian_window(), data_range, covariance_scale=1.0)
    return np.asarray(similarity.mean(axis=-1), dtype=np.float64)


def ssim_gaussian_padded(prediction: Frames, truth: Frames, *, data_range: float = 1.0) -> Values:
    """Return `ssim_gaussian` with the window at every pixel: outside the frames both sides are 0 (black).

    The border counts, where both sides agree outside, so it mostly reads a little higher.

    Args:
        prediction: uint8 or floating [..., H, W, 3].
        truth: the same shape.
        data_range: distance between black and white.

    Returns:
        float64 [...], at most 1; higher is better.

    Raises:
        MismatchError, InputError: see `check_pair`.

    Source: the SSIM of 3D Gaussian splatting's evaluator, which HumanVid's (commit 28ff734) took over.
    """
    check_pair(prediction, truth)
    margin = _GAUSSIAN // 2
    around = [(0, 0)] * (truth.ndim - 3) + [(margin, margin), (margin, margin), (0, 0)]
    return ssim_gaussian(np.pad(prediction, around), np.pad(truth, around), data_range=data_range)


def ssim_gray_uniform(prediction: Frames, truth: Frames) -> Values:
    """Return the SSIM of each frame as DisCo's evaluator has it: on 8-bit luma, with a flat window.

    7x7 uniform window, sample covariance (49/48), K1 0.01, K2 0.03, data range 255, mean over the map
    without a border of 3 pixels: what scikit-image computes by default for 8-bit gray frames.

    Args:
        prediction: uint8 [..., H, W, 3] with H, W >= 7.
        truth: uint8, the same shape.

    Returns:
        float64 [...], at most 1; higher is better.

    Raises:
        MismatchError, InputError: see `check_uint8`; or the frames are smaller than the window.
    """
    check_uint8(prediction, truth)
    _check_window(truth, _UNIFORM)
    window = np.full(_UNIFORM, 1.0 / _UNIFORM)
    area = _UNIFORM**2
    gray_prediction, gray_truth = luma_uint8(prediction), luma_uint8(truth)
    return _each_frame(
        gray_prediction[..., None], gray_truth[..., None], window, 255.0, covariance_scale=area / (area - 1)
    )


def luma_uint8(frames: Frames) -> NDArray[np.uint8]:
    """Return BT.601 luma as OpenCV's 15-bit fixed point rounds it.

    Args:
        frames: uint8 [..., H, W, 3], RGB.

    Returns:
        uint8 [..., H, W].
    """
    wide = frames.astype(np.int32)
    luma = (9798 * wide[..., 0] + 19235 * wide[..., 1] + 3735 * wide[..., 2] + 16384) >> 15
    return luma.astype(np.uint8)


def _check_window(frames: Frames, window: int) -> None:
    height, width = frames.shape[-3:-1]
    if min(height, width) < window:
        raise InputError(f"frames of {height}x{width} are smaller than the {window}x{window} window of SSIM")


def _each_frame(
    prediction: Frames, truth: Frames, window: NDArray[np.float64], data_range: float, covariance_scale: float
) -> Values:
    leading = truth.shape[:-3]
    pairs = zip(prediction.reshape(-1, *truth.shape[-3:]), truth.reshape(-1, *truth.shape[-3:]), strict=True)
    values = [_ssim_map(a, b, window, data_range, covariance_scale).mean() for a, b in pairs]
    return np.asarray(values, dtype=np.float64).reshape(leading)


def _gaussian_window() -> NDArray[np.float64]:
    offsets = np.arange(_GAUSSIAN) - _GAUSSIAN // 2
    window = np.exp(-0.5 * np.square(offsets / _SIGMA))
    return np.asarray(window / window.sum(), dtype=np.float64)


def _ssim_map(
    prediction: Frames, truth: Frames, window: NDArray[np.float64], data_range: float, covariance_scale: float
) -> NDArray[np.float64]:
    a, b = prediction.astype(np.float64), truth.astype(np.float64)
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    mean_a, mean_b = _valid_filter(a, window), _valid_filter(b, window)
    variance_a = covariance_scale * (_valid_filter(a * a, window) - mean_a * mean_a)
    variance_b = covariance_scale * (_valid_filter(b * b, window) - mean_b * mean_b)
    covariance = covariance_scale * (_valid_filter(a * b, window) - mean_a * mean_b)
    similarity = ((2.0 * mean_a * mean_b + c1) * (2.0 * covariance + c2)) / (
        (mean_a * mean_a + mean_b * mean_b + c1) * (variance_a + variance_b + c2)
    )
    return similarity


def _valid_filter(image: NDArray[np.float64], window: NDArray[np.float64]) -> NDArray[np.float64]:
    filtered = cv2.sepFilter2D(image, cv2.CV_64F, window, window, borderType=cv2.BORDER_REFLECT)
    margin = len(window) // 2
    return np.asarray(filtered, dtype=np.float64)[margin:-margin, margin:-margin]

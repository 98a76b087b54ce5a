"""Frame metrics over the pixels of one person at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError
from mcbench.metrics.frame.pair import Frames, check_pair
from mcbench.metrics.frame.psnr import decibels
from mcbench.metrics.frame.ssim import ssim_gaussian_map
from mcbench.metrics.people.regions import MIN_PIXELS, Labels, check_labels

_MARGIN = 5
"""From the rim of an SSIM window to its centre."""


def person_psnr(
    prediction: Frames,
    truth: Frames,
    labels: Labels,
    n_people: int,
    *,
    data_range: float = 255.0,
    cap: float = 100.0,
    minimum: int = MIN_PIXELS,
) -> NDArray[np.float64]:
    """Return 10 log10(data_range^2 / MSE) of each person, MSE over the pixels of his mask and R, G, B.

    Args:
        prediction: uint8 or floating [H, W, 3].
        truth: the same shape.
        labels: integer [H, W], the true instance mask.
        n_people: number of people.
        data_range: distance between black and white.
        cap: the highest value, and that of pixels without any difference.
        minimum: people of fewer pixels are NaN.

    Returns:
        float64 [n_people] in dB, up to `cap`; higher is better.

    Raises:
        MismatchError, InputError: see `check_pair` and `check_labels`.

    Source: masked PSNR as MotionTwin-Bench names it; the mask is the true one on both sides.
    """
    _check_frames(prediction, truth)
    error = np.square(prediction.astype(np.float64) - truth.astype(np.float64)).mean(axis=-1)
    return decibels(person_mean(error, labels, n_people, minimum=minimum), data_range, cap, cap)


def person_ssim(
    prediction: Frames,
    truth: Frames,
    labels: Labels,
    n_people: int,
    *,
    data_range: float = 255.0,
    minimum: int = MIN_PIXELS,
) -> NDArray[np.float64]:
    """Return the mean of the Gaussian SSIM map over the pixels of each person.

    The map is that of `ssim_gaussian` (11x11, sigma 1.5, mean of R, G, B). A pixel counts where the
    centre of its window is in the person's mask and the whole window in the frame, so the outermost 5
    pixels never count; windows reach beyond the mask, so a wrong background within 5 pixels of a person
    lowers his value.

    Args:
        prediction: uint8 or floating [H, W, 3] with H, W >= 11.
        truth: the same shape.
        labels: integer [H, W], the true instance mask.
        n_people: number of people.
        data_range: distance between black and white.
        minimum: people of whom fewer pixels count are NaN.

    Returns:
        float64 [n_people], at most 1; higher is better.

    Raises:
        MismatchError, InputError: see `check_pair` and `check_labels`; or the frames are smaller than
            the window.

    Source: masked SSIM as MotionTwin-Bench names it; the rule for the border is ours.
    """
    _check_frames(prediction, truth)
    check_labels(labels, n_people, truth)
    rows, columns = (_reach(labels, axis) for axis in (1, 0))
    similarity = ssim_gaussian_map(prediction[rows, columns], truth[rows, columns], data_range=data_range)
    centres = labels[rows, columns][_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    return person_mean(similarity, centres, n_people, minimum=minimum)


def person_mean(
    values: NDArray[Any], labels: Labels, n_people: int, *, minimum: int = MIN_PIXELS
) -> NDArray[np.float64]:
    """Return the mean of a map over the pixels of each person; of an LPIPS map, the masked LPIPS.

    A map's value at a pixel may depend on pixels around it, as that of LPIPS does: near the border of a
    mask it then sees what lies outside. Nothing is cut off or blackened there, since a blackened
    background would be an edge that both sides share and that the network reacts to.

    Args:
        values: [H, W], such as `LpipsNetwork.spatial` of one frame.
        labels: integer [H, W], the true instance mask.
        n_people: number of people.
        minimum: people of fewer pixels are NaN.

    Returns:
        float64 [n_people].

    Raises:
        MismatchError, InputError: see `check_labels`; or `values` is not [H, W].

    Source: masked LPIPS as MotionTwin-Bench names it; its handling of the border is unknown, this is ours.
    """
    if values.ndim != 2:
        raise InputError(f"a map is [height, width], not {list(values.shape)}")
    check_labels(labels, n_people, values)
    owner = labels.ravel()
    area = np.bincount(owner, minlength=n_people + 1)[1:]
    total = np.bincount(owner, weights=values.ravel().astype(np.float64), minlength=n_people + 1)[1:]
    enough = area >= max(1, minimum)
    means = np.full(n_people, np.nan)
    means[enough] = total[enough] / area[enough]
    return means


def _reach(labels: Labels, axis: int) -> slice:
    """Return the rows (axis 1) or columns (axis 0) that windows around people reach; at least a window's."""
    there, length = np.flatnonzero((labels > 0).any(axis=axis)), labels.shape[1 - axis]
    first, last = (there[0], there[-1]) if len(there) else (0, 0)
    first = max(0, min(first, length - 1 - _MARGIN) - _MARGIN)
    return slice(first, max(last + 1 + _MARGIN, first + 2 * _MARGIN + 1))


def _check_frames(prediction: Frames, truth: Frames) -> None:
    check_pair(prediction, truth)
    if truth.ndim != 3:
        raise InputError(f"people are measured one frame [height, width, 3] at a time, not {truth.shape}")

"""What a person looks like in 27 numbers: mean CIELAB colour and a histogram of R, G and B.

The published description names the numbers and not their normalisation. Here (ours): L / 100,
(a + 128) / 255 and (b + 128) / 255; each histogram of 8 equal bins over 0..255 sums to 1. All numbers
lie in about 0..1, and two signatures are at most about 3 apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError
from mcbench.metrics.people.regions import MIN_PIXELS, Labels, check_labels

LENGTH = 27
_BINS = 8
_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)  # sRGB primaries, white D65
_WHITE = _TO_XYZ.sum(axis=1)
_EPSILON, _KAPPA = 216.0 / 24389.0, 24389.0 / 27.0


def cielab(colours: NDArray[Any]) -> NDArray[np.float64]:
    """Return sRGB colours in CIELAB (D65), float64 [..., 3]: L in 0..100, a and b about -110..110.

    Args:
        colours: uint8 or floating [..., 3] on 0..255; what lies outside is clipped.

    Raises:
        InputError: a value is not finite.

    Source: CIE 1976; sRGB by IEC 61966-2-1. The white point is that of the matrix, so greys have a = b = 0.
    """
    if colours.dtype != np.uint8 and not np.isfinite(colours).all():
        raise InputError("the frame holds values that are not finite")
    if colours.dtype == np.uint8:
        linear = _linear(np.arange(256) / 255.0)[colours]
    else:
        linear = _linear(np.clip(np.asarray(colours, dtype=np.float64), 0.0, 255.0) / 255.0)
    ratio = (linear @ _TO_XYZ.T) / _WHITE
    curve = np.where(ratio > _EPSILON, np.cbrt(ratio), (_KAPPA * ratio + 16.0) / 116.0)
    x, y, z = curve[..., 0], curve[..., 1], curve[..., 2]
    return np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def signatures(
    frame: NDArray[Any], labels: Labels, n_people: int, *, minimum: int = MIN_PIXELS
) -> NDArray[np.float64]:
    """Return the signature of what a frame shows at each label's pixels, float64 [n_people, 27].

    Args:
        frame: uint8 or floating [H, W, 3], RGB on 0..255; what lies outside is clipped.
        labels: integer [H, W]: 0 for nothing, k for the k-th person or any other region.
        n_people: number of labels.
        minimum: regions of fewer pixels are NaN.

    Returns:
        Numbers 0 to 2: mean of the scaled L, a, b. 3 to 10, 11 to 18, 19 to 26: shares of R, G, B in
        eight bins of width 32. NaN for regions too small.

    Raises:
        InputError, MismatchError: see `check_labels`; or the frame is not RGB, or not finite.

    Source: the signature of IAA; its normalisation is ours.
    """
    check_frame(frame)
    check_labels(labels, n_people, frame)
    inside = labels > 0
    owner = labels[inside].astype(np.int64) - 1
    pixels = frame[inside]
    area = np.bincount(owner, minlength=n_people)
    found = np.full((n_people, LENGTH), np.nan)
    enough = area >= max(1, minimum)
    scaled = (cielab(pixels) + (0.0, 128.0, 128.0)) / (100.0, 255.0, 255.0)
    bins = np.clip(pixels / 32.0, 0, _BINS - 1).astype(np.int64)
    divisor = area[enough].astype(np.float64)
    for channel in range(3):
        total = np.bincount(owner, weights=scaled[:, channel], minlength=n_people)
        found[enough, channel] = total[enough] / divisor
        counts = np.bincount(owner * _BINS + bins[:, channel], minlength=n_people * _BINS)
        shares = counts.reshape(n_people, _BINS)[enough] / divisor[:, None]
        found[enough, 3 + channel * _BINS : 3 + (channel + 1) * _BINS] = shares
    return found


def signature_distances(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    """Return the Euclidean distance of every pair of signatures, float64 [N, M]; NaN where one is NaN.

    Args:
        first: [N, 27].
        second: [M, 27].

    Raises:
        InputError: not [N, 27] and [M, 27].
    """
    for one in (first, second):
        if one.ndim != 2 or one.shape[1] != LENGTH:
            raise InputError(f"signatures are [N, {LENGTH}], not {list(one.shape)}")
    return np.asarray(np.linalg.norm(first[:, None] - second[None], axis=-1), dtype=np.float64)


def least_distance(people: NDArray[Any]) -> float:
    """Return the distance of the two people that look most alike; NaN for fewer than two signatures.

    Args:
        people: [N, 27]; rows of NaN are left out.

    Raises:
        InputError: not [N, 27].
    """
    known = people[~np.isnan(people).any(axis=-1)] if people.ndim == 2 else people
    distances = signature_distances(known, known)
    pairs = distances[np.triu_indices(len(known), 1)]
    return float(pairs.min()) if pairs.size else float("nan")


def _linear(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def check_frame(frame: NDArray[Any]) -> None:
    """Check that a frame is RGB, uint8 or floating.

    Raises:
        InputError: it is not.
    """
    if frame.ndim != 3 or frame.shape[-1] != 3 or frame.size == 0:
        raise InputError(f"a frame is RGB [height, width, 3], not {list(frame.shape)}")
    if frame.dtype != np.uint8 and not np.issubdtype(frame.dtype, np.floating):
        raise InputError(f"a frame is uint8 or floating, not {frame.dtype}")

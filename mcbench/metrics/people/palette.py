"""Colours of a region, smoothed, and how far other colours are from them.

A signature sums a region up; a palette keeps its colours, so that a part of somebody is recognised from
all that he shows: a sleeve from the other sleeve.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from mcbench.metrics.people.regions import MIN_PIXELS, Labels, person_areas
from mcbench.metrics.people.signature import check_frame, cielab

Palette = NDArray[np.float64]
"""CIELAB colours, [N, 3]."""
_AT_MOST = 400
_SMOOTHING = 0.04


def palette(frame: NDArray[Any], inside: NDArray[np.bool_], size: float) -> Palette:
    """Return the smoothed colours of a region, evenly thinned to at most 400, float64 [N, 3] CIELAB.

    Colours are smoothed by a Gaussian of 4 % of `size` that sees the region alone, so that texture and noise
    weigh little and nothing outside bleeds in.

    Args:
        frame: uint8 or floating [H, W, 3], RGB on 0..255.
        inside: bool [H, W].
        size: of a person in pixels, the square root of his area.

    Raises:
        InputError: the frame is not RGB or not finite.
    """
    check_frame(frame)
    box = window_of(inside, 0.0)
    if not inside[box].size:
        return np.zeros((0, 3))
    mask = inside[box]
    weight = mask.astype(np.float64)
    colours = np.clip(frame[box].astype(np.float64), 0.0, 255.0) * weight[..., None]
    sigma = max(0.5, _SMOOTHING * size)
    weight, colours = (_blurred(plane, sigma) for plane in (weight, colours))
    kept = np.flatnonzero(mask)
    if len(kept) > _AT_MOST:
        kept = kept[np.linspace(0, len(kept) - 1, _AT_MOST).round().astype(np.int64)]
    return cielab(colours.reshape(-1, 3)[kept] / weight.ravel()[kept, None])


def person_palettes(
    frame: NDArray[Any], labels: Labels, n_people: int, *, minimum: int = MIN_PIXELS
) -> list[Palette]:
    """Return the palette of each person as a frame shows him; empty for people of fewer pixels.

    Raises:
        InputError: see `check_labels` and `palette`.
    """
    areas = person_areas(labels, n_people)
    size = typical_size(labels, n_people, minimum=minimum)
    nothing = np.zeros((0, 3))
    return [
        palette(frame, labels == person + 1, size) if areas[person] >= minimum else nothing
        for person in range(n_people)
    ]


def typical_size(labels: Labels, n_people: int, *, minimum: int = MIN_PIXELS) -> float:
    """Return the square root of the visible people's mean area in pixels; 0 where nobody is visible."""
    areas = person_areas(labels, n_people)
    areas = areas[areas >= minimum]
    return float(np.sqrt(areas.mean())) if len(areas) else 0.0


def mean_distance(colours: Palette, known: Palette) -> float:
    """Return the mean distance (CIE 1976 Delta E) of colours to the nearest of a palette; inf if it is empty.

    Args:
        colours: [N, 3], N above 0.
        known: [M, 3].
    """
    if not len(known):
        return float("inf")
    return float(np.mean(KDTree(known).query(colours)[0]))


def dilated(inside: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Return all pixels within `radius` of a region, centre to centre."""
    result = np.zeros_like(inside)
    window = window_of(inside, radius)
    result[window] = _distance(~inside[window]) <= radius
    return result


def eroded(inside: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Return the pixels of a region that are more than `radius` from any outside; the frame's rim is none."""
    result = np.zeros_like(inside)
    window = window_of(inside, 1.0)
    result[window] = inside[window] & (_distance(inside[window]) > radius)
    return result


def window_of(inside: NDArray[np.bool_], reach: float) -> tuple[slice, slice]:
    """Return the rows and columns that lie within `reach` of a region; none of an empty one."""
    more = int(np.ceil(reach))
    sides = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    rows, columns = (
        slice(max(0, side[0] - more), side[-1] + 1 + more) if len(side) else slice(0, 0) for side in sides
    )
    return rows, columns


def _distance(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the distance of each pixel of a region to the nearest one outside; very large without any."""
    if not inside.size:
        return np.zeros(inside.shape, dtype=np.float32)
    distance = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance, dtype=np.float32)


def _blurred(plane: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    # Nothing lies beyond the box of a region: zeros there keep the weights right.
    blurred = cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred, dtype=np.float64)

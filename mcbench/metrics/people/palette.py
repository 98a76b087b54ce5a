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
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return np.zeros((0, 3))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
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
    """Return a region widened by a disc of about `radius` pixels, at least 1."""
    return np.asarray(cv2.dilate(inside.astype(np.uint8), _disc(max(1, round(radius)))) > 0, dtype=np.bool_)


def eroded(inside: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Return a region narrowed by a disc of about `radius` pixels, by nothing below half a pixel."""
    reach = round(radius)
    if reach < 1:
        return inside
    return np.asarray(cv2.erode(inside.astype(np.uint8), _disc(reach)) > 0, dtype=np.bool_)


def _disc(radius: int) -> NDArray[np.uint8]:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(disc, dtype=np.uint8)


def _blurred(plane: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    # Nothing lies beyond the box of a region: zeros there keep the weights right.
    blurred = cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred, dtype=np.float64)

"""Whose pixels are whose, roughly: so that a network that reads one person is not drawn to his neighbour."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.estimators.pose.turned import TurnedCrop

Axis = NDArray[np.float64]
"""[4, 2], a person's head, neck, hips and feet in pixels of the frame: the line that his body is about."""

_COARSE = 64
_NEARER = 0.8
"""A pixel is another's if its distance to his axis is below this share of that to the person's own."""
_SAME = 0.125
"""Necks nearer to each other than this share of a person's axis are one person's."""
_LEGS = 1.6
"""Length from hips to feet in lengths from neck to hips."""


def axis_of(head: NDArray[np.float64], neck: NDArray[np.float64], hips: NDArray[np.float64]) -> Axis:
    """Return the axis of a person whose feet are not known: they are where he would stand upright."""
    length = float(np.hypot(*(hips - neck)))
    return np.stack([head, neck, hips, hips + (0.0, _LEGS * length)])


def others_of(own: Axis, axes: Sequence[Axis]) -> list[Axis]:
    """Return the axes that are not the person's own, by the place of the neck."""
    return [axis for axis in axes if not is_near(own, axis[1][None])]


def is_near(own: Axis, necks: NDArray[np.float64]) -> bool:
    """Return whether any of some necks, [N, 2], is so near to a person's own that it must be his."""
    length = float(np.hypot(*np.diff(own, axis=0).T).sum())
    return bool((np.hypot(*(necks - own[1]).T) <= _SAME * length).any())


def without_others(
    pixels: NDArray[np.uint8], crop: TurnedCrop, own: Axis, others: Sequence[Axis]
) -> NDArray[np.uint8]:
    """Return a crop's pixels, those that are rather another person's painted in the crop's mean colour.

    Args:
        pixels: uint8 [side, side, 3], what `crop.cut` gave.
        crop: where they are.
        own: the person's axis.
        others: axes of the people around him.
    """
    places = (np.stack(np.meshgrid(*[np.arange(_COARSE)] * 2), axis=-1) + 0.5) / _COARSE
    frame_places = crop.to_frame(places)
    mine = _distance(frame_places, own)
    theirs = np.min([_distance(frame_places, axis) for axis in others], axis=0)
    taken = cv2.resize((theirs < _NEARER * mine).astype(np.float32), pixels.shape[1::-1])[..., None]
    colour = pixels.reshape(-1, 3).mean(axis=0)
    return np.asarray(np.round(pixels * (1 - taken) + colour * taken), np.uint8)


def _distance(places: NDArray[np.float64], axis: Axis) -> NDArray[np.float64]:
    """Return the distance of places [..., 2] to a line of several pieces."""
    nearest = np.full(places.shape[:-1], np.inf)
    for start, end in itertools.pairwise(axis):
        along = end - start
        share = np.clip(((places - start) @ along) / max(float(along @ along), 1e-9), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(places - start - share[..., None] * along, axis=-1))
    return nearest

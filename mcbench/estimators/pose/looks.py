"""What colours a person wears: by which a tracker tells people apart after they have crossed."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.estimators.pose.people import People

Looks = NDArray[np.float64]
"""[..., parts, 3], CIE Lab of each part of the body (L on 0..100); NaN where it was not seen."""

_PARTS: tuple[tuple[tuple[int, int], ...], ...] = (
    ((2, 8), (5, 11), (2, 11), (5, 8)),  # torso
    ((2, 3), (5, 6)),  # upper arms
    ((3, 4), (6, 7)),  # forearms
    ((8, 9), (11, 12)),  # thighs
    ((9, 10), (12, 13)),  # shins
    ((14, 15), (16, 17), (0, 14), (0, 15)),  # face
)
_SAMPLES = np.linspace(0.2, 0.8, 7)
_BLUR = (5, 5)
_SCALE = 40.0
"""Distance in Lab, as a mean over parts, at which two people are alike by 1 / e."""


def people_looks(frame: NDArray[np.uint8], people: People, threshold: float) -> Looks:
    """Return the colours of everybody, float64 [P, 6, 3].

    Each part's colour is the median along its limbs, of those whose both ends are surer than the threshold.
    """
    smooth = cv2.blur(frame, _BLUR).astype(np.float32) / 255
    lab = np.asarray(cv2.cvtColor(smooth, cv2.COLOR_RGB2LAB))
    looks = np.full((len(people), len(_PARTS), 3), np.nan)
    for person in range(len(people)):
        known = people.confidence[person] >= threshold
        for part, limbs in enumerate(_PARTS):
            ends = [limb for limb in limbs if known[limb[0]] and known[limb[1]]]
            colours = [_along(lab, *people.keypoints[person, list(limb)]) for limb in ends]
            samples = np.concatenate(colours) if colours else np.zeros((0, 3))
            if len(samples):
                looks[person, part] = np.median(samples, axis=0)
    return looks


def alikeness(first: Looks, second: Looks) -> NDArray[np.float64]:
    """Return how alike each pair of people is, float64 [N, M] in 0..1; 0.5 where nothing can be compared."""
    apart = np.linalg.norm(first[:, None] - second[None], axis=-1)
    known = ~np.isnan(apart)
    number = known.sum(axis=-1)
    mean = np.where(known, apart, 0.0).sum(axis=-1) / np.maximum(number, 1)
    return np.where(number > 0, np.exp(-mean / _SCALE), 0.5)


def _along(
    lab: NDArray[np.floating[Any]], start: NDArray[np.float32], end: NDArray[np.float32]
) -> NDArray[np.floating[Any]]:
    """Return the colours [n, 3] at points between two joints, as far as they lie in the picture."""
    places = np.floor(start + _SAMPLES[:, None] * (end - start)).astype(np.int64)
    inside = ((places >= 0) & (places < (lab.shape[1], lab.shape[0]))).all(axis=1)
    return np.asarray(lab[places[inside, 1], places[inside, 0]])

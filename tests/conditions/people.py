"""A person of a known shape to draw."""

import numpy as np
from numpy.typing import NDArray

STANDING = np.array(
    [
        [0, -60], [0, -45], [-14, -45], [-20, -25], [-22, -5], [14, -45], [20, -25], [22, -5],
        [-8, 0], [-9, 28], [-10, 55], [8, 0], [9, 28], [10, 55], [-3, -63], [3, -63], [-6, -61], [6, -61],
    ],
    dtype=np.float32,
)  # fmt: skip
"""The 18 key points of a person facing the camera, around the middle of the hips, in pixels."""


def people(*centres: tuple[float, float], scale: float = 1.0) -> NDArray[np.float32]:
    """Return standing people around the given (x, y), float32 [people, 18, 2]."""
    return np.stack([STANDING * scale + np.array(centre, dtype=np.float32) for centre in centres])


def all_visible(n_people: int) -> NDArray[np.uint8]:
    return np.full((n_people, 18), 2, dtype=np.uint8)

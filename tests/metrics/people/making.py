"""Small synthetic crowds: people as upright boxes of stripes before a grey background."""

from __future__ import annotations

import numpy as np

COLOURS = np.array(
    [[200, 40, 40], [40, 180, 60], [50, 60, 210], [220, 200, 30], [190, 40, 190]], dtype=np.float64
)
SIZE = (80, 120)


def crowd(
    n_people: int = 3, *, size: tuple[int, int] = SIZE, looks: list[int] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return a frame uint8 [H, W, 3] and its instance mask: people side by side, striped in two shades.

    `looks` says which colours each one wears.
    """
    height, width = size
    rows, columns = np.mgrid[:height, :width]
    frame = np.repeat((110.0 + 40.0 * rows / height + 6.0 * (columns // 9 % 2))[..., None], 3, axis=2)
    labels = np.zeros(size, dtype=np.uint8)
    pitch = width // n_people
    for person in range(n_people):
        box = slice(height // 5, height - 4), slice(person * pitch + 6, (person + 1) * pitch - 6)
        colour = COLOURS[person if looks is None else looks[person]]
        stripes = np.where(rows[box] // 6 % 2, 1.0, 0.55)
        frame[box] = stripes[..., None] * colour
        labels[box] = person + 1
    return np.clip(np.rint(frame), 0, 255).astype(np.uint8), labels


def background(size: tuple[int, int] = SIZE) -> np.ndarray:
    """The same frame without anybody."""
    height, width = size
    rows, columns = np.mgrid[:height, :width]
    frame = np.repeat((110.0 + 40.0 * rows / height + 6.0 * (columns // 9 % 2))[..., None], 3, axis=2)
    return np.clip(np.rint(frame), 0, 255).astype(np.uint8)


def noisy(frame: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.clip(np.rint(frame + random.normal(0, sigma, frame.shape)), 0, 255).astype(np.uint8)

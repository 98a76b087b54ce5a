"""The triangle filter in floating point, written out: what resizing is held against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def weights(inner: int, outer: int, start: float = 0.0, length: float | None = None) -> NDArray[np.float64]:
    """[outer, inner]: each output is the weighted mean of inputs around its centre.

    `start` and `length` give the stretch of the input that is resized; beyond its ends the outermost
    samples count on.
    """
    length = inner if length is None else length
    scale = length / outer
    reach = max(scale, 1.0)
    matrix = np.zeros((outer, inner))
    for row in range(outer):
        centre = start + (row + 0.5) * scale
        for sample in range(int(np.floor(centre - reach)) - 1, int(np.ceil(centre + reach)) + 1):
            weight = max(0.0, 1.0 - abs(sample + 0.5 - centre) / reach)
            matrix[row, min(max(sample, 0), inner - 1)] += weight
    return matrix / matrix.sum(1, keepdims=True)


def resize(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float64]:
    """[H, W, 3] -> [*size, 3]."""
    rows, columns = weights(image.shape[0], size[0]), weights(image.shape[1], size[1])
    return np.einsum("yi,xj,ijc->yxc", rows, columns, image.astype(np.float64), optimize=True)


def resize_plane(
    plane: NDArray[np.uint8], size: tuple[int, int], top: float, left: float, height: float, width: float
) -> NDArray[np.float64]:
    """A box of a plane, given in its own samples, which may be halves, -> size."""
    rows = weights(plane.shape[0], size[0], top, height)
    columns = weights(plane.shape[1], size[1], left, width)
    return rows @ plane.astype(np.float64) @ columns.T

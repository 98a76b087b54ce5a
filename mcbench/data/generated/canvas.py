"""A plane that can be painted on, in metres, and looked up between its pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcbench.data.generated.arithmetic import noise
from mcbench.data.generated.people import Colour

Picture = NDArray[np.float32]


class Canvas:
    """A plane to paint on, in metres, with soft edges; linear RGB."""

    def __init__(
        self, left: float, bottom: float, width: float, height: float, density: float, colour: Colour
    ) -> None:
        self.left, self.bottom, self.density = left, bottom, density
        columns, rows = int(width * density) + 2, int(height * density) + 2
        self.pixels = np.empty((rows, columns, 3), dtype=np.float32)
        self.pixels[:] = np.array(colour, dtype=np.float32)
        self.x = ((np.arange(columns) + 0.5) / density + left).astype(np.float32)
        self.y = ((np.arange(rows) + 0.5) / density + bottom).astype(np.float32)

    def _window(self, left: float, bottom: float, right: float, top: float) -> tuple[slice, slice]:
        d = self.density
        x0, x1 = int((left - self.left) * d) - 1, int((right - self.left) * d) + 2
        y0, y1 = int((bottom - self.bottom) * d) - 1, int((top - self.bottom) * d) + 2
        return slice(max(y0, 0), max(y1, 0)), slice(max(x0, 0), max(x1, 0))

    def _blend(self, window: tuple[slice, slice], cover: Picture, colour: Colour) -> None:
        area = self.pixels[window]
        area += (np.array(colour, dtype=np.float32) - area) * cover[..., None]

    def box(
        self, left: float, bottom: float, right: float, top: float, colour: Colour, opacity: float = 1.0
    ) -> None:
        """Paint a rectangle."""
        window = self._window(left, bottom, right, top)
        d = np.float32(self.density)
        x, y = self.x[window[1]], self.y[window[0]]
        one, zero = np.float32(1.0), np.float32(0.0)
        across = np.clip((x - np.float32(left)) * d + np.float32(0.5), zero, one)
        across = across * np.clip((np.float32(right) - x) * d + np.float32(0.5), zero, one)
        along = np.clip((y - np.float32(bottom)) * d + np.float32(0.5), zero, one)
        along = along * np.clip((np.float32(top) - y) * d + np.float32(0.5), zero, one)
        self._blend(window, along[:, None] * (across * np.float32(opacity)), colour)

    def disc(self, x: float, y: float, rx: float, ry: float, colour: Colour, soft: float = 0.0) -> None:
        """Paint an ellipse; `soft` is how much of the radius fades out."""
        window = self._window(x - rx, y - ry, x + rx, y + ry)
        u = (self.x[window[1]] - np.float32(x)) / np.float32(rx)
        v = (self.y[window[0]] - np.float32(y)) / np.float32(ry)
        away = np.sqrt((u * u)[None, :] + (v * v)[:, None])
        sharpness = np.float32(1.0 / max(soft, 1.0 / (self.density * min(rx, ry))))
        cover = np.clip((np.float32(1.0) - away) * sharpness, np.float32(0.0), np.float32(1.0))
        self._blend(window, cover, colour)

    def grain(self, seed: int, amount: float, cell: float) -> None:
        """Vary the brightness softly at random, cell by cell."""
        fx, fy = (
            self.x / np.float32(cell) + np.float32(1000.0),
            self.y / np.float32(cell) + np.float32(1000.0),
        )
        ix, iy = np.floor(fx), np.floor(fy)
        px, py = (fx - ix)[None, :], (fy - iy)[:, None]
        jx, jy = ix.astype(np.int64)[None, :], iy.astype(np.int64)[:, None]
        near = noise(jx, jy, seed) * (1 - px) + noise(jx + 1, jy, seed) * px
        far = noise(jx, jy + 1, seed) * (1 - px) + noise(jx + 1, jy + 1, seed) * px
        value = near * (1 - py) + far * py
        self.pixels *= (np.float32(1.0) + (value - np.float32(0.5)) * np.float32(2.0 * amount))[..., None]


def sample(canvas: Canvas, x: Picture, y: Picture) -> Picture:
    """Return the colours [N, 3] of a canvas at points in metres, between its pixels linearly."""
    rows, columns = canvas.pixels.shape[:2]
    d, half, zero = np.float32(canvas.density), np.float32(0.5), np.float32(0.0)
    fx = np.clip((x - np.float32(canvas.left)) * d - half, zero, np.float32(columns - 1.001))
    fy = np.clip((y - np.float32(canvas.bottom)) * d - half, zero, np.float32(rows - 1.001))
    ix, iy = fx.astype(np.int32), fy.astype(np.int32)
    px, py = (fx - ix)[:, None], (fy - iy)[:, None]
    flat = canvas.pixels.reshape(-1, 3)
    index = iy * np.int32(columns) + ix
    low = np.take(flat, index, axis=0)
    low += (np.take(flat, index + 1, axis=0) - low) * px
    high = np.take(flat, index + columns, axis=0)
    high += (np.take(flat, index + columns + 1, axis=0) - high) * px
    low += (high - low) * py
    result: Picture = low
    return result

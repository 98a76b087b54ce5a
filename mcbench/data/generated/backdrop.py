"""What is behind the people: a floor and a wall, painted in the plane's own metres."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcbench.data.generated.arithmetic import Floats, Random, noise
from mcbench.data.generated.people import Colour, colour_of
from mcbench.data.generated.specs import SceneSpec

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


def _grey(value: float, tint: Colour = (1.0, 1.0, 1.0)) -> Colour:
    return (value * tint[0], value * tint[1], value * tint[2])


# --- walls ------------------------------------------------------------------------------------------


def _panels(canvas: Canvas, random: Random, base: Colour) -> None:
    width = random.uniform(0.5, 0.9)
    x = -4.5 + random.uniform(0.0, width)
    while x < 4.5:
        shade = random.uniform(0.85, 1.12)
        canvas.box(x, 0.0, x + width - 0.02, 4.5, tuple(c * shade for c in base))  # type: ignore[arg-type]
        canvas.box(x + width - 0.02, 0.0, x + width, 4.5, tuple(c * 0.5 for c in base))  # type: ignore[arg-type]
        x += width


def _bricks(canvas: Canvas, random: Random, base: Colour) -> None:
    tall, wide = 0.11, 0.32
    for row in range(42):
        x = -4.5 + (0.5 * wide if row % 2 else 0.0)
        while x < 4.5:
            shade = random.uniform(0.75, 1.2)
            colour = (base[0] * shade, base[1] * shade, base[2] * shade)
            canvas.box(x, row * tall, x + wide - 0.018, (row + 1) * tall - 0.016, colour)
            x += wide


def _shelves(canvas: Canvas, random: Random, base: Colour) -> None:
    for level in range(7):
        y = 0.25 + 0.48 * level
        canvas.box(-4.5, y - 0.04, 4.5, y, (0.16, 0.09, 0.05))
        x = -4.5
        while x < 4.5:
            width, height = random.uniform(0.04, 0.2), random.uniform(0.15, 0.4)
            if random.chance(0.82):
                colour = colour_of(random.uniform(), random.uniform(0.3, 0.7), random.uniform(0.25, 0.75))
                canvas.box(x, y, x + width * 0.92, y + height, colour)
                canvas.box(x, y + height * 0.3, x + width * 0.92, y + height * 0.38, (0.6, 0.6, 0.55), 0.5)
            x += width


def _mirrors(canvas: Canvas, random: Random, base: Colour) -> None:
    width = random.uniform(1.0, 1.4)
    x = -4.5 + random.uniform(0.0, width)
    while x < 4.5:
        canvas.box(x, 0.3, x + width - 0.05, 2.7, (0.34, 0.4, 0.43))
        canvas.box(x + 0.12, 0.35, x + 0.4, 2.65, (0.46, 0.53, 0.56), 0.6)
        x += width
    canvas.box(-4.5, 0.98, 4.5, 1.03, (0.3, 0.19, 0.1))


def _windows(canvas: Canvas, random: Random, base: Colour) -> None:
    width, gap = random.uniform(0.9, 1.2), random.uniform(0.35, 0.6)
    x = -4.5 + random.uniform(0.0, 0.8)
    while x < 4.5:
        canvas.box(x - 0.07, 0.55, x + width + 0.07, 2.95, (0.55, 0.53, 0.5))
        for step in range(12):
            part = step / 12.0
            sky = (0.5 - 0.25 * part, 0.62 - 0.2 * part, 0.8 - 0.1 * part)
            canvas.box(x, 0.62 + 2.26 * part, x + width, 0.62 + 2.26 * (part + 1.0 / 12.0), sky)
        top = 0.62
        while top < 1.6:
            left = x + random.uniform(0.0, width * 0.6)
            canvas.box(
                left,
                0.62,
                min(left + random.uniform(0.15, 0.4), x + width),
                top,
                _grey(random.uniform(0.12, 0.3)),
            )
            top += random.uniform(0.2, 0.5)
        canvas.box(x + width * 0.5 - 0.025, 0.6, x + width * 0.5 + 0.025, 2.9, (0.5, 0.48, 0.45))
        canvas.box(x, 1.72, x + width, 1.77, (0.5, 0.48, 0.45))
        x += width + gap


def _posters(canvas: Canvas, random: Random, base: Colour) -> None:
    for _ in range(26):
        x, y = random.uniform(-3.6, 3.2), random.uniform(0.5, 2.8)
        width, height = random.uniform(0.35, 0.75), random.uniform(0.45, 0.9)
        colour = colour_of(random.uniform(), random.uniform(0.2, 0.7), random.uniform(0.4, 0.9))
        canvas.box(x - 0.02, y - 0.03, x + width + 0.02, y + height, (0.02, 0.02, 0.02), 0.4)
        canvas.box(x, y, x + width, y + height, colour)
        for _ in range(3):
            accent = colour_of(random.uniform(), 0.7, random.uniform(0.2, 0.9))
            if random.chance(0.5):
                radius = random.uniform(0.06, 0.16)
                canvas.disc(
                    x + width * random.uniform(0.3, 0.7),
                    y + height * random.uniform(0.35, 0.75),
                    radius,
                    radius,
                    accent,
                )
            else:
                low = y + height * random.uniform(0.05, 0.8)
                canvas.box(x + 0.04, low, x + width * random.uniform(0.5, 0.95), low + 0.05, accent)


def _street(canvas: Canvas, random: Random, base: Colour) -> None:
    x = -4.5
    while x < 4.5:
        width = random.uniform(1.1, 1.9)
        shade = colour_of(random.uniform(), random.uniform(0.1, 0.45), random.uniform(0.3, 0.65))
        canvas.box(x, 0.0, x + width, 4.5, shade)
        canvas.box(x + 0.1, 0.35, x + width - 0.1, 1.75, (0.06, 0.08, 0.1))
        for _ in range(5):
            item = colour_of(random.uniform(), 0.5, random.uniform(0.3, 0.8))
            left = x + random.uniform(0.12, max(width - 0.4, 0.2))
            canvas.box(left, 0.4, left + random.uniform(0.08, 0.25), random.uniform(0.6, 1.4), item)
        sign = colour_of(random.uniform(), 0.8, 0.7)
        canvas.box(x + 0.05, 1.85, x + width - 0.05, 2.2, sign)
        canvas.box(x + 0.2, 1.97, x + width * random.uniform(0.5, 0.8), 2.08, (0.8, 0.8, 0.75))
        for k in range(2):
            left = x + 0.2 + k * width * 0.48
            canvas.box(left, 2.5, left + width * 0.25, 3.2, (0.12, 0.16, 0.2))
        x += width


def _garden(canvas: Canvas, random: Random, base: Colour) -> None:
    canvas.box(-4.5, 1.9, 4.5, 4.6, (0.42, 0.58, 0.75))
    canvas.box(-4.5, 0.0, 4.5, 1.9, (0.04, 0.10, 0.03))
    for _ in range(1100):
        x, y, radius = random.uniform(-3.4, 3.4), random.uniform(0.0, 2.15), random.uniform(0.03, 0.12)
        green = random.uniform(0.08, 0.38)
        canvas.disc(
            x, y, radius, radius * random.uniform(0.5, 1.0), (green * 0.45, green, green * 0.22), 0.35
        )
    for _ in range(40):
        petal = colour_of(random.uniform(), 0.7, 0.8)
        canvas.disc(random.uniform(-4.4, 4.4), random.uniform(0.1, 1.9), 0.035, 0.035, petal, 0.3)


def _plain_wall(canvas: Canvas, random: Random, base: Colour) -> None:
    canvas.box(-4.5, 0.9, 4.5, 0.95, (base[0] * 0.8, base[1] * 0.8, base[2] * 0.8))


def _paper(canvas: Canvas, random: Random, base: Colour) -> None:
    for step in range(40):
        shade = 0.55 + 0.5 * step / 40.0
        canvas.box(-4.5, step * 0.115, 4.5, 4.6, (base[0] * shade, base[1] * shade, base[2] * shade))


Painter = Callable[[Canvas, Random, Colour], None]
WALLS: dict[str, dict[str, Painter]] = {
    "train": {
        "panels": _panels,
        "bricks": _bricks,
        "shelves": _shelves,
        "mirrors": _mirrors,
        "plain": _plain_wall,
    },
    "test": {"windows": _windows, "posters": _posters, "street": _street, "garden": _garden, "paper": _paper},
}
"""Kinds of walls of each pool; no kind is in both."""


# --- floors -----------------------------------------------------------------------------------------


def _planks(canvas: Canvas, random: Random, base: Colour) -> None:
    width = random.uniform(0.12, 0.22)
    x = -4.5
    while x < 4.5:
        z = -5.0 + random.uniform(-1.0, 0.0)
        while z < 3.0:
            long, shade = random.uniform(0.8, 1.6), random.uniform(0.8, 1.15)
            canvas.box(
                x, z, x + width - 0.006, z + long - 0.006, (base[0] * shade, base[1] * shade, base[2] * shade)
            )
            z += long
        x += width


def _tiles(canvas: Canvas, random: Random, base: Colour) -> None:
    side = random.uniform(0.35, 0.6)
    count = int(9.0 / side) + 1
    for i in range(count):
        for j in range(count):
            shade = random.uniform(0.93, 1.07)
            x, z = -4.5 + i * side, -5.0 + j * side
            canvas.box(
                x, z, x + side - 0.012, z + side - 0.012, (base[0] * shade, base[1] * shade, base[2] * shade)
            )


def _carpet(canvas: Canvas, random: Random, base: Colour) -> None:
    canvas.pixels[:] = np.array(base, dtype=np.float32)
    canvas.grain(random.integer(1 << 31), 0.12, 0.03)


def _checker(canvas: Canvas, random: Random, base: Colour) -> None:
    side = random.uniform(0.4, 0.6)
    count = int(9.0 / side) + 1
    for i in range(count):
        for j in range(count):
            shade = 1.0 if (i + j) % 2 else 0.5
            x, z = -4.5 + i * side, -5.0 + j * side
            canvas.box(x, z, x + side, z + side, (base[0] * shade, base[1] * shade, base[2] * shade))


def _concrete(canvas: Canvas, random: Random, base: Colour) -> None:
    grey = 0.3 + 0.4 * (base[0] + base[1] + base[2]) / 3.0
    canvas.pixels[:] = np.array((grey, grey, grey * 0.97), dtype=np.float32)
    canvas.grain(random.integer(1 << 31), 0.12, 0.35)
    canvas.grain(random.integer(1 << 31), 0.06, 0.05)
    for k in range(6):
        canvas.box(-4.5 + 1.7 * k, -5.0, -4.488 + 1.7 * k, 4.0, (grey * 0.6, grey * 0.6, grey * 0.6))


def _rug(canvas: Canvas, random: Random, base: Colour) -> None:
    canvas.pixels[:] = np.array((0.22, 0.16, 0.11), dtype=np.float32)
    canvas.grain(random.integer(1 << 31), 0.1, 0.06)
    for k in range(5):
        colour = base if k % 2 == 0 else (0.75, 0.7, 0.6)
        inset = 0.14 * k
        canvas.box(-1.9 + inset, -1.5 + inset, 1.9 - inset, 1.4 - inset, colour)


FLOORS: dict[str, dict[str, Painter]] = {
    "train": {"planks": _planks, "tiles": _tiles, "carpet": _carpet},
    "test": {"checker": _checker, "concrete": _concrete, "rug": _rug},
}
"""Kinds of floors of each pool; no kind is in both."""


# --- the whole ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Backdrop:
    """A floor at height 0 and a wall at `distance` metres behind the middle of the scene."""

    spec: SceneSpec
    distance: float
    wall: str
    floor: str

    def paint(self, density: float) -> tuple[Canvas, Canvas]:
        """Return wall and floor, painted with so many pixels a metre."""
        pool = "train" if self.spec.split == "train" else "test"
        random = Random(self.spec.seed, "wall")
        base = colour_of(random.uniform(), random.uniform(0.04, 0.32), random.uniform(0.55, 0.85))
        wall = Canvas(-4.5, -0.05, 9.0, 4.6, density, base)
        WALLS[pool][self.wall](wall, random, base)
        wall.grain(random.integer(1 << 31), 0.07, 0.8)
        wall.box(-4.5, 0.0, 4.5, 0.09, _grey(random.uniform(0.08, 0.6)))
        random = Random(self.spec.seed, "floor")
        tone = colour_of(random.uniform(0.02, 0.13), random.uniform(0.15, 0.6), random.uniform(0.45, 0.75))
        floor = Canvas(-4.5, -5.0, 9.0, 5.0 + self.distance + 0.2, density, _grey(0.6, tone))
        FLOORS[pool][self.floor](floor, random, tone)
        floor.grain(random.integer(1 << 31), 0.08, 0.7)
        return wall, floor


def choose_backdrop(spec: SceneSpec) -> Backdrop:
    """Return the backdrop of a clip."""
    pool = "train" if spec.split == "train" else "test"
    random = Random(spec.seed, "backdrop")
    wall, floor = random.choice(sorted(WALLS[pool])), random.choice(sorted(FLOORS[pool]))
    if spec.split != "train":  # few clips: let every kind come up
        wall = sorted(WALLS[pool])[spec.index % len(WALLS[pool])]
        floor = sorted(FLOORS[pool])[(spec.index + spec.index // len(WALLS[pool])) % len(FLOORS[pool])]
    return Backdrop(spec, random.uniform(1.55, 2.3), wall, floor)


@dataclass(frozen=True)
class Seen:
    """The empty scene from one camera place.

    Attributes:
        colour: float32 [H, W, 3], linear.
        depth: float32 [H, W], metres along the axis of view.
        points: three float32 [H, W]: the point of the plane that each pixel shows, in the world.
        on_floor: bool [H, W].
    """

    colour: Picture
    depth: Picture
    points: tuple[Picture, Picture, Picture]
    on_floor: NDArray[np.bool_]


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
    return low


def look(
    wall: Canvas, floor: Canvas, distance: float, place: Floats, axes: Floats, across: Floats, down: Floats
) -> Seen:
    """Return what the camera sees of floor and wall; `across` and `down` are the slopes of the rays."""
    x, y = across.astype(np.float32), down.astype(np.float32)
    r, dn, a = axes.astype(np.float32)
    ways = [x * r[k] + (y * dn[k] + a[k]) for k in range(3)]
    px, py, pz = (np.float32(c) for c in place)
    to_wall = (np.float32(distance) - pz) / ways[2]
    on_floor = py + to_wall * ways[1] < 0.0
    to_floor = -py / np.where(on_floor, ways[1], np.float32(-1.0))
    depth = np.where(on_floor, to_floor, to_wall)
    points = (px + depth * ways[0], py + depth * ways[1], pz + depth * ways[2])
    colour = np.empty((*depth.shape, 3), dtype=np.float32)
    colour[on_floor] = sample(floor, points[0][on_floor], points[2][on_floor])
    other = ~on_floor
    colour[other] = sample(wall, points[0][other], points[1][other])
    return Seen(colour, depth, points, on_floor)

"""What walls and floors look like. Each kind belongs to one pool, `train` or `test`; none is in both."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcbench.data.generated.arithmetic import Random
from mcbench.data.generated.canvas import Canvas
from mcbench.data.generated.people import Colour, colour_of

Painter = Callable[[Canvas, Random, Colour], None]
"""(canvas, random, base colour): paints the whole plane."""


def shaded(colour: Colour, shade: float) -> Colour:
    """Return a colour made darker or lighter."""
    return (colour[0] * shade, colour[1] * shade, colour[2] * shade)


def grey(value: float) -> Colour:
    """Return a grey."""
    return (value, value, value)


# --- walls ------------------------------------------------------------------------------------------


def _panels(canvas: Canvas, random: Random, base: Colour) -> None:
    width = random.uniform(0.5, 0.9)
    x = -4.5 + random.uniform(0.0, width)
    while x < 4.5:
        shade = random.uniform(0.85, 1.12)
        canvas.box(x, 0.0, x + width - 0.02, 4.5, shaded(base, shade))
        canvas.box(x + width - 0.02, 0.0, x + width, 4.5, shaded(base, 0.5))
        x += width


def _bricks(canvas: Canvas, random: Random, base: Colour) -> None:
    tall, wide = 0.11, 0.32
    for row in range(42):
        x = -4.5 + (0.5 * wide if row % 2 else 0.0)
        while x < 4.5:
            shade = random.uniform(0.75, 1.2)
            colour = shaded(base, shade)
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
                grey(random.uniform(0.12, 0.3)),
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
    canvas.box(-4.5, 0.9, 4.5, 0.95, shaded(base, 0.8))


def _paper(canvas: Canvas, random: Random, base: Colour) -> None:
    for step in range(40):
        shade = 0.55 + 0.5 * step / 40.0
        canvas.box(-4.5, step * 0.115, 4.5, 4.6, shaded(base, shade))


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
            canvas.box(x, z, x + width - 0.006, z + long - 0.006, shaded(base, shade))
            z += long
        x += width


def _tiles(canvas: Canvas, random: Random, base: Colour) -> None:
    side = random.uniform(0.35, 0.6)
    count = int(9.0 / side) + 1
    for i in range(count):
        for j in range(count):
            shade = random.uniform(0.93, 1.07)
            x, z = -4.5 + i * side, -5.0 + j * side
            canvas.box(x, z, x + side - 0.012, z + side - 0.012, shaded(base, shade))


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
            canvas.box(x, z, x + side, z + side, shaded(base, shade))


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

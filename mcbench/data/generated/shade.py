"""From what is seen to colours: patterns, faces, light and shadow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcbench.data.generated.backdrop import Seen
from mcbench.data.generated.camera import focal_lengths
from mcbench.data.generated.parts import PAINT
from mcbench.data.generated.people import PATTERNS
from mcbench.data.generated.raster import Drawn

Values = NDArray[np.float32]
Indices = NDArray[np.intp]
_ONE, _HALF, _ZERO = np.float32(1.0), np.float32(0.5), np.float32(0.0)


@dataclass(frozen=True)
class Lamp:
    """The light of one frame, in the camera's axes."""

    towards: tuple[float, float, float]
    up: tuple[float, float, float]
    colour: tuple[float, float, float]
    around: tuple[float, float, float]


@dataclass(frozen=True)
class Points:
    """Seen points of parts: where in the part (u, v, s) each is, besides its part, place and slopes."""

    part: NDArray[np.int16]
    depth: Values
    across: Values
    down: Values
    local: tuple[Values, Values, Values]


def locate(drawn: Drawn, kind: Indices, rows: Indices, columns: Indices) -> Points:
    """Return the material points that rays meet; each ray must meet a part.

    Args:
        drawn: what was drawn.
        kind: [N]: 0 for the ray through a pixel's centre, 1 for a corner.
        rows: [N].
        columns: [N].
    """
    placed = drawn.placed
    part, depth = drawn.part[kind, rows, columns], drawn.depth[kind, rows, columns]
    across = drawn.grid.across[:, 0].astype(np.float32)[kind, columns]
    down = drawn.grid.down[:, :, 0].astype(np.float32)[kind, rows]
    inverse = placed.inverse.astype(np.float32)
    start = -(
        placed.inverse[..., 0] * placed.origin[:, None, 0]
        + placed.inverse[..., 1] * placed.origin[:, None, 1]
        + placed.inverse[..., 2] * placed.origin[:, None, 2]
    ).astype(np.float32)
    u, v, s = (
        (inverse[part, k, 0] * across + inverse[part, k, 1] * down + inverse[part, k, 2]) * depth
        + start[part, k]
        for k in range(3)
    )
    return Points(part, depth, across, down, (u, v, s))


def _cover(field: Values, blur: Values) -> Values:
    """Return how much of a point lies where `field` is positive, with an edge `blur` wide."""
    cover: Values = np.clip(field / blur + _HALF, _ZERO, _ONE)
    return cover


def _wave(x: Values) -> Values:
    """Return the triangle wave of x: 1 at whole numbers, -1 halfway."""
    wave: Values = np.abs(x - np.floor(x) - _HALF) * np.float32(4.0) - _ONE
    return wave


def _pattern(kind: Values, u: Values, v: Values, s: Values, blur: Values, scale: Values) -> Values:
    """Return how much of the second colour a cloth shows at (u, v, s) metres; `blur` in metres."""
    result = np.zeros_like(u)
    for number in np.unique(kind).tolist():
        name = PATTERNS[int(number)]
        if name == "plain":
            continue
        at = np.flatnonzero(kind == number)
        x, y, z = u[at] / scale[at], s[at] / scale[at], v[at]
        soft = blur[at] / scale[at]
        if name == "bands":
            cover = _cover(_wave(y * np.float32(11.0)) - np.float32(0.1), soft * np.float32(44.0))
        elif name == "checks":
            product = _wave(y * np.float32(10.0)) * _wave(x * np.float32(10.0))
            cover = _cover(product, soft * np.float32(40.0))
        elif name == "dots":
            a = (x * np.float32(16.0)) - np.floor(x * np.float32(16.0)) - _HALF
            b = (y * np.float32(16.0)) - np.floor(y * np.float32(16.0)) - _HALF
            cover = _cover(np.float32(0.075) - a * a - b * b, soft * np.float32(9.0))
        elif name == "halves":
            cover = _cover(x, soft)
        elif name in ("badge", "cross"):
            p, q = np.abs(x), np.abs(y - np.float32(0.3))
            if name == "badge":
                field = np.float32(0.055) - np.sqrt(p * p + q * q)
            else:
                field = np.maximum(
                    np.minimum(np.float32(0.02) - p, np.float32(0.07) - q),
                    np.minimum(np.float32(0.07) - p, np.float32(0.02) - q),
                )
            cover = _cover(np.where(z > 0, field, np.float32(-1.0)), soft)
        elif name == "pinstripes":
            cover = _cover(_wave(x * np.float32(22.0)) - np.float32(0.55), soft * np.float32(88.0))
        elif name == "diagonal":
            cover = _cover(_wave((x + y) * np.float32(9.0)) - np.float32(0.15), soft * np.float32(50.0))
        elif name == "plaid":
            one = _cover(_wave(y * np.float32(9.0)) - np.float32(0.3), soft * np.float32(36.0))
            two = _cover(_wave(x * np.float32(9.0)) - np.float32(0.3), soft * np.float32(36.0))
            cover = (one + two) * _HALF
        elif name == "diamonds":
            cover = _cover(
                _wave(x * np.float32(8.0)) + _wave(y * np.float32(6.0)) - np.float32(0.5),
                soft * np.float32(40.0),
            )
        else:  # hem
            cover = _cover(np.float32(0.17) - y, soft)
        result[at] = cover
    return result


def _faces(colour: Values, at: NDArray[np.intp], points: Points, table: Values, blur: Values) -> None:
    """Paint eyes, brows, mouth and the hair line's shade onto points of heads, in place."""
    part = points.part[at]
    u, v, s = (c[at] for c in points.local)
    front = v > _ZERO
    soft = blur[at] / table[part, 11]
    side = np.abs(u)

    def paint(cover: Values, ink: Values | tuple[float, float, float]) -> None:
        share = np.where(front, cover, _ZERO)[:, None]
        colour[at] += (np.asarray(ink, dtype=np.float32) - colour[at]) * share

    def oval(cx: float, cy: float, rx: float, ry: float) -> Values:
        a = (side - np.float32(cx)) / np.float32(rx)
        b = (s - np.float32(cy)) / np.float32(ry)
        return _cover(_ONE - np.sqrt(a * a + b * b), soft / np.float32(ry))

    skin = table[part, 0:3]
    brow = table[part, 6:9] * np.float32(0.7)
    paint(
        oval(0.52, -0.22, 0.26, 0.2) * np.float32(0.35), skin * np.array((1.08, 0.8, 0.78), dtype=np.float32)
    )
    paint(oval(0.37, 0.12, 0.24, 0.14) * np.float32(0.4), skin * np.float32(0.55))
    paint(oval(0.37, 0.09, 0.18, 0.085), (0.7, 0.68, 0.66))
    paint(oval(0.36, 0.095, 0.09, 0.085), table[part, 17:20])
    paint(oval(0.37, 0.165, 0.2, 0.03), brow * np.float32(0.4))
    paint(oval(0.38, 0.33, 0.23, 0.045), brow)
    smile = s - u * u * np.float32(0.9)
    a, b = u / np.float32(0.34), (smile + np.float32(0.5)) / np.float32(0.085)
    paint(_cover(_ONE - np.sqrt(a * a + b * b), soft / np.float32(0.085)), table[part, 3:6])
    b = (smile + np.float32(0.49)) / np.float32(0.022)
    paint(
        _cover(_ONE - np.sqrt(a * a * np.float32(1.5) + b * b), soft / np.float32(0.022)),
        skin * np.float32(0.3),
    )


def _shadow(points: Points, drawn: Drawn, lamp: Lamp) -> Values:
    """Return how much lamp light is kept from each point by parts seen in front, looking along the depth."""
    height, width = drawn.grid.size
    fx, fy = focal_lengths(drawn.grid.size)
    depth = drawn.depth[0]
    total = np.zeros_like(points.depth)
    for reach in (0.05, 0.10, 0.17, 0.26):
        z = points.depth + np.float32(lamp.towards[2] * reach)
        x = (points.across * points.depth + np.float32(lamp.towards[0] * reach)) / z
        y = (points.down * points.depth + np.float32(lamp.towards[1] * reach)) / z
        column = np.clip(x * np.float32(fx) + np.float32(0.5 * width), _ZERO, np.float32(width - 1)).astype(
            np.int32
        )
        row = np.clip(y * np.float32(fy) + np.float32(0.5 * height), _ZERO, np.float32(height - 1)).astype(
            np.int32
        )
        before = z - depth[row, column]
        total += ((before > np.float32(0.02)) & (before < np.float32(0.3))).astype(np.float32)
    kept: Values = np.minimum(total * np.float32(0.4), _ONE)
    return kept


def shade(points: Points, drawn: Drawn, table: Values, lamp: Lamp) -> Values:
    """Return the linear RGB [N, 3] of points of parts.

    Args:
        points: what is seen.
        drawn: where it was found; parts in front throw shadows.
        table: the parts' surfaces, as in `Parts`.
        lamp: the light.
    """
    placed = drawn.placed
    part = points.part
    u, v, s = points.local
    rows = table[part]
    blur = points.depth * np.float32(1.2 / focal_lengths(drawn.grid.size)[1])
    shape = placed.shape.astype(np.float32)
    bent = shape[part, 0] * s + shape[part, 1]
    inverse = placed.inverse.astype(np.float32)
    normal = [
        inverse[part, 0, k] * u + inverse[part, 1, k] * v + inverse[part, 2, k] * bent for k in range(3)
    ]
    size = np.sqrt(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2])
    size = _ONE / np.maximum(size, np.float32(1e-6))
    nx, ny, nz = (n * size for n in normal)

    along = s * rows[:, 13] + rows[:, 14]
    mixed = _pattern(rows[:, 10], u * rows[:, 11], v * rows[:, 12], along, blur, rows[:, 15])[:, None]
    colour = rows[:, 0:3] + (rows[:, 3:6] - rows[:, 0:3]) * mixed
    beyond = _cover((s - rows[:, 9]) * rows[:, 13], blur)[:, None]
    colour += (rows[:, 6:9] - colour) * beyond
    paint = rows[:, 16]
    faces = np.flatnonzero(paint == PAINT["face"])
    if len(faces):
        _faces(colour, faces, points, table, blur)
    feet = np.flatnonzero(paint == PAINT["foot"])
    sole = _cover((np.float32(-0.45) - s[feet]) * rows[feet, 13], blur[feet])[:, None]
    colour[feet] += (rows[feet, 3:6] - colour[feet]) * sole

    lx, ly, lz = (np.float32(c) for c in lamp.towards)
    facing = nx * lx + ny * ly + nz * lz
    lit = np.clip((facing + np.float32(0.2)) * np.float32(1.0 / 1.2), _ZERO, _ONE)
    lit *= _ONE - np.float32(0.75) * _shadow(points, drawn, lamp)
    ux, uy, uz = (np.float32(c) for c in lamp.up)
    sky = np.float32(0.72) + np.float32(0.28) * (nx * ux + ny * uy + nz * uz)
    sky *= np.float32(0.78) - np.float32(0.22) * nz  # what turns away from the camera gets less
    strong = np.where(paint == PAINT["hair"], np.float32(0.35), np.float32(0.05))
    half = np.maximum(facing - np.float32(0.55), _ZERO)
    gloss = strong * half * half
    for k in range(3):
        colour[:, k] *= lit * np.float32(lamp.colour[k]) + sky * np.float32(lamp.around[k])
        colour[:, k] += gloss * np.float32(lamp.colour[k])
    return colour


def light_backdrop(seen: Seen, lamp: Lamp, shadows: list[tuple[float, float, float, float]]) -> Values:
    """Return the lit empty scene, linear RGB [H, W, 3], with the people's soft shadows on the floor.

    Args:
        seen: floor and wall.
        lamp: the light.
        shadows: x, z, radius and darkness of each shadow on the floor.
    """
    x, _, z = seen.points
    light = np.full(x.shape, _ONE, dtype=np.float32)
    for bx, bz, radius, dark in np.array(shadows, dtype=np.float32).tolist():
        rows = np.flatnonzero(
            np.any(seen.on_floor & (np.abs(z - np.float32(bz)) < np.float32(radius)), axis=1)
        )
        if not len(rows):
            continue
        band = slice(int(rows[0]), int(rows[-1]) + 1)
        a, b = (x[band] - np.float32(bx)), (z[band] - np.float32(bz))
        near = _ONE - (a * a + b * b) * np.float32(1.0 / (radius * radius))
        near = np.maximum(near, _ZERO)
        light[band] *= _ONE - np.where(seen.on_floor[band], near * near, _ZERO) * np.float32(dark)
    # A floor facing up and a wall facing the camera, under the same lamp as the people.
    # (No `sum`: from Python 3.12 on it adds floats in another way.)
    up, towards = lamp.up, lamp.towards
    floor = max(0.0, up[0] * towards[0] + up[1] * towards[1] + up[2] * towards[2])
    wall = max(0.0, -lamp.towards[2])
    direct = np.where(seen.on_floor, np.float32(floor), np.float32(wall)) * light
    soft = np.float32(0.65) + np.float32(0.25) * light
    colour = np.empty_like(seen.colour)
    for k in range(3):
        gain = direct * np.float32(lamp.colour[k] * 0.7) + soft * np.float32(lamp.around[k])
        np.multiply(seen.colour[..., k], gain, out=colour[..., k])
    return colour


def encode(linear: Values) -> Values:
    """Return display values 0..255 (not rounded) of linear RGB."""
    return np.sqrt(np.clip(linear, _ZERO, _ONE)) * np.float32(255.0)

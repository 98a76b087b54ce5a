"""Which part is seen where: exact intersections of rays with parts, kept in a depth buffer.

Rays go through the centre of each pixel and through the corners between pixels. Centres give the truth
and most of the picture; corners soften the edges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcbench.data.generated.arithmetic import Floats
from mcbench.data.generated.camera import focal_lengths

FAR = np.float32(1e6)
"""Depth where nothing is."""


@dataclass(frozen=True)
class Grid:
    """The rays of one picture size.

    Attributes:
        size: (height, width).
        across: [2, 1, W+1]: slopes to the right, of the centres and then of the corners. The last centre
            lies outside the picture.
        down: [2, H+1, 1]: slopes down, the same way.
    """

    size: tuple[int, int]
    across: Floats
    down: Floats

    @classmethod
    def of(cls, size: tuple[int, int]) -> Grid:
        """Return the rays of a picture of (height, width)."""
        height, width = size
        fx, fy = focal_lengths(size)
        shift = np.array([0.5, 0.0])
        columns = (np.arange(width + 1) + shift[:, None] - 0.5 * width) / fx
        rows = (np.arange(height + 1) + shift[:, None] - 0.5 * height) / fy
        return cls(size, columns[:, None, :], rows[:, :, None])


@dataclass(frozen=True)
class Placed:
    """The parts of one frame in the camera's axes.

    Attributes:
        origin, axes: [parts, 3] and [parts, 3, 3]: O, and the rows U, V, W.
        inverse: [parts, 3, 3]: rows that give u, v and s of an offset from O.
        shape: [parts, 5] as in `Parts`.
        box: [parts, 4]: smallest and largest slope across, then down; reversed where behind the camera.
    """

    origin: Floats
    axes: Floats
    inverse: Floats
    shape: Floats
    box: Floats


def place(frames: Floats, shape: Floats) -> Placed:
    """Prepare parts [parts, 4, 3] given in the camera's axes."""
    origin, axes = frames[:, 0], frames[:, 1:]
    squares = axes[..., 0] * axes[..., 0] + axes[..., 1] * axes[..., 1] + axes[..., 2] * axes[..., 2]
    inverse = axes / squares[..., None]
    reach = _reach(shape)[:, None]
    corners = []
    for u in (-1.0, 1.0):
        for v in (-1.0, 1.0):
            for end in (3, 4):
                offset = (axes[:, 0] * u + axes[:, 1] * v) * reach
                corners.append(origin + offset + axes[:, 2] * shape[:, end : end + 1])
    points = np.stack(corners)
    depth = points[..., 2]
    seen = np.all(depth > 0.3, axis=0)
    safe = np.maximum(depth, 0.3)
    slopes = points[..., :2] / safe[..., None]
    low, high = slopes.min(axis=0), slopes.max(axis=0)
    box = np.stack([low[:, 0], high[:, 0], low[:, 1], high[:, 1]], axis=1)
    box[~seen] = (1.0, -1.0, 1.0, -1.0)
    return Placed(origin, axes, inverse, shape, box)


def _reach(shape: Floats) -> Floats:
    """Return the largest radius of each part between its ends, in units of U and V."""
    a, b, c, low, high = shape.T
    widest = np.minimum(np.maximum(-b / np.maximum(a, 1e-12), low), high)
    squares = [-((a * s + 2.0 * b) * s + c) for s in (low, widest, high)]
    return np.asarray(np.sqrt(np.maximum(np.maximum(squares[0], squares[1]), squares[2])))


def _products(placed: Placed, x: Floats, y: Floats) -> dict[str, Floats]:
    """Return the coefficients, about the ray (x, y, 1), of each part's quadratic along a ray.

    The quadratic is A t^2 + 2 B t + C; A is a quadratic polynomial of the ray's slopes, B a linear one.
    """
    inverse, shape = placed.inverse, placed.shape
    a, b, c = shape[:, 0], shape[:, 1], shape[:, 2]
    o = placed.origin
    start = -(
        inverse[..., 0] * o[:, None, 0] + inverse[..., 1] * o[:, None, 1] + inverse[..., 2] * o[:, None, 2]
    )
    dx, dy = inverse[..., 0], inverse[..., 1]
    d1 = dx * x[:, None] + dy * y[:, None] + inverse[..., 2]

    def form(p: Floats, q: Floats) -> Floats:
        return np.asarray(p[:, 0] * q[:, 0] + p[:, 1] * q[:, 1] + a * (p[:, 2] * q[:, 2]))

    # A limb's own axis would give A = 0: the addition keeps the division safe and moves no surface.
    a1 = form(d1, d1) + 1e-7
    ax, ay = 2.0 * form(d1, dx), 2.0 * form(d1, dy)
    axx, ayy, axy = form(dx, dx), form(dy, dy), 2.0 * form(dx, dy)
    b1 = form(start, d1) + b * d1[:, 2]
    bx, by = form(start, dx) + b * dx[:, 2], form(start, dy) + b * dy[:, 2]
    rest = form(start, start) + 2.0 * b * start[:, 2] + c
    return {
        "a1": a1, "ax": ax, "ay": ay, "axx": axx, "ayy": ayy, "axy": axy, "b1": b1, "bx": bx, "by": by,
        "d1": b1 * b1 - a1 * rest, "dx": 2.0 * b1 * bx - ax * rest, "dy": 2.0 * b1 * by - ay * rest,
        "dxx": bx * bx - axx * rest, "dyy": by * by - ayy * rest, "dxy": 2.0 * bx * by - axy * rest,
        "s0": start[:, 2], "s1": d1[:, 2], "sx": dx[:, 2], "sy": dy[:, 2],
    }  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """What rays meet.

    Attributes:
        placed: the parts.
        grid: the rays.
        depth: float32 [2, H+1, W+1]: metres along the axis of view, `FAR` where no part is.
        part: int16 [2, H+1, W+1]: index of the part, -1 where none is.
    """

    placed: Placed
    grid: Grid
    depth: NDArray[np.float32]
    part: NDArray[np.int16]


def draw(placed: Placed, grid: Grid) -> Drawn:
    """Find the nearest part along each ray."""
    height, width = grid.size
    fx, fy = focal_lengths(grid.size)
    depth = np.full((2, height + 1, width + 1), FAR, dtype=np.float32)
    part = np.full((2, height + 1, width + 1), -1, dtype=np.int16)
    middle_x = 0.5 * (placed.box[:, 0] + placed.box[:, 1])
    middle_y = 0.5 * (placed.box[:, 2] + placed.box[:, 3])
    names, columns = zip(*_products(placed, middle_x, middle_y).items(), strict=True)
    table = np.stack(columns, axis=1).tolist()
    left = np.clip(np.floor(placed.box[:, 0] * fx + 0.5 * width) - 1, 0, width).astype(int).tolist()
    right = np.clip(np.floor(placed.box[:, 1] * fx + 0.5 * width) + 2, 0, width + 1).astype(int).tolist()
    top = np.clip(np.floor(placed.box[:, 2] * fy + 0.5 * height) - 1, 0, height).astype(int).tolist()
    bottom = np.clip(np.floor(placed.box[:, 3] * fy + 0.5 * height) + 2, 0, height + 1).astype(int).tolist()
    shape = placed.shape.tolist()
    mx, my = middle_x.tolist(), middle_y.tolist()
    for k, row in enumerate(table):
        if left[k] >= right[k] or top[k] >= bottom[k] or placed.box[k, 0] > placed.box[k, 1]:
            continue
        x = (grid.across[:, :, left[k] : right[k]] - mx[k]).astype(np.float32)
        y = (grid.down[:, top[k] : bottom[k], :] - my[k]).astype(np.float32)
        window = (slice(None), slice(top[k], bottom[k]), slice(left[k], right[k]))
        _draw_part(k, dict(zip(names, row, strict=True)), shape[k], x, y, depth[window], part[window])
    return Drawn(placed, grid, depth, part)


def _draw_part(
    k: int, c: dict[str, float], shape: list[float], x: NDArray[np.float32], y: NDArray[np.float32],
    depth: NDArray[np.float32], part: NDArray[np.int16],
) -> None:  # fmt: skip
    """Draw one part into its window of the buffers."""
    disc = ((c["dxx"] * x + c["dx"]) * x + c["d1"]) + (c["dyy"] * y + c["dy"]) * y
    disc += (c["dxy"] * y) * x
    inside = disc > 0.0
    np.maximum(disc, np.float32(0.0), out=disc)
    np.sqrt(disc, out=disc)
    t = (-c["bx"] * x - c["b1"]) - c["by"] * y
    t -= disc
    square = ((c["axx"] * x + c["ax"]) * x + c["a1"]) + (c["ayy"] * y + c["ay"]) * y
    square += (c["axy"] * y) * x
    t /= square
    low, high = shape[3], shape[4]
    if low > -1.0 or high < 1.0 or shape[1] != 0.0:
        s = (c["sx"] * x + c["s1"]) + c["sy"] * y
        s *= t
        s += np.float32(c["s0"])
        inside &= s >= np.float32(low)
        inside &= s <= np.float32(high)
    inside &= t < depth
    np.copyto(depth, t, where=inside)
    np.copyto(part, np.int16(k), where=inside)


def covered(
    placed: Placed, points: Floats, owner: NDArray[np.int64], part_owner: NDArray[np.int64], sunk: Floats
) -> NDArray[np.bool_]:
    """Return whether each point is hidden by a part.

    Args:
        placed: the parts.
        points: [N, 3] in the camera's axes.
        owner: [N]: the person whom a point belongs to.
        part_owner: [parts].
        sunk: [N]: how deep in metres a point may lie below its own person's surface and still be seen.
    """
    x, y = points[:, 0] / points[:, 2], points[:, 1] / points[:, 2]
    near = points[:, 2]
    inverse, shape, o = placed.inverse, placed.shape, placed.origin
    start = -(
        inverse[..., 0] * o[:, None, 0] + inverse[..., 1] * o[:, None, 1] + inverse[..., 2] * o[:, None, 2]
    )
    d = (
        inverse[None, ..., 0] * x[:, None, None]
        + inverse[None, ..., 1] * y[:, None, None]
        + inverse[None, ..., 2]
    )
    a, b, c = shape[:, 0], shape[:, 1], shape[:, 2]
    square = d[..., 0] * d[..., 0] + d[..., 1] * d[..., 1] + a * (d[..., 2] * d[..., 2]) + 1e-7
    half = start[:, 0] * d[..., 0] + start[:, 1] * d[..., 1] + (a * start[:, 2] + b) * d[..., 2]
    rest = (
        start[:, 0] * start[:, 0] + start[:, 1] * start[:, 1] + (a * start[:, 2] + 2.0 * b) * start[:, 2] + c
    )
    disc = half * half - square * rest
    t = (-half - np.sqrt(np.maximum(disc, 0.0))) / square
    s = start[:, 2] + t * d[..., 2]
    slack = np.where(owner[:, None] == part_owner[None, :], sunk[:, None], 0.0)
    hit = (disc > 0.0) & (s >= shape[:, 3]) & (s <= shape[:, 4]) & (t > 0.1) & (t < near[:, None] - slack)
    return np.asarray(np.any(hit, axis=1))

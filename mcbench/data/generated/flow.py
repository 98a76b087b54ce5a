"""Where what is seen goes by the next frame: exact, since every point seen is a point of a rigid thing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcbench.data.generated.arithmetic import Floats
from mcbench.data.generated.backdrop import Seen
from mcbench.data.generated.camera import Camera, focal_lengths
from mcbench.data.generated.raster import Drawn, Grid
from mcbench.data.generated.shade import locate


def backdrop_flow(seen: Seen, camera: Camera, index: int, grid: Grid) -> NDArray[np.float32]:
    """Return the flow [H, W, 2] of floor and wall, in pixels to the right and down."""
    height, width = grid.size
    flow = np.zeros((height, width, 2), dtype=np.float32)
    if camera.still:
        return flow
    place, axes = camera.place[index + 1], camera.axes[index + 1]
    away = [p.astype(np.float64) - float(place[k]) for k, p in enumerate(seen.points)]
    coordinates = [away[0] * r[0] + away[1] * r[1] + away[2] * r[2] for r in axes]
    fx, fy = focal_lengths(grid.size)
    flow[..., 0] = (coordinates[0] / coordinates[2] - grid.across[0, :, :width]) * fx
    flow[..., 1] = (coordinates[1] / coordinates[2] - grid.down[0, :height, :]) * fy
    return flow


def parts_flow(
    drawn: Drawn, later: Floats, owner: NDArray[np.int64], backdrop: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the flow of all that is seen and the flow without people, each [H, W, 2].

    Args:
        drawn: this frame's parts.
        later: [parts, 4, 3]: the parts' O, U, V and W in the next frame's camera.
        owner: [parts]: 0 for things of the scene, which belong to the background.
        backdrop: the flow of floor and wall.
    """
    height, width = drawn.grid.size
    rows, columns = np.nonzero(drawn.part[0, :height, :width] >= 0)
    points = locate(drawn, np.zeros_like(rows), rows, columns)
    frame, which = later.astype(np.float32), points.part
    u, v, s = points.local
    x, y, z = (
        frame[which, 0, k] + u * frame[which, 1, k] + v * frame[which, 2, k] + s * frame[which, 3, k]
        for k in range(3)
    )
    fx, fy = focal_lengths(drawn.grid.size)
    moved = np.stack(
        [(x / z - points.across) * np.float32(fx), (y / z - points.down) * np.float32(fy)], axis=-1
    )
    flow, background = backdrop.copy(), backdrop.copy()
    flow[rows, columns] = moved
    things = owner[which] == 0
    background[rows[things], columns[things]] = moved[things]
    return flow, background

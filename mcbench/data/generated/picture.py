"""The picture of a frame: who is seen, lit, before the lit backdrop, with soft edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcbench.data.generated.backdrop import Seen
from mcbench.data.generated.camera import Camera
from mcbench.data.generated.choreography import Joints
from mcbench.data.generated.light import Light
from mcbench.data.generated.raster import Drawn
from mcbench.data.generated.shade import Lamp, encode, light_backdrop, locate, shade

_SIDES = (slice(0, -1), slice(1, None))
"""Of the corners along one axis: those before and those after the pixels."""


def lamp_of(light: Light, camera: Camera, index: int) -> Lamp:
    """Return the light of a frame in the camera's axes."""
    directions = np.stack([light.towards[index], np.array([0.0, 1.0, 0.0])])
    towards, up = camera.directions(directions, index).tolist()
    return Lamp(
        tuple(towards), tuple(up), tuple(light.lamp[index].tolist()), tuple(light.around[index].tolist())
    )


def floor_shadows(
    joints: tuple[Joints, ...], towards: list[float], index: int
) -> list[tuple[float, float, float, float]]:
    """Return the people's soft shadows on the floor: x, z, radius and darkness of each.

    Close under the feet, and wide where the lamp's light would have passed through the body.
    """
    rows = []
    for person in joints:
        for ankle in person.ankles:
            x, y, z = ankle[index].tolist()
            rows.append((x, z - 0.04, 0.17 + 0.3 * y, 0.75 / (1.0 + 8.0 * max(0.0, y - 0.08))))
        for point, radius, dark in (
            (person.knees[0], 0.2, 0.3), (person.knees[1], 0.2, 0.3), (person.pelvis, 0.34, 0.6),
            (person.chest, 0.32, 0.55), (person.head, 0.24, 0.45),
        ):  # fmt: skip
            x, y, z = point[index].tolist()
            rows.append((x - towards[0] / towards[1] * y, z - towards[2] / towards[1] * y, radius, dark))
    return rows


def compose(
    drawn: Drawn,
    surface: NDArray[np.float32],
    seen: Seen,
    lamp: Lamp,
    shadows: list[tuple[float, float, float, float]],
) -> NDArray[np.uint8]:
    """Return the picture, uint8 [H, W, 3].

    Each pixel shows its centre; where a corner shows another part, the pixel is half its centre and an
    eighth of each corner.
    """
    height, width = drawn.grid.size
    background = encode(light_backdrop(seen, lamp, shadows))
    centre, corner = drawn.part[0, :height, :width], drawn.part[1]
    uneven = np.zeros((height, width), dtype=bool)
    for rows in _SIDES:
        for columns in _SIDES:
            uneven |= corner[rows, columns] != centre
    wanted = np.zeros((2, height + 1, width + 1), dtype=bool)
    wanted[0, :height, :width] = centre >= 0
    for rows in _SIDES:
        for columns in _SIDES:
            wanted[1, rows, columns] |= uneven
    wanted[1] &= corner >= 0
    at = np.nonzero(wanted)
    points = locate(drawn, *at)
    colours = encode(shade(points, drawn, surface, lamp))
    full = np.zeros((2, height + 1, width + 1, 3), dtype=np.float32)
    full[at] = colours
    image = np.where((centre >= 0)[..., None], full[0, :height, :width], background)
    y, x = np.nonzero(uneven)
    total = image[y, x] * np.float32(4.0)
    for below in (0, 1):
        for right in (0, 1):
            empty = corner[y + below, x + right] < 0
            total += np.where(empty[:, None], background[y, x], full[1, y + below, x + right])
    image[y, x] = total * np.float32(0.125)
    return (image + np.float32(0.5)).astype(np.uint8)

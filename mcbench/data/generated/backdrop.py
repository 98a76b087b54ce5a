"""What is behind the people: a floor and a wall, painted in the plane's own metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcbench.data.generated.arithmetic import Floats, Random
from mcbench.data.generated.canvas import Canvas, Picture, sample
from mcbench.data.generated.people import colour_of
from mcbench.data.generated.specs import SceneSpec
from mcbench.data.generated.surfaces import FLOORS, WALLS, grey, shaded


@dataclass(frozen=True)
class Backdrop:
    """A floor at height 0 and a wall at `distance` metres behind the middle of the scene."""

    spec: SceneSpec
    distance: float
    wall: str
    floor: str

    def paint(self, density: float) -> tuple[Canvas, Canvas]:
        """Return wall and floor, painted with so many pixels a metre."""
        pool = self.spec.pool
        random = Random(self.spec.seed, "wall")
        base = colour_of(random.uniform(), random.uniform(0.04, 0.32), random.uniform(0.55, 0.85))
        wall = Canvas(-4.5, -0.05, 9.0, 4.6, density, base)
        WALLS[pool][self.wall](wall, random, base)
        wall.grain(random.integer(1 << 31), 0.07, 0.8)
        wall.box(-4.5, 0.0, 4.5, 0.09, grey(random.uniform(0.08, 0.6)))
        random = Random(self.spec.seed, "floor")
        tone = colour_of(random.uniform(0.02, 0.13), random.uniform(0.15, 0.6), random.uniform(0.45, 0.75))
        floor = Canvas(-4.5, -5.0, 9.0, 5.0 + self.distance + 0.2, density, shaded(tone, 0.6))
        FLOORS[pool][self.floor](floor, random, tone)
        floor.grain(random.integer(1 << 31), 0.08, 0.7)
        return wall, floor


def choose_backdrop(spec: SceneSpec) -> Backdrop:
    """Return the backdrop of a clip."""
    pool = spec.pool
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

"""Things that stand between the people and the wall: built from the same parts, but never moving."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcbench.data.generated.arithmetic import Floats, Random, cosine, sine, unit, vector
from mcbench.data.generated.parts import Builder, Parts, frame_around, plain
from mcbench.data.generated.people import Cloth, Colour, colour_of
from mcbench.data.generated.specs import SceneSpec

_AXES = (vector(1.0, 0.0, 0.0)[None], vector(0.0, 1.0, 0.0)[None], vector(0.0, 0.0, -1.0)[None])

Prop = Callable[[Builder, Random, float, float], float]
"""(builder, random, x, z) -> radius of the shadow on the floor, 0 for none."""


def _at(x: float, y: float, z: float) -> Floats:
    return vector(x, y, z)[None]


def _post(
    add: Builder, x: float, z: float, low: float, high: float, radii: tuple[float, float, float], cloth: Cloth
) -> None:
    add.limb(_at(x, low, z), _at(x, high, z), _AXES[0], radii, cloth)


def _lid(
    add: Builder, x: float, y: float, z: float, radius: float, colour: Colour, thick: float = 0.015
) -> None:
    add.ellipsoid(_at(x, y, z), _AXES, (radius, thick, radius), plain(colour))


def _leaf(add: Builder, at: Floats, way: Floats, length: float, width: float, colour: Colour) -> None:
    axes = frame_around(way, _AXES[0])
    add.ellipsoid(at + way * length, axes, (width, length, width * 0.35), plain(colour))


def _plant(add: Builder, random: Random, x: float, z: float) -> float:
    clay = colour_of(random.uniform(0.02, 0.1), 0.5, random.uniform(0.35, 0.7))
    _post(add, x, z, 0.0, 0.32, (0.11, 0.145, 0.16), plain(clay))
    _lid(add, x, 0.32, z, 0.155, (0.08, 0.05, 0.03))
    tall = random.uniform(0.35, 0.6)
    for k in range(11):
        turn = k / 11.0 + random.uniform(-0.03, 0.03)
        lean = random.uniform(0.25, 1.0)
        way = unit(vector(cosine(turn) * lean, 1.0, sine(turn) * lean)[None])
        green = random.uniform(0.16, 0.36)
        _leaf(
            add,
            _at(x, 0.34, z),
            way,
            tall * random.uniform(0.7, 1.1),
            0.07,
            (green * 0.4, green, green * 0.25),
        )
    return 0.24


def _ball(add: Builder, random: Random, x: float, z: float) -> float:
    radius = random.uniform(0.14, 0.3)
    colour = colour_of(random.uniform(), 0.7, 0.7)
    cloth = Cloth(colour, (0.8, 0.8, 0.78), "bands", radius * 6.0)
    add.ellipsoid(_at(x, radius, z), _AXES, (radius, radius, radius), cloth)
    return radius * 1.1


def _floor_lamp(add: Builder, random: Random, x: float, z: float) -> float:
    _lid(add, x, 0.01, z, 0.16, (0.05, 0.05, 0.05), 0.025)
    _post(add, x, z, 0.0, 1.6, (0.014, 0.014, 0.014), plain((0.08, 0.08, 0.08)))
    glow = colour_of(random.uniform(0.08, 0.14), 0.3, 1.1)
    _post(add, x, z, 1.5, 1.85, (0.2, 0.18, 0.13), plain(glow))
    return 0.2


def _stool(add: Builder, random: Random, x: float, z: float) -> float:
    wood = plain(colour_of(random.uniform(0.04, 0.1), 0.6, random.uniform(0.3, 0.7)))
    tall = random.uniform(0.45, 0.75)
    for k in range(4):
        turn = 0.125 + k * 0.25
        dx, dz = 0.15 * float(cosine(turn)), 0.15 * float(sine(turn))
        add.limb(
            _at(x + dx, 0.0, z + dz),
            _at(x + dx * 0.7, tall, z + dz * 0.7),
            _AXES[0],
            (0.02, 0.02, 0.02),
            wood,
        )
    _lid(add, x, tall, z, 0.19, wood.colour, 0.04)
    return 0.24


def _column(add: Builder, random: Random, x: float, z: float) -> float:
    shade = random.uniform(0.45, 0.8)
    stone = plain((shade, shade * 0.97, shade * 0.9))
    _post(add, x, z, 0.0, 0.2, (0.23, 0.23, 0.22), stone)
    _lid(add, x, 0.2, z, 0.22, stone.colour, 0.03)
    _post(add, x, z, 0.2, 4.4, (0.165, 0.165, 0.15), stone)
    return 0.34


def _balloons(add: Builder, random: Random, x: float, z: float) -> float:
    for _ in range(5):
        px, py = x + random.uniform(-0.3, 0.3), random.uniform(1.35, 2.15)
        pz = z + random.uniform(-0.15, 0.15)
        colour = colour_of(random.uniform(), 0.75, 0.85)
        add.ellipsoid(_at(px, py, pz), _AXES, (0.13, 0.16, 0.13), plain(colour), paint="hair")
        add.limb(
            _at(x, 0.05, z), _at(px, py - 0.15, pz), _AXES[0], (0.005, 0.005, 0.005), plain((0.7, 0.7, 0.7))
        )
    add.ellipsoid(_at(x, 0.06, z), _AXES, (0.07, 0.06, 0.07), plain((0.3, 0.3, 0.32)))
    return 0.12


def _cone(add: Builder, random: Random, x: float, z: float) -> float:
    orange = Cloth((0.85, 0.2, 0.02), (0.85, 0.84, 0.8), "hem", 2.0)
    _post(add, x, z, 0.02, 0.62, (0.16, 0.115, 0.03), orange)
    _lid(add, x, 0.02, z, 0.22, (0.75, 0.17, 0.02), 0.03)
    return 0.24


def _vase(add: Builder, random: Random, x: float, z: float) -> float:
    glaze = colour_of(random.uniform(0.45, 0.7), 0.6, random.uniform(0.3, 0.8))
    _post(add, x, z, 0.0, 0.5, (0.1, 0.19, 0.06), plain(glaze))
    petals = colour_of(random.uniform(0.8, 1.1), 0.6, 0.85)
    for k in range(6):
        turn = k / 6.0
        way = unit(vector(float(cosine(turn)) * 0.4, 1.0, float(sine(turn)) * 0.4)[None])
        tip = _at(x, 0.48, z) + way * random.uniform(0.35, 0.6)
        add.limb(_at(x, 0.48, z), tip, _AXES[0], (0.008, 0.008, 0.008), plain((0.08, 0.25, 0.06)))
        add.ellipsoid(tip, _AXES, (0.065, 0.055, 0.065), plain(petals))
    return 0.24


PROPS: dict[str, dict[str, Prop]] = {
    "train": {"plant": _plant, "ball": _ball, "floor lamp": _floor_lamp, "stool": _stool},
    "test": {"column": _column, "balloons": _balloons, "cone": _cone, "vase": _vase},
}
"""Kinds of things of each pool; no kind is in both."""


def place_props(
    spec: SceneSpec, distance: float
) -> tuple[Parts | None, tuple[tuple[float, float, float, float], ...]]:
    """Return the things before a wall `distance` metres away, and their shadows on the floor.

    A shadow is x, z, radius and darkness.
    """
    pool = PROPS[spec.pool]
    random = Random(spec.seed, "props")
    builder, shadows = Builder(0), []
    places = random.shuffled([-1.65, -1.15, -0.6, 0.0, 0.6, 1.15, 1.65])
    for x in places[: random.choice((0, 0, 1, 2, 3, 4))]:
        z = random.uniform(1.15, max(1.16, distance - 0.35))
        x += random.uniform(-0.15, 0.15)
        radius = pool[random.choice(sorted(pool))](builder, random, x, z)
        shadows.append((x, z, radius * 1.25, 0.6))
    if not builder.shape:
        return None, ()
    parts = builder.parts()
    frames = np.broadcast_to(parts.frames, (spec.n_frames + 1, *parts.frames.shape[1:]))
    return Parts(frames, parts.shape, parts.owner, parts.surface), tuple(shadows)

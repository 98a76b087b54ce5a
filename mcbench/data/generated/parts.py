"""From joints and looks to the solid parts that are drawn.

A part is the set of points O + u U + v V + s W with u*u + v*v + a*s*s + 2*b*s + c <= 0 and s between two
ends: an ellipsoid, or a limb whose squared radius is a quadratic of its length. U, V and W are at right
angles and move rigidly with the body, so (u, v, s) names a material point in every frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from mcbench.data.generated.arithmetic import Floats, across, cross, dot, length, unit
from mcbench.data.generated.choreography import Joints
from mcbench.data.generated.people import PATTERNS, Body, Cloth, Colour, Look

PAINT = {"cloth": 0, "face": 1, "hair": 2, "foot": 3}
"""How a part's surface is painted."""
COLUMNS = 20
"""Numbers that describe a part's surface: see `Builder.add`."""


@dataclass(frozen=True)
class Parts:
    """All parts of a scene over time.

    Attributes:
        frames: float64 [T, parts, 4, 3]: O, U, V and W in the world.
        shape: float64 [parts, 5]: a, b, c, and the ends in s.
        owner: int [parts]: 1 for the first person, and so on.
        surface: float32 [parts, COLUMNS].
    """

    frames: Floats
    shape: Floats
    owner: NDArray[np.int64]
    surface: NDArray[np.float32]


class Surface(TypedDict, total=False):
    """How a part's surface differs from a single cloth: see `Builder.add`."""

    under: Colour
    cut: float
    offset: float
    paint: str
    extra: Colour


@dataclass
class Builder:
    """Collects the parts of one owner."""

    owner: int
    frames: list[Floats] = field(default_factory=list)
    shape: list[tuple[float, ...]] = field(default_factory=list)
    surface: list[tuple[float, ...]] = field(default_factory=list)

    def add(
        self, axes: tuple[Floats, Floats, Floats, Floats], shape: tuple[float, ...], cloth: Cloth,
        *, under: Colour | None = None, cut: float = 9.0, offset: float = 0.0, paint: str = "cloth",
        extra: Colour = (0.0, 0.0, 0.0),
    ) -> None:  # fmt: skip
        """Add a part.

        `cloth` and `under` are the surfaces before and beyond `cut` along s; `offset` is where the cloth's
        pattern begins, in metres; `paint` names how else the part is painted.

        Surface columns: colour 0-2, second colour 3-5, colour beyond the cut 6-8, cut in s 9, pattern 10,
        metres per u, v, s 11-13, offset of s in metres 14, pattern scale 15, paint 16, extra colour 17-19.
        """
        self.frames.append(np.stack(axes, axis=1))
        self.shape.append(shape)
        sizes = [float(length(axis[:1])[0]) for axis in axes[1:]]
        self.surface.append((
            *cloth.colour, *cloth.second, *(under or cloth.colour), cut, float(PATTERNS.index(cloth.pattern)),
            *sizes, offset, cloth.scale, float(PAINT[paint]), *extra,
        ))  # fmt: skip

    def ellipsoid(
        self, centre: Floats, axes: tuple[Floats, Floats, Floats], radii: tuple[float, float, float],
        cloth: Cloth, *, ends: tuple[float, float] = (-1.0, 1.0), **surface: Unpack[Surface],
    ) -> None:  # fmt: skip
        """Add an ellipsoid with axes (left, up, forward) and radii in the same order."""
        left, up, forward = axes
        frame = (centre, left * radii[0], forward * radii[2], up * radii[1])
        self.add(frame, (1.0, 0.0, -1.0, *ends), cloth, **surface)

    def limb(
        self, start: Floats, end: Floats, side: Floats, radii: tuple[float, float, float], cloth: Cloth,
        *, flat: float = 1.0, ends: tuple[float, float] = (0.0, 1.0), **surface: Unpack[Surface],
    ) -> None:  # fmt: skip
        """Add a limb from `start` to `end` with radii at its start, middle and end.

        `side` points roughly along U; `flat` is the depth (V) as a part of the width (U).
        """
        way = end - start
        axis = unit(way)
        u = across(side, axis)
        v = cross(u, axis)
        first, middle, last = (r * r for r in radii)
        middle = max(middle, 0.5 * (first + last) + 1e-6)  # keeps a >= 0: no ray enters it twice
        a = 2.0 * (2.0 * middle - first - last)
        b = 0.5 * (3.0 * first - 4.0 * middle + last)
        unit_radius = max(radii)
        scale = 1.0 / (unit_radius * unit_radius)
        frame = (start, u * unit_radius, v * (unit_radius * flat), way)
        self.add(frame, (a * scale, b * scale, -first * scale, *ends), cloth, **surface)

    def parts(self) -> Parts:
        """Return what was added."""
        return Parts(
            np.stack(self.frames, axis=1),
            np.array(self.shape),
            np.full(len(self.shape), self.owner, dtype=np.int64),
            np.array(self.surface, dtype=np.float32),
        )


def plain(colour: Colour) -> Cloth:
    """Return a cloth of one colour."""
    return Cloth(colour, colour, "plain", 1.0)


def frame_around(up: Floats, side: Floats) -> tuple[Floats, Floats, Floats]:
    """Return axes (left, up, forward) with the given unit `up`; `side` points roughly to the left."""
    left = across(side, up)
    return left, up, cross(left, up) * -1.0


def join(first: Parts, second: Parts) -> Parts:
    """Return the parts of both, over the same frames."""
    return Parts(
        np.concatenate([first.frames, second.frames], axis=1),
        np.concatenate([first.shape, second.shape]),
        np.concatenate([first.owner, second.owner]),
        np.concatenate([first.surface, second.surface]),
    )


def build_parts(joints: tuple[Joints, ...], bodies: tuple[Body, ...], looks: tuple[Look, ...]) -> Parts:
    """Return the parts of all people; `looks[k]` dresses the k-th body."""
    result: Parts | None = None
    for k, (person, body, look) in enumerate(zip(joints, bodies, looks, strict=True)):
        builder = Builder(k + 1)
        _torso(builder, person, body, look)
        _head(builder, person, body, look)
        for side in (0, 1):
            _arm(builder, person, body, look, side)
            _leg(builder, person, body, look, side)
        result = join(result, builder.parts()) if result else builder.parts()
    if result is None:
        raise ValueError("a scene without people has no parts")
    return result


def _torso(add: Builder, joints: Joints, body: Body, look: Look) -> None:
    s, g = body.stature, body.girth
    left, up, forward = axes = joints.chest_axes
    pelvis_left, pelvis_up, _ = joints.pelvis_axes
    skin = plain(look.skin)
    waist = joints.pelvis + pelvis_up * (0.07 * s)
    top = joints.chest - up * (0.02 * s)
    breadth = body.shoulder * 0.84
    # Patterns run on from part to part: offsets are heights above the hem.
    add.limb(waist, top, left, (0.065 * s * g, 0.083 * s * g, breadth), look.top, flat=0.66, offset=0.06 * s)
    hem = joints.pelvis + pelvis_up * (0.012 * s)
    add.limb(hem, waist, pelvis_left, (0.084 * s * g, 0.076 * s * g, 0.066 * s * g), look.top, flat=0.7)
    add.ellipsoid(
        waist, joints.pelvis_axes, (0.066 * s * g, 0.05 * s, 0.045 * s * g), look.top, offset=0.06 * s
    )
    add.ellipsoid(top, axes, (breadth, 0.04 * s, breadth * 0.66), look.top, offset=0.26 * s)
    bust = joints.chest - up * (0.095 * s) + forward * (0.026 * s)
    add.ellipsoid(bust, axes, (0.081 * s * g, 0.092 * s, body.bust * s * g), look.top, offset=0.185 * s)
    for side in (0, 1):  # the slope from neck to shoulder
        add.limb(
            joints.chest + up * (0.012 * s), joints.shoulders[side], forward,
            (0.034 * s, 0.033 * s, 0.03 * s * g), look.top, offset=5.0,
        )  # fmt: skip
    add.ellipsoid(
        joints.pelvis + pelvis_up * (0.005 * s), joints.pelvis_axes, (0.085 * s * g, 0.08 * s, 0.062 * s * g),
        look.lower, ends=(-1.0, 0.6),
    )  # fmt: skip
    add.limb(
        joints.chest - up * (0.015 * s), joints.head - up * (body.head * 0.4), left,
        (0.034 * s * g, 0.031 * s, 0.031 * s), skin,
    )  # fmt: skip
    if look.bottom in ("skirt", "pencil"):
        _skirt(add, joints, body, look)


def _skirt(add: Builder, joints: Joints, body: Body, look: Look) -> None:
    """Add a skirt: it widens as far as the thighs need."""
    s, g = body.stature, body.girth
    wide = look.bottom == "skirt"
    share, least = (0.62, 0.135 * s) if wide else (0.78, 0.088 * s * g)
    profile = (0.3, 0.72, 1.0) if wide else (0.62, 0.86, 1.0)  # squared radii at waist, middle and hem
    thighs = [hip + (knee - hip) * share for hip, knee in zip(joints.hips, joints.knees, strict=True)]
    start = joints.pelvis + joints.pelvis_axes[1] * (0.062 * s)
    hem = (thighs[0] + thighs[1]) * 0.5
    way = hem - start
    axis = unit(way)
    u = across(joints.pelvis_axes[0], axis)
    v = cross(u, axis)
    apart = (thighs[0] - thighs[1]) * 0.5
    room = 0.05 * s * g
    u = u * np.maximum(np.abs(dot(apart, u)) + room, least)[:, None]
    behind = (np.abs(dot(joints.pelvis - start, v)) + room) * 1.3  # bent forward, the hips lie off the axis
    v = v * np.maximum(np.maximum(np.abs(dot(apart, v)) + room, least * 0.85), behind)[:, None]
    first, middle, last = profile
    a, b = 2.0 * (2.0 * middle - first - last), 0.5 * (3.0 * first - 4.0 * middle + last)
    add.add((start, u, v, way), (a, b, -first, 0.0, 1.0), look.lower)


def _head(add: Builder, joints: Joints, body: Body, look: Look) -> None:
    left, up, forward = axes = joints.head_axes
    width, height, depth = body.head_radii
    face = Cloth(look.skin, look.lips, "plain", 1.0)
    add.ellipsoid(
        joints.head, axes, body.head_radii, face, under=look.hair_colour, paint="face", extra=look.iris
    )
    skin = plain(look.skin)
    nose = joints.head + forward * (0.96 * depth) - up * (0.1 * height)
    add.ellipsoid(nose, axes, (0.14 * width, 0.2 * height, 0.16 * depth), skin)
    for side in (1.0, -1.0):
        ear = joints.head + left * (side * 0.97 * width) - forward * (0.06 * depth) - up * (0.04 * height)
        add.ellipsoid(ear, axes, (0.1 * width, 0.2 * height, 0.16 * depth), skin)
    chin = joints.head - up * (0.7 * height) + forward * (0.24 * depth)
    add.ellipsoid(chin, axes, (0.52 * width, 0.34 * height, 0.52 * depth), skin)
    hair = plain(look.hair_colour)

    def lump(
        at: tuple[float, float, float], radii: tuple[float, float, float], cloth: Cloth = hair,
        ends: tuple[float, float] = (-1.0, 1.0), paint: str = "hair",
    ) -> None:  # fmt: skip
        centre = joints.head + left * (at[0] * width) + up * (at[1] * height) + forward * (at[2] * depth)
        add.ellipsoid(
            centre,
            axes,
            (radii[0] * width, radii[1] * height, radii[2] * depth),
            cloth,
            ends=ends,
            paint=paint,
        )

    hat = plain(look.hat)
    if look.hair not in ("bald", "afro"):
        lump((0.0, 0.2, -0.14), (1.1, 0.97, 1.04))
        if look.hair not in ("cap", "beanie"):
            lump((0.12, 0.78, 0.3), (0.8, 0.3, 0.62))
    if look.hair == "long":
        lump((0.0, -0.45, -0.5), (1.05, 1.25, 0.62))
    elif look.hair == "bob":
        lump((0.0, -0.1, -0.3), (1.22, 0.95, 0.88))
    elif look.hair == "bun":
        lump((0.0, 1.0, -0.45), (0.5, 0.38, 0.45))
    elif look.hair == "ponytail":
        lump((0.0, -0.35, -1.15), (0.38, 1.0, 0.36))
    elif look.hair == "afro":
        lump((0.0, 0.42, -0.25), (1.5, 1.05, 1.22))
    elif look.hair == "cap":
        lump((0.0, 0.2, -0.04), (1.13, 0.96, 1.12), hat, (0.18, 1.0), "cloth")
        lump((0.0, 0.42, 0.9), (0.85, 0.07, 0.75), hat, (-1.0, 1.0), "cloth")
    elif look.hair == "beanie":
        lump((0.0, 0.25, -0.06), (1.14, 1.02, 1.1), hat, (0.08, 1.0), "cloth")


def _arm(add: Builder, joints: Joints, body: Body, look: Look, side: int) -> None:
    s, g = body.stature, body.girth
    shoulder, elbow, wrist = joints.shoulders[side], joints.elbows[side], joints.wrists[side]
    pole = joints.chest_axes[2]
    upper, lower = 0.031 * s * g, 0.0225 * s * g
    covered = 2.0 * look.sleeve  # in units of the upper arm
    top = look.top
    sleeved = top if look.sleeve > 0 else plain(look.skin)
    axes = joints.chest_axes
    add.ellipsoid(shoulder, axes, (0.0345 * s * g,) * 3, top, offset=5.0)
    add.limb(
        shoulder, elbow, pole, (upper, upper, lower * 1.12), sleeved,
        under=look.skin, cut=covered, ends=(0.0, 1.02), offset=5.0,
    )  # fmt: skip
    elbow_cloth = top if covered > 1.0 else plain(look.skin)
    add.ellipsoid(elbow, axes, (lower * 1.1,) * 3, plain(elbow_cloth.colour))
    add.limb(
        elbow, wrist, pole, (lower * 1.1, lower * 1.16, 0.0145 * s * g), elbow_cloth,
        under=look.skin, cut=covered - 1.0, offset=5.2,
    )  # fmt: skip
    axis = unit(wrist - elbow)
    u = across(joints.chest_axes[2], axis)
    v = cross(u, axis)
    skin = plain(look.skin)
    palm = wrist + axis * (0.024 * s)
    add.ellipsoid(palm, (u, axis, v), (0.022 * s, 0.03 * s, 0.012 * s), skin)
    add.ellipsoid(palm + axis * (0.03 * s), (u, axis, v), (0.018 * s, 0.03 * s, 0.0095 * s), skin)
    inward = u * (1.0 if side else -1.0)
    thumb = unit(axis * 0.8 + inward * 0.6)
    add.ellipsoid(
        palm + inward * (0.018 * s), (across(u, thumb), thumb, cross(across(u, thumb), thumb)),
        (0.0075 * s, 0.022 * s, 0.0075 * s), skin,
    )  # fmt: skip


def _leg(add: Builder, joints: Joints, body: Body, look: Look, side: int) -> None:
    s, g = body.stature, body.girth
    hip, knee, ankle = joints.hips[side], joints.knees[side], joints.ankles[side]
    left = joints.pelvis_axes[0]
    loose = {"trousers": 1.06, "flared": 1.04, "leggings": 0.97}.get(look.bottom, 1.0)
    thigh, knee_radius, calf, thin = 0.052 * s * g, 0.033 * s * g * loose, 0.036 * s * g, 0.02 * s
    covered = 2.0 * look.leg_cover if look.bottom != "flared" else 2.0
    cloth = look.lower if covered > 0 else plain(look.skin)
    add.limb(
        hip, knee, left, (thigh * loose, thigh * 0.93 * loose, knee_radius), cloth,
        under=look.skin, cut=covered, ends=(-0.05, 1.01),
    )  # fmt: skip
    add.ellipsoid(hip, joints.pelvis_axes, (thigh * loose,) * 3, cloth)
    low = cloth if covered > 1.0 else plain(look.skin)
    add.ellipsoid(knee, joints.pelvis_axes, (knee_radius,) * 3, plain(low.colour))
    radii = (knee_radius, calf, thin)
    if look.bottom == "trousers":
        radii = (knee_radius, calf * 1.05, 0.032 * s)
    if look.bottom == "flared":
        radii = (knee_radius, 0.041 * s, 0.05 * s)
    axes = joints.feet[side]
    add.limb(knee, ankle, left, radii, low, under=look.skin, cut=covered - 1.0, ends=(-0.03, 1.02))
    if look.bottom not in ("trousers", "flared"):
        add.ellipsoid(ankle, axes, (0.022 * s, 0.026 * s, 0.022 * s), plain(look.socks))
    foot_left, foot_up, foot_forward = axes
    centre = ankle + foot_forward * (0.042 * s) - foot_up * (body.ankle * 0.36)
    shoe = Cloth(look.shoes, (0.8, 0.8, 0.78), "plain", 1.0)
    add.ellipsoid(
        centre, (foot_left, foot_up, foot_forward), (0.029 * s, 0.036 * s, 0.082 * s), shoe,
        ends=(-0.74, 1.0), paint="foot",
    )  # fmt: skip

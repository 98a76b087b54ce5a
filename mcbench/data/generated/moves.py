"""The vocabulary that dances are composed of: what arms and legs do as functions of the beat.

Each move belongs to one pool, `train` or `test`; no move is in both. Arm moves give the hand's place
relative to the shoulder as (out, up, forward) in arm lengths. Leg moves give offsets in metres along
the dancer's (left, up, forward).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mcbench.data.generated.arithmetic import Floats, cosine, sine, vector

ArmMove = Callable[[Floats, int], Floats]
"""(beat [T], side: 1 left, -1 right) -> [T, 3], (out, up, forward) in arm lengths."""


@dataclass(frozen=True)
class Lower:
    """What the lower body adds to standing still, over time.

    Attributes:
        feet: [T, 2, 3] offsets of the left and the right foot (left, up, forward) in metres.
        pelvis: [T, 3] offset of the pelvis, the same way.
        twist: [T] turn of the pelvis against the feet, in turns.
    """

    feet: Floats
    pelvis: Floats
    twist: Floats


LegMove = Callable[[Floats], Lower]


def bump(beat: Floats, start: float, duration: float, period: float) -> Floats:
    """Return a soft bump from 0 to 1 and back, once every `period` beats."""
    x = (beat - start) / period
    x = (x - np.floor(x)) * period / duration
    y = 2.0 * np.minimum(x, 1.0) - 1.0
    y = 1.0 - y * y
    return np.asarray(y * y)


def _side(beat: Floats, side: int, period: float = 4.0) -> Floats:
    """Return the beat, half a period later for the right side."""
    return beat if side > 0 else beat + period * 0.5


# --- arms, training ----------------------------------------------------------------------------


def wave_overhead(beat: Floats, side: int) -> Floats:
    """Both arms up, swaying together."""
    return vector(0.25 + 0.3 * side * sine(beat * 0.5), 0.86, 0.12)


def pump(beat: Floats, side: int) -> Floats:
    """Bent arms swing as in running."""
    swing = side * sine(beat * 0.5)
    return vector(0.12, -0.42 + 0.2 * swing, 0.3 + 0.36 * swing)


def clap_front(beat: Floats, side: int) -> Floats:
    """A clap before the chest on each beat."""
    open_ = 0.5 - 0.5 * cosine(beat)
    return vector(-0.3 + 0.55 * open_, -0.12 + 0.1 * open_, 0.62 - 0.1 * open_)


def arm_circles(beat: Floats, side: int) -> Floats:
    """Straight arms draw circles at the sides."""
    return vector(0.45 + 0.4 * cosine(beat * 0.5), 0.72 * sine(beat * 0.5), 0.25)


def disco_point(beat: Floats, side: int) -> Floats:
    """One hand points up and out while the other is at the hip, in turn."""
    up = bump(_side(beat, side), 0.0, 2.2, 4.0)
    return vector(0.2 + 0.5 * up, -0.5 + 1.28 * up, 0.22 + 0.1 * up)


def punch(beat: Floats, side: int) -> Floats:
    """Punches forward in turn."""
    out = bump(_side(beat, side, 2.0), 0.0, 1.0, 2.0)
    return vector(0.05 - 0.15 * out, -0.28 + 0.22 * out, 0.32 + 0.58 * out)


def raise_roof(beat: Floats, side: int) -> Floats:
    """Palms push up on each beat."""
    push = 0.5 + 0.5 * cosine(beat)
    return vector(0.34, 0.38 + 0.42 * push, 0.2)


def low_swing(beat: Floats, side: int) -> Floats:
    """Hanging arms swing across the body together."""
    return vector(0.08 + 0.42 * side * sine(beat * 0.5), -0.84, 0.24)


def open_wide(beat: Floats, side: int) -> Floats:
    """Arms open wide and close again."""
    open_ = 0.5 - 0.5 * cosine(beat * 0.5)
    return vector(-0.1 + 1.0 * open_, -0.2 + 0.25 * open_, 0.6 - 0.5 * open_)


# --- arms, test and demo -------------------------------------------------------------------------


def clap_overhead(beat: Floats, side: int) -> Floats:
    """Hands meet above the head every second beat."""
    open_ = 0.5 - 0.5 * cosine(beat * 0.5)
    return vector(-0.26 + 0.95 * open_, 0.88 - 0.7 * open_, 0.16)


def hands_on_hips(beat: Floats, side: int) -> Floats:
    """Hands rest on the hips, elbows out."""
    return vector(0.06 + 0.02 * sine(beat * 0.5), -0.7, 0.08)


def t_wave(beat: Floats, side: int) -> Floats:
    """Arms out to the sides; a wave runs from hand to hand."""
    return vector(0.92, 0.1 + 0.32 * sine(beat * 0.5 + 0.2 * side), 0.15)


def roll_hands(beat: Floats, side: int) -> Floats:
    """Forearms roll around each other before the chest."""
    turn = beat + (0.0 if side > 0 else 0.5)
    return vector(-0.14, -0.1 + 0.14 * sine(turn), 0.5 + 0.14 * cosine(turn))


def lasso(beat: Floats, side: int) -> Floats:
    """One hand circles above the head, the other holds the hip."""
    if side < 0:
        return vector(0.35 * cosine(beat), 0.86, 0.1 + 0.3 * sine(beat))
    return vector(0.08, -0.68, 0.1)


def swim(beat: Floats, side: int) -> Floats:
    """A crawl stroke, arm after arm."""
    turn = beat * 0.5 + (0.0 if side > 0 else 0.5)
    return vector(0.15, 0.1 + 0.5 * sine(turn), 0.5 + 0.32 * cosine(turn))


def wipers(beat: Floats, side: int) -> Floats:
    """Raised forearms wipe from side to side."""
    return vector(0.3 + 0.32 * side * sine(beat * 0.5), 0.46, 0.4)


def diagonal(beat: Floats, side: int) -> Floats:
    """Arms make one slanting line that tips over every second beat."""
    tip = side * np.minimum(np.maximum(2.2 * sine(beat * 0.25), -1.0), 1.0)
    return vector(0.74, 0.6 * tip, 0.16)


def shoulder_tap(beat: Floats, side: int) -> Floats:
    """Hands go to the shoulders and out again, in turn."""
    out = bump(_side(beat, side, 2.0), 0.0, 1.6, 2.0)
    return vector(0.2 + 0.7 * out, 0.05 + 0.05 * out, 0.3 - 0.2 * out)


# --- legs ------------------------------------------------------------------------------------------


def _lower(
    beat: Floats,
    left: tuple[Floats | float, ...] = (0.0, 0.0, 0.0),
    right: tuple[Floats | float, ...] = (0.0, 0.0, 0.0),
    pelvis: tuple[Floats | float, ...] = (0.0, 0.0, 0.0),
    twist: Floats | float = 0.0,
) -> Lower:
    still = beat * 0.0
    feet = np.stack([vector(*(still + c for c in foot)) for foot in (left, right)], axis=1)
    return Lower(feet, vector(*(still + c for c in pelvis)), still + twist)


def sway(beat: Floats) -> Lower:
    """Weight goes from foot to foot; the knees give on each beat."""
    return _lower(beat, pelvis=(0.08 * sine(beat * 0.5), -0.03 + 0.022 * cosine(beat), 0.0))


def march(beat: Floats) -> Lower:
    """Steps on the spot."""
    left, right = bump(beat, 0.0, 0.95, 2.0), bump(beat, 1.0, 0.95, 2.0)
    shift = 0.045 * (right - left)
    return _lower(
        beat, (0.0, 0.17 * left, 0.04 * left), (0.0, 0.17 * right, 0.04 * right), (shift, -0.02, 0.0)
    )


def kick_front(beat: Floats) -> Lower:
    """Kicks forward, left and right."""
    left, right = bump(beat, 0.0, 1.2, 4.0), bump(beat, 2.0, 1.2, 4.0)
    return _lower(
        beat, (0.0, 0.42 * left, 0.5 * left), (0.0, 0.42 * right, 0.5 * right),
        (0.07 * (right - left), -0.03 + 0.02 * cosine(beat), -0.03 * (left + right)),
    )  # fmt: skip


def jump(beat: Floats) -> Lower:
    """Jumps off both feet every second beat."""
    up, crouch = bump(beat, 0.7, 0.8, 2.0), bump(beat, 0.0, 0.9, 2.0)
    return _lower(beat, (0.0, 0.2 * up, 0.0), (0.0, 0.2 * up, 0.0), (0.0, 0.21 * up - 0.12 * crouch, 0.0))


def twist(beat: Floats) -> Lower:
    """Hips twist on slightly bent knees."""
    return _lower(beat, pelvis=(0.0, -0.07 + 0.02 * cosine(beat), 0.0), twist=0.07 * sine(beat * 0.5))


def knee_lift(beat: Floats) -> Lower:
    """Knees rise high in turn."""
    left, right = bump(beat, 0.0, 1.1, 2.0), bump(beat, 1.0, 1.1, 2.0)
    return _lower(
        beat, (-0.02 * left, 0.4 * left, 0.1 * left), (0.02 * right, 0.4 * right, 0.1 * right),
        (0.05 * (right - left), -0.02, 0.0), 0.02 * (left - right),
    )  # fmt: skip


def box_step(beat: Floats) -> Lower:
    """A small square: feet go forward and back in turn."""
    left, right = bump(beat, 0.0, 2.0, 4.0), bump(beat, 1.0, 2.0, 4.0)
    return _lower(
        beat, (0.0, 0.0, 0.24 * left), (0.0, 0.0, 0.24 * right),
        (0.05 * sine(beat * 0.25), -0.03, 0.1 * (left + right)),
    )  # fmt: skip


def step_touch(beat: Floats) -> Lower:
    """A step to the side, the other foot closes, and back."""
    left, right = bump(beat, 0.0, 1.9, 4.0), bump(beat, 2.0, 1.9, 4.0)
    return _lower(
        beat, (0.26 * left, 0.02 * left, 0.0), (-0.26 * right, 0.02 * right, 0.0),
        (0.15 * (left - right), -0.03 + 0.02 * cosine(beat), 0.0),
    )  # fmt: skip


def squat_groove(beat: Floats) -> Lower:
    """Feet apart; the hips drop deep on every second beat."""
    down = bump(beat, 0.0, 1.7, 2.0)
    return _lower(
        beat, (0.1, 0.0, 0.0), (-0.1, 0.0, 0.0), (0.05 * sine(beat * 0.25), -0.04 - 0.17 * down, -0.05 * down)
    )


def kick_side(beat: Floats) -> Lower:
    """Kicks out to the side, left and right."""
    left, right = bump(beat, 0.0, 1.2, 4.0), bump(beat, 2.0, 1.2, 4.0)
    return _lower(
        beat, (0.46 * left, 0.34 * left, 0.05 * left), (-0.46 * right, 0.34 * right, 0.05 * right),
        (0.09 * (right - left), -0.03 + 0.02 * cosine(beat), 0.0),
    )  # fmt: skip


def jumping_jack(beat: Floats) -> Lower:
    """Jumps that open and close the feet."""
    apart, up = 0.5 - 0.5 * cosine(beat * 0.5), bump(beat, 0.0, 0.8, 1.0)
    return _lower(
        beat, (0.2 * apart, 0.09 * up, 0.0), (-0.2 * apart, 0.09 * up, 0.0), (0.0, 0.1 * up - 0.04, 0.0)
    )  # fmt: skip


def lunge(beat: Floats) -> Lower:
    """Deep side lunges in turn."""
    left, right = bump(beat, 0.0, 1.9, 4.0), bump(beat, 2.0, 1.9, 4.0)
    return _lower(
        beat, (0.36 * left, 0.0, 0.0), (-0.36 * right, 0.0, 0.0),
        (0.24 * (left - right), -0.03 - 0.12 * (left + right), 0.0),
    )  # fmt: skip


def heel_tap(beat: Floats) -> Lower:
    """Heels tap out in front in turn."""
    left, right = bump(beat, 0.0, 1.0, 2.0), bump(beat, 1.0, 1.0, 2.0)
    return _lower(
        beat, (0.05 * left, 0.03 * left, 0.34 * left), (-0.05 * right, 0.03 * right, 0.34 * right),
        (0.04 * (right - left), -0.05, -0.02),
    )  # fmt: skip


ARMS: dict[str, tuple[ArmMove, ...]] = {
    "train": (
        wave_overhead, pump, clap_front, arm_circles, disco_point, punch, raise_roof, low_swing, open_wide,
    ),
    "test": (
        clap_overhead, hands_on_hips, t_wave, roll_hands, lasso, swim, wipers, diagonal, shoulder_tap,
    ),
}  # fmt: skip
"""Arm moves of each pool."""

LEGS: dict[str, tuple[LegMove, ...]] = {
    "train": (sway, march, kick_front, jump, twist, knee_lift, box_step),
    "test": (step_touch, squat_groove, kick_side, jumping_jack, lunge, heel_tap),
}
"""Leg moves of each pool."""

TURNS: dict[str, tuple[tuple[float, float], ...]] = {
    "train": ((1.0, 3.0), (0.25, 1.5), (-0.25, 1.5)),
    "test": ((-1.0, 2.0), (0.5, 2.0), (-0.125, 1.0)),
}
"""Turns of each pool: (turns, beats). What does not end facing the camera turns back afterwards."""

"""Who stands where and does what: from a spec to the joints of every person in every frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcbench.data.generated import moves
from mcbench.data.generated.arithmetic import (
    Floats,
    Random,
    across,
    cosine,
    cross,
    dot,
    fixed,
    length,
    sine,
    smooth,
    unit,
    vector,
)  # fmt: skip
from mcbench.data.generated.people import Body
from mcbench.data.generated.specs import SceneSpec

_BLOCK = 4.0
"""Beats of one move."""
_BLEND = 1.2
"""Beats over which a move passes into the next."""

_SWINGS = ((-0.34, 0.3), (0.3, -0.34), (-0.7, 0.1), (-0.1, 0.65), (0.65, -0.1), (-0.75, -0.05), (0.0, 0.75))
"""How far two people swing towards the camera (below 0) or away while they change places, in metres."""
_APART = 0.27
"""Squared metres that people keep between each other, where there is a way to."""

_FORMATIONS: dict[int, tuple[tuple[float, float], ...]] = {
    2: ((-0.42, 0.0), (0.42, 0.1)),
    3: ((-0.58, 0.1), (0.0, -0.3), (0.58, 0.2)),
    4: ((-0.72, 0.25), (-0.26, -0.3), (0.26, 0.3), (0.72, -0.2)),
    5: ((-0.8, -0.15), (-0.41, 0.5), (0.0, -0.45), (0.41, 0.45), (0.8, -0.2)),
}
"""Places on the floor (to the right, away from the camera) in metres, from left to right."""


@dataclass(frozen=True)
class Joints:
    """One person over time: points and directions in the world, [T, 3] each, in fixed point.

    The world's axes are right, up and away from the camera, in metres; the floor is at height 0. A pair
    holds the left and the right side. A frame of axes is (left, up, forward) of that part.
    """

    pelvis: Floats
    pelvis_axes: tuple[Floats, Floats, Floats]
    chest: Floats
    chest_axes: tuple[Floats, Floats, Floats]
    head: Floats
    head_axes: tuple[Floats, Floats, Floats]
    shoulders: tuple[Floats, Floats]
    elbows: tuple[Floats, Floats]
    wrists: tuple[Floats, Floats]
    hips: tuple[Floats, Floats]
    knees: tuple[Floats, Floats]
    ankles: tuple[Floats, Floats]
    feet: tuple[tuple[Floats, Floats, Floats], tuple[Floats, Floats, Floats]]


@dataclass(frozen=True)
class _Block:
    """What one person does for a while."""

    arms: moves.ArmMove
    legs: moves.LegMove
    mirrored: bool
    size: float


@dataclass(frozen=True)
class _Travel:
    """One person's way from place to place."""

    start: float
    beats: float
    origin: tuple[float, float]
    goal: tuple[float, float]
    bulge: float


@dataclass(frozen=True)
class _Turn:
    start: float
    beats: float
    turns: float


class _Path:
    """A person's place and heading on the floor as functions of the beat."""

    def __init__(self, home: tuple[float, float], yaw: float) -> None:
        self.home, self.yaw = home, yaw
        self.travels: list[_Travel] = []
        self.turns: list[_Turn] = []

    def __call__(self, beat: Floats) -> tuple[Floats, Floats, Floats]:
        """Return (x, z, heading in turns) at each beat."""
        x, z = beat * 0.0 + self.home[0], beat * 0.0 + self.home[1]
        for travel in self.travels:
            part = smooth((beat - travel.start) / travel.beats)
            x = x + part * (travel.goal[0] - travel.origin[0])
            z = z + part * (travel.goal[1] - travel.origin[1])
            z = z + 4.0 * part * (1.0 - part) * travel.bulge
        yaw = beat * 0.0 + self.yaw
        for turn in self.turns:
            yaw = yaw + turn.turns * smooth((beat - turn.start) / turn.beats)
        return x, z, yaw


def choreograph(spec: SceneSpec, bodies: tuple[Body, ...]) -> tuple[Joints, ...]:
    """Return the joints of every person, over `spec.n_frames + 1` frames (flow needs the one after)."""
    random = Random(spec.seed, "choreography")
    tempo = random.uniform(100.0, 138.0)
    first = random.uniform(0.0, 4.0)
    beat = first + np.arange(spec.n_frames + 1, dtype=np.float64) * (tempo / 60.0 / spec.fps)
    paths = _paths(spec, random, first, float(beat[-1]))
    programmes = _programmes(spec, Random(spec.seed, "moves"), int(float(beat[-1]) / _BLOCK) + 2)
    return tuple(
        _dance(body, path, programme, beat + Random(spec.seed, "lag", k).uniform(-0.08, 0.08))
        for k, (body, path, programme) in enumerate(zip(bodies, paths, programmes, strict=True))
    )


def _paths(spec: SceneSpec, random: Random, first: float, last: float) -> list[_Path]:
    """Give each person a place, and let people change places and turn as time goes on."""
    slots = [
        (x + random.uniform(-0.05, 0.05), z + random.uniform(-0.1, 0.1))
        for x, z in _FORMATIONS[spec.n_people]
    ]
    holder = random.shuffled(range(spec.n_people))  # holder[slot] = person
    where = {person: slots[slot] for slot, person in enumerate(holder)}
    paths = [_Path(where[k], random.uniform(-0.07, 0.07)) for k in range(spec.n_people)]
    pool = moves.TURNS[spec.pool]
    beat = first + random.uniform(0.1, 1.2)
    while beat < last:
        beats = random.uniform(2.2, 3.4)
        a, b, front, back = _exchange(slots, random)
        for slot, other, bulge in ((a, b, front), (b, a, back)):
            person = holder[slot]
            path = paths[person]
            path.travels.append(_Travel(beat, beats, slots[slot], slots[other], bulge))
            side = 1.0 if slots[other][0] > slots[slot][0] else -1.0
            path.turns.append(_Turn(beat, beats * 0.5, 0.11 * side))
            path.turns.append(_Turn(beat + beats * 0.6, beats * 0.5, -0.11 * side))
        holder[a], holder[b] = holder[b], holder[a]
        for path in paths:
            if random.chance(0.35):
                _turn(path, random, pool, beat + beats + random.uniform(0.0, 1.0))
        beat += beats + random.uniform(2.0, 5.0)
    return paths


def _exchange(slots: list[tuple[float, float]], random: Random) -> tuple[int, int, float, float]:
    """Choose two places whose holders can change them without running into anybody.

    Returns:
        The two places, and how far their holders swing towards the camera (below 0) or away on the way.
    """
    pairs = [(a, b) for a in range(len(slots)) for b in range(a + 1, min(a + 3, len(slots)))]
    best, choice = -1.0, (0, 1, *_SWINGS[0])
    for a, b in random.shuffled(pairs):
        for front, back in random.shuffled(_SWINGS):
            room = _room(slots, a, b, front, back)
            if room > best:
                best, choice = room, (a, b, front, back)
            if best >= _APART:
                return choice
    return choice


def _room(slots: list[tuple[float, float]], a: int, b: int, front: float, back: float) -> float:
    """Return the smallest squared distance between people while `a` and `b` change places."""
    others = [slots[k] for k in range(len(slots)) if k not in (a, b)]
    smallest = 9.0
    for step in range(1, 16):
        part = step / 16.0
        swing = 4.0 * part * (1.0 - part)
        dx, dz = slots[b][0] - slots[a][0], slots[b][1] - slots[a][1]
        one = (slots[a][0] + part * dx, slots[a][1] + part * dz + swing * front)
        two = (slots[b][0] - part * dx, slots[b][1] - part * dz + swing * back)
        for p, q in [(one, two), *((one, o) for o in others), *((two, o) for o in others)]:
            x, z = p[0] - q[0], p[1] - q[1]
            smallest = min(smallest, x * x + z * z)
    return smallest


def _turn(path: _Path, random: Random, pool: tuple[tuple[float, float], ...], start: float) -> None:
    turns, beats = random.choice(pool)
    path.turns.append(_Turn(start, beats, turns))
    if turns not in (1.0, -1.0):
        path.turns.append(_Turn(start + beats + 1.5, beats, -turns))


def _programmes(spec: SceneSpec, random: Random, n_blocks: int) -> list[list[_Block]]:
    """Choose what each person does in each block: now all the same, now each his own."""
    arms, legs = moves.ARMS[spec.pool], moves.LEGS[spec.pool]
    programmes: list[list[_Block]] = [[] for _ in range(spec.n_people)]
    for _ in range(n_blocks):
        together = random.chance(0.55)
        shared = (random.choice(arms), random.choice(legs))
        for programme in programmes:
            arm, leg = shared if together else (random.choice(arms), random.choice(legs))
            programme.append(_Block(arm, leg, random.chance(0.3), random.uniform(0.8, 1.1)))
    return programmes


def _blended(programme: list[_Block], beat: Floats) -> tuple[Floats, Floats, moves.Lower]:
    """Return hand targets [T, 3] of both sides and the lower body, each move passing into the next."""
    total = beat * 0.0
    hands = [np.zeros((len(beat), 3)) for _ in range(2)]
    feet, pelvis, twist = np.zeros((len(beat), 2, 3)), np.zeros((len(beat), 3)), beat * 0.0
    for index, block in enumerate(programme):
        start = index * _BLOCK
        weight = smooth((beat - start) / _BLEND + 0.5) - smooth((beat - start - _BLOCK) / _BLEND + 0.5)
        inside = np.flatnonzero(weight > 0.0)
        if not len(inside):
            continue
        part = slice(int(inside[0]), int(inside[-1]) + 1)
        w = weight[part]
        local = beat[part]
        sides = (-1, 1) if block.mirrored else (1, -1)
        for k, side in enumerate(sides):
            hands[k][part] += w[:, None] * block.arms(local, side)
        lower = block.legs(local + (2.0 if block.mirrored else 0.0))
        feet[part] += (w * block.size)[:, None, None] * lower.feet
        pelvis[part] += (w * block.size)[:, None] * lower.pelvis
        twist[part] += w * block.size * lower.twist
        total[part] += w
    scale = 1.0 / np.maximum(total, 1e-6)
    left, right = (_clear_of_shoulder(hand * scale[:, None]) for hand in hands)
    return left, right, moves.Lower(feet, pelvis, twist)


def _clear_of_shoulder(hand: Floats) -> Floats:
    """Lead a hand around its own shoulder, where an arm's direction would flip from frame to frame."""
    near = np.maximum(0.0, 1.0 - dot(hand, hand) / 0.3)
    return np.asarray(hand + (near * near)[:, None] * np.array([0.3, 0.0, 0.45]))


def _heading(yaw: Floats) -> tuple[Floats, Floats]:
    """Return (left, forward) of someone who has turned `yaw` away from facing the camera."""
    s, c = sine(yaw), cosine(yaw)
    return vector(c, 0.0, s), vector(s, 0.0, -c)


def _planted(path: _Path, beat: Floats, side: int, apart: float) -> tuple[Floats, Floats]:
    """Return a foot's place [T, 3] and heading [T] when it follows the path in steps, never sliding."""
    own = beat * 0.5 + (0.0 if side > 0 else 0.5)
    step = np.floor(own)
    swing = smooth((own - step) / 0.46)
    places, yaws = [], []
    for k in (step - 1.0, step):
        when = (k + 0.72 - (0.0 if side > 0 else 0.5)) * 2.0
        x, z, yaw = path(when)
        left, _ = _heading(yaw)
        places.append(vector(x, 0.0, z) + left * (side * apart))
        yaws.append(yaw)
    way = places[1] - places[0]
    lift = np.minimum(length(way) * 0.3, 0.1) * 4.0 * swing * (1.0 - swing)
    place = places[0] + way * swing[:, None]
    place[:, 1] += lift
    return place, yaws[0] + (yaws[1] - yaws[0]) * swing


def _bend(start: Floats, goal: Floats, pole: Floats, upper: float, lower: float) -> tuple[Floats, Floats]:
    """Return the middle and the end [T, 3] of a limb of two bones that reaches for `goal`, bent to `pole`."""
    way = goal - start
    reach = np.minimum(np.maximum(length(way), 0.3 * (upper + lower)), 0.992 * (upper + lower))
    axis = unit(way)
    along = (upper * upper - lower * lower + reach * reach) / (2.0 * reach)
    aside = np.sqrt(np.maximum(upper * upper - along * along, 0.0))
    middle = start + axis * along[:, None] + across(pole, axis) * aside[:, None]
    return fixed(middle), fixed(start + axis * reach[:, None])


def _tilt(left: Floats, forward: Floats, side: Floats, ahead: Floats) -> tuple[Floats, Floats, Floats]:
    """Return axes (left, up, forward) that lean by the given slopes to the left and ahead."""
    up = unit(vector(0.0, 1.0, 0.0) + left * side[:, None] + forward * ahead[:, None])
    new_forward = across(forward, up)
    return fixed(cross(new_forward, up)), fixed(up), fixed(new_forward)


def _dance(body: Body, path: _Path, programme: list[_Block], beat: Floats) -> Joints:
    """Return one person's joints."""
    hand_left, hand_right, lower = _blended(programme, beat)
    x, z, yaw = path(beat)
    left, forward = _heading(yaw + lower.twist)
    flat_left, flat_forward = _heading(yaw)
    feet, foot_axes = [], []
    for k, side in enumerate((1, -1)):
        place, foot_yaw = _planted(path, beat, side, body.hip + 0.045)
        offset = lower.feet[:, k]
        place = place + flat_left * offset[:, :1] + flat_forward * offset[:, 2:]
        place[:, 1] += offset[:, 1] + body.ankle
        feet.append(place)
        toe_left, toe = _heading(foot_yaw - 0.035 * side)
        drop = np.minimum((place[:, 1] - body.ankle) * 1.4, 0.75)  # toes hang when the foot is up
        toe = unit(toe - vector(0.0, 1.0, 0.0) * drop[:, None])
        foot_axes.append((fixed(toe_left), fixed(cross(toe, toe_left) * -1.0), fixed(toe)))
    shift = lower.pelvis
    pelvis = vector(x, 0.0, z) + flat_left * shift[:, :1] + flat_forward * shift[:, 2:]
    height = body.leg * 0.985 + body.ankle + shift[:, 1]
    for place in feet:
        offset = place - pelvis
        flat = offset[:, 0] * offset[:, 0] + offset[:, 2] * offset[:, 2]
        limit = place[:, 1] + np.sqrt(
            np.maximum(0.99 * body.leg * body.leg - flat, 0.42 * body.leg * body.leg)
        )
        height = np.minimum(height, np.where(place[:, 1] > body.ankle + 0.3, height, limit))
    pelvis[:, 1] = height
    pelvis = fixed(pelvis)
    sway = shift[:, 0]
    pelvis_axes = _tilt(left, forward, sway * 0.9, beat * 0.0 + 0.03)
    chest_left, chest_forward = _heading(yaw - 0.5 * lower.twist + 0.012 * sine(beat * 0.25))
    crouch = np.maximum(0.0, -shift[:, 1])
    chest_axes = _tilt(chest_left, chest_forward, -0.7 * sway + 0.03 * sine(beat * 0.5), 0.05 + 0.9 * crouch)
    chest = fixed(pelvis + pelvis_axes[1] * (0.35 * body.spine) + chest_axes[1] * (0.65 * body.spine))
    head_left, head_forward = _heading(yaw + 0.03 * sine(beat * 0.125))
    head_axes = _tilt(head_left, head_forward, 0.05 * sine(beat * 0.5), 0.04 + 0.06 * cosine(beat))
    head = fixed(chest + chest_axes[1] * (0.6 * body.neck) + head_axes[1] * (0.4 * body.neck + body.head))
    arms = []
    for side, hand in ((1, hand_left), (-1, hand_right)):
        out = chest_axes[0] * float(side)
        shrug = np.maximum(hand[:, 1] - 0.3, 0.0) * 0.05
        shoulder = chest + out * body.shoulder + chest_axes[1] * (shrug - 0.03 * body.stature)[:, None]
        reach = body.upper_arm + body.forearm
        goal = (
            shoulder
            + (out * hand[:, :1] + chest_axes[1] * hand[:, 1:2] + chest_axes[2] * hand[:, 2:]) * reach
        )
        pole = out * 0.9 - chest_axes[1] * 0.5 - chest_axes[2] * 0.55
        arms.append((fixed(shoulder), *_bend(fixed(shoulder), goal, pole, body.upper_arm, body.forearm)))
    legs = []
    for side, place, axes in zip((1, -1), feet, foot_axes, strict=True):
        hip = fixed(pelvis + pelvis_axes[0] * (side * body.hip))
        pole = forward + left * (0.22 * side) + axes[2] * 0.5
        legs.append((hip, *_bend(hip, place, pole, body.thigh, body.shin)))
    return Joints(
        pelvis, pelvis_axes, chest, chest_axes, head, head_axes,
        (arms[0][0], arms[1][0]), (arms[0][1], arms[1][1]), (arms[0][2], arms[1][2]),
        (legs[0][0], legs[1][0]), (legs[0][1], legs[1][1]), (legs[0][2], legs[1][2]),
        (foot_axes[0], foot_axes[1]),
    )  # fmt: skip


def keypoints(joints: Joints, body: Body) -> Floats:
    """Return the COCO-18 key points [T, 18, 3] in the world."""
    left, up, forward = joints.head_axes
    face = {
        "nose": (0.0, -0.12, 1.08),
        "eye": (0.36, 0.12, 0.84),
        "ear": (0.98, 0.0, -0.08),
    }

    def on_head(name: str, side: float) -> Floats:
        a, b, c = face[name]
        width, height, depth = body.head_radii
        return np.asarray(joints.head + left * (side * a * width) + up * (b * height) + forward * (c * depth))

    neck = (joints.shoulders[0] + joints.shoulders[1]) * 0.5
    points = [
        on_head("nose", 0.0), neck,
        joints.shoulders[1], joints.elbows[1], joints.wrists[1],
        joints.shoulders[0], joints.elbows[0], joints.wrists[0],
        joints.hips[1], joints.knees[1], joints.ankles[1],
        joints.hips[0], joints.knees[0], joints.ankles[0],
        on_head("eye", -1.0), on_head("eye", 1.0), on_head("ear", -1.0), on_head("ear", 1.0),
    ]  # fmt: skip
    return fixed(np.stack(points, axis=1))

"""Joining pieces of tracks that are one person: what a tracker that sees no later frames leaves apart."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mcbench.estimators.pose.looks import Looks, alikeness
from mcbench.estimators.pose.people import People

_LEAST_ALIKE = 0.7
_REACH, _REACH_A_FRAME, _FARTHEST = 0.35, 0.05, 1.0
"""How far apart, in heights of the person, two pieces may be: at once, for each frame between, and at all."""


class Fragment(NamedTuple):
    """A piece of somebody's track.

    Attributes:
        seen: what was found of him, a `People` of one, by frame.
        looks: [1, parts, 3], or None where nobody looked.
    """

    seen: Mapping[int, People]
    looks: Looks | None


def join(fragments: Sequence[Fragment]) -> list[Mapping[int, People]]:
    """Return tracks, the pieces of one person in one.

    Two pieces are joined, the likest first, if they share no frame, look alike, and wherever one takes over
    from the other the person has not leapt.
    """
    pieces = [fragment for fragment in fragments if fragment.seen]
    while True:
        best, pair = 0.0, None
        for (i, first), (j, second) in itertools.combinations(enumerate(pieces), 2):
            alike = _alike(first, second)
            if alike > best and _fits(first, second):
                best, pair = alike, (i, j)
        if pair is None:
            return [piece.seen for piece in pieces]
        first, second = pieces[pair[0]], pieces[pair[1]]
        longer = max(first, second, key=lambda piece: len(piece.seen))
        pieces[pair[0]] = Fragment({**first.seen, **second.seen}, longer.looks)
        del pieces[pair[1]]


def _alike(first: Fragment, second: Fragment) -> float:
    if first.looks is None or second.looks is None:
        return 0.0
    alike = float(alikeness(first.looks, second.looks)[0, 0])
    return alike if alike >= _LEAST_ALIKE else 0.0


def _fits(first: Fragment, second: Fragment) -> bool:
    if first.seen.keys() & second.seen.keys():
        return False
    frames = sorted([*first.seen, *second.seen])
    for before, after in itertools.pairwise(frames):
        if (before in first.seen) == (after in first.seen):
            continue
        start, end = ((first if frame in first.seen else second).seen[frame] for frame in (before, after))
        boxes = np.concatenate([start.boxes, end.boxes]).astype(np.float64)
        height = float((boxes[:, 3] - boxes[:, 1]).max())
        apart = float(np.hypot(*np.diff((boxes[:, :2] + boxes[:, 2:]) / 2, axis=0)[0]))
        if apart > min(_REACH + _REACH_A_FRAME * (after - before - 1), _FARTHEST) * max(height, 1.0):
            return False
    return True

"""Who is in front of whom, where two bodies overlap and the depth order is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.frame.pair import Frames, check_pair
from mcbench.metrics.people.identity import UNKNOWN, known_assignment
from mcbench.metrics.people.palette import (
    Palette,
    dilated,
    eroded,
    mean_distance,
    palette,
    person_palettes,
    typical_size,
)
from mcbench.metrics.people.presence import missing_people
from mcbench.metrics.people.regions import MIN_PIXELS, Labels, check_labels
from mcbench.metrics.people.signature import signatures

_ALIKE = 6.0
_TOO_WIDE = 0.03
_NEARBY = 0.15


@dataclass(frozen=True)
class ContestedRegion:
    """Where one person hides another.

    Attributes:
        front: index of the nearer person, whom the true frame shows there.
        back: index of the farther one, whose body lies behind.
        region: bool [H, W].
    """

    front: int
    back: int
    region: NDArray[np.bool_]


def contested_regions(
    labels: Labels, bodies: NDArray[Any], depth: NDArray[Any], *, minimum: int = MIN_PIXELS
) -> list[ContestedRegion]:
    """Return where each nearer person hides each farther one, for all pairs with enough of it.

    A pixel is contested by front and back where it carries the front person's true mask and lies in the
    back person's body, hidden or not. Bodies drawn from key points are wider than people, so they are
    narrowed by 3 % of the square root of their area first.

    Args:
        labels: integer [H, W], the true instance mask.
        bodies: bool or integer [people, H, W], not 0 where a person's whole body is, covered or not; from
            key points: `mcbench.conditions.body_masks`.
        depth: [people], distance from the camera; NaN where unknown, and no pair is made of it.
        minimum: pairs with fewer contested pixels are left out.

    Raises:
        MismatchError, InputError: the arrays do not fit each other; see `check_labels`.
    """
    n_people = len(bodies)
    check_labels(labels, n_people)
    if bodies.shape[1:] != labels.shape or depth.shape != (n_people,):
        raise MismatchError(
            f"bodies {list(bodies.shape)}, depths {list(depth.shape)} and an instance mask "
            f"{list(labels.shape)} are not those of one frame",
            "give bodies [people, height, width] and depths [people]",
        )
    narrow = [eroded(body != 0, _TOO_WIDE * float(np.sqrt(np.count_nonzero(body)))) for body in bodies]
    found = []
    for front in range(n_people):
        for back in range(n_people):
            if not depth[front] < depth[back]:
                continue
            region = (labels == front + 1) & narrow[back]
            if np.count_nonzero(region) >= minimum:
                found.append(ContestedRegion(front, back, region))
    return found


def occlusion_order_accuracy(
    prediction: Frames,
    truth: Frames,
    labels: Labels,
    bodies: NDArray[Any],
    depth: NDArray[Any],
    *,
    known: Sequence[Palette] = (),
    missing: NDArray[Any] | None = None,
    minimum: int = MIN_PIXELS,
) -> float:
    """Return the share of overlapping pairs whose nearer person is in front in the prediction, 0..1.

    For each of `contested_regions`: the pair is in order where the prediction's smoothed colours there are
    nearer (mean distance to the nearest colour of a `palette`) to what the true frame shows of the front
    person there and up to 15 % of a person's size around, than to what it shows of the people farther
    away than he. `known` adds what other frames show of them, since the hidden part of somebody may be
    the part that this frame does not show.

    Left out are pairs that colours cannot decide: nothing is known of the back person's looks; or the
    front person's true colours there lie less than 6 (CIE Delta E) from those of the farther people. Left
    out are also pairs of whom one is missing (see `missing_people`), or not himself in the prediction
    (outside all contested regions, `assign` matches him to somebody else of the true frame): those are
    other mistakes, with metrics of their own.

    Limits: bodies from key points miss wide clothes and long hair; people who hold each other have
    no single depth order, and the mean depth of their key points decides; a prediction that is out of
    place by more than the width of an arm shows there what is behind.

    Args:
        prediction: uint8 or floating [H, W, 3] on 0..255.
        truth: the same shape.
        labels: integer [H, W], the true instance mask.
        bodies: bool or integer [people, H, W], whole bodies, as `contested_regions` takes them.
        depth: [people], distance from the camera; NaN where unknown.
        known: `person_palettes` of another frame, such as the reference; none by default.
        missing: [people], `missing_people` of the same frames where it is at hand.
        minimum: least number of pixels of a contested region, and of a person.

    Returns:
        Higher is better; NaN where no pair can be decided.

    Raises:
        MismatchError, InputError: see `check_pair` and `contested_regions`; or `known` is of other people.

    Source: ours.
    """
    check_pair(prediction, truth)
    if truth.ndim != 3:
        raise InputError(f"people are ordered one frame [height, width, 3] at a time, not {truth.shape}")
    n_people = len(bodies)
    check_labels(labels, n_people, truth)
    if len(known) not in (0, n_people):
        raise MismatchError(f"{len(known)} palettes are not those of {n_people} people")
    pairs = contested_regions(labels, bodies, depth, minimum=minimum)
    if not pairs:
        return float("nan")
    looks = person_palettes(truth, labels, n_people, minimum=minimum)
    if known:
        looks = [np.concatenate(both) for both in zip(looks, known, strict=True)]
    size = typical_size(labels, n_people, minimum=minimum)
    contested = np.any([pair.region for pair in pairs], axis=0)
    themselves = _themselves(prediction, truth, np.where(contested, 0, labels), n_people, minimum)
    if missing is None:
        missing = missing_people(prediction, truth, labels, n_people, minimum=minimum)
    judged = themselves - {int(person) for person in np.flatnonzero(missing == 1.0)}
    verdicts = []
    for pair in pairs:
        behind = np.concatenate([looks[k] for k in range(n_people) if depth[k] > depth[pair.front]])
        if not len(looks[pair.back]) or not {pair.front, pair.back} <= judged:
            continue
        if mean_distance(palette(truth, pair.region, size), behind) >= _ALIKE:
            nearby = dilated(pair.region, _NEARBY * size) & (labels == pair.front + 1)
            shown = palette(prediction, pair.region, size)
            to_front = mean_distance(shown, palette(truth, nearby, size))
            verdicts.append(to_front < mean_distance(shown, behind))
    return float(np.mean(verdicts)) if verdicts else float("nan")


def _themselves(prediction: Frames, truth: Frames, labels: Labels, n_people: int, minimum: int) -> set[int]:
    """Return who is matched to himself; who cannot be matched counts as himself where all others are."""
    found, known = (signatures(side, labels, n_people, minimum=minimum) for side in (prediction, truth))
    assignment = known_assignment(found, known)
    own = {person for person, identity in enumerate(assignment) if identity == person}
    unknown = {person for person, identity in enumerate(assignment) if identity == UNKNOWN}
    return own | unknown if len(own | unknown) == n_people else own

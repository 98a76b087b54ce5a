"""Who is in front of whom, where two bodies overlap and the depth order is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.frame.pair import Frames, check_pair
from mcbench.metrics.people.regions import MIN_PIXELS, Labels, check_labels
from mcbench.metrics.people.signature import signatures

_ALIKE = 0.15


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
    back person's body, hidden or not.

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
    found = []
    for front in range(n_people):
        for back in range(n_people):
            if not depth[front] < depth[back]:
                continue
            region = (labels == front + 1) & (bodies[back] != 0)
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
    minimum: int = MIN_PIXELS,
) -> float:
    """Return the share of overlapping pairs whose nearer person is in front in the prediction, 0..1.

    For each of `contested_regions`: the pair is in order where the prediction there looks more like what
    the true frame shows there, the front person, than like the back person as far as the true frame
    shows him. To look like is a small distance of signatures.

    Left out are pairs that colours cannot decide: the back person shows fewer than `minimum` pixels, the
    front person's and the back person's signatures are less than 0.15 apart, or the two have exchanged
    their looks in the prediction (outside the contested region they match each other better than
    themselves): that is a mistake of identity, which identity accuracy counts.

    Limits: the back person's look is that of all he shows, not of the part that is hidden; bodies drawn
    from key points are about 10 % wider or narrower than dressed people; people who hold each other have
    no single depth order, and the mean depth of their key points decides. A front person who is missing
    altogether is in order or not as the background may have it: read it beside `missing_people`.

    Args:
        prediction: uint8 or floating [H, W, 3] on 0..255.
        truth: the same shape.
        labels: integer [H, W], the true instance mask.
        bodies: bool or integer [people, H, W], whole bodies, as `contested_regions` takes them.
        depth: [people], distance from the camera; NaN where unknown.
        minimum: least number of pixels of a contested region, and of a person beside it.

    Returns:
        Higher is better; NaN where no pair can be decided.

    Raises:
        MismatchError, InputError: see `check_pair` and `contested_regions`.

    Source: ours.
    """
    check_pair(prediction, truth)
    if truth.ndim != 3:
        raise InputError(f"people are ordered one frame [height, width, 3] at a time, not {truth.shape}")
    check_labels(labels, len(bodies), truth)
    verdicts = [
        verdict
        for pair in contested_regions(labels, bodies, depth, minimum=minimum)
        if (verdict := _in_order(prediction, truth, labels, pair, minimum)) is not None
    ]
    return float(np.mean(verdicts)) if verdicts else float("nan")


def _in_order(
    prediction: Frames, truth: Frames, labels: Labels, pair: ContestedRegion, minimum: int
) -> bool | None:
    """Return whether the front person is in front; None where colours cannot tell."""
    regions = np.zeros(labels.shape, dtype=np.int64)
    regions[labels == pair.front + 1] = 2
    regions[labels == pair.back + 1] = 3
    regions[pair.region] = 1
    found = signatures(prediction, regions, 3, minimum=minimum)
    true = signatures(truth, regions, 3, minimum=minimum)
    here, front, back = true
    if np.isnan(back).any() or np.linalg.norm(here - back) < _ALIKE:
        return None
    if not np.isnan(front).any():
        own = np.linalg.norm(found[1] - front) + np.linalg.norm(found[2] - back)
        exchanged = np.linalg.norm(found[1] - back) + np.linalg.norm(found[2] - front)
        if exchanged < own:
            return None
    return bool(np.linalg.norm(found[0] - here) < np.linalg.norm(found[0] - back))

"""Metrics of people by name: how each comes from a pair of frames, or from the looks of a whole video."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.metrics import people
from mcbench.records import TruthKind
from mcbench.scoring.networks import Networks
from mcbench.scoring.people.clip import PeopleTruth
from mcbench.scoring.people.pose import PER_FRAME, PER_PERSON
from mcbench.scoring.protocols import PeopleMetric

Array = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """One pair of frames, and all that a metric of one frame may look at.

    Attributes:
        index: of the frame in the clip.
        prediction: uint8 or floating [H, W, 3] on 0..255.
        truth: the same.
        labels: uint8 [H, W], the true instance mask.
        clip: the rest of the truth.
        palettes: of everybody in the reference image.
        networks: for LPIPS.
    """

    index: int
    prediction: Array
    truth: Array
    labels: NDArray[np.uint8]
    clip: PeopleTruth
    palettes: Sequence[people.Palette]
    networks: Networks

    @cached_property
    def missing(self) -> Floats:
        """Who is missing, float64 [people]: two metrics ask for it."""
        return people.missing_people(self.prediction, self.truth, self.labels, self.clip.n_people)


@dataclass(frozen=True)
class Looks:
    """What everybody looked like in the frames of a video.

    Attributes:
        found: float64 [frames, people, 27], signatures of the predictions inside the true masks.
        true: the same of the true frames; NaN on both sides for who is not visible.
        reference: float64 [people, 27], of the reference image.
        overlap: bool [frames].
    """

    found: Floats
    true: Floats
    reference: Floats
    overlap: NDArray[np.bool_]


@dataclass(frozen=True)
class PeopleFunction:
    """How a people metric comes about: from single pairs of frames, or from the looks of a whole video.

    Attributes:
        of_pair: the value of a pair of frames: a number, or float64 [people]; None where another rules.
        of_looks: the values of all frames: float64 [frames] or [frames, people].
        of_pose: whether it is the figure of that name of `pose_errors`.
        needs: kinds of exact truth that a clip must have.
        per_person: whether it has a value for each person; else one for the frame.
    """

    of_pair: Callable[[Pair, PeopleMetric], float | Floats] | None = None
    of_looks: Callable[[Looks], Floats] | None = None
    of_pose: bool = False
    needs: tuple[TruthKind, ...] = ("masks",)
    per_person: bool = False


def _person_psnr(pair: Pair, metric: PeopleMetric) -> Floats:
    return people.person_psnr(pair.prediction, pair.truth, pair.labels, pair.clip.n_people)


def _person_ssim(pair: Pair, metric: PeopleMetric) -> Floats:
    return people.person_ssim(pair.prediction, pair.truth, pair.labels, pair.clip.n_people)


def _person_lpips(pair: Pair, metric: PeopleMetric) -> Floats:
    assert metric.trunk
    distance = pair.networks.lpips(metric.trunk).spatial(pair.prediction[None], pair.truth[None])[0]
    return people.person_mean(distance, pair.labels, pair.clip.n_people)


def _missing(pair: Pair, metric: PeopleMetric) -> Floats:
    return pair.missing


def _extra(pair: Pair, metric: PeopleMetric) -> float:
    n_people = pair.clip.n_people
    visible = int(people.visible_people(pair.labels, n_people).sum())
    extra = people.extra_people(pair.prediction, pair.truth, pair.labels, n_people)
    return people.presence_rates(visible, visible + extra, visible)[1]


def _order(pair: Pair, metric: PeopleMetric) -> float:
    bodies, depth = pair.clip.bodies(pair.index), pair.clip.depth(pair.index)
    return people.occlusion_order_accuracy(
        pair.prediction, pair.truth, pair.labels, bodies, depth, known=pair.palettes, missing=pair.missing
    )


def _iaa(looks: Looks) -> Floats:
    return _by_frame(people.identity_assignment_accuracy, looks.found, looks.reference)


def _iaa_cross(looks: Looks) -> Floats:
    return np.where(looks.overlap, _iaa(looks), np.nan)


def _iaa_truth(looks: Looks) -> Floats:
    return _by_frame(people.identity_assignment_accuracy, looks.true, looks.reference)


def _by_frame(function: Callable[[Array, Array], float], found: Floats, known: Floats) -> Floats:
    return np.array([function(row, known) for row in found], dtype=np.float64)


def _signature_distance(looks: Looks) -> Floats:
    return np.full(len(looks.found), people.least_distance(looks.reference))


def _identity_accuracy(looks: Looks) -> Floats:
    matches = [
        people.identity_matches(found, known)
        for found, known in zip(looks.found, _latest(looks), strict=True)
    ]
    return np.stack(matches)


def _swaps(looks: Looks) -> Floats:
    assignments = [
        people.known_assignment(found, known)
        for found, known in zip(looks.found, _latest(looks), strict=True)
    ]
    return people.identity_swaps(np.stack(assignments))


def _latest(looks: Looks) -> list[Floats]:
    """Return what everybody truly looked like last: in this frame, or in the latest one that shows him."""
    latest, rows = looks.reference, []
    for true in looks.true:
        latest = np.where(np.isnan(true), latest, true)
        rows.append(latest)
    return rows


FUNCTIONS: dict[str, PeopleFunction] = {
    "person_psnr": PeopleFunction(of_pair=_person_psnr, per_person=True),
    "person_ssim": PeopleFunction(of_pair=_person_ssim, per_person=True),
    "person_lpips": PeopleFunction(of_pair=_person_lpips, per_person=True),
    "iaa": PeopleFunction(of_looks=_iaa),
    "iaa_cross": PeopleFunction(of_looks=_iaa_cross),
    "iaa_truth": PeopleFunction(of_looks=_iaa_truth),
    "signature_distance": PeopleFunction(of_looks=_signature_distance),
    "identity_accuracy": PeopleFunction(of_looks=_identity_accuracy, per_person=True),
    "identity_swap_rate": PeopleFunction(of_looks=_swaps),
    "missing_people": PeopleFunction(of_pair=_missing, per_person=True),
    "extra_people": PeopleFunction(of_pair=_extra),
    "occlusion_order": PeopleFunction(of_pair=_order, needs=("masks", "poses")),
    **{
        name: PeopleFunction(of_pose=True, needs=("masks", "poses"), per_person=name in PER_PERSON)
        for name in (*PER_PERSON, *PER_FRAME)
    },
}
"""Names that `PeopleMetric.function` may have. What each means is told in `docs/people.md`, those of pose in
`docs/pose.md`."""

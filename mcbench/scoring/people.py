"""Metrics of the people of a prepared clip: what a protocol may ask for, and how a video is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError, MismatchError
from mcbench.metrics import people
from mcbench.records import ClipRecord, Size, TruthKind, Unavailable
from mcbench.scoring.networks import Networks
from mcbench.scoring.people_clip import PeopleTruth
from mcbench.scoring.pose import PER_FRAME, PER_PERSON, TruePoses, pose_errors
from mcbench.scoring.protocols import FrameSetting, PeopleMetric

Array = NDArray[Any]
Floats = NDArray[np.float64]
WHOLE_FRAME = FrameSetting(
    crop="none", size=None, short_side=None, resize="bilinear-antialias", aspect_tolerance=0.0
)


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


@dataclass(frozen=True)
class PeopleValues:
    """What one video reads under the people metrics of a protocol. People are those of the clip, in order.

    Attributes:
        indices: int64 [frames], index of each frame, rising; 0 is the reference.
        frames: key -> float64 [frames], NaN where undefined; per-person metrics as the mean of a frame's
            people.
        people: key of a per-person metric -> float64 [frames, people], NaN where undefined.
        visible: int64 [frames], how many people are visible.
        overlap: bool [frames], whether two people's boxes have an IoU above 0.1.
        unavailable: key -> why a metric has no values. All arrays are empty where none has.
    """

    indices: NDArray[np.int64]
    frames: dict[str, Floats]
    people: dict[str, Floats]
    visible: NDArray[np.int64]
    overlap: NDArray[np.bool_]
    unavailable: dict[str, Unavailable]


class PeopleCollector:
    """Collects the values of one video's people.

    `add` may be called from several threads and in any order; what depends on the order of frames is
    worked out in `finish`.
    """

    def __init__(
        self,
        metrics: Sequence[PeopleMetric],
        truth_folder: Path,
        target: Size,
        networks: Networks,
        *,
        setting: FrameSetting = WHOLE_FRAME,
    ) -> None:
        """Open the clip.

        Args:
            metrics: of the protocol; those of `networks.left_out` are left out.
            truth_folder: a prepared clip's folder.
            target: (height, width) that both sides have been brought to.
            networks: for LPIPS and key points.
            setting: crop and resize of the protocol; by default the whole frame, antialiased bilinear.

        Raises:
            DataMissingError, FileFormatError: the folder holds no whole clip, or its truth is damaged.
            InputError: there is no function of a metric's name.
        """
        self._clip, self._networks = PeopleTruth(truth_folder, setting, target), networks
        self._unavailable = unavailable_metrics(metrics, self._clip.clip.record, networks)
        self._metrics = [one for one in _wanted(metrics, networks) if one.key not in self._unavailable]
        asks_pose = any(FUNCTIONS[metric.function].of_pose for metric in self._metrics)
        self._detector = networks.detector() if asks_pose else None
        self._kept: dict[int, _Kept] = {}
        if self._metrics:
            frame, labels = self._clip.frame(0), self._clip.labels(0)
            self._reference = people.signatures(frame, labels, self._clip.n_people)
            self._palettes = people.person_palettes(frame, labels, self._clip.n_people)

    def add(self, index: int, prediction: Array, truth: Array) -> None:
        """Take in both frames of an index.

        Args:
            index: of the frame in the clip, from 0.
            prediction: uint8 or floating [H, W, 3] on 0..255, of the target's size.
            truth: the same.

        Raises:
            MismatchError: a frame is not of the target's size.
            FileFormatError: a file of the clip's truth is damaged.
            IndexError: the clip has no such frame.
        """
        for side in (prediction, truth):
            if side.shape != (*self._clip.target, 3):
                raise MismatchError(
                    f"a frame {list(side.shape)} is not of the target's size {list(self._clip.target)}"
                )
        if not self._metrics:
            return
        labels, n_people = self._clip.labels(index), self._clip.n_people
        values = {}
        pair = Pair(index, prediction, truth, labels, self._clip, self._palettes, self._networks)
        poses = self._pose(index, prediction, truth, labels)
        for metric in self._metrics:
            function = FUNCTIONS[metric.function]
            if function.of_pose:
                values[metric.key] = poses[metric.function]
            if function.of_pair is not None:
                values[metric.key] = function.of_pair(pair, metric)
        self._kept[index] = _Kept(
            visible=int(people.visible_people(labels, n_people).sum()),
            overlap=people.boxes_overlap(people.person_boxes(labels, n_people)),
            found=people.signatures(prediction, labels, n_people),
            true=people.signatures(truth, labels, n_people),
            values=values,
        )

    def _pose(
        self, index: int, prediction: Array, truth: Array, labels: NDArray[np.uint8]
    ) -> dict[str, float | Floats]:
        """Return all figures of pose of a pair of frames; the detector runs once for all of them."""
        if self._detector is None:
            return {}
        points, visibility = self._clip.keypoints(index)
        area = people.person_areas(labels, self._clip.n_people)
        return pose_errors(self._detector, prediction, truth, TruePoses(points, visibility, area))

    def finish(self) -> PeopleValues:
        """Return the values of all frames that were added, in order of their indices."""
        indices = sorted(self._kept)
        kept = [self._kept[index] for index in indices]
        overlap = np.array([one.overlap for one in kept], dtype=np.bool_)
        frames: dict[str, Floats] = {}
        each: dict[str, Floats] = {}
        for metric in self._metrics if kept else ():
            function = FUNCTIONS[metric.function]
            if function.of_looks is not None:
                found, true = (np.stack([getattr(one, side) for one in kept]) for side in ("found", "true"))
                values = function.of_looks(Looks(found, true, self._reference, overlap))
            else:
                values = np.array([one.values[metric.key] for one in kept], dtype=np.float64)
            if function.per_person:
                each[metric.key] = values
                values = mean_of_people(values)
            frames[metric.key] = values
        return PeopleValues(
            indices=np.array(indices, dtype=np.int64),
            frames=frames,
            people=each,
            visible=np.array([one.visible for one in kept], dtype=np.int64),
            overlap=overlap,
            unavailable=dict(self._unavailable),
        )


@dataclass(frozen=True)
class _Kept:
    """What is kept of a pair of frames until all are there."""

    visible: int
    overlap: bool
    found: Floats
    true: Floats
    values: dict[str, float | Floats]


def unavailable_metrics(
    metrics: Sequence[PeopleMetric], record: ClipRecord | None, networks: Networks
) -> dict[str, Unavailable]:
    """Return key -> reason of the metrics that a clip, or the networks at hand, do not allow.

    Args:
        metrics: of the protocol; those of `networks.left_out` are not listed.
        record: the clip's; None where the truth is no prepared clip.
        networks: what is loaded.

    Raises:
        InputError: there is no function of a metric's name.
    """
    found = {}
    for metric in _wanted(metrics, networks):
        if reason := _lacking(FUNCTIONS[metric.function], record):
            found[metric.key] = Unavailable(reason=reason, command="mcbench data list")
        elif FUNCTIONS[metric.function].of_pose and networks.detector_name not in networks.known:
            found[metric.key] = networks.unavailable[networks.detector_name]
        elif not networks.has(metric):
            found[metric.key] = networks.unavailable[f"lpips-{metric.trunk}"]
    return found


def mean_of_people(values: Floats) -> Floats:
    """Return the mean over the last axis without NaN; NaN where nothing else is."""
    known = ~np.isnan(values)
    counts = known.sum(axis=-1)
    totals = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)


def _wanted(metrics: Sequence[PeopleMetric], networks: Networks) -> list[PeopleMetric]:
    for metric in metrics:
        if metric.function not in FUNCTIONS:
            raise InputError(
                f"the people metric {metric.key} asks for a function {metric.function!r}",
                f"there are {', '.join(FUNCTIONS)}",
            )
    return [metric for metric in metrics if metric.key not in networks.left_out]


def _lacking(function: PeopleFunction, record: ClipRecord | None) -> str:
    if record is None:
        return f"exact {' and '.join(function.needs)} come with prepared clips alone"
    lacking = [kind for kind in function.needs if kind not in record.truth]
    if lacking:
        return f"{record.id} of {record.benchmark} has no exact {' and '.join(lacking)}"
    return "" if record.n_people else f"{record.id} of {record.benchmark} does not say how many people it has"


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

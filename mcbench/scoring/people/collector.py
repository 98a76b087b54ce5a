"""Collects the metrics of the people of one prepared clip, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError, MismatchError
from mcbench.metrics import people
from mcbench.records import ClipRecord, Size, Unavailable
from mcbench.scoring.networks import Networks
from mcbench.scoring.people.clip import PeopleTruth
from mcbench.scoring.people.functions import FUNCTIONS, Array, Floats, Looks, Pair, PeopleFunction
from mcbench.scoring.people.pose import TruePoses, pose_errors
from mcbench.scoring.protocols import FrameSetting, PeopleMetric

WHOLE_FRAME = FrameSetting(
    crop="none", size=None, short_side=None, resize="bilinear-antialias", aspect_tolerance=0.0
)


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

"""Scoring one video as a pure function of a typed job: look up what is known, compute the rest, keep it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import FileFormatError, McbenchError
from mcbench.progress import Progress, SilentProgress
from mcbench.records import ClipRecord, Part, Sha256, Size, WeightsUse
from mcbench.scoring.cache import Arrays, ScoreCache, content_key, now_ns
from mcbench.scoring.compute import Pace
from mcbench.scoring.items import Item, Items
from mcbench.scoring.networks import NetworkRequest, Networks, networks_of_process
from mcbench.scoring.people.collector import PeopleCollector, unavailable_metrics
from mcbench.scoring.people.keeping import from_arrays, to_arrays, truth_digest
from mcbench.scoring.protocols import Protocol
from mcbench.scoring.values import FeaturePair, Rows, VideoValues
from mcbench.scoring.walk.video import Found, SideError, Walk, digest_only, open_side
from mcbench.scoring.walk.work import (
    TRUTH,
    Base,
    Function,
    Sizes,
    Stream,
    Work,
    all_work,
    base_of,
    functions_of,
    streams_of,
)


class Side(Part):
    """Frames of one side of a video."""

    path: Path
    places: tuple[int, ...]
    """Where each frame lies in the source."""
    size: Size
    sha256: Sha256 | None = None
    """`FramesDigest` that they should have, where one is recorded."""


class VideoScoreJob(Part):
    """One true video and all predictions of it that are to be scored: everything as plain values."""

    video: str
    indices: tuple[int, ...]
    truth: Side
    truth_clip: Path | None = None
    predictions: dict[str, Side]
    """Run -> its frames, at the same indices."""
    protocols: tuple[Protocol, ...]
    items: dict[str, dict[str, Items]]
    """Run -> protocol -> role -> what networks look at."""
    networks: NetworkRequest
    weights: dict[str, WeightsUse]
    """Network -> file that it is to be loaded from, as planned; elsewhere it must be the same."""
    cache: Path | None = None
    pace: Pace = Pace()


@dataclass(frozen=True)
class PairScores:
    """One prediction against the truth.

    Attributes:
        digests: `FramesDigest` of the prediction and of the truth.
        values: protocol -> what was found.
    """

    digests: tuple[str, str]
    values: dict[str, VideoValues]


@dataclass(frozen=True)
class VideoOutcome:
    """What came of a job.

    Attributes:
        video: its name.
        scores: run -> values.
        failures: run -> why its frames, or those of the truth, could not be scored.
    """

    video: str
    scores: dict[str, PairScores] = field(default_factory=dict)
    failures: dict[str, McbenchError] = field(default_factory=dict)


def score_video(
    job: VideoScoreJob, networks: Networks | None = None, progress: Progress | None = None
) -> VideoOutcome:
    """Score the predictions of one video.

    The outcome depends on the frames, the protocols and the networks alone: not on what is in the cache,
    on other jobs, or on the process. Run twice, it computes nothing the second time.

    Args:
        job: what to score.
        networks: already loaded; by default those of the job, kept for the process's next jobs.
        progress: told of frames (of each prediction).

    Raises:
        WeightsMissingError, FileFormatError: a network's file is not what it was when the job was planned, or
            does not fit.
    """
    if networks is None:
        networks = networks_of_process(
            json.dumps([protocol.model_dump(mode="json") for protocol in job.protocols]),
            job.networks.model_dump_json(),
            json.dumps({name: used.sha256 for name, used in sorted(job.weights.items())}),
        )
    shown = progress or SilentProgress()
    outcome = VideoOutcome(job.video)
    remaining = list(job.predictions)
    while remaining:
        try:
            outcome.scores.update(_Scoring(job, remaining, networks).run(shown))
            return outcome
        except SideError as error:
            lost = remaining if error.side == TRUTH else [error.side]
            outcome.failures.update(dict.fromkeys(lost, error.error))
            remaining = [run for run in remaining if run not in lost]
    return outcome


class _Scoring:
    """The scoring of some runs' predictions of one video."""

    def __init__(self, job: VideoScoreJob, runs: Sequence[str], networks: Networks) -> None:
        self._job, self._runs, self._networks = job, list(runs), networks
        self._cache = ScoreCache(job.cache)
        self._sides = {TRUTH: job.truth, **{run: job.predictions[run] for run in runs}}
        self._sizes = {run: Sizes(job.predictions[run].size, job.truth.size) for run in self._runs}
        items = {run: job.items[run] for run in self._runs}
        self._work = all_work(job.protocols, self._sizes, items, networks)
        self._clip = None if job.truth_clip is None else ClipRecord.read(job.truth_clip / "clip.json")
        for protocol in job.protocols:
            wanted = {metric.key for metric in protocol.people_metrics} - set(networks.left_out)
            if wanted <= set(unavailable_metrics(protocol.people_metrics, self._clip, networks)):
                for names in self._work.people.values():
                    names.discard(protocol.name)
        self._digests = {side: self._cache.digest_of(s.path, s.places) for side, s in self._sides.items()}
        self._found = Found()
        self._truth_digest: str | None = None

    def run(self, progress: Progress) -> dict[str, PairScores]:
        begun = now_ns()
        proven = {side for side, digest in self._digests.items() if digest is not None}
        for side, frames in self._sides.items():
            self._check(side, self._digests[side])
            self._digests[side] = self._digests[side] or frames.sha256
        missing = self._look_up()
        reading = [side for side in self._sides if side not in proven or not missing.empty(side)]
        self._compute(missing, reading, progress)
        for side in reading:
            frames = self._sides[side]
            self._cache.remember_digest(frames.path, frames.places, self._digest(side), begun)
        return {run: self._scores(run) for run in self._runs}

    def _digest(self, side: str) -> str:
        digest = self._digests[side]
        assert digest is not None
        return digest

    def _check(self, side: str, digest: str | None) -> None:
        recorded = self._sides[side].sha256
        if digest is None or recorded is None or digest == recorded:
            return
        which = "truth" if side == TRUTH else "prediction"
        error = FileFormatError(
            f"the frames of the {which} of {self._job.video} are not those that were recorded",
            "run the command again that made them: mcbench run --overwrite, or mcbench data prepare",
        )
        raise SideError(side, error)

    def _look_up(self) -> Work:
        """Take what the cache has and return the rest."""
        missing = Work(
            functions={run: set() for run in self._runs},
            items={side: {} for side in self._sides},
            people={run: set() for run in self._runs},
        )
        for run, names in self._work.people.items():
            for name in names:
                arrays = self._stored(run, partial(self._people_key, run, name))
                if arrays is None:
                    missing.people[run].add(name)
                else:
                    self._found.people[run, name] = from_arrays(arrays)
        for run, functions in self._work.functions.items():
            for function in functions:
                arrays = self._stored(run, partial(self._values_key, run, function))
                if arrays is None:
                    missing.functions[run].add(function)
                else:
                    self._found.values[run, function] = arrays["values"]
        for side, streams in self._work.items.items():
            for stream, items in streams.items():
                if items and not self._is_stored(side, stream, items):
                    missing.items[side][stream] = items
        return missing

    def _stored(self, run: str, key: Callable[[], str]) -> Arrays | None:
        """Return what is kept of a pair of sides; without their digests nothing can have a name."""
        if self._digests[run] is None or self._digests[TRUTH] is None:
            return None
        return self._cache.get(key())

    def _is_stored(self, side: str, stream: Stream, items: set[Item]) -> bool:
        if self._digests[side] is None:
            return False
        stored = self._cache.part(self._features_key(side, stream), "items")
        return stored is not None and items <= {(int(start), int(length)) for start, length in stored}

    def _compute(self, missing: Work, reading: Sequence[str], progress: Progress) -> None:
        """Walk over what is to be read, prove it by its digest, and keep what was computed."""
        n_frames = len(self._job.indices)
        if all(missing.empty(side) for side in self._sides):
            for side in reading:
                digest = digest_only(side, open_side(side, self._sides[side].path), self._sides[side].places)
                self._check(side, digest)
                self._digests[side] = digest
            progress.advance(n_frames * len(self._runs))
            return
        walk = Walk(
            {side: open_side(side, self._sides[side].path) for side in reading},
            {side: self._sides[side].places for side in reading},
            self._job.indices,
            missing,
            self._networks,
            self._job.pace,
            self._watches(missing),
        )
        found = walk.run(progress, len(self._runs))
        for side, digest in found.digests.items():
            self._check(side, digest)
            self._digests[side] = digest
        for (run, function), values in found.values.items():
            self._cache.put(self._values_key(run, function), {"values": values})
        for (side, stream), (items, rows) in found.features.items():
            arrays: dict[str, NDArray[Any]] = {"items": np.asarray(items, dtype=np.int64), "features": rows}
            self._cache.put(self._features_key(side, stream), arrays)
        for (run, name), people in found.people.items():
            self._cache.put(self._people_key(run, name), to_arrays(people))
        self._found.people.update(found.people)
        self._found.values.update(found.values)
        self._found.features.update(found.features)

    def _watches(self, missing: Work) -> dict[tuple[str, str], tuple[Base, PeopleCollector]]:
        watches = {}
        for run, names in missing.people.items():
            for protocol in (one for one in self._job.protocols if one.name in names):
                assert self._job.truth_clip is not None
                base = base_of(protocol.frames, self._sizes[run])
                collector = PeopleCollector(
                    protocol.people_metrics,
                    self._job.truth_clip,
                    base.target,
                    self._networks,
                    setting=base.setting,
                )
                watches[run, protocol.name] = base, collector
        return watches

    def _scores(self, run: str) -> PairScores:
        indices = np.asarray(self._job.indices, dtype=np.int64)
        values = {}
        for protocol in self._job.protocols:
            frames = {
                key: self._found.values[run, function]
                for key, function in functions_of(protocol, self._sizes[run], self._networks).items()
            }
            features = {}
            for role, stream in streams_of(protocol, self._sizes[run], self._networks):
                items = self._job.items[run][protocol.name].get(role, ())
                features[role] = FeaturePair(self._rows(run, stream, items), self._rows(TRUTH, stream, items))
            values[protocol.name] = VideoValues(
                self._job.video,
                indices,
                frames,
                features,
                self._found.people.get((run, protocol.name)),
                unavailable_metrics(protocol.people_metrics, self._clip, self._networks),
            )
        return PairScores((self._digest(run), self._digest(TRUTH)), values)

    def _rows(self, side: str, stream: Stream, items: tuple[Item, ...]) -> Rows:
        key = self._features_key(side, stream)
        if not items:
            width = self._networks.dimensions(stream.network)
            return Rows(key, (), np.zeros((0, width), dtype=np.float32))
        if self._cache.folder is not None:
            return Rows(key, items, cache=self._cache.folder)
        have, rows = self._found.features[side, stream]
        places = {item: place for place, item in enumerate(have)}
        return Rows(key, items, rows[[places[item] for item in items]])

    def _features_key(self, side: str, stream: Stream) -> str:
        return content_key(
            "features",
            frames=self._digest(side),
            indices=self._indices_digest(),
            base=_base_settings(stream.base),
            network=stream.network,
            weights=self._networks.known[stream.network].sha256,
            operator=stream.operator,
            fit=stream.fit,
            backend=self._networks.runs_on(stream.network),
        )

    def _values_key(self, run: str, function: Function) -> str:
        trunk = f"lpips-{function.metric.trunk}" if function.metric.trunk else ""
        return content_key(
            "values",
            prediction=self._digest(run),
            truth=self._digest(TRUTH),
            indices=self._indices_digest(),
            base=_base_settings(function.base),
            metric=function.metric.model_dump(mode="json"),
            weights=self._networks.known[trunk].sha256 if trunk else "",
            backend=self._networks.runs_on(trunk) if trunk else "",
        )

    def _people_key(self, run: str, name: str) -> str:
        assert self._job.truth_clip is not None
        protocol = next(one for one in self._job.protocols if one.name == name)
        used = self._networks.used(protocol)
        if self._truth_digest is None:
            self._truth_digest = truth_digest(self._job.truth_clip)
        return content_key(
            "people",
            prediction=self._digest(run),
            truth=self._digest(TRUTH),
            clip=self._truth_digest,
            indices=self._indices_digest(),
            base=_base_settings(base_of(protocol.frames, self._sizes[run])),
            metrics=[
                metric.model_dump(mode="json", include={"key", "function", "trunk"})
                for metric in protocol.people_metrics
                if metric.key not in self._networks.left_out
            ],
            weights={key: one.sha256 for key, one in used.items()},
            backends={key: self._networks.runs_on(key.replace("lpips_", "lpips-")) for key in used},
        )

    def _indices_digest(self) -> str:
        return hashlib.sha256(np.asarray(self._job.indices, dtype="<i8").tobytes()).hexdigest()


def _base_settings(base: Base) -> dict[str, object]:
    return {"setting": base.setting.model_dump(mode="json"), "target": list(base.target)}

"""From pairings to values: one job a video, in this process or in many, gathered in order of name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcbench.errors import McbenchError, MismatchError, WorkerError
from mcbench.processes import run_each
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Size
from mcbench.scoring.compute import Compute, Pace
from mcbench.scoring.items import plan_items
from mcbench.scoring.jobs import Side, VideoOutcome, VideoScoreJob, score_video
from mcbench.scoring.networks import Networks
from mcbench.scoring.pairing import PairedVideo, Pairing
from mcbench.scoring.protocols import Protocol
from mcbench.scoring.transforms import check_shapes
from mcbench.scoring.values import VideoValues

MapJobs = Callable[[Callable[[VideoScoreJob], VideoOutcome], Sequence[VideoScoreJob]], Iterable[VideoOutcome]]
"""Runs a function on jobs wherever it likes and returns the outcomes in any order."""


@dataclass
class Scored:
    """What was found of one run.

    Attributes:
        values: protocol -> values of each video, in order of name.
        digests: video -> hash of the predicted and of the true frames.
        sizes: video -> size of the prediction and of the truth.
        frames_scored: pairs of frames.
    """

    values: dict[str, list[VideoValues]] = field(default_factory=dict)
    digests: dict[str, tuple[str, str]] = field(default_factory=dict)
    sizes: dict[str, tuple[Size, Size]] = field(default_factory=dict)
    frames_scored: int = 0


def walk_pairings(
    pairings: Mapping[str, Pairing],
    protocols: Sequence[Protocol],
    networks: Networks,
    *,
    compute: Compute | None = None,
    cache: Path | None = None,
    allow_missing: bool = False,
    map_jobs: MapJobs | None = None,
    progress: Progress | None = None,
) -> dict[str, Scored | McbenchError]:
    """Score runs that share their ground truth: each true frame is decoded once for all of them.

    Args:
        pairings: run -> what is compared; videos that turn out unreadable are moved to its exclusions.
        protocols: to feed.
        networks: from `find_networks`.
        compute: how to carry it out.
        cache: folder of the cache, or None to keep nothing.
        allow_missing: leave an unreadable video out and list it, instead of stopping.
        map_jobs: where to run the jobs, such as on a cluster; by default as `compute` says.
        progress: told of frames.

    Returns:
        run -> values, the same ones wherever and in whatever order the jobs ran; or the error that keeps the
        run from being scored: shapes that differ too much, no video left, a frame that cannot be read (where
        `allow_missing` is false).
    """
    how, shown = compute or Compute(), progress or SilentProgress()
    failed: dict[str, McbenchError] = {}
    for run, pairing in pairings.items():
        try:
            _check_all_shapes(pairing, protocols, allow_missing)
        except McbenchError as error:
            failed[run] = error
    sound = {run: pairing for run, pairing in pairings.items() if run not in failed}
    jobs = plan_jobs(sound, protocols, networks, how.pace(networks.request.device), cache)
    shown.start("scoring frames", sum(len(job.indices) * len(job.predictions) for job in jobs))
    by_run: dict[str, dict[str, VideoOutcome]] = {run: {} for run in sound}
    for outcome in _run(jobs, networks, how.workers, map_jobs, shown):
        for run in (*outcome.scores, *outcome.failures):
            by_run[run][outcome.video] = outcome
        if not allow_missing:
            failed |= {run: error for run, error in outcome.failures.items() if run not in failed}
        if len(failed) == len(pairings):
            break  # nothing is left to score
    found: dict[str, Scored | McbenchError] = {}
    for run, pairing in pairings.items():
        try:
            found[run] = failed.get(run) or _gather(run, pairing, protocols, by_run[run])
        except MismatchError as error:
            found[run] = error
    return found


def plan_jobs(
    pairings: Mapping[str, Pairing],
    protocols: Sequence[Protocol],
    networks: Networks,
    pace: Pace,
    cache: Path | None,
) -> list[VideoScoreJob]:
    """Return the jobs, one for every true video and set of its frames that predictions were made of."""
    plans = {
        run: {protocol.name: plan_items(protocol, pairing.videos) for protocol in protocols}
        for run, pairing in pairings.items()
    }
    together: dict[tuple[object, ...], dict[str, PairedVideo]] = {}
    for run, pairing in pairings.items():
        for video in pairing.videos:
            truth = (video.name, video.truth, video.truth_sha256, video.truth_clip)
            frames = tuple((pair.index, pair.truth) for pair in video.frames)
            together.setdefault((*truth, frames), {})[run] = video
    jobs = []
    for by_run in together.values():
        one = next(iter(by_run.values()))
        jobs.append(
            VideoScoreJob(
                video=one.name,
                indices=tuple(pair.index for pair in one.frames),
                truth=Side(
                    path=one.truth,
                    places=tuple(pair.truth for pair in one.frames),
                    size=one.truth_size,
                    sha256=one.truth_sha256,
                ),
                truth_clip=one.truth_clip,
                predictions={
                    run: Side(
                        path=video.prediction,
                        places=tuple(pair.prediction for pair in video.frames),
                        size=video.prediction_size,
                        sha256=video.prediction_sha256,
                    )
                    for run, video in by_run.items()
                },
                protocols=tuple(protocols),
                items={run: {name: plan[one.name] for name, plan in plans[run].items()} for run in by_run},
                networks=networks.request,
                weights=networks.known,
                cache=cache,
                pace=pace,
            )
        )
    return sorted(jobs, key=lambda job: job.video)


def _run(
    jobs: Sequence[VideoScoreJob],
    networks: Networks,
    workers: int,
    map_jobs: MapJobs | None,
    progress: Progress,
) -> Iterator[VideoOutcome]:
    if map_jobs is None and workers == 1:
        for job in jobs:
            yield score_video(job, networks, progress)
        return
    frames = {job.video: len(job.indices) for job in jobs}
    for outcome in (map_jobs or _in_processes(workers))(score_video, jobs):
        progress.advance(frames[outcome.video] * (len(outcome.scores) + len(outcome.failures)))
        yield outcome


def _in_processes(workers: int) -> MapJobs:
    def run(
        function: Callable[[VideoScoreJob], VideoOutcome], jobs: Sequence[VideoScoreJob]
    ) -> Iterator[VideoOutcome]:
        return run_each(function, jobs, workers, _killed)

    return run


def _killed(job: VideoScoreJob) -> VideoOutcome:
    raise WorkerError(
        f"the process that scored {job.video} was killed, perhaps for lack of memory",
        "score with fewer --workers; what is finished is kept",
    )


def _check_all_shapes(pairing: Pairing, protocols: Sequence[Protocol], allow_missing: bool) -> None:
    for video in list(pairing.videos):
        for protocol in protocols:
            try:
                check_shapes(protocol.frames, video.prediction_size, video.truth_size, f"video {video.name}")
            except MismatchError as error:
                if not allow_missing:
                    raise
                _exclude(pairing, video, error)
                break
    if not pairing.videos:
        raise MismatchError("nothing is left to compare", "; ".join(pairing.excluded.values()))


def _exclude(pairing: Pairing, video: PairedVideo, error: McbenchError) -> None:
    pairing.videos.remove(video)
    pairing.missing_videos.append(video.name)
    pairing.excluded[video.name] = error.message


def _gather(
    run: str, pairing: Pairing, protocols: Sequence[Protocol], outcomes: Mapping[str, VideoOutcome]
) -> Scored:
    scored = Scored(values={protocol.name: [] for protocol in protocols})
    for video in sorted(pairing.videos, key=lambda one: one.name):
        outcome = outcomes[video.name]
        if run in outcome.failures:
            _exclude(pairing, video, outcome.failures[run])
            continue
        found = outcome.scores[run]
        for name, values in found.values.items():
            scored.values[name].append(values)
        scored.digests[video.name] = found.digests
        scored.sizes[video.name] = video.prediction_size, video.truth_size
        scored.frames_scored += len(video.frames)
    if not pairing.videos:
        raise MismatchError("no video could be read", "; ".join(pairing.excluded.values()))
    return scored

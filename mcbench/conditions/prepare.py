"""Computing and keeping conditions: a typed job a clip and kind, and all the jobs of a split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from mcbench import files
from mcbench.conditions.making import (
    Plan,
    identity_of,
    plan_command,
    plan_depth,
    plan_flow,
    plan_masks,
    plan_poses,
)
from mcbench.conditions.store import (
    DATASET,
    EXACT,
    KINDS,
    OPTIONS,
    PREFERRED,
    ConditionKind,
    ConditionRecord,
    clip_conditions_folder,
    condition_folder,
    kept_condition,
    kept_conditions,
)
from mcbench.data.clips import Clip, load_clip, open_split
from mcbench.errors import InputError, McbenchError
from mcbench.processes import KILLED, run_each
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Part, Record

DEFAULTS: dict[ConditionKind, str] = {
    "poses": "dwpose",
    "masks": "from-pose",
    "depth": "depth-anything-v2-small",
    "flow": "raft",
}
"""The estimator of a kind that is asked for without a name."""

_WITHOUT_TORCH = {("flow", "dis"), ("masks", "from-pose")}
"""Worth knowing, since importing torch takes longer than a short clip's flow."""


class ConditionJob(Record):
    """Everything that `prepare_condition` needs."""

    clip_folder: str
    kind: ConditionKind
    estimator: str
    """A name; for depth also the folder of a model, for densepose a command (see `making.plan_command`)."""
    poses_by: str | None = None
    """Whose poses masks are made from; None for the best there are."""
    home: str | None = None
    """mcbench's folder, where weights lie."""
    device: str = "cpu"
    threads: int | None = None
    """Threads of torch, where it takes part; None leaves them alone."""
    force: bool = False
    """Make it anew even if it is there."""


class PeopleFound(Part):
    """Whom kept poses of a clip show."""

    clip: str
    frames: tuple[int, ...]
    """Of each person, in how many frames he was found; bridged ones do not count."""
    n_frames: int
    """Of the clip."""


class ConditionCount(Part):
    """How many clips of a split have one condition."""

    kind: ConditionKind
    estimator: str
    """`exact`, or the name of an estimator."""
    clips: int
    of: int
    people: tuple[PeopleFound, ...] = ()
    """Of kept poses, clip by clip."""


class ConditionOutcome(Part):
    """What came of one job."""

    clip: str
    kind: ConditionKind
    estimator: str
    status: Literal["done", "skipped", "failed"]
    """`skipped`: it was there already."""
    label: str = ""
    reason: str = ""
    """Why it failed."""
    people: PeopleFound | None = None
    """Of poses."""


class ConditionsReport(Part):
    """What came of `prepare_conditions`."""

    name: str
    source: str
    conditions: tuple[ConditionOutcome, ...]

    def with_status(self, status: Literal["done", "skipped", "failed"]) -> tuple[ConditionOutcome, ...]:
        """Return the conditions of one status."""
        return tuple(each for each in self.conditions if each.status == status)

    @property
    def complete(self) -> bool:
        """Whether all that was asked for is there."""
        return not self.with_status("failed")


def prepare_condition(job: ConditionJob) -> ConditionRecord:
    """Compute one condition of one clip and keep it; at once if it is there, made in the same way.

    The folder appears whole under its name or not at all.

    Raises:
        McbenchError: it cannot be made; the message names the file, the hint what helps.
    """
    return _prepare(job)[0]


def prepare_conditions(
    name: str,
    estimators: Mapping[ConditionKind, str],
    *,
    source: str | None = None,
    clips: Sequence[str] | None = None,
    poses_by: str | None = None,
    home: Path | None = None,
    device: str = "cpu",
    workers: int = 1,
    force: bool = False,
    progress: Progress | None = None,
) -> ConditionsReport:
    """Compute conditions of the prepared clips of a split and keep them beside the clips.

    A clip and kind is the unit: killed at any moment, the same call goes on with the rest. Poses come
    first, since masks are made from them.

    Args:
        name: BENCHMARK, BENCHMARK/SUBSET or local/NAME.
        estimators: kind -> name of the estimator (see docs/conditions.md), folder of a depth model, or
            command for densepose.
        source: name of the source; the benchmark's default one if None.
        clips: ids of some clips; all that are prepared if None.
        poses_by: whose poses masks are made from; by default those asked for in the same call, else the best.
        home: mcbench's home folder.
        device: of torch.
        workers: processes.
        force: make anew what is there already.
        progress: how to report.

    Raises:
        InputError: unknown names, nothing asked for, or what runs an estimator is not installed.
        WeightsMissingError: weights are not on this machine; the hint is the command that gets them.
        DataMissingError: no clip of the split is prepared.
    """
    progress = progress or SilentProgress()
    if not estimators:
        raise InputError("no condition was asked for", f"name some of {', '.join(OPTIONS.values())}")
    for kind, estimator in estimators.items():
        # Told once, before anything is begun, rather than clip by clip.
        identity_of(kind, estimator, home)
    split = open_split(name, source=source, home=home)
    chosen = _chosen(split.clips, clips, split.record.name)
    outcomes: list[ConditionOutcome] = []
    lock = clip_conditions_folder(chosen[0]).parent / "all"
    with files.locked(lock), _tidied(chosen):
        for kind in (kind for kind in KINDS if kind in estimators):
            jobs = [
                ConditionJob(
                    clip_folder=str(clip.folder),
                    kind=kind,
                    estimator=estimators[kind],
                    poses_by=poses_by or estimators.get("poses"),
                    home=None if home is None else str(home),
                    device=device,
                    threads=1 if workers > 1 else None,
                    force=force,
                )
                for clip in chosen
            ]
            progress.start(f"{kind} of {split.record.name}", len(jobs))
            for outcome in run_each(_attempt, jobs, workers, _killed):
                outcomes.append(outcome)
                if outcome.status == "failed":
                    progress.message(f"{outcome.clip}: no {kind}: {outcome.reason}")
                progress.advance()
    outcomes.sort(key=lambda each: (each.clip, KINDS.index(each.kind)))
    return ConditionsReport(name=split.record.name, source=split.record.source, conditions=tuple(outcomes))


def list_conditions(
    name: str, *, source: str | None = None, home: Path | None = None
) -> tuple[ConditionCount, ...]:
    """Return what is there of the prepared clips of a split, by kind and estimator, the preferred first.

    Raises:
        InputError: unknown names.
        DataMissingError: no clip of the split is prepared.
    """
    clips = open_split(name, source=source, home=home).clips
    counts: dict[tuple[ConditionKind, str], int] = {}
    people: dict[tuple[ConditionKind, str], list[PeopleFound]] = {}
    for kind in KINDS:
        for clip in clips:
            if kind in clip.record.truth:
                counts[kind, EXACT] = counts.get((kind, EXACT), 0) + 1
            for each in kept_conditions(clip, kind):
                counts[kind, each.estimator] = counts.get((kind, each.estimator), 0) + 1
                found = None if each.record is None else people_found(each.record)
                if found is not None:
                    people.setdefault((kind, each.estimator), []).append(found)
    return tuple(
        ConditionCount(
            kind=kind,
            estimator=estimator,
            clips=count,
            of=len(clips),
            people=tuple(people.get((kind, estimator), ())),
        )
        for (kind, estimator), count in counts.items()
    )


def people_found(record: ConditionRecord) -> PeopleFound | None:
    """Return whom kept poses show; None for another kind, and for a record that does not tell."""
    found = record.facts.get("found_in")
    if record.kind != "poses" or not isinstance(found, str):
        return None
    frames = tuple(int(number) for number in found.split(",") if number)
    return PeopleFound(clip=record.clip, frames=frames, n_frames=record.n_frames)


def default_estimator(kind: ConditionKind) -> str:
    """Return the estimator of a kind that is asked for without a name: the field's own.

    Raises:
        InputError: there is none, since drawings of DensePose come with a data set or from a command.
    """
    if kind in DEFAULTS:
        return DEFAULTS[kind]
    raise InputError(
        "DensePose drawings come with a data set, when it is prepared, or from a program of yours",
        "give the command: --densepose 'PROGRAM {frames} {out}'",
    )


def estimators_of(kind: ConditionKind) -> tuple[str, ...]:
    """Return what may be written behind the option of a kind, the field's own first."""
    if kind == "densepose":
        return ("'PROGRAM {frames} {out}'",)
    names = [name for name in PREFERRED[kind] if name != EXACT and (name != DATASET or kind == "poses")]
    return tuple(sorted(names, key=lambda name: name != DEFAULTS[kind]))


def names_estimator(kind: ConditionKind, text: str) -> bool:
    """Return whether a word behind an option names an estimator of its kind, rather than something else."""
    if kind == "densepose":
        return "{out}" in text
    if kind == "depth" and text:
        from mcbench.estimators.depth import is_model_folder

        return text in PREFERRED[kind] or is_model_folder(Path(text).expanduser())
    return text in PREFERRED[kind]


@contextmanager
def _tidied(clips: Sequence[Clip]) -> Iterator[None]:
    """Remove what killed writers left, before the block and, however it ends, after it."""

    def tidy() -> None:
        for folder in map(clip_conditions_folder, clips):
            files.remove_leftovers(folder)
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    tidy()
    try:
        yield
    finally:
        tidy()


def _chosen(prepared: Sequence[Clip], clips: Sequence[str] | None, name: str) -> Sequence[Clip]:
    unknown = sorted(set(clips or ()) - {clip.record.id for clip in prepared})
    if unknown:
        known = ", ".join(clip.record.id for clip in prepared)
        raise InputError(f"no clip {unknown[0]!r} of {name} is prepared", f"those that are: {known}")
    return [clip for clip in prepared if clips is None or clip.record.id in clips]


def _prepare(job: ConditionJob) -> tuple[ConditionRecord, bool]:
    """Return the record, and whether it was there already."""
    if job.threads is not None and (job.kind, job.estimator) not in _WITHOUT_TORCH:
        import torch

        torch.set_num_threads(job.threads)
    clip = load_clip(Path(job.clip_folder))
    plan = _plan(job, clip)
    wanted = ConditionRecord(
        clip=clip.record.id,
        kind=job.kind,
        frames_sha256=clip.record.frames_sha256,
        n_frames=clip.record.n_frames,
        size=clip.record.size,
        estimator=plan.identity,
        inputs=plan.inputs,
    )
    there = kept_condition(clip, job.kind, plan.identity.name)
    if not job.force and there is not None and there.label == wanted.label and there.record is not None:
        return there.record, True
    with files.atomic_folder(condition_folder(clip, job.kind, plan.identity.name)) as temporary:
        made = plan.make(temporary)
        record = wanted.model_copy(update={"ranges": made.ranges, "facts": made.facts})
        record.write(temporary / "condition.json")
    return record, False


def _plan(job: ConditionJob, clip: Clip) -> Plan:
    home = None if job.home is None else Path(job.home)
    match job.kind:
        case "flow":
            return plan_flow(clip, job.estimator, home, job.device)
        case "depth":
            return plan_depth(clip, job.estimator, home, job.device)
        case "masks":
            return plan_masks(clip, job.estimator, home, job.poses_by)
        case "densepose":
            return plan_command(clip, job.estimator)
        case "poses":
            return plan_poses(clip, job.estimator, home, job.device)


def _attempt(job: ConditionJob) -> ConditionOutcome:
    try:
        record, there = _prepare(job)
    except McbenchError as error:
        return _failed(job, error.in_one_line)
    except (OSError, MemoryError) as error:
        return _failed(job, f"{type(error).__name__}: {error}")
    return ConditionOutcome(
        clip=record.clip,
        kind=job.kind,
        estimator=record.estimator.name,
        status="skipped" if there else "done",
        label=record.label,
        people=people_found(record),
    )


def _killed(job: ConditionJob) -> ConditionOutcome:
    return _failed(job, KILLED)


def _failed(job: ConditionJob, reason: str) -> ConditionOutcome:
    return ConditionOutcome(
        clip=Path(job.clip_folder).name,
        kind=job.kind,
        estimator=job.estimator,
        status="failed",
        reason=reason,
    )

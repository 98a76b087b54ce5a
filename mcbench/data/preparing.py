"""Preparing a benchmark: which clips to make, making those that are not there, and what came of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from mcbench import files
from mcbench.data.clips import shortfall
from mcbench.data.jobs import ClipJob, GeneratedWork, LocalWork, find_prepared, prepare_clip
from mcbench.data.places import ListedClip, SourceListing, Target, resolve
from mcbench.data.layouts import clip_id
from mcbench.data.layouts.reading import read_layout
from mcbench.data.manifest import LOCAL, FilesSource, GeneratedSource, is_path, load_manifest
from mcbench.errors import InputError, McbenchError
from mcbench.processes import run_each
from mcbench.progress import Progress, SilentProgress
from mcbench.records import ClipRecord, Part

DEFAULT_FPS = 30.0
"""Frames a second that folders of frames are taken to have until told otherwise."""


class ClipOutcome(Part):
    """What came of preparing one clip."""

    clip: str
    status: Literal["done", "skipped", "failed"]
    """`skipped`: it was there already."""
    reason: str = ""
    """Why it failed."""
    n_frames: int = 0
    frames_sha256: str = ""


class PrepareReport(Part):
    """What came of `prepare`."""

    name: str
    """BENCHMARK, BENCHMARK/SUBSET or local/NAME, to be asked for by `open_split`."""
    source: str
    folder: str
    """Where the prepared source lies."""
    clips: tuple[ClipOutcome, ...]
    differing: tuple[str, ...] = ()
    """Generated clips whose pixels differ from the recorded hash."""
    shortfall: tuple[str, ...] = ()
    """How a local source differs from what the benchmark should be: its numbers of videos and frames."""
    passed_over: tuple[str, ...] = ()
    """What lies in the folder of a local source and is no clip."""

    def with_status(self, status: Literal["done", "skipped", "failed"]) -> tuple[ClipOutcome, ...]:
        """Return the clips of one status."""
        return tuple(clip for clip in self.clips if clip.status == status)

    @property
    def complete(self) -> bool:
        """Whether every clip is there, as it should be, and as many as there should be."""
        return not (self.with_status("failed") or self.differing or self.shortfall)


def prepare(
    benchmark: str,
    *,
    subset: str | None = None,
    clips: Sequence[str] | None = None,
    source: str | None = None,
    from_path: Path | None = None,
    name: str | None = None,
    fps: float | None = None,
    limit: int | None = None,
    home: Path | None = None,
    workers: int = 1,
    force: bool = False,
    progress: Progress | None = None,
) -> PrepareReport:
    """Prepare the clips of a benchmark that are not prepared yet.

    A clip is the unit: a call that is killed at any moment leaves whole clips only, and the same call goes
    on with the rest.

    Args:
        benchmark: BENCHMARK, BENCHMARK/SUBSET, `local`, `local/NAME`, or the path of a manifest.
        subset: the subset, where `benchmark` does not name it; the default one if None.
        clips: ids of some of its clips; all if None.
        source: name of the source; the benchmark's default one if None, or its local one with `from_path`.
        from_path: folder of a local source; if None, the one it was prepared from before.
        name: NAME of `local/NAME`; made from the folder's name if None.
        fps: frames a second of frame folders, which do not say; if None, as before, else `DEFAULT_FPS`.
        limit: prepare only the first so many of the chosen clips.
        home: mcbench's home folder.
        workers: processes.
        force: make clips anew that are there already; for a local source, accept another folder than before.
        progress: how to report.

    Raises:
        InputError: unknown names, a folder that is missing or holds no clips, clips of one name, or another
            process prepares the same source.
    """
    progress = progress or SilentProgress()
    target = _target(benchmark, subset, source, from_path, name, home)
    target.folder.mkdir(parents=True, exist_ok=True)
    with files.locked(target.folder / "clips", wait=False):
        listing = None
        if isinstance(target.source, FilesSource):
            listing = _list_local(target, from_path, fps, force)
            _forget_vanished(target, listing, progress)
        if (target.folder / "clips").is_dir():
            files.remove_leftovers(target.folder / "clips")
        jobs = [_job(target, listing, clip, force) for clip in _chosen(target, clips, limit)]
        outcomes = _work(target, jobs, workers, progress)
    return _report(target, listing, outcomes)


def ensure_prepared(
    name: str,
    *,
    source: str | None = None,
    home: Path | None = None,
    limit: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> None:
    """Prepare what is missing of a generated split, so that it can be opened; leave a local one alone.

    Args:
        name: BENCHMARK, BENCHMARK/SUBSET or local/NAME.
        source: name of the source; the benchmark's default one if None.
        home: mcbench's home folder.
        limit: only the first so many clips are needed.
        workers: processes.
        progress: how to report; says nothing where there is nothing to do.

    Raises:
        InputError: unknown names.
        McbenchError: a clip cannot be made.
    """
    target = resolve(name, source=source, home=home)
    if not isinstance(target.source, GeneratedSource):
        return
    if all(target.prepared(clip) is not None for clip in target.expected()[:limit]):
        return
    report = prepare(name, source=source, limit=limit, home=home, workers=workers, progress=progress)
    if failed := report.with_status("failed"):
        raise McbenchError(f"cannot prepare {failed[0].clip} of {name}: {failed[0].reason}", target.command())


def _target(
    benchmark: str,
    subset: str | None,
    source: str | None,
    from_path: Path | None,
    name: str | None,
    home: Path | None,
) -> Target:
    if benchmark == LOCAL:
        if name is None and from_path is None:
            raise InputError(
                "local needs a folder", "mcbench data prepare local --from DIR, or local/NAME to repeat one"
            )
        benchmark = f"{LOCAL}/{name if name is not None else _name_of_folder(from_path)}"
    elif name is not None:
        raise InputError(f"--name goes with local, not with {benchmark}", f"leave out --name {name}")
    if subset is not None:
        if "/" in benchmark:
            raise InputError(f"{benchmark} names its subset already", f"leave out {subset!r}")
        benchmark = f"{benchmark}/{subset}"
    if source is None and from_path is not None:
        source = _local_source_of(benchmark, home)
    target = resolve(benchmark, source=source, home=home)
    if from_path is not None and not isinstance(target.source, FilesSource):
        raise InputError(
            f"source {target.source_name} of {target.benchmark} is made here and reads no folder",
            "leave out --from, or choose a local source with --source",
        )
    return target


def _name_of_folder(folder: Path | None) -> str:
    assert folder is not None
    return clip_id(folder.expanduser().absolute().name)


def _local_source_of(benchmark: str, home: Path | None) -> str | None:
    manifest = load_manifest(benchmark if is_path(benchmark) else benchmark.split("/")[0], home)
    local = [name for name, source in manifest.sources.items() if isinstance(source, FilesSource)]
    return local[0] if len(local) == 1 else None


def _list_local(target: Target, from_path: Path | None, fps: float | None, force: bool) -> SourceListing:
    """Look what the folder holds, and write that down."""
    before = target.listing()
    if from_path is None:
        if before is None:
            raise InputError(f"{target.name} needs the folder of its videos", target.command())
        folder = Path(before.origin)
    else:
        folder = from_path.expanduser().absolute()
    if before is not None and Path(before.origin) != folder and not force:
        raise InputError(
            f"{target.name} was prepared from {before.origin}, not from {folder}",
            "use --force to replace it, or another --name to keep both",
        )
    if fps is None:
        fps = before.assumed_fps if before is not None else DEFAULT_FPS
    if not 0 < fps < float("inf"):
        raise InputError(f"--fps is {fps}, and must be above 0")
    assert isinstance(target.source, FilesSource)
    content = read_layout(target.source.layout, folder)
    listing = SourceListing(
        benchmark=target.benchmark,
        source=target.source_name,
        origin=str(folder),
        clips=tuple(
            ListedClip(id=clip.id, path=clip.path, poses=clip.beside.get("poses")) for clip in content.clips
        ),
        passed_over=content.passed_over,
        assumed_fps=fps,
    )
    listing.write(target.folder / "source.json")
    return listing


def _forget_vanished(target: Target, listing: SourceListing, progress: Progress) -> None:
    """Remove prepared clips whose video is gone from the folder: they belong to the split no more."""
    folder = target.folder / "clips"
    listed = {clip.id for clip in listing.clips}
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in listed:
            shutil.rmtree(entry)
            progress.message(f"{entry.name} is no longer in {listing.origin}: removed")


def _chosen(target: Target, clips: Sequence[str] | None, limit: int | None) -> tuple[str, ...]:
    expected = target.expected()
    unknown = sorted(set(clips or ()) - set(expected))
    if unknown:
        raise InputError(f"{target.name} has no clip {unknown[0]!r}", f"its clips: {', '.join(expected)}")
    chosen = expected if clips is None else tuple(clip for clip in expected if clip in set(clips))
    return chosen[:limit]


def _job(target: Target, listing: SourceListing | None, clip: str, force: bool) -> ClipJob:
    work: GeneratedWork | LocalWork
    if isinstance(target.source, GeneratedSource):
        source = target.source
        work = GeneratedWork(
            size=source.size, generator_version=source.generator_version, max_frames=source.max_frames
        )
    else:
        assert listing is not None
        found = next(each for each in listing.clips if each.id == clip)
        work = LocalWork(path=found.path, assumed_fps=listing.assumed_fps, poses=found.poses)
    return ClipJob(
        clip=clip,
        benchmark=target.benchmark,
        source=target.source_name,
        folder=str(target.clip_folder(clip)),
        force=force,
        work=work,
    )


def _work(target: Target, jobs: list[ClipJob], workers: int, progress: Progress) -> list[ClipOutcome]:
    progress.start(f"preparing {target.name}", len(jobs))
    outcomes: list[ClipOutcome] = []
    todo: list[ClipJob] = []
    for job in jobs:
        # Looked up here, since starting processes takes longer than finding that all is there.
        if (record := find_prepared(job)) is None:
            todo.append(job)
        else:
            outcomes.append(_outcome(record, "skipped"))
            progress.advance()
    for outcome in run_each(_attempt, todo, workers, _killed):
        outcomes.append(outcome)
        if outcome.status == "failed":
            progress.message(f"{outcome.clip} failed: {outcome.reason}")
        progress.advance()
    return sorted(outcomes, key=lambda outcome: outcome.clip)


def _attempt(job: ClipJob) -> ClipOutcome:
    try:
        return _outcome(prepare_clip(job), "done")
    except McbenchError as error:
        reason = " - ".join(part for part in (error.message, error.hint) if part)
        return ClipOutcome(clip=job.clip, status="failed", reason=reason)
    except (OSError, MemoryError) as error:
        return ClipOutcome(clip=job.clip, status="failed", reason=f"{type(error).__name__}: {error}")


def _outcome(record: ClipRecord, status: Literal["done", "skipped"]) -> ClipOutcome:
    return ClipOutcome(
        clip=record.id, status=status, n_frames=record.n_frames, frames_sha256=record.frames_sha256
    )


def _killed(job: ClipJob) -> ClipOutcome:
    return ClipOutcome(
        clip=job.clip,
        status="failed",
        reason="a worker process was killed, perhaps for lack of memory; try --workers 1",
    )


def _report(target: Target, listing: SourceListing | None, outcomes: list[ClipOutcome]) -> PrepareReport:
    differing: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    if isinstance(target.source, GeneratedSource):
        recorded = target.source.hashes
        differing = tuple(
            each.clip
            for each in outcomes
            if each.frames_sha256 and recorded.get(each.clip, each.frames_sha256) != each.frames_sha256
        )
    else:
        records = [record for clip in target.expected() if (record := target.prepared(clip)) is not None]
        short = shortfall(target, records)
    return PrepareReport(
        name=target.name,
        source=target.source_name,
        folder=str(target.folder),
        clips=tuple(outcomes),
        differing=differing,
        shortfall=short,
        passed_over=listing.passed_over if listing is not None else (),
    )

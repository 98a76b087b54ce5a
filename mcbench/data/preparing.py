"""Preparing a benchmark: which clips to make, making those that are not there, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import Field

from mcbench import files
from mcbench.data.clips import shortfall
from mcbench.data.fetching import archive_stem, bring, refuse_unfitting
from mcbench.data.jobs import ClipJob, find_prepared, prepare_clip
from mcbench.data.layouts import clip_id
from mcbench.data.listing import find_place, list_source, other_origin
from mcbench.data.manifest import LOCAL, FilesSource, GeneratedSource, load_manifest, split_path
from mcbench.data.places import SourceListing, Target, resolve
from mcbench.data.planning import ClipOutcome, Outcome, chosen, outcome_of, outlived, plan, readable
from mcbench.downloads import DEFAULT_SETTINGS, DownloadSettings, is_offline
from mcbench.errors import InputError, McbenchError
from mcbench.processes import KILLED, run_each
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Part


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
    """How a source of files differs from what it should be: its numbers of videos and frames."""
    passed_over: tuple[str, ...] = ()
    """What lies in the folder of a source of files and is no clip."""
    problems: tuple[str, ...] = ()
    """What else is to be known of the files, such as frames that are missing in between."""
    not_fetched: dict[str, str] = Field(default_factory=dict)
    """Files that are not here, with the reason."""
    hint: str = ""
    """What to do where a folder given with --from holds none of the clips."""

    def with_status(self, status: Outcome) -> tuple[ClipOutcome, ...]:
        """Return the clips of one status."""
        return tuple(clip for clip in self.clips if clip.status == status)

    @property
    def complete(self) -> bool:
        """Whether every clip is there, as it should be, and as many as there should be."""
        lacking = self.with_status("failed") or self.with_status("missing")
        return not (lacking or self.differing or self.shortfall)


def prepare(
    benchmark: str,
    *,
    subset: str | None = None,
    clips: Sequence[str] | None = None,
    source: str | None = None,
    from_path: Path | None = None,
    from_downloads: bool = False,
    name: str | None = None,
    fps: float | None = None,
    limit: int | None = None,
    only: Sequence[str] = (),
    jobs: int = 4,
    offline: bool | None = None,
    home: Path | None = None,
    workers: int = 1,
    force: bool = False,
    settings: DownloadSettings = DEFAULT_SETTINGS,
    progress: Progress | None = None,
) -> PrepareReport:
    """Prepare the clips of a benchmark that are not prepared yet; fetch the files that they need before.

    What cannot be fetched is told in the report, and the clips that can be made are made. Another process
    that prepares the same source is waited for. A clip is the unit: a call that is killed at any moment
    leaves whole clips only, and the same call goes on with the rest.

    Args:
        benchmark: BENCHMARK, BENCHMARK/SUBSET, `local`, `local/NAME`, or the path of a manifest.
        subset: the subset, where `benchmark` does not name it; the default one if None.
        clips: ids of some of its clips; all if None.
        source: name of the source; the benchmark's default one if None, or its source of files with
            `from_path`.
        from_path: folder or archive that stands for the downloads of a source of files; if None, the one it
            was prepared from before, else the downloads.
        from_downloads: take the downloads again, after a `from_path`.
        name: NAME of `local/NAME`; made from the folder's name if None.
        fps: frames a second of frame folders, which do not say; if None, as before, else by the manifest.
        limit: prepare only the first so many of the chosen clips.
        only: of the files that are not here, fetch those whose names fit these patterns, such as `val*`; if
            empty, those that the manifest says the subset needs.
        jobs: downloads at a time.
        offline: fetch nothing.
        home: mcbench's home folder.
        workers: processes.
        force: make clips anew that are there already; accept another `from_path` than before.
        settings: of downloads.
        progress: how to report.

    Raises:
        InputError: unknown names, a folder that is missing or holds no clips, clips of one name, a pattern
            that fits no file, or terms that must be accepted before anything is fetched.
        DataMissingError: nothing of it is here and nothing may be fetched.
    """
    progress = progress or SilentProgress()
    target = _target(benchmark, subset, source, from_path, name, home)
    target.folder.mkdir(parents=True, exist_ok=True)
    with _alone(target, progress):
        listing = None
        not_fetched: dict[str, str] = {}
        if isinstance(target.source, FilesSource):
            place = find_place(target, from_path, from_downloads, force, progress)
            listing = None if place.brought or force else outlived(target, clips, limit)
            if listing is None and not place.brought:
                needed = only or target.subset.files
                came = bring(
                    target, only=needed, jobs=jobs, offline=offline, settings=settings, progress=progress
                )
                refuse_unfitting(target, only, came)
                not_fetched = {file.file: file.reason for file in came.with_status("failed")}
            listing = listing or list_source(target, place, fps, is_offline(offline), progress)
        if (target.folder / "clips").is_dir():
            files.remove_leftovers(target.folder / "clips")
        planned, missing = plan(target, listing, chosen(target, clips, limit), force)
        outcomes = missing + _work(target, planned, workers, progress)
    return _report(target, listing, outcomes, not_fetched)


@contextmanager
def _alone(target: Target, progress: Progress) -> Iterator[None]:
    """Hold the lock of a source; wait for it, and say so, where another process holds it."""
    lock = target.folder / "clips"
    with ExitStack() as held:
        try:
            held.enter_context(files.locked(lock, wait=False))
        except InputError:
            progress.message(f"another mcbench process prepares {target.benchmark}: waiting until it ends")
            held.enter_context(files.locked(lock))
        yield


def ensure_prepared(
    name: str,
    *,
    source: str | None = None,
    home: Path | None = None,
    clips: Sequence[str] | None = None,
    limit: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> None:
    """Prepare what is missing of a generated split, so that it can be opened; leave a local one alone.

    Args:
        name: BENCHMARK, BENCHMARK/SUBSET or local/NAME.
        source: name of the source; the benchmark's default one if None.
        home: mcbench's home folder.
        clips: ids of the clips that are needed; all if None.
        limit: only the first so many of them are needed.
        workers: processes.
        progress: how to report; says nothing where there is nothing to do.

    Raises:
        InputError: unknown names.
        McbenchError: a clip cannot be made.
    """
    target = resolve(name, source=source, home=home)
    if not isinstance(target.source, GeneratedSource):
        return
    if all(target.prepared(clip) is not None for clip in chosen(target, clips, limit)):
        return
    report = prepare(
        name, source=source, clips=clips, limit=limit, home=home, workers=workers, progress=progress
    )
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
        source = _source_of_files(benchmark, home)
    target = resolve(benchmark, source=source, home=home)
    if from_path is not None and not isinstance(target.source, FilesSource):
        raise InputError(
            f"source {target.source_name} of {target.benchmark} is made here and reads no folder",
            "leave out --from, or choose a source of files with --source",
        )
    return target


def _name_of_folder(folder: Path | None) -> str:
    assert folder is not None
    path = folder.expanduser().resolve()
    return archive_stem(path) if path.is_file() else clip_id(path.name)


def _source_of_files(benchmark: str, home: Path | None) -> str | None:
    path = split_path(benchmark)
    manifest = load_manifest(path[0] if path else benchmark.split("/")[0], home)
    local = [name for name, source in manifest.sources.items() if isinstance(source, FilesSource)]
    return local[0] if len(local) == 1 else None


def _work(target: Target, jobs: list[ClipJob], workers: int, progress: Progress) -> list[ClipOutcome]:
    progress.start(f"preparing {target.name}", len(jobs))
    outcomes: list[ClipOutcome] = []
    todo: list[ClipJob] = []
    for job in jobs:
        # Looked up here, since starting processes takes longer than finding that all is there.
        if (record := find_prepared(job)) is None:
            todo.append(job)
        else:
            outcomes.append(outcome_of(record, "skipped"))
            progress.advance()
    for outcome in run_each(_attempt, todo, workers, _killed):
        outcomes.append(outcome)
        if outcome.status == "failed":
            progress.message(f"{outcome.clip} failed: {outcome.reason}")
        progress.advance()
    return outcomes


def _attempt(job: ClipJob) -> ClipOutcome:
    try:
        return outcome_of(prepare_clip(job), "done")
    except McbenchError as error:
        return ClipOutcome(clip=job.clip, status="failed", reason=error.in_one_line)
    except (OSError, MemoryError) as error:
        return ClipOutcome(clip=job.clip, status="failed", reason=f"{type(error).__name__}: {error}")


def _killed(job: ClipJob) -> ClipOutcome:
    return ClipOutcome(clip=job.clip, status="failed", reason=KILLED)


def _report(
    target: Target,
    listing: SourceListing | None,
    outcomes: list[ClipOutcome],
    not_fetched: dict[str, str],
) -> PrepareReport:
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
        records = [record for clip in target.expected() if (record := readable(target, clip)) is not None]
        short = shortfall(target, records)
    hint = ""
    if listing is not None and listing.brought and not any(clip.status != "missing" for clip in outcomes):
        hint = f"nothing of {target.name} is in {listing.origin}; {other_origin(target)}"
    return PrepareReport(
        name=target.name,
        source=target.source_name,
        folder=str(target.folder),
        clips=tuple(sorted(outcomes, key=lambda outcome: outcome.clip)),
        differing=differing,
        shortfall=short,
        passed_over=listing.passed_over if listing is not None else (),
        problems=listing.problems if listing is not None else (),
        not_fetched=not_fetched,
        hint=hint,
    )

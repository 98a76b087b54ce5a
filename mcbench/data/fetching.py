"""Bringing the files of a source here: what the manifest names, what its lists and tables name, unpacked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from mcbench.data import licences
from mcbench.data.layouts import FolderLayout, TableLayout, clip_id
from mcbench.data.layouts.reading import remote_files
from mcbench.data.manifest import FilesSource
from mcbench.data.places import Target, names_subset, resolve_source
from mcbench.downloads import (
    ARCHIVE_SUFFIXES,
    DEFAULT_SETTINGS,
    DownloadSettings,
    Failure,
    RemoteFile,
    fetch_files,
    fetched,
    is_archive,
    is_offline,
    unpack_archive,
)
from mcbench.errors import DataMissingError, InputError, McbenchError
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Part

FetchStatus = Literal["done", "skipped", "failed"]


class FileOutcome(Part):
    """What came of fetching one file."""

    file: str
    status: FetchStatus
    """`skipped`: it was here already."""
    n_bytes: int = 0
    proof: Literal["sha256", "unverified", ""] = ""
    """`unverified`: nobody published a digest; what came is recorded and held to from now on."""
    reason: str = ""
    """Why it is not here, and what to do."""


class SourceFetch(Part):
    """What came of `fetch`."""

    benchmark: str
    source: str
    folder: str
    """Where the files lie."""
    files: tuple[FileOutcome, ...]

    def with_status(self, status: FetchStatus) -> tuple[FileOutcome, ...]:
        """Return the files of one status."""
        return tuple(file for file in self.files if file.status == status)

    @property
    def complete(self) -> bool:
        """Whether every file is here."""
        return not self.with_status("failed")


def fetch(
    name: str,
    *,
    source: str | None = None,
    only: Sequence[str] = (),
    jobs: int = 4,
    offline: bool | None = None,
    accept_licence: bool = False,
    home: Path | None = None,
    settings: DownloadSettings = DEFAULT_SETTINGS,
    progress: Progress | None = None,
) -> SourceFetch:
    """Bring all files of a source here that are not here yet, and unpack its archives.

    Lists and tables come first, then the files that they name. A download that was interrupted goes on; a
    file that cannot be had does not stop the others.

    Args:
        name: BENCHMARK, BENCHMARK/SUBSET or the path of a manifest; for a subset that is named, the
            files that the manifest says it needs, else all of the source.
        source: name of the source; the benchmark's default one if None.
        only: patterns such as `val*` of the names of files; others are left alone, but for lists and tables.
        jobs: downloads at a time.
        offline: forbid the network; MCBENCH_OFFLINE does too.
        accept_licence: record that the user accepts the terms of the benchmark.
        home: mcbench's home folder.
        settings: how patient to be.
        progress: how to report.

    Raises:
        InputError: unknown names, a source with nothing to fetch, a pattern that fits no file, or terms that
            have to be accepted before.
        FileFormatError: a list or table that was fetched is damaged.
        DiskSpaceError: the disk has no room.
    """
    target = resolve_source(name, source=source, home=home)
    refuse_without_files(target)
    if accept_licence:
        licences.accept(target)
    needed = only or (target.subset.files if names_subset(name) else ())
    came = bring(target, only=needed, jobs=jobs, offline=offline, settings=settings, progress=progress)
    refuse_unfitting(target, only, came)
    return came


def bring(
    target: Target,
    *,
    only: Sequence[str] = (),
    jobs: int = 4,
    offline: bool | None = None,
    settings: DownloadSettings = DEFAULT_SETTINGS,
    progress: Progress | None = None,
) -> SourceFetch:
    """Do what `fetch` does for a target that is known to have files."""
    shown = progress or SilentProgress()
    target.downloads.mkdir(parents=True, exist_ok=True)  # also for what a person has to put there
    outcomes: dict[str, FileOutcome] = {}
    # Lists and tables that have just come name further files.
    while new := [
        file for file in wanted_files(target) if file.name not in outcomes and _is_chosen(file, target, only)
    ]:
        absent = [file for file in new if fetched(file, target.downloads) is None]
        needs_network = any(file.urls and not (target.downloads / file.name).exists() for file in absent)
        if needs_network and not is_offline(offline):
            licences.require(target)
        outcomes |= {file.name: _here(file, target, "skipped") for file in new if file not in absent}
        if absent:
            outcomes |= _fetch(target, absent, jobs, offline, settings, shown)
        outcomes |= _unpack(target, [file for file in new if outcomes[file.name].status != "failed"], shown)
    return SourceFetch(
        benchmark=target.benchmark,
        source=target.source_name,
        folder=str(target.downloads),
        files=tuple(outcomes[name] for name in sorted(outcomes)),
    )


def refuse_unfitting(target: Target, only: Sequence[str], came: SourceFetch) -> None:
    """Do nothing if every pattern that a user gave fits a file that was asked for.

    Raises:
        InputError: one fits none.
    """
    for pattern in only:
        if not any(fnmatchcase(each.file, pattern) for each in came.files):
            names = [file.name for file in wanted_files(target)]
            raise InputError(
                f"no file of {target.benchmark} (source {target.source_name}) fits {pattern!r}",
                f"its files: {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}",
            )


def wanted_files(target: Target, *, also_refused: bool = False) -> tuple[RemoteFile, ...]:
    """Return the files of a source that are known by now; lists and tables name more once they are here.

    Args:
        target: a source of files.
        also_refused: also files that only clips need which cannot be made.

    Raises:
        FileFormatError: a list or table is damaged.
    """
    source = files_source(target)
    found = [*source.files, *(each.file for each in source.lists)]
    for each in source.lists:
        if (target.downloads / each.file.name).is_file():
            found += each.listed(target.downloads / each.file.name)
    if target.downloads.is_dir():
        with suppress(DataMissingError):  # the table is not here yet
            found += remote_files(source.layout, target.downloads, also_refused=also_refused)
    return tuple({file.name: file for file in found}.values())


def unpack_brought(target: Target, origin: Path, progress: Progress) -> Path:
    """Return the folder to read for what a user brings; archives are unpacked into mcbench's own folder.

    Args:
        target: a source of files.
        origin: a folder, an archive, or a folder that holds the archives that the manifest names.
        progress: told of the unpacking.

    Raises:
        InputError: it is neither, or is not there.
        FileFormatError: an archive is damaged or unsafe.
    """
    own = target.home / "brought" / target.benchmark / target.source_name
    if is_archive(origin):
        archives = {origin: own / archive_stem(origin)}
    elif origin.is_dir():
        named = [file for file in files_source(target).files if file.unpack]
        archives = {origin / file.name: own / file.unpacked_name for file in named}
        archives = {archive: folder for archive, folder in archives.items() if archive.is_file()}
    elif origin.exists():
        ends = f"archives end in {' '.join(ARCHIVE_SUFFIXES)}"
        raise InputError(f"{origin} is neither a folder nor an archive", ends)
    else:
        raise InputError(f"{origin} is not there", _nearest(origin))
    if not archives:
        return origin
    progress.start(f"unpacking {target.benchmark}", len(archives))
    for archive, folder in archives.items():
        unpack_archive(archive, folder)
        progress.advance()
    if not is_archive(origin):
        return own
    unpacked = own / archive_stem(origin)
    # Other layouts look further down themselves, and names of folders mean something to them.
    return _without_wrappers(unpacked) if isinstance(files_source(target).layout, FolderLayout) else unpacked


def _nearest(path: Path) -> str:
    """Return what there is of a path that is not there, with a name in it that may be meant."""
    there = next((parent for parent in path.parents if parent.is_dir()), None)
    if there is None:
        return "check the path that --from gives"
    lacking = path.relative_to(there).parts[0]
    try:
        near = get_close_matches(lacking, [entry.name for entry in there.iterdir()], n=1)
    except OSError:
        near = []
    meant = f"; did you mean {there / near[0]}?" if near else ""
    return f"check the path that --from gives: {there} holds no {lacking}{meant}"


def _without_wrappers(folder: Path) -> Path:
    """Return the folder in a folder that holds nothing else, as archives often pack one around everything."""
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    return _without_wrappers(entries[0]) if len(entries) == 1 and entries[0].is_dir() else folder


def archive_stem(path: Path) -> str:
    """Return the name of an archive without its ending, as one that can be used in paths everywhere."""
    ending = next((suffix for suffix in ARCHIVE_SUFFIXES if path.name.lower().endswith(suffix)), "")
    return clip_id(path.name[: len(path.name) - len(ending)])


def is_here(target: Target) -> bool:
    """Return whether any file of a source has been fetched or put into its folder of downloads."""
    folder = target.downloads
    return folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir())


def refuse_without_files(target: Target) -> None:
    """Do nothing if the source has files to fetch.

    Raises:
        InputError: it is generated, or a user must bring its files.
    """
    what = f"source {target.source_name} of {target.benchmark}"
    if not isinstance(target.source, FilesSource):
        raise InputError(f"{what} is made here: there is nothing to fetch", target.command())
    if target.source.needs_folder:
        hint = f"mcbench data prepare {target.typed_split}{target.source_option} --from DIR"
        raise InputError(f"{what} cannot be fetched: its files are yours to bring", hint)


def files_source(target: Target) -> FilesSource:
    """Return the target's source, which is known to be one of files."""
    assert isinstance(target.source, FilesSource)
    return target.source


def _is_chosen(file: RemoteFile, target: Target, only: Sequence[str]) -> bool:
    """Return whether a file is to be fetched; lists and tables always are, since they name other files."""
    source = files_source(target)
    lists = [each.file.name for each in source.lists]
    tables = [each.name for each in source.files] if isinstance(source.layout, TableLayout) else []
    return not only or file.name in (*lists, *tables) or any(fnmatchcase(file.name, each) for each in only)


def _fetch(
    target: Target,
    absent: Sequence[RemoteFile],
    jobs: int,
    offline: bool | None,
    settings: DownloadSettings,
    progress: Progress,
) -> dict[str, FileOutcome]:
    report = fetch_files(
        absent,
        target.downloads,
        jobs=jobs,
        offline=offline,
        command=target.fetch_command(),
        progress=progress,
        settings=settings,
    )
    return {
        file.name: _here(file, target, "done")
        if file.name in report.records
        else FileOutcome(file=file.name, status="failed", reason=_reason(file, report.failures, target))
        for file in absent
    }


def _reason(file: RemoteFile, failures: dict[str, Failure], target: Target) -> str:
    failure = failures[file.name]
    where = "" if file.urls else f"it belongs into {target.downloads}"
    return " - ".join(part for part in (failure.message, failure.hint, where) if part)


def _here(file: RemoteFile, target: Target, status: FetchStatus) -> FileOutcome:
    record = fetched(file, target.downloads)
    assert record is not None  # it has just been looked up, or fetched
    return FileOutcome(file=file.name, status=status, n_bytes=record.n_bytes, proof=record.proof)


def _unpack(target: Target, here: Sequence[RemoteFile], progress: Progress) -> dict[str, FileOutcome]:
    """Unpack archives that are here; return the outcomes of those that cannot be."""
    archives = [file for file in here if file.unpack]
    failed: dict[str, FileOutcome] = {}
    if archives:
        progress.start(f"unpacking {target.benchmark}", len(archives))
    for file in archives:
        try:
            unpack_archive(target.downloads / file.name, target.downloads / file.unpacked_name)
        except McbenchError as error:
            failed[file.name] = FileOutcome(file=file.name, status="failed", reason=error.in_one_line)
            progress.message(f"{file.name}: {error.message}")
        progress.advance()
    return failed

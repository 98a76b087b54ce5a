"""How much is here: of the downloads of each source, and of the prepared clips of each subset."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mcbench.data import licences
from mcbench.data.clips import data_hash, shortfall
from mcbench.data.fetching import files_source, wanted_files
from mcbench.data.links import LinkReport, last_report
from mcbench.data.manifest import LOCAL, FilesSource, list_manifests
from mcbench.data.places import Target, local_names, resolve, resolve_source
from mcbench.downloads import RemoteFile, fetched, unpacked
from mcbench.errors import FileFormatError
from mcbench.records import ClipRecord, Part, Sha256


class SplitStatus(Part):
    """How much of a subset of a source is prepared."""

    benchmark: str
    subset: str
    source: str
    prepared: int
    """Clips that are prepared."""
    expected: int
    """Clips that belong to it, as far as is known."""
    frames: int
    bytes: int
    """Space on disk."""
    missing: tuple[str, ...]
    data_sha256: Sha256 | None
    """Hash of what is prepared; None where nothing is."""
    notes: tuple[str, ...] = ()
    origin: str = ""
    """The folder or archive given with --from that its files are taken from; empty where none was given."""
    command: str
    """The command that prepares it."""


class DownloadStatus(Part):
    """How much of the files of a source is here."""

    benchmark: str
    source: str
    present: int
    """Files that are here."""
    known: int
    """Files that the manifest and, once they are here, its lists and tables name."""
    unverified: int
    """Files that are here and that nobody published a digest of."""
    missing: tuple[str, ...]
    by_hand: tuple[str, ...]
    """Files among them that no program may fetch."""
    dead: tuple[str, ...]
    """Files of which no address gave anything when links were last checked."""
    links_checked: str | None
    """UTC time of that check; None where there was none."""
    bytes: int
    """Space on disk, with what archives held."""
    terms: Literal["none", "accepted", "to accept"]
    notes: tuple[str, ...] = ()
    command: str
    """The command that fetches it."""


def status(*, home: Path | None = None) -> tuple[SplitStatus, ...]:
    """Return how much is prepared of every subset of every source.

    A source of files appears once something of it has been prepared.

    Raises:
        FileFormatError: a built-in manifest is damaged. A clip whose record is damaged counts as missing and
            is named in the notes, as is a source whose listing is damaged.
    """
    targets: list[Target] = []
    for manifest in list_manifests(home):
        names = [f"{LOCAL}/{name}" for name in local_names(home)] if manifest.id == LOCAL else [manifest.id]
        for name in names:
            for source_name, source in manifest.sources.items():
                for subset in source.subsets:
                    full = name if manifest.id == LOCAL else f"{name}/{subset}"
                    targets.append(resolve(full, source=source_name, home=home))
    sizes: dict[Path, int] = {}
    return tuple(_status(target, sizes) for target in targets if _was_prepared(target))


def download_status(*, home: Path | None = None) -> tuple[DownloadStatus, ...]:
    """Return how much of the files of every source that can be fetched is here. Opens no socket.

    Raises:
        FileFormatError: a built-in manifest is damaged. What is damaged among the downloads is named in the
            notes.
    """
    return tuple(
        _download_status(resolve_source(manifest.id, source=name, home=home))
        for manifest in list_manifests(home)
        for name, source in manifest.sources.items()
        if isinstance(source, FilesSource) and not source.needs_folder
    )


def _was_prepared(target: Target) -> bool:
    return not isinstance(target.source, FilesSource) or (target.folder / "source.json").exists()


def _status(target: Target, sizes: dict[Path, int]) -> SplitStatus:
    notes: list[str] = []
    origin = ""
    try:
        expected = target.expected()
        if (listing := target.listing()) is not None and listing.brought:
            origin = listing.origin
    except FileFormatError as error:
        expected, notes = (), [error.message]
    records: list[ClipRecord] = []
    for clip in expected:
        try:
            if (record := target.prepared(clip)) is not None:
                records.append(record)
        except FileFormatError as error:
            notes.append(error.message)
    there = {record.id for record in records}
    for record in records:
        folder = target.clip_folder(record.id)
        if folder not in sizes:  # subsets share clips, and looking at each file takes a while
            sizes[folder] = _bytes_below(folder)
    return SplitStatus(
        benchmark=target.benchmark,
        subset=target.subset_name,
        source=target.source_name,
        prepared=len(records),
        expected=len(expected),
        frames=sum(record.n_frames for record in records),
        bytes=sum(sizes[target.clip_folder(record.id)] for record in records),
        missing=tuple(clip for clip in expected if clip not in there),
        data_sha256=data_hash(records) if records else None,
        notes=(*shortfall(target, records), *notes),
        origin=origin,
        command=target.command(),
    )


def _download_status(target: Target) -> DownloadStatus:
    files, notes = _known_files(target)
    present, missing = [], []
    n_bytes = 0
    for file in files:
        try:
            record = fetched(file, target.downloads)
            report = unpacked(target.downloads / file.unpacked_name) if file.unpack and record else None
        except FileFormatError as error:
            record, report = None, None
            notes.append(error.message)
        if record is None:
            missing.append(file)
            continue
        present.append(record)
        n_bytes += record.n_bytes + (report.n_bytes if report else 0)
        if file.unpack and report is None:
            notes.append(f"{file.name} is not unpacked yet")
    links, complaints = _last_links(target)
    needs = licences.terms_to_accept(target) is not None
    return DownloadStatus(
        benchmark=target.benchmark,
        source=target.source_name,
        present=len(present),
        known=len(files),
        unverified=sum(record.proof == "unverified" for record in present),
        missing=tuple(file.name for file in missing),
        by_hand=tuple(file.name for file in missing if not file.urls),
        dead=tuple(file.file for file in links.with_state("dead")) if links else (),
        links_checked=links.checked if links else None,
        bytes=n_bytes,
        terms="none" if not needs else "accepted" if licences.acceptance(target) else "to accept",
        notes=(*notes, *complaints),
        command=target.fetch_command(whole=True),
    )


def _known_files(target: Target) -> tuple[tuple[RemoteFile, ...], list[str]]:
    """Return the files of a source and complaints: those of the manifest alone where a list is damaged."""
    try:
        return wanted_files(target), []
    except FileFormatError as error:
        return files_source(target).files, [error.message]


def _last_links(target: Target) -> tuple[LinkReport | None, list[str]]:
    try:
        return last_report(target), []
    except FileFormatError as error:
        return None, [error.message]


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

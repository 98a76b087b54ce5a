"""Where the files of a source lie and what they hold: from a folder, or from downloads, to `source.json`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from mcbench.data.fetching import files_source, is_here, unpack_brought
from mcbench.data.layouts import ClipMaterial, FolderLayout
from mcbench.data.layouts.reading import read_layout
from mcbench.data.places import SourceListing, Target
from mcbench.downloads import RECORD_SUFFIX, REPORT_SUFFIX
from mcbench.downloads.offline import OFFLINE_VARIABLE
from mcbench.errors import DataMissingError, InputError
from mcbench.progress import Progress

_OWN_RECORDS = (RECORD_SUFFIX, REPORT_SUFFIX)
"""What mcbench itself leaves among downloads."""


@dataclass(frozen=True)
class Place:
    """Where the files of a source lie.

    Attributes:
        folder: to be read by the source's layout.
        origin: what the user named with --from, or the folder of downloads.
        brought: whether a user brought them.
    """

    folder: Path
    origin: Path
    brought: bool


def find_place(
    target: Target, from_path: Path | None, from_downloads: bool, force: bool, progress: Progress
) -> Place:
    """Return where the files of a source lie: given with --from, now or before, else the downloads.

    What was given before counts for as long as it is there, or nothing has been downloaded, and the user is
    told of it; `from_downloads` ends that. An archive, or a folder with the archives that the manifest names,
    is unpacked into mcbench's own folder.

    Raises:
        InputError: nothing was ever given and nothing can be fetched; the folder is another one than before
            and `force` is false; what was given is not there; or an archive cannot be unpacked.
    """
    before = target.listing()
    if from_downloads:
        if from_path is not None or files_source(target).needs_folder:
            why = "--from is given too" if from_path is not None else f"{target.name} has no downloads"
            raise InputError(f"--from-downloads does not fit: {why}", "leave out --from-downloads")
        return Place(target.downloads, target.downloads, brought=False)
    if from_path is not None:
        origin = from_path.expanduser().resolve()
        if before is not None and before.brought and Path(before.origin) != origin and not force:
            raise InputError(
                f"{target.name} was prepared from {before.origin}, not from {origin}",
                "use --force to replace it, or another --name to keep both",
            )
        return Place(unpack_brought(target, origin, progress), origin, brought=True)
    if before is not None and before.brought and (Path(before.origin).exists() or not is_here(target)):
        origin = Path(before.origin)
        if not origin.exists():
            raise InputError(f"{origin}, given earlier with --from, is not there", other_origin(target))
        progress.message(f"files from {origin}, given earlier with --from")
        return Place(unpack_brought(target, origin, progress), origin, brought=True)
    if files_source(target).needs_folder:
        raise InputError(f"{target.name} needs the folder of its videos", target.command())
    return Place(target.downloads, target.downloads, brought=False)


def other_origin(target: Target) -> str:
    """Return what to type to take the files of a source from elsewhere than was given with --from."""
    command = f"mcbench data prepare {target.typed_split}{target.source_option}"
    downloads = "" if files_source(target).needs_folder else f"; the downloads: {command} --from-downloads"
    return f"another folder or archive: {command} --from FOLDER --force{downloads}"


def list_source(
    target: Target, place: Place, fps: float | None, offline: bool, progress: Progress
) -> SourceListing:
    """Look what lies there, and write that down as `source.json`.

    In a folder of videos, a clip whose video is gone is forgotten: it belongs to the split no more. In
    other layouts it stays, as one that is missing, for those are benchmarks with clips of their own.

    Raises:
        InputError: `fps` is none, or the folder does not hold what the layout says.
        DataMissingError: nothing has been downloaded.
    """
    source = files_source(target)
    before = target.listing()
    if fps is None:
        fps = before.assumed_fps if before is not None else source.clips.assumed_fps
    if not 0 < fps < float("inf"):
        raise InputError(f"--fps is {fps}, and must be above 0")
    if not place.brought and not is_here(target):
        if before is not None and not before.brought:
            progress.message(f"the downloads of {target.benchmark} are gone; what is prepared stays")
            return before
        fetching = target.fetch_command()
        if offline:
            fetching = f"--offline (or {OFFLINE_VARIABLE}) stands in the way: without it run {fetching}"
        raise DataMissingError(
            f"nothing of {target.benchmark} (source {target.source_name}) has been downloaded",
            f"{fetching}, or give a copy with --from",
        )
    content = read_layout(source.layout, place.folder, downloads=target.downloads)
    clips = {clip.id: clip for clip in content.clips}
    if not isinstance(source.layout, FolderLayout) and before and before.origin == str(place.origin):
        clips = {clip.id: _gone(clip, place) for clip in before.clips} | clips
    listing = SourceListing(
        benchmark=target.benchmark,
        source=target.source_name,
        origin=str(place.origin),
        brought=place.brought,
        clips=tuple(clips[name] for name in sorted(clips)),
        passed_over=tuple(name for name in content.passed_over if not name.endswith(_OWN_RECORDS)),
        problems=content.problems,
        assumed_fps=fps,
    )
    listing.write(target.folder / "source.json")
    _forget_vanished(target, listing, progress)
    return listing


def _gone(clip: ClipMaterial, place: Place) -> ClipMaterial:
    reason = clip.missing or f"no longer in {place.origin}"
    return clip.model_copy(update={"path": "", "member": "", "beside": {}, "missing": reason})


def _forget_vanished(target: Target, listing: SourceListing, progress: Progress) -> None:
    """Remove prepared clips that are no longer listed."""
    folder = target.folder / "clips"
    listed = listing.material()
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in listed:
            shutil.rmtree(entry)
            progress.message(f"{entry.name} is no longer in {listing.origin}: removed")

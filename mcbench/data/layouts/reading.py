"""Reading a folder by its layout: which clips are there, and of what they are made."""

from __future__ import annotations

from pathlib import Path

from mcbench.data.layouts.folder import find_clips
from mcbench.data.layouts.found_videos import FoundVideos
from mcbench.data.layouts.frames import read_frames, read_videos
from mcbench.data.layouts.material import LayoutContent
from mcbench.data.layouts.mot import read_mot
from mcbench.data.layouts.mraa import read_mraa, remote_videos
from mcbench.data.layouts.patterns import find_files
from mcbench.data.layouts.specs import (
    FolderLayout,
    FramesLayout,
    Layout,
    MotLayout,
    TableLayout,
    TsvLayout,
    VideosLayout,
)
from mcbench.data.layouts.tsv import read_tsv
from mcbench.data.layouts.wyd import read_wyd
from mcbench.downloads.records import RemoteFile
from mcbench.errors import DataMissingError, InputError


def read_layout(layout: Layout, folder: Path, *, downloads: Path | None = None) -> LayoutContent:
    """Return what a folder holds.

    A layout other than `folder` may begin up to three folders further down, as archives unpack.

    Args:
        layout: how files lie.
        folder: of the downloads, or the one that a user brings.
        downloads: folder of the downloads, where `folder` is another: a table that a user's folder lacks may
            lie there, and videos that the table gives the addresses of.

    Raises:
        InputError: the folder is missing, holds nothing of this layout, or holds two clips of one name.
        DataMissingError: the table of annotations is in neither folder.
        FileFormatError: annotations or a TSV file in it are damaged.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is {'no folder' if folder.exists() else 'not there'}", "give a folder")
    match layout:
        case FolderLayout():
            return find_clips(folder)
        case FramesLayout():
            return read_frames(layout, folder)
        case VideosLayout():
            return read_videos(layout, folder)
        case MotLayout():
            return read_mot(folder)
        case TsvLayout():
            return read_tsv(layout, folder)
        case TableLayout():
            return _read_table(layout, folder, downloads)


def remote_files(layout: Layout, folder: Path, *, also_refused: bool = False) -> tuple[RemoteFile, ...]:
    """Return the files whose addresses stand in the annotations of a source, once these are downloaded.

    Args:
        layout: how files lie; only tables name files.
        folder: of the downloads.
        also_refused: also files that only clips need which cannot be made; for reports on links.

    Raises:
        DataMissingError: the table of annotations is not there.
        FileFormatError: it is damaged.
    """
    if isinstance(layout, TableLayout) and layout.format == "mraa":
        return remote_videos(_table(layout, folder), layout.videos, also_refused=also_refused)
    return ()


def _read_table(layout: TableLayout, folder: Path, downloads: Path | None) -> LayoutContent:
    places = [folder] if downloads is None or not downloads.is_dir() else [folder, downloads]
    table, videos = _table(layout, *places), FoundVideos(*places)
    return read_mraa(table, videos) if layout.format == "mraa" else read_wyd(table, videos)


def _table(layout: TableLayout, *places: Path) -> Path:
    for pattern in layout.annotations:
        for place in places:
            if found := find_files(place, (pattern,)):
                return found[0]
    raise DataMissingError(
        f"{' and '.join(str(place) for place in places)} hold no {' or '.join(layout.annotations)}",
        "download the annotations (mcbench data fetch), or put them there",
    )

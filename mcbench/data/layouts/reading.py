"""Reading a folder by its layout: which clips are there, and of what they are made."""

from __future__ import annotations

from pathlib import Path

from mcbench.data.layouts.folder import find_clips
from mcbench.data.layouts.frames import read_frames, read_videos
from mcbench.data.layouts.material import LayoutContent
from mcbench.data.layouts.specs import FolderLayout, FramesLayout, Layout, VideosLayout
from mcbench.errors import InputError


def read_layout(layout: Layout, folder: Path) -> LayoutContent:
    """Return what a folder holds.

    A layout other than `folder` may begin up to three folders further down, as archives unpack.

    Raises:
        InputError: the folder is missing, holds nothing of this layout, or holds two clips of one name.
        FileFormatError: annotations in it are damaged.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is {'no folder' if folder.exists() else 'not there'}", "give a folder")
    if isinstance(layout, FolderLayout):
        return find_clips(folder)
    if isinstance(layout, FramesLayout):
        return read_frames(layout, folder)
    if isinstance(layout, VideosLayout):
        return read_videos(layout, folder)
    raise InputError(f"the layout {layout.kind!r} cannot be read yet")

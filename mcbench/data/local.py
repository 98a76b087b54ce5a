"""What a user's folder holds: videos, frame folders, and the names they get as clips."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from mcbench.errors import InputError
from mcbench.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES

POSES_SUFFIX = ".poses.npz"
_UNSAFE = re.compile(r"[^A-Za-z0-9._+@=-]")
_LONGEST = 128


@dataclass(frozen=True)
class FoundClip:
    """A video or frame folder that becomes a clip.

    Attributes:
        id: its name as a clip, from `clip_id`.
        path: the video, or the folder of frames.
        poses: the file of driving poses beside it, if there is one.
    """

    id: str
    path: Path
    poses: Path | None


@dataclass(frozen=True)
class FolderContent:
    """What was found in a folder: clips sorted by id, and the names of what is no clip."""

    clips: tuple[FoundClip, ...]
    passed_over: tuple[str, ...]


def clip_id(name: str) -> str:
    """Return a name that can be used in paths everywhere.

    Accents are dropped where the letter is left, every other character than letters, digits and `._+@=-`
    becomes `_`, a name that would start with a sign gets `_` in front, and 128 characters are kept.
    """
    decomposed = unicodedata.normalize("NFKD", name)
    without_accents = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    safe = _UNSAFE.sub("_", without_accents)
    if not safe or not (safe[0].isalnum() or safe[0] == "_"):
        safe = f"_{safe}"
    return safe[:_LONGEST]


def find_clips(folder: Path) -> FolderContent:
    """Return the clips of a folder.

    - Videos (by suffix) directly in the folder, and sub-folders with pictures directly in them, are clips.
      Loose pictures beside videos are passed over.
    - A folder with pictures and no videos directly in it is itself one clip, whatever its sub-folders hold.
    - `NAME.poses.npz` holds the driving poses of the video or folder `NAME`.
    - Hidden files are not looked at. Everything else is passed over, and listed.

    Raises:
        InputError: the folder is missing or no folder, holds no clips, two of them would get the same id
            (also where letters differ in case only), or a file of poses belongs to no clip.
    """
    entries = _entries(folder)
    videos = [entry for entry in entries if not entry.is_dir() and entry.suffix.lower() in VIDEO_SUFFIXES]
    pictures = [entry for entry in entries if not entry.is_dir() and entry.suffix.lower() in IMAGE_SUFFIXES]
    if pictures and not videos:
        poses = folder.parent / f"{folder.name}{POSES_SUFFIX}"
        found = FoundClip(clip_id(folder.name), folder, poses if poses.exists() else None)
        others = tuple(entry.name for entry in entries if entry not in pictures)
        return FolderContent((found,), others)
    frame_folders = [entry for entry in entries if entry.is_dir() and _holds_pictures(entry)]
    poses_of = {
        entry.name.removesuffix(POSES_SUFFIX): entry for entry in entries if entry.name.endswith(POSES_SUFFIX)
    }
    by_id: dict[str, FoundClip] = {}
    for entry in [*videos, *frame_folders]:
        name = entry.name if entry.is_dir() else entry.stem
        clip = FoundClip(clip_id(name), entry, poses_of.get(name))
        twin = by_id.setdefault(clip.id.lower(), clip)
        if twin is not clip:
            raise InputError(
                f"{twin.path} and {entry.name} would both become the clip {clip.id!r}", "rename one of them"
            )
    if not by_id:
        raise InputError(
            f"{folder} holds no videos and no frame folders",
            f"videos end in {', '.join(sorted(VIDEO_SUFFIXES))}; "
            f"pictures in {', '.join(sorted(IMAGE_SUFFIXES))}",
        )
    used = {clip.path for clip in by_id.values()} | {clip.poses for clip in by_id.values()}
    stray = [path for path in poses_of.values() if path not in used]
    if stray:
        raise InputError(f"{stray[0]} belongs to no video or frame folder", "name it as the video is named")
    passed_over = tuple(entry.name for entry in entries if entry not in used)
    return FolderContent(tuple(sorted(by_id.values(), key=lambda clip: clip.id)), passed_over)


def _entries(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"{folder} is {'no folder' if folder.exists() else 'not there'}", "give a folder")
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise InputError(f"cannot list {folder}: {error.strerror}") from error


def _holds_pictures(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(
                Path(entry.name).suffix.lower() in IMAGE_SUFFIXES and not entry.name.startswith(".")
                for entry in entries
            )
    except OSError as error:
        raise InputError(f"cannot list {folder}: {error.strerror}") from error

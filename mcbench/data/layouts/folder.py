"""The layout `folder`: videos and folders of frames directly in one folder, whatever their names."""

from __future__ import annotations

from pathlib import Path

from mcbench.data.layouts.material import ClipMaterial, LayoutContent
from mcbench.data.layouts.names import clip_id, in_order
from mcbench.data.layouts.patterns import visible_entries
from mcbench.errors import InputError
from mcbench.records import BesideKind
from mcbench.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES

POSES_SUFFIX = ".poses.npz"


def find_clips(folder: Path) -> LayoutContent:
    """Return the clips of a folder.

    - Videos (by suffix) directly in the folder, and sub-folders with pictures directly in them, are clips.
      Loose pictures beside videos are passed over.
    - A folder with pictures and no videos directly in it is itself one clip, whatever its sub-folders hold.
    - `NAME.poses.npz` holds the driving poses of the video or folder `NAME`.
    - Hidden files are not looked at. Everything else is passed over, and listed.

    Raises:
        InputError: the folder cannot be listed, holds no clips, two of them would get the same id (also
            where letters differ in case only), or a file of poses belongs to no clip.
    """
    entries = visible_entries(folder)
    videos = [entry for entry in entries if not entry.is_dir() and entry.suffix.lower() in VIDEO_SUFFIXES]
    pictures = [entry for entry in entries if not entry.is_dir() and entry.suffix.lower() in IMAGE_SUFFIXES]
    if pictures and not videos:
        poses = folder.parent / f"{folder.name}{POSES_SUFFIX}"
        clip = _material(folder.name, folder, poses if poses.exists() else None)
        others = tuple(entry.name for entry in entries if entry not in pictures)
        return LayoutContent(clips=(clip,), passed_over=others)
    frame_folders = [entry for entry in entries if entry.is_dir() and _holds_pictures(entry)]
    poses_of = {
        entry.name.removesuffix(POSES_SUFFIX): entry for entry in entries if entry.name.endswith(POSES_SUFFIX)
    }
    found: list[ClipMaterial] = []
    used: set[Path] = set()
    for entry in [*videos, *frame_folders]:
        name = entry.name if entry.is_dir() else entry.stem
        found.append(_material(name, entry, poses_of.get(name)))
        used |= {entry, poses_of.get(name, entry)}
    if not found:
        raise InputError(
            f"{folder} holds no videos and no frame folders",
            f"videos end in {', '.join(sorted(VIDEO_SUFFIXES))}; "
            f"pictures in {', '.join(sorted(IMAGE_SUFFIXES))}",
        )
    clips = in_order(found)
    stray = [path for path in poses_of.values() if path not in used]
    if stray:
        raise InputError(f"{stray[0]} belongs to no video or frame folder", "name it as the video is named")
    return LayoutContent(
        clips=clips,
        passed_over=tuple(entry.name for entry in entries if entry not in used),
    )


def _material(name: str, path: Path, poses: Path | None) -> ClipMaterial:
    beside: dict[BesideKind, str] = {} if poses is None else {"poses": str(poses)}
    return ClipMaterial(id=clip_id(name), path=str(path), beside=beside)


def _holds_pictures(folder: Path) -> bool:
    return any(entry.suffix.lower() in IMAGE_SUFFIXES for entry in visible_entries(folder))

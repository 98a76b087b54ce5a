"""The layouts `frames` and `videos`: a folder of pictures, or a video file, a clip."""

from __future__ import annotations

import re
from pathlib import Path

from mcbench.data.layouts.material import ClipMaterial, LayoutContent
from mcbench.data.layouts.names import clip_id, in_order
from mcbench.data.layouts.patterns import (
    Match,
    candidates,
    component_regex,
    fill,
    visible_entries,
)
from mcbench.data.layouts.specs import FramesLayout, VideosLayout
from mcbench.errors import InputError
from mcbench.records import BesideKind, Fact
from mcbench.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES

_NUMBER = re.compile(r"[0-9]+")


def read_videos(layout: VideosLayout, folder: Path) -> LayoutContent:
    """Return the videos that the layout's patterns name.

    Raises:
        InputError: there are none, or two would become one clip.
    """
    for _, found in candidates(folder, layout.patterns):
        clips = [
            ClipMaterial(id=clip_id(match.values["clip"]), path=str(match.path), facts=_facts(match))
            for match in found
            if match.path.is_file() and match.path.suffix.lower() in VIDEO_SUFFIXES
        ]
        if clips:
            return LayoutContent(clips=in_order(clips))
    raise nothing_found(folder, layout.patterns, "video")


def read_frames(layout: FramesLayout, folder: Path) -> LayoutContent:
    """Return the folders of frames that the layout's patterns name, and what lies beside them.

    What lies beside is kept only where there is one file a frame, whose names begin as the frames' names do;
    else a problem says so. Frames whose numbers leave a gap are a problem too.

    Raises:
        InputError: there are none, or two would become one clip.
    """
    for pattern in layout.patterns:
        *folders, last = pattern.split("/")
        for _, found in candidates(folder, ("/".join(folders),)):
            content = _content(layout, folder, (len(folders), last), found)
            if content.clips:
                return content
    raise nothing_found(folder, layout.patterns, "frame")


def pictures_of(folder: Path, glob: str = "*") -> list[str]:
    """Return the names of the pictures in a folder that match a glob, sorted; none where it is no folder."""
    return [name for name in _matching(folder, glob) if Path(name).suffix.lower() in IMAGE_SUFFIXES]


def gaps(names: list[str]) -> list[str]:
    """Return what to say of frames whose numbers, the last ones in their names, leave a gap."""
    numbers = [int(found[-1]) for name in names if (found := _NUMBER.findall(Path(name).stem))]
    if len(numbers) != len(names):
        return []
    missing = max(numbers) - min(numbers) + 1 - len(set(numbers))
    if not missing:
        return []
    first = next(number for number in range(min(numbers), max(numbers)) if number not in set(numbers))
    return [f"{missing:,} frames are missing between its first and last, such as number {first}"]


def nothing_found(folder: Path, patterns: tuple[str, ...], what: str) -> InputError:
    """Return the error for a folder in which no pattern matches anything."""
    return InputError(
        f"{folder} holds no {what} at {' or '.join(patterns)}", "give the folder that holds them"
    )


def _content(
    layout: FramesLayout, folder: Path, shape: tuple[int, str], found: tuple[Match, ...]
) -> LayoutContent:
    """Read what was found; `shape` is the number of folders in the pattern and its glob of files."""
    depth, glob = shape
    clips: list[ClipMaterial] = []
    problems: list[str] = []
    passed_over: list[str] = []
    for match in found:
        names = pictures_of(match.path, glob)
        if not names:
            continue
        name = _padded(match.values["clip"], layout.id_digits)
        if name is None:
            passed_over.append(match.path.relative_to(folder).as_posix())
            continue
        beside, complaints = _beside(layout, match.path.parents[depth - 1], match, names)
        clip = ClipMaterial(
            id=clip_id(name),
            path=str(match.path),
            frames=glob,
            beside=beside,
            expected_frames=len(names),
            facts=_facts(match),
        )
        clips.append(clip)
        problems.extend(f"{clip.id}: {text}" for text in (*complaints, *gaps(names)))
    return LayoutContent(clips=in_order(clips), passed_over=tuple(passed_over), problems=tuple(problems))


def _beside(
    layout: FramesLayout, root: Path, match: Match, names: list[str]
) -> tuple[dict[BesideKind, str], list[str]]:
    found: dict[BesideKind, str] = {}
    complaints: list[str] = []
    for kind, patterns in layout.beside.items():
        for pattern in patterns:
            *folders, last = fill(pattern, match.values).split("/")
            place = root.joinpath(*folders)
            others = _matching(place, last)
            if not others:
                continue
            if _pair_up(names, others):
                found[kind] = str(place / last)
            else:
                complaints.append(
                    f"{len(others)} {kind} files do not go with its {len(names)} frames: left out"
                )
            break
    return found, complaints


def _pair_up(frames: list[str], others: list[str]) -> bool:
    """Whether there is one file a frame, of which each begins as the frame's name does."""
    return len(frames) == len(others) and all(
        other.startswith(stem) and not other[len(stem) :][:1].isalnum()
        for stem, other in zip((Path(frame).stem for frame in frames), others, strict=True)
    )


def _padded(name: str, digits: int | None) -> str | None:
    if digits is None:
        return name
    return name.lstrip("0").zfill(digits) if name.isascii() and name.isdigit() else None


def _matching(folder: Path, glob: str) -> list[str]:
    if not folder.is_dir():
        return []
    regex = component_regex(glob)
    return [entry.name for entry in visible_entries(folder) if regex.fullmatch(entry.name)]


def _facts(match: Match) -> dict[str, Fact]:
    return {name: value for name, value in match.values.items() if name != "clip"}

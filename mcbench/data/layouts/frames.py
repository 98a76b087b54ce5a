"""The layouts `frames` and `videos`: a folder of pictures, or a video file, a clip."""

from __future__ import annotations

import re
from pathlib import Path

from mcbench.data.layouts.material import BesideKind, ClipMaterial, LayoutContent
from mcbench.data.layouts.names import clip_id
from mcbench.data.layouts.patterns import Match, component_regex, fill, search, visible_entries
from mcbench.data.layouts.specs import FramesLayout, VideosLayout
from mcbench.errors import InputError
from mcbench.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES

_NUMBER = re.compile(r"[0-9]+")


def read_videos(layout: VideosLayout, folder: Path) -> LayoutContent:
    """Return the videos that the layout's patterns name.

    Raises:
        InputError: there are none, or two would become one clip.
    """
    found = search(folder, layout.patterns)
    videos = [each for each in found[1] if _is_video(each.path)] if found else []
    if not videos:
        raise _nothing(folder, layout.patterns, "video")
    clips = [
        ClipMaterial(id=clip_id(match.values["clip"]), path=str(match.path), facts=_facts(match))
        for match in videos
    ]
    return LayoutContent(clips=in_order(clips))


def read_frames(layout: FramesLayout, folder: Path) -> LayoutContent:
    """Return the folders of frames that the layout's patterns name, and what lies beside them.

    What lies beside is kept only where there is one file a frame, whose names begin as the frames' names do;
    else a problem says so. Frames whose numbers leave a gap are a problem too.

    Raises:
        InputError: there are none, or two would become one clip.
    """
    clips: list[ClipMaterial] = []
    problems: list[str] = []
    passed_over: list[str] = []
    for pattern in layout.patterns:
        *folders, last = pattern.split("/")
        found = search(folder, ("/".join(folders),))
        for match in found[1] if found else ():
            names = _pictures(match.path, last)
            if not names:
                continue
            name = _padded(match.values["clip"], layout.id_digits)
            if name is None:
                passed_over.append(str(match.path.relative_to(folder)))
                continue
            root = _root(match, folders)
            beside, complaints = _beside(layout, root, match, names)
            clip = ClipMaterial(
                id=clip_id(name),
                path=str(match.path),
                frames=last,
                beside=beside,
                expected_frames=len(names),
                facts=_facts(match),
            )
            clips.append(clip)
            problems.extend(f"{clip.id}: {text}" for text in (*complaints, *_gaps(names)))
        if clips:
            break
    if not clips:
        raise _nothing(folder, layout.patterns, "frame")
    return LayoutContent(clips=in_order(clips), passed_over=tuple(passed_over), problems=tuple(problems))


def in_order(clips: list[ClipMaterial]) -> tuple[ClipMaterial, ...]:
    """Return the clips in order of id.

    Raises:
        InputError: two have one id, be it in letters of other case.
    """
    by_id: dict[str, ClipMaterial] = {}
    for clip in clips:
        twin = by_id.setdefault(clip.id.lower(), clip)
        if twin is not clip:
            raise InputError(
                f"{twin.path or twin.id} and {clip.path or clip.id} would both become the clip {clip.id!r}",
                "move one of them away, or rename it",
            )
    return tuple(sorted(clips, key=lambda clip: clip.id))


def _beside(
    layout: FramesLayout, root: Path, match: Match, names: list[str]
) -> tuple[dict[BesideKind, str], list[str]]:
    found: dict[BesideKind, str] = {}
    complaints: list[str] = []
    for kind, patterns in layout.beside.items():
        for pattern in patterns:
            *folders, last = fill(pattern, match.values).split("/")
            place = root.joinpath(*folders)
            others = _matching(place, last) if place.is_dir() else []
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
        other.startswith(Path(frame).stem) for frame, other in zip(frames, others, strict=True)
    )


def _gaps(names: list[str]) -> list[str]:
    numbers = [int(found[-1]) for name in names if (found := _NUMBER.findall(Path(name).stem))]
    if len(numbers) != len(names):
        return []
    absent = sorted(set(range(min(numbers), max(numbers) + 1)) - set(numbers))
    if not absent:
        return []
    return [f"{len(absent)} frames are missing between its first and last, such as number {absent[0]}"]


def _root(match: Match, folders: list[str]) -> Path:
    return match.path.parents[len(folders) - 1]


def _padded(name: str, digits: int | None) -> str | None:
    if digits is None:
        return name
    return name.lstrip("0").zfill(digits) if name.isascii() and name.isdigit() else None


def _pictures(folder: Path, glob: str) -> list[str]:
    return [name for name in _matching(folder, glob) if Path(name).suffix.lower() in IMAGE_SUFFIXES]


def _matching(folder: Path, glob: str) -> list[str]:
    if not folder.is_dir():
        return []
    regex = component_regex(glob)
    return [entry.name for entry in visible_entries(folder) if regex.fullmatch(entry.name)]


def _is_video(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES


def _facts(match: Match) -> dict[str, str | int | float | tuple[str, ...]]:
    return {name: value for name, value in match.values.items() if name != "clip"}


def _nothing(folder: Path, patterns: tuple[str, ...], what: str) -> InputError:
    return InputError(
        f"{folder} holds no {what} at {' or '.join(patterns)}", "give the folder that holds them"
    )

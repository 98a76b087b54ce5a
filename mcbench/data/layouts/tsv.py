"""The layout `tsv`: the frames of clips as rows of TSV files."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from mcbench.data.layouts.frames import nothing_found
from mcbench.data.layouts.material import ClipMaterial, LayoutContent
from mcbench.data.layouts.names import clip_id, in_order
from mcbench.data.layouts.patterns import find_files
from mcbench.data.layouts.specs import TsvLayout
from mcbench.data.layouts.tsv_file import TsvFile, write_rows
from mcbench.errors import FileFormatError, InputError
from mcbench.records import BesideKind

Rows = dict[str, dict[int, int]]
"""Clip -> number of the frame -> row."""


def read_tsv(layout: TsvLayout, folder: Path) -> LayoutContent:
    """Return the clips whose frames lie in the rows of the layout's TSV files, in order of frame number.

    A TSV file beside is kept for a clip whose rows have the same keys in it; else a problem says so.

    Raises:
        InputError: there is no such file, no key fits the layout, or two clips have one name.
        FileFormatError: a file is damaged, or has two rows for one frame.
    """
    images = find_files(folder, layout.images)
    if not images:
        raise nothing_found(folder, layout.images, "TSV file")
    clips: list[ClipMaterial] = []
    problems: list[str] = []
    for path in images:
        keys = list(TsvFile(path).keys())
        by_clip, stray = _group(path, keys, layout.key)
        if stray:
            problems.append(
                f"{path.name}: {len(stray):,} keys do not fit {layout.key!r}, such as {stray[0]!r}"
            )
        beside = {kind: _same_keys(path.parent, pattern, keys) for kind, pattern in layout.beside.items()}
        problems.extend(
            f"{path.name}: no file at {layout.beside[kind]} has its keys, so its clips have no {kind}"
            for kind, found in beside.items()
            if found is None
        )
        clips.extend(_material(path, clip, frames, beside) for clip, frames in by_clip.items())
    if not clips:
        raise InputError(
            f"no key in {images[0]} fits {layout.key!r}" + (f": {problems[0]}" if problems else ""),
            "write in the manifest how keys name clip and frame",
        )
    return LayoutContent(clips=in_order(clips), problems=tuple(problems))


def _material(
    path: Path, clip: str, frames: dict[int, int], beside: dict[BesideKind, Path | None]
) -> ClipMaterial:
    return ClipMaterial(
        id=clip_id(clip),
        path=str(path),
        member=write_rows([frames[number] for number in sorted(frames)]),
        beside={kind: str(found) for kind, found in beside.items() if found is not None},
        expected_frames=len(frames),
    )


def _group(path: Path, keys: list[str], template: str) -> tuple[Rows, list[str]]:
    """Return the rows of each clip, and the keys that do not fit."""
    regex = _key_regex(template)
    by_clip: Rows = defaultdict(dict)
    stray: list[str] = []
    for row, key in enumerate(keys):
        found = regex.fullmatch(key)
        if found is None:
            stray.append(key)
        elif by_clip[found["clip"]].setdefault(int(found["frame"]), row) != row:
            raise FileFormatError(f"{path}, row {row}: a second row for {key!r}", "download it again")
    return by_clip, stray


def _key_regex(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{clip\}|\{frame\})", template)
    groups = {"{clip}": "(?P<clip>[^/]+)", "{frame}": "(?P<frame>[0-9]+)"}
    text = "".join(groups.get(part) or re.escape(part) for part in parts)
    return re.compile(rf"(?:.*/)?{text}(?:\.[A-Za-z]+)?")


def _same_keys(folder: Path, pattern: str, keys: list[str]) -> Path | None:
    return next((path for path in find_files(folder, (pattern,)) if list(TsvFile(path).keys()) == keys), None)

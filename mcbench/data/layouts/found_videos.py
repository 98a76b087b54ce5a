"""Which of a user's video files is the one that annotations name?"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

from mcbench.data.layouts.names import clip_id
from mcbench.video import VIDEO_SUFFIXES

_SUFFIXES = VIDEO_SUFFIXES | {".3gp", ".mts", ".m2ts", ".asf", ".divx", ""}
"""Names of files that may be videos where annotations name them; collections from the Web have all kinds."""
_ID_AT_END = re.compile(r".*\[(?P<id>[A-Za-z0-9_-]{11})\]")
"""How yt-dlp ends the names of files unless told otherwise."""


class FoundVideos:
    """All videos below some folders, by the names that annotations may have for them.

    A file `NAME.mp4` goes by `NAME.mp4` and `NAME`, by `clip_id(NAME)`, and `TITLE [ID].mp4` also by `ID`.
    Annotations that name `NAME.avi`, or `NAME.` without its suffix, find `NAME.mp4` too, since copies are
    often converted.

    Args:
        folders: searched with all folders below them; what is hidden is not looked at.
    """

    def __init__(self, *folders: Path) -> None:
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._below: dict[Path, str] = {}
        for folder in folders:
            for path in _videos_below(folder):
                self._below.setdefault(path, path.parent.relative_to(folder).as_posix().lower())
        for path in sorted(self._below):
            for name in _names_of(path):
                self._by_name[name].append(path)

    def find(self, name: str, *, within: str = "") -> tuple[Path | None, str]:
        """Return the video of a name, or None and the reason.

        Args:
            name: as annotations write it, with or without a suffix.
            within: lower-case text of a folder that is preferred where several have the name, as `oops`.
        """
        stem = _stem(name)
        found = self._by_name.get(name) or self._by_name.get(stem) or self._by_name.get(clip_id(stem)) or []
        if len(found) > 1 and within:
            found = [path for path in found if within in self._below[path]] or found
        if not found:
            return None, f"its video {name!r} is not there"
        if len(found) > 1:
            return None, f"several files may be its video {name!r}: {found[0]} and {found[1]}"
        return found[0], ""


def _names_of(path: Path) -> set[str]:
    stem = _stem(path.name)
    found = _ID_AT_END.fullmatch(stem)
    return {path.name, stem, clip_id(stem)} | ({found["id"]} if found else set())


def _stem(name: str) -> str:
    """Return a name without the suffix of a video or a dot at its end; other dots are parts of names."""
    suffix = Path(name).suffix
    return name.rstrip(".") if suffix.lower() not in _SUFFIXES or not suffix else name[: -len(suffix)]


def _videos_below(folder: Path) -> set[Path]:
    found: set[Path] = set()
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "."]
        found |= {
            Path(place, name) for name in names if name[0] != "." and Path(name).suffix.lower() in _SUFFIXES
        }
    return found

"""Which of a user's video files is the one that annotations name?"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

from mcbench.data.layouts.names import clip_id
from mcbench.video import VIDEO_SUFFIXES

_ID_AT_END = re.compile(r".*\[(?P<id>[A-Za-z0-9_-]{11})\]")
"""How yt-dlp ends the names of files unless told otherwise."""


class FoundVideos:
    """All videos below some folders, by the names that annotations may have for them.

    A file `NAME.mp4` goes by `NAME.mp4` and `NAME`, by `clip_id(NAME)`, and `TITLE [ID].mp4` also by `ID`.
    Annotations that name `NAME.avi` find `NAME.mp4` too, since copies are often converted.
    """

    def __init__(self, *folders: Path) -> None:
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in sorted({path for folder in folders for path in _videos_below(folder)}):
            names = {path.name, path.stem, clip_id(path.stem)}
            if found := _ID_AT_END.fullmatch(path.stem):
                names.add(found["id"])
            for name in names:
                self._by_name[name].append(path)

    def find(self, name: str, *, within: str = "") -> tuple[Path | None, str]:
        """Return the video of a name, or None and the reason.

        Args:
            name: as annotations write it, with or without a suffix.
            within: text of a folder that is preferred where several have the name, such as `oops`.
        """
        stem = name[: -len(suffix)] if (suffix := Path(name).suffix).lower() in VIDEO_SUFFIXES else name
        found = self._by_name.get(name) or self._by_name.get(stem) or self._by_name.get(clip_id(stem)) or []
        if len(found) > 1 and within:
            found = [path for path in found if within in str(path.parent).lower()] or found
        if not found:
            return None, f"its video {name!r} is not there"
        if len(found) > 1:
            return None, f"several files may be its video {name!r}: {found[0]} and {found[1]}"
        return found[0], ""


def _videos_below(folder: Path) -> set[Path]:
    found: set[Path] = set()
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "."]
        found |= {
            Path(place, name)
            for name in names
            if name[0] != "." and Path(name).suffix.lower() in VIDEO_SUFFIXES
        }
    return found

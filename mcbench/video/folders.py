"""A folder of pictures as frames."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from mcbench.errors import FileFormatError
from mcbench.video.pictures import SUFFIXES, Frame, read_image, read_size
from mcbench.video.source import FrameSource

_OTHER_SUFFIXES = frozenset({".tif", ".tiff", ".exr", ".hdr", ".heic", ".avif", ".ppm", ".pgm", ".tga"})
"""Pictures that would be frames if they could be read: passing over them in silence would lose frames."""


class PictureFolder(FrameSource):
    """The pictures of a folder in natural order of their names; see `mcbench.video.open_frames`."""

    def __init__(self, path: Path, pattern: re.Pattern[str] | None = None) -> None:
        """Look at a folder.

        Args:
            path: the folder.
            pattern: which whole file names are frames; None for all pictures.

        Raises:
            FileFormatError: as for `mcbench.video.open_frames`.
        """
        self._pictures = _pictures_of(path, pattern)
        first = read_size(self._pictures[0])
        for picture in self._pictures[1:]:
            if (size := read_size(picture)) != first:
                raise FileFormatError(
                    f"{picture} is {size[0]}x{size[1]}, but {self._pictures[0].name} in the same folder is "
                    f"{first[0]}x{first[1]} (height x width)",
                    "all frames of a folder must have one size",
                )
        super().__init__(path, len(self._pictures), first, None, "images")

    def __iter__(self) -> Iterator[Frame]:
        return (read_image(picture) for picture in self._pictures)

    def _frame(self, index: int) -> Frame:
        return read_image(self._pictures[index])


def _pictures_of(folder: Path, pattern: re.Pattern[str] | None) -> list[Path]:
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise FileFormatError(f"cannot list {folder}: {error.strerror}") from error
    if pattern is not None:
        entries = [entry for entry in entries if pattern.fullmatch(entry.name)]
    pictures = [entry for entry in entries if entry.suffix.lower() in SUFFIXES]
    others = [entry for entry in entries if entry.suffix.lower() in _OTHER_SUFFIXES]
    if others:
        raise FileFormatError(
            f"{others[0]} is a kind of picture that is not read as a frame", "convert the folder to PNG"
        )
    if not pictures and pattern is not None:
        raise FileFormatError(f"{folder} holds no frames that match the pattern of its layout")
    if not pictures:
        raise FileFormatError(f"{folder} holds no frames (no {', '.join(sorted(SUFFIXES))} files)")
    by_position: dict[tuple[str | int, ...], Path] = {}
    for picture in pictures:
        twin = by_position.setdefault(natural_key(picture.stem), picture)
        if twin is not picture:
            raise FileFormatError(f"{twin} and {picture.name} are two pictures for one frame")
    return [by_position[key] for key in sorted(by_position)]


def natural_key(name: str) -> tuple[str | int, ...]:
    """Return a key that sorts names with numbers by value: text and numbers take turns, text first."""
    parts = re.split(r"([0-9]+)", name)
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts))

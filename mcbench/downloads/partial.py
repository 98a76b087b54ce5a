"""The part of a file that has come so far, and what is known of the version that it belongs to."""

from __future__ import annotations

import os
from contextlib import suppress
from email.message import Message
from pathlib import Path

from mcbench.errors import FileFormatError
from mcbench.records import Record


class PartialState(Record):
    """`.NAME.part.json`: which version of the file `.NAME.part` is the beginning of."""

    mirror: str
    etag: str | None = None
    last_modified: str | None = None
    total: int | None = None

    @property
    def validator(self) -> str | None:
        """What If-Range can ask for: a strong ETag, else the date; None where the server gave neither."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified

    def contradicts(self, other: PartialState) -> bool:
        """Whether another answer of the same mirror is surely about another version of the file."""
        if other.mirror != self.mirror:
            return False
        if self.etag is not None and other.etag is not None:
            return self.etag != other.etag
        if self.last_modified is not None and other.last_modified is not None:
            return self.last_modified != other.last_modified
        return False


class Partial:
    """The partial file of a target: `.NAME.part` beside it.

    Args:
        target: the path that the file will take.
    """

    def __init__(self, target: Path) -> None:
        self.path = target.parent / f".{target.name}.part"
        self._state_path = target.parent / f".{target.name}.part.json"

    @property
    def size(self) -> int:
        """Bytes that are here."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def state(self) -> PartialState | None:
        """Return what is known of the partial file, or None where there is none that can be gone on with."""
        if not self.path.is_file():
            return None
        try:
            return PartialState.read(self._state_path)
        except FileFormatError:  # absent, or of another version of mcbench: start anew
            return None

    def begin(self, state: PartialState) -> None:
        """Forget what is here and begin with a version of the file."""
        # In this order a killed process never leaves bytes of one version beside the state of another.
        self.path.unlink(missing_ok=True)
        state.write(self._state_path)

    def discard(self) -> None:
        """Remove what is here."""
        self.path.unlink(missing_ok=True)
        self._state_path.unlink(missing_ok=True)

    def become(self, target: Path) -> None:
        """Give the partial file, which is whole now, its name."""
        with self.path.open("rb+") as stream:
            os.fsync(stream.fileno())
        self.path.replace(target)
        with suppress(FileNotFoundError):
            self._state_path.unlink()


def state_of(mirror: str, headers: Message, total: int | None) -> PartialState:
    """Return the state that an answer's headers tell."""
    return PartialState(
        mirror=mirror, etag=headers.get("ETag"), last_modified=headers.get("Last-Modified"), total=total
    )

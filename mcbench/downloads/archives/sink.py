"""The folder that an archive's members are written to: every check of a member is here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mcbench.downloads.archives.names import clean_name, link_target
from mcbench.downloads.space import free_bytes, readable
from mcbench.errors import DiskSpaceError, FileFormatError

UNTRUSTED_HINT = "if you trust it, unpack it yourself and give the folder with --from"
_MOST_LINKS_TO_FOLLOW = 8


class Sink:
    """Takes an archive's members one by one and writes regular files, and nothing else, below a folder.

    No link is ever made, so that no later member can be written through one: a link to another member
    becomes a copy of it. Modes, owners and times of members are passed over.

    Args:
        archive: for messages.
        folder: an empty folder.
        max_bytes: most that all files together may have.
        max_files: most members that there may be.
    """

    def __init__(self, archive: Path, folder: Path, max_bytes: int, max_files: int) -> None:
        self.archive = archive
        self.folder = folder
        self.n_files = 0
        self.n_bytes = 0
        self._free = free_bytes(folder)
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._members = 0
        self._files: set[str] = set()
        self._links: dict[str, str] = {}

    def refuse(self, name: str, reason: str) -> FileFormatError:
        """Return the error for a member that may not be unpacked."""
        return FileFormatError(f"{self.archive} is not unpacked: {name!r}: {reason}", UNTRUSTED_HINT)

    def expect(self, n_bytes: int) -> None:
        """Refuse at once an archive whose table says that its files have more bytes than allowed.

        Raises:
            FileFormatError, DiskSpaceError: they have.
        """
        self._check_bytes(n_bytes)

    def check_name(self, name: str) -> str:
        """Return a member's name as a plain relative path.

        Raises:
            FileFormatError: it is not safe.
        """
        try:
            return clean_name(name)
        except ValueError as error:
            raise self.refuse(name, str(error)) from error

    def directory(self, name: str) -> None:
        """Make a folder.

        Raises:
            FileFormatError: its name is not safe.
        """
        path = self._claim(name, is_file=False)
        if path:
            self._make_folder(name, self.folder / path)

    @contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        """Yield a stream that writes a file and counts its bytes.

        Raises:
            FileFormatError: the name is not safe or comes twice, or the limits are passed.
            DiskSpaceError: the disk is too small.
        """
        path = self._claim(name, is_file=True)
        target = self.folder / path
        self._make_folder(name, target.parent)
        try:
            stream = target.open("xb")
        except FileExistsError as error:
            raise self.refuse(name, "another member lies at its place") from error
        except OSError as error:
            raise self.refuse(name, error.strerror or str(error)) from error
        with stream:
            yield _Counted(stream, self)  # type: ignore[misc]  # has what copies need
        self.n_files += 1

    def link(self, name: str, target: str) -> None:
        """Note a symbolic link to another member.

        Raises:
            FileFormatError: it leads out of the folder.
        """
        path = self._claim(name, is_file=True)
        try:
            self._links[path] = link_target(path, target)
        except ValueError as error:
            raise self.refuse(name, str(error)) from error

    def same_as(self, name: str, member: str) -> None:
        """Note a hard link, whose target is named from the top of the archive.

        Raises:
            FileFormatError: it leads out of the folder.
        """
        path = self._claim(name, is_file=True)
        try:
            self._links[path] = clean_name(member)
        except ValueError as error:
            raise self.refuse(name, f"it links to {member}: {error}") from error

    def make_copies(self) -> None:
        """Write what links stand for. Call it when all members have been taken.

        Raises:
            FileFormatError: a link leads to no file of the archive.
        """
        for name in self._links:
            source = self._links[name]
            for _ in range(_MOST_LINKS_TO_FOLLOW):
                if source not in self._links:
                    break
                source = self._links[source]
            if source not in self._files or source in self._links:
                raise self.refuse(name, f"it links to {source}, which is no file of the archive")
            path = self.folder / name
            self.count((self.folder / source).stat().st_size)
            self._make_folder(name, path.parent)
            shutil.copyfile(self.folder / source, path)
            self.n_files += 1

    def count(self, n_bytes: int) -> None:
        """Count bytes that are about to be written.

        Raises:
            FileFormatError, DiskSpaceError: they are too many.
        """
        self.n_bytes += n_bytes
        self._check_bytes(self.n_bytes)

    def _check_bytes(self, n_bytes: int) -> None:
        if n_bytes > self._max_bytes:
            raise FileFormatError(
                f"{self.archive} is not unpacked: its files would take more than "
                f"{readable(self._max_bytes)}, far more than the archive itself",
                UNTRUSTED_HINT,
            )
        if n_bytes > self._free:
            raise DiskSpaceError(
                f"unpacking {self.archive} needs {readable(n_bytes)} or more, and "
                f"{self.folder.parent} has room for {readable(self._free)}",
                "make room, or choose another disk with --home or MCBENCH_HOME",
            )

    def _claim(self, name: str, *, is_file: bool) -> str:
        """Return the clean path of a member after the checks of its name."""
        self._members += 1
        if self._members > self._max_files:
            raise FileFormatError(
                f"{self.archive} is not unpacked: it holds more than {self._max_files} files", UNTRUSTED_HINT
            )
        path = self.check_name(name)
        if is_file:
            if not path:
                raise self.refuse(name, "it is a file without a name")
            if path in self._files:
                raise self.refuse(name, "it comes twice")
            self._files.add(path)
        return path

    def _make_folder(self, name: str, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise self.refuse(name, "a file lies where its folder should be") from error
        except OSError as error:
            raise self.refuse(name, error.strerror or str(error)) from error


class _Counted:
    """A stream that counts before it writes, so that a bomb stops at the limit."""

    def __init__(self, stream: BinaryIO, sink: Sink) -> None:
        self._stream = stream
        self._sink = sink

    def write(self, block: bytes) -> int:
        """Write a block whose bytes are within the limits."""
        self._sink.count(len(block))
        try:
            return self._stream.write(block)
        except OSError as error:
            raise DiskSpaceError(
                f"{self._sink.archive} could not be unpacked to {self._sink.folder.parent}: "
                f"{error.strerror or error}",
                "make room, or choose another disk with --home or MCBENCH_HOME",
            ) from error

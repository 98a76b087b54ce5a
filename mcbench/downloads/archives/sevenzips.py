"""7z archives through py7zr."""

from __future__ import annotations

import importlib
import lzma
import struct
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mcbench.downloads.archives.sink import Sink
from mcbench.errors import FileFormatError, InputError, McbenchError

INSTALL_HINT = 'run: pip install "mcbench[7z]"'


def read_7z(archive: Path, sink: Sink) -> None:
    """Hand all members of a 7z to `sink`.

    Raises:
        InputError: py7zr is not installed.
        FileFormatError: a member is not safe, encrypted or of no usual kind, or the archive is damaged.
    """
    try:
        py7zr = importlib.import_module("py7zr")
    except ImportError as error:
        raise InputError(
            f"{archive} needs the package py7zr, which is not installed", INSTALL_HINT
        ) from error
    # py7zr looks into a damaged header trustingly, and fails in as many ways.
    damage = (
        py7zr.exceptions.ArchiveError, lzma.LZMAError, zlib.error, struct.error, EOFError, ValueError,
        TypeError, LookupError, AttributeError, AssertionError, MemoryError, OSError,
    )  # fmt: skip
    try:
        # Opened here, since py7zr unpacks a path in several threads, and a stream in one.
        with archive.open("rb") as stream, py7zr.SevenZipFile(stream) as opened:
            _take_all(py7zr, opened, sink)
    except McbenchError:
        raise
    except (py7zr.exceptions.PasswordRequired, py7zr.exceptions.UnsupportedCompressionMethodError) as error:
        raise FileFormatError(
            f"{archive} is protected by a password or packed in a way that py7zr does not know",
            "unpack it yourself and give the folder with --from",
        ) from error
    except damage as error:
        raise FileFormatError(
            f"{archive} is damaged or cut off: {error or type(error).__name__}",
            "remove it and fetch it again",
        ) from error


def _take_all(py7zr: Any, opened: Any, sink: Sink) -> None:
    members = opened.list()
    sink.expect(sum(member.uncompressed or 0 for member in members))
    seen: set[str] = set()
    for member in members:
        # py7zr mends names, absolute and double ones too: they are refused here as in every archive.
        name = sink.check_name(member.filename)
        if member.is_directory:
            sink.directory(name)
        elif member.is_symlink or not member.is_file:
            raise sink.refuse(member.filename, "it is a link, or neither a file nor a folder")
        elif name in seen:
            raise sink.refuse(member.filename, "it comes twice")
        seen.add(name)
    writers = _writers(py7zr, sink)
    try:
        opened.extractall(sink.folder, factory=writers)
    finally:
        writers.close()


def _writers(py7zr: Any, sink: Sink) -> Any:
    """Return what py7zr asks for a stream for each member."""

    class Writer(py7zr.Py7zIO):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            self._held = ExitStack()
            self._stream = self._held.enter_context(sink.file(name))
            self._size = 0

        def write(self, block: bytes | bytearray) -> int:
            self._size += len(block)
            return self._stream.write(block)

        def read(self, size: int | None = None) -> bytes:
            raise OSError("this stream is for writing")

        def seek(self, offset: int, whence: int = 0) -> int:
            raise OSError("this stream is for writing from start to end")

        def seekable(self) -> bool:
            return False

        def flush(self) -> None:
            pass

        def size(self) -> int:
            return self._size

        def close(self) -> None:
            self._held.close()

    class Writers(py7zr.WriterFactory):  # type: ignore[misc]
        def __init__(self) -> None:
            self._made: list[Writer] = []

        def create(self, filename: str) -> Writer:
            self.close()  # the one before: members come one after the other
            self._made.append(Writer(Path(filename).relative_to(sink.folder).as_posix()))
            return self._made[-1]

        def close(self) -> None:
            while self._made:
                self._made.pop().close()

    return Writers()

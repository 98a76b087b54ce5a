"""Tar archives, plain or compressed by gzip, bzip2 or xz."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from mcbench.downloads.archives.sink import Sink

_OPENERS: tuple[tuple[bytes, Callable[[Path], object]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
)
_BLOCK = 512

DAMAGE = (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, ValueError, OSError)


def open_tar_stream(archive: Path) -> BinaryIO:
    """Open the uncompressed bytes of a tar; the compression is told by the first bytes, not by the name."""
    with archive.open("rb") as stream:
        start = stream.read(8)
    for magic, opener in _OPENERS:
        if start.startswith(magic):
            return cast(BinaryIO, opener(archive))
    return archive.open("rb")


def read_tar(archive: Path, sink: Sink) -> None:
    """Hand all members of a tar to `sink`.

    Raises:
        FileFormatError: a member is not safe, or is a device or the like.
        one of `DAMAGE`: the archive is damaged or cut off.
    """
    with open_tar_stream(archive) as stream, tarfile.open(fileobj=stream, mode="r:") as opened:
        while (member := opened.next()) is not None:
            _take(opened, member, sink)
            # tarfile remembers every member: a lot for a set of a million frames.
            opened.members = []  # type: ignore[attr-defined]
        # tarfile takes a cut or damaged header for the end: the real end is a block of zeros.
        stream.seek(opened.offset)
        if stream.read(_BLOCK) != bytes(_BLOCK):
            raise tarfile.ReadError("it has no end")
        while stream.read(1 << 20):
            pass  # the check sum of the compression comes last


def _take(opened: tarfile.TarFile, member: tarfile.TarInfo, sink: Sink) -> None:
    if member.isdir():
        sink.directory(member.name)
    elif member.issym():
        sink.link(member.name, member.linkname)
    elif member.islnk():
        sink.same_as(member.name, member.linkname)
    elif member.isreg():
        source = opened.extractfile(member)
        if source is None:
            raise tarfile.ReadError(f"{member.name!r} has no content")
        with source, sink.file(member.name) as target:
            shutil.copyfileobj(source, target, 1 << 20)
    else:
        raise sink.refuse(member.name, "it is a device, a pipe or the like")

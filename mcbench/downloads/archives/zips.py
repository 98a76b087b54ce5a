"""Zip archives."""

from __future__ import annotations

import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from mcbench.downloads.archives.sink import Sink
from mcbench.errors import FileFormatError

_LONGEST_LINK = 4096
_ENCRYPTED = 0x1
_LONGEST_END = (1 << 16) + 22 + 20

DAMAGE = (zipfile.BadZipFile, struct.error, zlib.error, EOFError, NotImplementedError, ValueError, OSError)


def read_zip(archive: Path, sink: Sink) -> None:
    """Hand all members of a zip to `sink`.

    Raises:
        FileFormatError: a member is not safe, encrypted, or of no usual kind.
        one of `DAMAGE`: the archive is damaged or cut off.
    """
    with zipfile.ZipFile(archive) as opened:
        members = opened.infolist()
        _check_count(archive, len(members))
        sink.expect(sum(member.file_size for member in members))
        for member in members:
            _take(opened, member, sink)


def _check_count(archive: Path, found: int) -> None:
    """Compare the number of members with what the end of the archive says.

    zipfile does not: a wrong length in its table makes it pass over members without a word.
    """
    with archive.open("rb") as stream:
        size = stream.seek(0, 2)
        begin = max(0, size - _LONGEST_END)
        stream.seek(begin)
        end = stream.read()
        place = end.rfind(b"PK\x05\x06")
        (told,) = struct.unpack_from("<H", end, place + 10)
        locator = end[max(0, place - 20) : place]
        if told == 0xFFFF and locator.startswith(b"PK\x06\x07"):
            stream.seek(struct.unpack_from("<Q", locator, 8)[0] + 32)
            (told,) = struct.unpack("<Q", stream.read(8))
            told &= 0xFFFF
    # Some programs write more members than two bytes can count, without the longer record.
    if told != found & 0xFFFF:
        raise zipfile.BadZipFile(f"its table has {found} members of {told}")


def _take(opened: zipfile.ZipFile, member: zipfile.ZipInfo, sink: Sink) -> None:
    # zipfile cuts a name off at a zero byte: what it cut is looked at here.
    name = member.orig_filename
    if member.flag_bits & _ENCRYPTED:
        raise FileFormatError(
            f"{sink.archive} is protected by a password", "unpack it yourself and give the folder with --from"
        )
    kind = stat.S_IFMT(member.external_attr >> 16)  # 0 where it was not made on Unix
    if member.is_dir() or name.endswith("\\"):
        sink.directory(name)
    elif kind == stat.S_IFLNK:
        if member.file_size > _LONGEST_LINK:
            raise sink.refuse(name, "it is a link with an overlong target")
        sink.link(name, opened.read(member).decode("utf-8"))
    elif kind in (0, stat.S_IFREG):
        with opened.open(member) as source, sink.file(name) as target:
            shutil.copyfileobj(source, target, 1 << 20)
    else:
        raise sink.refuse(name, "it is neither a file nor a folder")

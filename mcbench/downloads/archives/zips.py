"""Zip archives."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from pathlib import Path

from mcbench.downloads.archives.sink import Sink
from mcbench.errors import FileFormatError

_LONGEST_LINK = 4096
_ENCRYPTED = 0x1

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError)


def read_zip(archive: Path, sink: Sink) -> None:
    """Hand all members of a zip to `sink`.

    Raises:
        FileFormatError: a member is not safe, encrypted, or of no usual kind.
        one of `DAMAGE`: the archive is damaged or cut off.
    """
    with zipfile.ZipFile(archive) as opened:
        members = opened.infolist()
        sink.expect(sum(member.file_size for member in members))
        for member in members:
            _take(opened, member, sink)


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

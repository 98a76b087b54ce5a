"""Unpacking an archive into a folder that is whole or absent."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from mcbench import files
from mcbench.downloads.archives import tars, zips
from mcbench.downloads.archives.sevenzips import read_7z
from mcbench.downloads.archives.sink import Sink
from mcbench.downloads.kept import record_beside
from mcbench.downloads.records import ARCHIVE_SUFFIXES, REPORT_SUFFIX, FileRecord, UnpackReport
from mcbench.errors import FileFormatError, InputError, McbenchError

MAX_FILES = 5_000_000
_LEAST_LIMIT = 1 << 30
_RATIO_LIMIT = 100
"""Pictures and videos hardly get smaller in an archive, masks and tables up to some ten times."""


def unpacked(folder: Path) -> UnpackReport | None:
    """Return the report of a folder that an archive was unpacked into, or None where it is not here.

    Raises:
        FileFormatError: its report is damaged.
    """
    path = _report_path(folder)
    return UnpackReport.read(path) if folder.is_dir() and path.is_file() else None


def unpack_archive(
    archive: Path, folder: Path, *, max_bytes: int | None = None, max_files: int | None = None
) -> UnpackReport:
    """Unpack an archive, unless that has been done already.

    The folder appears whole or not at all; `FOLDER.unpacked.json` beside it says of which archive it is.
    The kind of archive is told by its content, not by its name. Only regular files and folders are
    written: a link to another member becomes a copy of it; links out, absolute names, names that lead
    upwards, double names and devices make the whole archive refused.

    Args:
        archive: zip, tar (plain, gzip, bzip2, xz) or 7z.
        folder: what takes its content; a folder that another version of the archive was unpacked into
            is replaced, any other is left alone.
        max_bytes: most that all files together may have; by default 100 times the archive's own size,
            but at least 1 GiB.
        max_files: most members; by default 5 million.

    Raises:
        FileFormatError: the archive is damaged, cut off, unsafe or too large when unpacked.
        DiskSpaceError: the disk has no room for it.
        InputError: there is no such file, a 7z archive needs py7zr, something else lies at `folder`, or it
            cannot be written to.
    """
    if not archive.is_file():
        raise InputError(f"there is no archive {archive}", "give the path of a zip, tar or 7z file")
    try:
        return _unpack(archive, folder, max_bytes, MAX_FILES if max_files is None else max_files)
    except OSError as error:  # damage of the archive has another name here
        raise InputError(
            f"cannot unpack {archive} to {folder}: {error.strerror or error}",
            "choose a folder that you may write to with --home or MCBENCH_HOME",
        ) from error


def _unpack(archive: Path, folder: Path, max_bytes: int | None, max_files: int) -> UnpackReport:
    with files.locked(folder):
        digest = _digest(archive)
        report = unpacked(folder)
        if report is not None and report.archive_sha256 == digest:
            return report
        reader = _reader(archive)
        if folder.exists() and not (report is not None and folder.is_dir()):
            raise InputError(
                f"{folder} is there already, and was not unpacked by mcbench",
                "move it away, or give another folder",
            )
        if report is not None:
            shutil.rmtree(folder)  # of another version; its report goes last, so that it stays known as ours
            _report_path(folder).unlink()
        n_bytes = archive.stat().st_size
        limit = max(_LEAST_LIMIT, _RATIO_LIMIT * n_bytes) if max_bytes is None else max_bytes
        with _scratch(folder) as temporary:
            sink = Sink(archive, temporary, limit, max_files)
            reader(archive, sink)
            sink.make_copies()
            done = UnpackReport(
                archive=archive.name,
                archive_bytes=n_bytes,
                archive_sha256=digest,
                n_files=sink.n_files,
                n_bytes=sink.n_bytes,
            )
            # Before the folder takes its name: a folder without a report would not be known as ours.
            done.write(_report_path(folder))
            temporary.replace(folder)
    return done


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder`, whose lock is held, and remove what is left of it.

    It has always the same name, so that what a killed process left, maybe many gigabytes, goes first.
    """
    scratch = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def is_archive(path: Path) -> bool:
    """Return whether a path is a file whose name says that `unpack_archive` reads it."""
    return path.name.lower().endswith(ARCHIVE_SUFFIXES) and path.is_file()


def _report_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{REPORT_SUFFIX}")


def _digest(archive: Path) -> str:
    """Return the sha256, from the record of the download where there is one."""
    path = record_beside(archive)
    if path.is_file():
        record = FileRecord.read(path)
        if record.n_bytes == archive.stat().st_size:
            return record.sha256
    return files.sha256_file(archive)


def is_archive_inside(path: Path) -> bool:
    """Return whether a file begins as an archive does that `unpack_archive` reads, whatever its name."""
    return _kind(path) is not None


def _kind(archive: Path) -> Literal["7z", "zip", "tar"] | None:
    with archive.open("rb") as stream:
        start = stream.read(8)
    if start.startswith(b"7z\xbc\xaf\x27\x1c"):
        return "7z"
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    return "tar" if _is_tar(archive) else None


def _reader(archive: Path) -> Callable[[Path, Sink], None]:
    kind = _kind(archive)
    if kind is None:
        raise FileFormatError(
            f"{archive} is no zip, tar or 7z archive, or its beginning is damaged",
            "remove it and fetch it again",
        )
    if kind == "7z":
        return read_7z
    if kind == "zip":
        return _telling_damage(zips.read_zip, zips.DAMAGE)
    return _telling_damage(tars.read_tar, tars.DAMAGE)


def _is_tar(archive: Path) -> bool:
    try:
        with tars.open_tar_stream(archive) as stream:
            header = stream.read(512)
    except tars.DAMAGE:
        return False
    return header[257:262] == b"ustar" or (len(header) == 512 and _old_checksum_fits(header))


def _old_checksum_fits(header: bytes) -> bool:
    """Whether a header is one of a tar from before POSIX, which has no magic number."""
    field = header[148:156].strip(b" \0")
    if not field or not set(field) <= set(b"01234567"):
        return False
    return int(field, 8) == sum(header) - sum(header[148:156]) + 8 * ord(" ")


def _telling_damage(
    reader: Callable[[Path, Sink], None], damage: tuple[type[Exception], ...]
) -> Callable[[Path, Sink], None]:
    def read(archive: Path, sink: Sink) -> None:
        try:
            reader(archive, sink)
        except McbenchError:
            raise
        except damage as error:
            raise FileFormatError(
                f"{archive} is damaged or cut off: {error or type(error).__name__}",
                "remove it and fetch it again",
            ) from error

    return read

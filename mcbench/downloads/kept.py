"""What lies in the folder of downloads: records, and files that a person put there."""

from __future__ import annotations

from pathlib import Path

from mcbench import files
from mcbench.downloads.records import RECORD_SUFFIX, FileRecord, RemoteFile
from mcbench.errors import DataMissingError, FileFormatError
from mcbench.records import now

BY_HAND = "by hand"
"""`FileRecord.url` of a file that was not fetched but found under its name."""


def record_path(file: RemoteFile, folder: Path) -> Path:
    """Return where the record of a file that is put into `folder` lies."""
    return record_beside(folder / file.name)


def record_beside(path: Path) -> Path:
    """Return where the record of a file that lies at `path` lies."""
    return path.with_name(f"{path.name}{RECORD_SUFFIX}")


def fetched(file: RemoteFile, folder: Path) -> FileRecord | None:
    """Return the record of a file that is in `folder`, or None where it has to be fetched.

    Opens no socket and reads no content: `verify_file` does.

    Raises:
        FileFormatError: its record is damaged.
    """
    record = kept_record(file, folder)
    target = folder / file.name
    if record is None or not target.is_file() or target.stat().st_size != record.n_bytes:
        return None
    if file.sha256 is None:
        return record
    # A digest that has been published since then proves it after all.
    return record.model_copy(update={"proof": "sha256"}) if record.sha256 == file.sha256 else None


def verify_file(file: RemoteFile, folder: Path) -> FileRecord:
    """Read a fetched file and compare it with its record and with what is known of it.

    Raises:
        DataMissingError: it is not here.
        FileFormatError: it is not what it was when it came.
    """
    record = fetched(file, folder)
    target = folder / file.name
    if record is None:
        raise DataMissingError(f"{target} is not here, or not the file that was fetched", "fetch it again")
    if (found := files.sha256_file(target)) != record.sha256:
        raise FileFormatError(
            f"{target} has changed since it came: sha256 {found}, not {record.sha256}",
            "remove it and fetch it again",
        )
    return record


def is_brought(file: RemoteFile, folder: Path) -> bool:
    """Whether what lies under a file's name is a person's, and not a damaged or outdated one of ours."""
    target = folder / file.name
    if not target.exists():
        return False
    if kept_record(file, folder) is None or not target.is_file():
        return True
    return file.sha256 is not None and files.sha256_file(target) == file.sha256


def adopt(file: RemoteFile, folder: Path, command: str) -> FileRecord:
    """Take a file that somebody put under its name, if it is the one meant.

    Raises:
        FileFormatError: it is another one; it is left where it is.
    """
    target = folder / file.name
    if not target.is_file():
        raise FileFormatError(f"{target} should be a file and is none", "move it away")
    hint = f"move it away, and run: {command}" if command else "move it away, and fetch the file again"
    n_bytes = target.stat().st_size
    if file.size is not None and n_bytes != file.size:
        raise FileFormatError(f"{target} has {n_bytes} bytes, not the {file.size} of the file meant", hint)
    found = files.sha256_file(target)
    if file.sha256 is not None and found != file.sha256:
        raise FileFormatError(f"{target} is not the file meant: sha256 {found}, not {file.sha256}", hint)
    return write_record(file, folder, url=BY_HAND, sha256=found, n_bytes=n_bytes)


def kept_record(file: RemoteFile, folder: Path) -> FileRecord | None:
    """Return the record of a file's last download, whether or not the file is still here.

    Raises:
        FileFormatError: the record is damaged.
    """
    path = record_path(file, folder)
    return FileRecord.read(path) if path.is_file() else None


def write_record(
    file: RemoteFile, folder: Path, *, url: str, sha256: str, n_bytes: int, etag: str | None = None
) -> FileRecord:
    """Write the record of a file that is whole and the one meant, and return it."""
    record = FileRecord(
        url=url,
        sha256=sha256,
        n_bytes=n_bytes,
        proof="unverified" if file.sha256 is None else "sha256",
        etag=etag,
        downloaded=now(),
    )
    record.write(record_path(file, folder))
    return record

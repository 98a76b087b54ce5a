"""Files that are whole or absent: atomic writes, hashes, locks and safe names.

A reader that finds a file under its final name may trust it: writers work under a temporary name in
the same folder, flush to disk and rename.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock
import platformdirs

from mcbench.errors import FileFormatError, InputError

_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@=-]{0,127}")
_TEMPORARY_PREFIX = ".partial-"


def home(folder: Path | None = None) -> Path:
    """Return mcbench's folder for prepared data and weights.

    `folder` if given, else the environment variable MCBENCH_HOME, else the user's cache folder.
    """
    if folder is not None:
        return folder.expanduser().absolute()
    if chosen := os.environ.get("MCBENCH_HOME"):
        return Path(chosen).expanduser().absolute()
    return Path(platformdirs.user_cache_dir("mcbench", appauthor=False))


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` that takes its name, whole, when the block ends well.

    The temporary file keeps the suffix of `path`, since many libraries choose a format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=_TEMPORARY_PREFIX, suffix="".join(path.suffixes[-1:]), dir=path.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _flush(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path` that takes its name when the block ends well.

    An existing folder at `path` is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=_TEMPORARY_PREFIX, dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.exists():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with Unix line ends, atomically."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` atomically."""
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed writer left directly in `folder`. Call it only while holding its lock."""
    for entry in folder.glob(f"{_TEMPORARY_PREFIX}*"):
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of `path` (a file beside it, named `.NAME.lock`) across processes and machines.

    Raises:
        InputError: another process holds the lock and `wait` is false.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path.parent / f".{path.name}.lock")
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except filelock.Timeout:
        raise InputError(
            f"another mcbench process is working on {path}",
            "wait for it to end, or stop it; the lock goes with the process",
        ) from None
    try:
        yield
    finally:
        lock.release()


def sha256_file(path: Path) -> str:
    """Return the sha256 of a file's bytes in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_text(text: str) -> str:
    """Return the sha256 of a text's UTF-8 bytes in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def safe_name(name: str, what: str = "name") -> str:
    """Return `name` if it can be one component of a path everywhere.

    Raises:
        InputError: it is empty, too long, starts with a dot, or holds other than letters, digits
            and `._+@=-`.
    """
    if not _SAFE_NAME.fullmatch(name):
        raise InputError(
            f"{name!r} cannot be used as a {what}",
            "use 1 to 128 letters, digits or the signs . _ + @ = - and start with a letter, digit or _",
        )
    return name


def parse_size(text: str) -> int:
    """Return the number of bytes that a text such as `500MB`, `20 GB` or `1.5GiB` names.

    Raises:
        InputError: it names none.
    """
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kKMGT]?)(i?)B?\s*", text)
    if match is None:
        raise InputError(f"{text!r} is no size", "give one such as 500MB or 20GB")
    number, prefix, binary = match.groups()
    factor: int = (1024 if binary else 1000) ** " KMGT".index(prefix.upper() or " ")
    return round(float(number) * factor)


def read_text(path: Path) -> str:
    """Read a UTF-8 text file.

    Raises:
        FileFormatError: the file is missing, unreadable or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path} is not UTF-8 text: {error}") from error
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror or error}") from error


def _flush(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _umask() -> int:
    # There is no way to read the mask without setting it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask

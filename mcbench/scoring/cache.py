"""What has been computed before, by content: features of frames, values of pairs, digests of folders.

An entry's name is the sha256 of everything that decides it (frames, network, preprocessing, versions), so an
entry is never out of date and never has to be looked over; one that is damaged counts as absent.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from mcbench import files
from mcbench.errors import InputError

Arrays = dict[str, NDArray[Any]]
DEFAULT_LIMIT = 10 * 2**30
"""Bytes that the cache may take."""
_VERSION = 1
"""Raised when code changes what an entry of the same name would hold."""
# A file that changed within the clock's own step of being read could change again unseen.
_SETTLED_NS = 50_000_000


@dataclass(frozen=True)
class Usage:
    """What the cache holds.

    Attributes:
        folder: where it lies.
        entries: number of files.
        n_bytes: their size.
    """

    folder: Path
    entries: int
    n_bytes: int


def content_key(kind: str, **parts: Any) -> str:
    """Return the name of an entry: the sha256 over its kind and all that decides it (JSON values)."""
    versions = {name: importlib.metadata.version(name) for name in ("torch", "numpy")}
    whole = {"kind": kind, "version": _VERSION, "packages": versions, **parts}
    return files.sha256_text(json.dumps(whole, sort_keys=True))


class ScoreCache:
    """A folder of entries. Safe for many processes: entries appear whole and are never changed.

    Args:
        folder: where entries lie, or None for a cache that keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def get(self, key: str) -> Arrays | None:
        """Return the arrays of an entry, or None where there is none or it is damaged."""
        if self.folder is None:
            return None
        path = self._path(key, "safetensors")
        try:
            with safe_open(path, framework="np") as entry:
                arrays: Arrays = {name: entry.get_tensor(name) for name in entry.keys()}  # noqa: SIM118
                digest = (entry.metadata() or {}).get("sha256")
        except (OSError, SafetensorError):
            return None
        if digest != _digest(arrays):
            path.unlink(missing_ok=True)
            return None
        _touch(path)
        return arrays

    def part(self, key: str, name: str) -> NDArray[Any] | None:
        """Return one array of an entry without reading or proving the others, or None."""
        if self.folder is None:
            return None
        try:
            with safe_open(self._path(key, "safetensors"), framework="np") as entry:
                found: NDArray[Any] = entry.get_tensor(name)
        except (OSError, SafetensorError):
            return None
        return found

    def put(self, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep arrays under a key.

        Raises:
            InputError: the folder cannot be written.
        """
        if self.folder is None:
            return
        whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        content = save(whole, metadata={"sha256": _digest(whole)})
        self._write(self._path(key, "safetensors"), content)

    def get_text(self, key: str) -> str | None:
        """Return the text of an entry, or None."""
        if self.folder is None:
            return None
        path = self._path(key, "json")
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        _touch(path)
        return text

    def put_text(self, key: str, text: str) -> None:
        """Keep a text under a key; raises as `put`."""
        if self.folder is not None:
            self._write(self._path(key, "json"), text.encode("utf-8"))

    def digest_of(self, path: Path, places: Sequence[int]) -> str | None:
        """Return the digest of frames of a folder or file that has not changed since it was computed.

        What tells a change is each file's name, size, times of change and place on disk, as in build tools.
        """
        if self.folder is None:
            return None
        text = self.get_text(_digest_key(path, places))
        if text is None:
            return None
        try:
            known = json.loads(text)
        except ValueError:
            return None
        signature, _ = _signature(path)
        return str(known["digest"]) if known.get("signature") == signature else None

    def remember_digest(self, path: Path, places: Sequence[int], digest: str, begun_ns: int) -> None:
        """Keep the digest of frames that were read from a folder or file.

        Args:
            path: what was read.
            places: of the frames in it.
            digest: of these frames.
            begun_ns: `time.time_ns()` before the first was read; nothing is kept where a file is younger.
        """
        if self.folder is None:
            return
        signature, newest_ns = _signature(path)
        if newest_ns + _SETTLED_NS < begun_ns:
            text = json.dumps({"signature": signature, "digest": digest})
            self.put_text(_digest_key(path, places), text)

    def usage(self) -> Usage:
        """Return how much the cache holds."""
        found = self._entries()
        return Usage(self.folder or Path(), len(found), sum(size for _, _, size in found))

    def prune(self, limit: int = DEFAULT_LIMIT) -> int:
        """Remove the entries that were used longest ago until the rest fits; return how many went."""
        found = sorted(self._entries())
        total, removed = sum(size for _, _, size in found), 0
        for _, path, size in found:
            if total <= limit:
                break
            path.unlink(missing_ok=True)
            total, removed = total - size, removed + 1
        return removed

    def _write(self, path: Path, content: bytes) -> None:
        try:
            files.write_bytes(path, content)
        except OSError as error:
            raise InputError(
                f"cannot write to the cache {self.folder}: {error.strerror or error}",
                "free some space, choose another folder with MCBENCH_HOME, or score with --no-cache",
            ) from error

    def _entries(self) -> list[tuple[int, Path, int]]:
        """Return (time of last use, path, size) of every entry."""
        if self.folder is None or not self.folder.is_dir():
            return []
        found = []
        for path in self.folder.glob("??/*"):
            try:
                status = path.stat()
            except OSError:
                continue  # removed by another process
            found.append((status.st_mtime_ns, path, status.st_size))
        return found

    def _path(self, key: str, suffix: str) -> Path:
        assert self.folder is not None
        return self.folder / key[:2] / f"{key[2:]}.{suffix}"


def cache_folder(home: Path | None = None) -> Path:
    """Return the folder of the cache in mcbench's home."""
    return files.home(home) / "cache"


def limit_from_environment() -> int:
    """Return the bytes that the cache may take: MCBENCH_CACHE_LIMIT, such as `20GB`, or the default.

    Raises:
        InputError: the variable holds no size.
    """
    text = os.environ.get("MCBENCH_CACHE_LIMIT")
    return files.parse_size(text) if text else DEFAULT_LIMIT


def now_ns() -> int:
    """Return the time that `remember_digest` wants."""
    return time.time_ns()


def _digest(arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def _digest_key(path: Path, places: Sequence[int]) -> str:
    return content_key("digest", path=str(path.resolve()), places=list(places))


def _signature(path: Path) -> tuple[str, int]:
    """Return what changes when a file of a folder, or a file, is written, and the youngest change (ns)."""
    entries = sorted(path.iterdir()) if path.is_dir() else [path]
    lines, newest = [], 0
    for entry in entries:
        status = entry.stat()
        newest = max(newest, status.st_mtime_ns, status.st_ctime_ns)
        lines.append(
            f"{entry.name} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}\n"
        )
    return files.sha256_text("".join(lines)), newest


def _touch(path: Path) -> None:
    try:
        os.utime(path)
    except OSError:
        return  # a cache that is only readable still serves

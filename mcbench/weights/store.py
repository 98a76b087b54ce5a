"""The folder of weights: what is in it, how a file gets in, whether it is still what it was.

A file `NAME` counts as present once its record `NAME.json` lies beside it; the record is written last.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcbench import files
from mcbench.errors import FileFormatError, WeightsMissingError
from mcbench.records import Record, Sha256, now
from mcbench.weights import trunks
from mcbench.weights.catalogue import CATALOGUE, Check, Entry, Manual, entry

Proof = Literal["sha256", "sha256-start", "git-blob", "tensors", "unverified"]


class Installed(Record):
    """`NAME.json`: a file of weights in mcbench's folder, and what proves it."""

    name: str
    file_name: str
    n_bytes: int
    sha256: Sha256
    """Of the file as it lies in the folder. Scores record this one."""
    proof: Proof
    """The check that it passed when it came in; `unverified` where its authors published none."""
    origin: str
    """URL, package or file name that it came from."""
    origin_sha256: Sha256
    """Of the file as it came; it differs where mcbench keeps another form (the trunks of LPIPS)."""
    added: str


@dataclass(frozen=True)
class Present:
    """Weights that are here: where, and the sha256 of the file."""

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class State:
    """What is known of one entry on this machine; `installed` is None where it is not here."""

    entry: Entry
    path: Path
    installed: Installed | None


def folder(home: Path | None = None) -> Path:
    """Return the folder of weights."""
    return files.home(home) / "weights"


def find(name: str, home: Path | None = None) -> Path:
    """Return the path of weights.

    Raises:
        InputError: no such name.
        WeightsMissingError: they are not here; the hint is the command that gets them.
    """
    return present(name, home, check=False).path


def present(name: str, home: Path | None = None, *, check: bool = True) -> Present:
    """Return weights that are here, after a look at whether their bytes are still the recorded ones.

    Args:
        name: from the catalogue.
        home: mcbench's folder.
        check: compare the file's sha256 with its record (a second for the largest).

    Raises:
        InputError: no such name.
        WeightsMissingError: they are not here, or have changed since they came.
    """
    item = entry(name)
    installed = _installed(item, home)
    path = folder(home) / item.file_name
    if installed is None or not path.is_file():
        where = f"; {item.source.instructions}, then" if isinstance(item.source, Manual) else "; to get them"
        raise WeightsMissingError(
            f"the weights {name} ({item.published_as[0]}) are not on this machine",
            f"{item.description}{where}: {item.get_command}",
        )
    if check and files.sha256_file(path) != installed.sha256:
        raise WeightsMissingError(
            f"{path} is not the file that was added: its sha256 has changed",
            f"remove it and run: {item.get_command}",
        )
    return Present(name, path, installed.sha256)


def is_present(name: str, home: Path | None = None) -> bool:
    """Return whether weights are here; their bytes are not looked at."""
    item = entry(name)
    return _installed(item, home) is not None and (folder(home) / item.file_name).is_file()


def add(name: str, file: Path, home: Path | None = None, *, origin: str | None = None) -> Installed:
    """Check a file and take a copy of it into the folder of weights.

    Args:
        name: from the catalogue.
        file: what the user has; for the trunks of LPIPS torchvision's file or any other with its names.
        home: mcbench's folder.
        origin: where the file came from, if not from the user's disk.

    Raises:
        InputError: no such name.
        FileFormatError: the file is missing, or is not the one meant; the message tells both digests.
    """
    item = entry(name)
    if not file.is_file():
        raise FileFormatError(f"there is no file {file}", f"mcbench weights add {name} FILE")
    if item.trunk_of_lpips:
        return install_trunk(item, trunks.read_trunk(file, item.trunk_of_lpips), file, home, origin)
    proof = _prove(item, file)
    return _install(item, proof, file, lambda target: shutil.copyfile(file, target), home, origin)


def install_trunk(
    item: Entry, tensors: trunks.Tensors, file: Path, home: Path | None, origin: str | None
) -> Installed:
    """Check a trunk's tensors and write them in the kept form; `file` is what they came from.

    Raises:
        FileFormatError: they are other tensors than LPIPS has.
    """
    digest = trunks.tensors_sha256(tensors)
    if not any(check == Check("tensors", digest) for check in item.checks):
        raise FileFormatError(
            f"{file.name} holds other tensors than the trunk of LPIPS (digest {digest}, "
            f"not {item.checks[0].digest})",
            f"run: {item.get_command}",
        )
    return _install(item, "tensors", file, lambda target: trunks.write_trunk(tensors, target), home, origin)


def verify(name: str, home: Path | None = None) -> Installed:
    """Compare a present file with its record and with the catalogue's digests.

    Raises:
        InputError, WeightsMissingError: as `present`.
        FileFormatError: the file is whole but not the one meant.
    """
    item = entry(name)
    there = present(name, home)
    if item.trunk_of_lpips:
        digest = trunks.tensors_sha256(trunks.read_trunk(there.path, item.trunk_of_lpips))
        if digest not in {check.digest for check in item.checks}:
            raise FileFormatError(f"{there.path} holds other tensors than LPIPS", f"run: {item.get_command}")
    else:
        _prove(item, there.path)
    installed = _installed(item, home)
    assert installed is not None  # `present` has just read it
    return installed


def states(home: Path | None = None) -> list[State]:
    """Return what is known of every entry of the catalogue; reads records, not weights."""
    found = []
    for item in CATALOGUE.values():
        path = folder(home) / item.file_name
        found.append(State(item, path, _installed(item, home) if path.is_file() else None))
    return found


def _installed(item: Entry, home: Path | None) -> Installed | None:
    record = _record_path(item, home)
    return Installed.read(record) if record.is_file() else None


def _record_path(item: Entry, home: Path | None) -> Path:
    return folder(home) / f"{item.name}.json"


def _prove(item: Entry, file: Path) -> Proof:
    if not item.checks:
        return "unverified"
    seen = {}
    for check in item.checks:
        seen[check.kind] = _digest(check.kind, file)
        partly = check.kind == "sha256-start" and seen[check.kind].startswith(check.digest)
        if partly or seen[check.kind] == check.digest:
            return check.kind
    told = "; ".join(f"{check.kind} {seen[check.kind]}, not {check.digest}" for check in item.checks)
    raise FileFormatError(f"{file} is not {item.published_as[0]}: {told}", f"run: {item.get_command}")


def _digest(kind: str, file: Path) -> str:
    if kind in ("sha256", "sha256-start"):
        return files.sha256_file(file)
    # git's name of a file: sha1 over a small header and the bytes.
    digest = hashlib.sha1(f"blob {file.stat().st_size}\0".encode(), usedforsecurity=False)
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _install(
    item: Entry,
    proof: Proof,
    file: Path,
    write: Callable[[Path], object],
    home: Path | None,
    origin: str | None,
) -> Installed:
    target = folder(home) / item.file_name
    # One lock for the folder, since leftovers of all its files are cleared.
    with files.locked(folder(home) / "weights"):
        files.remove_leftovers(target.parent)
        _record_path(item, home).unlink(missing_ok=True)
        with files.atomic_file(target) as temporary:
            write(temporary)
        record = Installed(
            name=item.name,
            file_name=item.file_name,
            n_bytes=target.stat().st_size,
            sha256=files.sha256_file(target),
            proof=proof,
            origin=origin or file.name,
            origin_sha256=files.sha256_file(file),
            added=now(),
        )
        record.write(_record_path(item, home))
    return record

"""Weights of baselines: fetched, or found in a folder of the user's; hashed once, looked at before each run.

They lie in HOME/baselines/weights/ID as the method's spec places them, or wherever the user has them. The
record HOME/baselines/weights/ID.json says where each file is and what its sha256 was; a file that has another
size or time since is hashed again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mcbench import files
from mcbench.baselines.spec import Spec, WeightsFile
from mcbench.downloads import fetch_file, verify_file
from mcbench.errors import InputError, McbenchError, WeightsMissingError
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Part, Record, Sha256


class FoundFile(Part):
    """One file of weights on this machine."""

    name: str
    path: str
    sha256: Sha256
    n_bytes: int
    changed_ns: int
    """Time of its last change, which tells whether it has to be hashed again."""
    proof: Literal["sha256", "unverified", "other"]
    """`sha256`: it is the published file; `unverified`: the spec knows no sha256; `other`: it has another."""


class FoundWeights(Record):
    """Where the weights of a method lie."""

    method: str
    folder: str
    """What the paths of the spec are relative to."""
    files: tuple[FoundFile, ...] = ()


def weights_folder(spec: Spec, home: Path | None = None) -> Path:
    """Return the folder that mcbench fetches a method's weights to."""
    return files.home(home) / "baselines" / "weights" / files.safe_name(spec.id)


def install_weights(
    spec: Spec,
    home: Path | None = None,
    *,
    folder: Path | None = None,
    allow_other: bool = False,
    offline: bool | None = None,
    progress: Progress | None = None,
) -> FoundWeights:
    """Bring the weights of a method here, or take those of a folder, and record what they are.

    Args:
        spec: the method's.
        home: mcbench's folder.
        folder: holds the files at the paths that the spec gives; nothing is fetched or copied.
        allow_other: take files of another hash than the spec's; records and tables say so.
        offline: forbid the network.
        progress: told of the MiB.

    Raises:
        WeightsMissingError: a file is missing, or of another hash or size; the hint says what to do.
        InputError: `folder` is none.
        NetworkError, DiskSpaceError: it cannot be fetched.
    """
    if folder is not None and not folder.is_dir():
        raise InputError(f"--weights: there is no folder {folder}")
    there = weights_folder(spec, home) if folder is None else folder.expanduser().absolute()
    record = _record_path(spec, home)
    with files.locked(record):
        record.unlink(missing_ok=True)
        if folder is None:
            for file in spec.weights:
                _fetch(spec, file, there, offline, progress or SilentProgress())
        found = FoundWeights(
            method=spec.id,
            folder=str(there),
            files=tuple(_identified(spec, file, there, allow_other) for file in spec.weights),
        )
        found.write(record)
    return found


def find_weights(spec: Spec, home: Path | None = None) -> FoundWeights:
    """Return where the weights of a method lie, after a look at whether they still are what they were.

    Raises:
        WeightsMissingError: they are not installed, gone or changed; the hint is the command that mends it.
    """
    if not spec.weights:
        return FoundWeights(method=spec.id, folder=str(weights_folder(spec, home)))
    path = _record_path(spec, home)
    if not path.is_file():
        raise WeightsMissingError(f"the weights of {spec.id} are not here", _command(spec))
    found = FoundWeights.read(path)
    by_name = {each.name: each for each in found.files}
    for file in spec.weights:
        if file.name not in by_name:
            raise WeightsMissingError(f"{spec.id} needs the weights {file.name}, too", _command(spec))
        _check_unchanged(spec, by_name[file.name])
    return found


def is_ready(spec: Spec, home: Path | None = None) -> bool:
    """Return whether the weights of a method are here."""
    try:
        find_weights(spec, home)
    except McbenchError:
        return False
    return True


def _fetch(spec: Spec, file: WeightsFile, folder: Path, offline: bool | None, progress: Progress) -> None:
    command = f"mcbench baselines install {spec.id}"
    if not file.url and not (folder / file.remote.name).is_file():
        raise _missing(spec, file, folder)
    fetch_file(file.remote, folder, offline=offline, command=command, progress=progress)
    verify_file(file.remote, folder)


def _identified(spec: Spec, file: WeightsFile, folder: Path, allow_other: bool) -> FoundFile:
    path = folder / file.remote.name
    if not path.is_file():
        raise _missing(spec, file, folder)
    state = path.stat()
    digest = files.sha256_file(path)
    differs = file.sha256 is not None and digest != file.sha256
    if differs and not allow_other:
        raise WeightsMissingError(
            f"{path} is not {file.name} of {spec.id}: sha256 {digest}, not {file.sha256}",
            f"get the published file, or, to run with other weights: {_command(spec)} --weights "
            f"{folder} --allow-other-weights",
        )
    return FoundFile(
        name=file.name,
        path=str(path),
        sha256=digest,
        n_bytes=state.st_size,
        changed_ns=state.st_mtime_ns,
        proof="unverified" if file.sha256 is None else "other" if differs else "sha256",
    )


def _check_unchanged(spec: Spec, found: FoundFile) -> None:
    path = Path(found.path)
    if not path.is_file():
        raise WeightsMissingError(f"{path}, weights of {spec.id}, is gone", _command(spec))
    state = path.stat()
    if (state.st_size, state.st_mtime_ns) == (found.n_bytes, found.changed_ns):
        return
    if state.st_size != found.n_bytes or files.sha256_file(path) != found.sha256:
        raise WeightsMissingError(
            f"{path}, weights of {spec.id}, has changed since it was installed", _command(spec)
        )


def _missing(spec: Spec, file: WeightsFile, folder: Path) -> WeightsMissingError:
    how = file.manual or (
        f"it is at {file.url}" if file.url else "the spec does not say where it is to be had"
    )
    return WeightsMissingError(
        f"{file.remote.name}, weights of {spec.id}, is not in {folder}",
        f"{how}; with the file in a folder run: {_command(spec)} --weights DIR",
    )


def _command(spec: Spec) -> str:
    return f"mcbench baselines install {spec.id}"


def _record_path(spec: Spec, home: Path | None) -> Path:
    folder = weights_folder(spec, home)
    return folder.with_name(f"{folder.name}.json")


def forget_weights(spec: Spec, home: Path | None = None) -> None:
    """Forget where a method's weights lie; files that mcbench fetched stay, and are found again."""
    _record_path(spec, home).unlink(missing_ok=True)

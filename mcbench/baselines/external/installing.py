"""What of a method is on this machine: its environment and its code, whole behind a record, or not at all."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcbench import files
from mcbench.baselines.external import repository
from mcbench.baselines.external.builders import python_of
from mcbench.baselines.external.containers.building import PYTHON
from mcbench.baselines.external.containers.left import remove_left
from mcbench.baselines.external.containers.record import ContainerImage
from mcbench.baselines.external.containers.running import Container, find_container
from mcbench.baselines.external.environment import Builder, build, check_builder
from mcbench.baselines.spec import Spec
from mcbench.downloads import is_offline
from mcbench.errors import DataMissingError, DiskSpaceError, FileFormatError, InputError, McbenchError
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Record, now

READY, FAILED, LOG = "installed.json", "failed.json", "install.log"
_HASH_DIGITS = 12
_WAIT = "another process is installing it; waiting for it"


class InstallRecord(Record):
    """`installed.json`: written last, so its presence says that environment and code are whole."""

    method: str
    builder: str
    """What made the environment; empty where the method runs in mcbench's own."""
    packages: tuple[str, ...] = ()
    """What is installed, as `NAME==VERSION`."""
    image: ContainerImage | None = None
    """What holds the environment, where that is a container's."""
    commit: str | None = None
    """Of the repository."""
    repository_from: str = ""
    """The address or folder that it came from."""
    installed: str


class InstallFailure(Record):
    """`failed.json`: why the last attempt to install failed; its log lies beside it."""

    method: str
    reason: str
    failed: str


@dataclass(frozen=True)
class Installation:
    """Where a method's program runs.

    Attributes:
        python: the interpreter.
        repository: the clone, where the spec has one.
        record: None for a method that needs no installing.
        container: where the interpreter is, unless that is this machine.
    """

    python: Path
    repository: Path | None
    record: InstallRecord | None
    container: Container | None = None


@dataclass(frozen=True)
class InstallState:
    """What is to be said of a method's installation."""

    state: Literal["ready", "not installed", "failed", "needs none"]
    reason: str = ""


def needs_installing(spec: Spec) -> bool:
    """Return whether a method has an environment or a repository of its own."""
    return spec.environment is not None or spec.repository is not None


def installation_folder(spec: Spec, home: Path | None = None) -> Path:
    """Return where a method is installed; another environment or commit is another folder."""
    parts = (spec.environment, spec.repository)
    key = "\n".join("none" if part is None else part.model_dump_json() for part in parts)
    name = f"{files.safe_name(spec.id)}-{files.sha256_text(key)[:_HASH_DIGITS]}"
    return files.home(home) / "baselines" / name


def find_installation(spec: Spec, home: Path | None = None) -> Installation:
    """Return a method's installation, after a look at whether its code is that of the pinned commit.

    Raises:
        DataMissingError: it is not installed, or not whole; the hint is the command that does it.
        InputError: it is in a container, and the engine does not answer.
        MismatchError: its clone holds other code.
    """
    if not needs_installing(spec):
        return Installation(Path(sys.executable), None, None)
    folder = installation_folder(spec, home)
    record = _ready(folder)
    again = f"mcbench baselines install {spec.id}"
    if record is None:
        failure = _failure(folder)
        why = f": the last attempt failed, {failure.reason}" if failure else ""
        raise DataMissingError(f"{spec.id} is not installed{why}", again)
    container = find_container(record.image, f"{again} --again") if record.image else None
    python = _python(spec, folder, container)
    if container is None and not python.exists():
        raise DataMissingError(f"the environment of {spec.id} has lost its {python}", f"{again} --again")
    clone = folder / "repository" if spec.repository else None
    if spec.repository and clone:
        repository.check_unchanged(spec.repository, clone, f"{again} --again")
    return Installation(python, clone, record, container)


def install_record(spec: Spec, home: Path | None = None) -> InstallRecord | None:
    """Return the record of a method's installation, or None where there is no whole one."""
    return _ready(installation_folder(spec, home)) if needs_installing(spec) else None


def install(
    spec: Spec,
    home: Path | None = None,
    *,
    source: Path | None = None,
    builder: Builder = "auto",
    base: str = "",
    again: bool = False,
    offline: bool | None = None,
    progress: Progress | None = None,
) -> InstallRecord | None:
    """Build a method's environment and clone its code, unless both are there.

    One process does it and others wait. What a failed or killed attempt made is removed but for its log.

    Args:
        spec: the method's.
        home: mcbench's folder.
        source: a local clone to take the code from.
        builder: what makes the environment.
        base: the image that a container starts from; empty for the official one of the spec's Python.
        again: make it anew, even if it is there.
        offline: forbid the network for the clone and the image.
        progress: told of the steps.

    Returns:
        the record; None for a method that needs no installing.

    Raises:
        InputError: it is here, made by another builder than the one asked for, or that is not here.
        InputError, NetworkError, WorkerError, DiskSpaceError: a step failed; `failed.json` says so too.
    """
    if not needs_installing(spec):
        return None
    shown = progress or SilentProgress()
    folder = installation_folder(spec, home)
    with _alone(folder, shown, spec):
        if not again and (record := _ready(folder)) is not None:
            _check_as_asked(spec, record, builder, base)
            return record
        if spec.environment:
            check_builder(builder, base)
        return _install(spec, folder, source, (builder, base), is_offline(offline), shown)


def install_state(spec: Spec, home: Path | None = None) -> InstallState:
    """Return what is to be said of a method's installation, from its records alone."""
    if not needs_installing(spec):
        return InstallState("needs none")
    folder = installation_folder(spec, home)
    if _ready(folder) is not None:
        return InstallState("ready")
    failure = _failure(folder)
    return InstallState("failed", failure.reason) if failure else InstallState("not installed")


def remove(spec: Spec, home: Path | None = None) -> list[Path]:
    """Remove all installations of a method, those of older specs too; return their folders.

    Raises:
        InputError: another process is at work on one; or its image is in an engine that does not answer.
        WorkerError: the image is in use.
    """
    folder = installation_folder(spec, home)
    pattern = f"{files.safe_name(spec.id)}-{'[0-9a-f]' * _HASH_DIGITS}"
    removed = []
    for each in sorted(folder.parent.glob(pattern)):
        with files.locked(each, wait=False):
            remove_left(each)
            (each / READY).unlink(missing_ok=True)
            shutil.rmtree(each)
        removed.append(each)
    return removed


@contextmanager
def _alone(folder: Path, progress: Progress, spec: Spec) -> Iterator[None]:
    """Hold the lock of an installation, saying so when another process has to be waited for."""
    with ExitStack() as held:
        try:
            held.enter_context(files.locked(folder, wait=False))
        except InputError:
            progress.message(f"{spec.id}: {_WAIT}")
            held.enter_context(files.locked(folder))
        yield


def _check_as_asked(spec: Spec, record: InstallRecord, builder: Builder, base: str) -> None:
    made_from = record.image.base if record.image else ""
    if record.builder and (builder not in ("auto", record.builder) or base not in ("", made_from)):
        raise InputError(
            f"{spec.id} is installed already, by {record.builder}{made_from and f' from {made_from}'}",
            "to make it anew, add --again",
        )


def _python(spec: Spec, folder: Path, container: Container | None) -> Path:
    if container is not None:
        return PYTHON
    return python_of(folder) if spec.environment else Path(sys.executable)


def _install(
    spec: Spec,
    folder: Path,
    source: Path | None,
    builder: tuple[Builder, str],
    offline: bool,
    progress: Progress,
) -> InstallRecord:
    _remove_old(spec, folder, progress)
    try:
        folder.mkdir(parents=True)
        log = folder / LOG
        log.touch()
        progress.start(f"installing {spec.id}", 2)
        if spec.repository:
            repository.clone(spec.repository, folder / "repository", source, log, offline)
        progress.advance()
        built = None
        if spec.environment:
            name, base = builder
            built = build(
                spec.id, spec.environment, folder, log, name,
                drivers=bool(spec.driver), base=base, offline=offline,
            )  # fmt: skip
        progress.advance()
        record = InstallRecord(
            method=spec.id,
            builder=built.builder if built else "",
            packages=built.packages if built else (),
            image=built.image if built else None,
            commit=spec.repository.commit if spec.repository else None,
            repository_from="" if spec.repository is None else str(source or spec.repository.url),
            installed=now(),
        )
        record.write(folder / READY)
    except BaseException as error:
        _give_up(spec, folder, error)
        if isinstance(error, OSError):
            raise DiskSpaceError(
                f"cannot install {spec.id} in {folder}: {error.strerror or error}",
                "make room, or choose another disk with --home or MCBENCH_HOME",
            ) from error
        raise
    return record


def _remove_old(spec: Spec, folder: Path, progress: Progress) -> None:
    """Remove what a killed or failed attempt left, or what is to be made anew.

    An image in an engine that has gone stays there: that is no reason to install nothing.
    """
    try:
        remove_left(folder)
    except McbenchError as error:
        progress.message(f"{spec.id}: an image of it stays: {error.in_one_line}")
    shutil.rmtree(folder, ignore_errors=True)


def _give_up(spec: Spec, folder: Path, error: BaseException) -> None:
    """Remove what was made, keep the log, and write down why."""
    with suppress(McbenchError):  # what went wrong first is to be told; the note stays for the next attempt
        remove_left(folder)
    for name in ("venv", "repository"):
        shutil.rmtree(folder / name, ignore_errors=True)
    if not folder.is_dir():
        return
    try:
        InstallFailure(method=spec.id, reason=_reason(error), failed=now()).write(folder / FAILED)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)  # the disk takes not even that


def _reason(error: BaseException) -> str:
    if isinstance(error, McbenchError):
        return error.message
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "it was stopped"
    return f"{type(error).__name__}: {error}"


def _ready(folder: Path) -> InstallRecord | None:
    path = folder / READY
    if not path.is_file():
        return None
    try:
        return InstallRecord.read(path)
    except FileFormatError:
        return None  # of another version of mcbench, or damaged: to be made again


def _failure(folder: Path) -> InstallFailure | None:
    path = folder / FAILED
    if not path.is_file():
        return None
    try:
        return InstallFailure.read(path)
    except FileFormatError:
        return None

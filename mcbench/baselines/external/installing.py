"""What of a method is on this machine: its environment and its code, whole behind a record, or not at all."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcbench import files
from mcbench.baselines.external import environment, repository
from mcbench.baselines.external.environment import Builder
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
    """

    python: Path
    repository: Path | None
    record: InstallRecord | None


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
    python = environment.python_of(folder / "venv") if spec.environment else Path(sys.executable)
    if not python.exists():
        raise DataMissingError(f"the environment of {spec.id} has lost its {python}", f"{again} --again")
    clone = folder / "repository" if spec.repository else None
    if spec.repository and clone:
        repository.check_unchanged(spec.repository, clone, f"{again} --again")
    return Installation(python, clone, record)


def install(
    spec: Spec,
    home: Path | None = None,
    *,
    source: Path | None = None,
    builder: Builder = "auto",
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
        again: make it anew, even if it is there.
        offline: forbid the network for the clone.
        progress: told of the steps.

    Returns:
        the record; None for a method that needs no installing.

    Raises:
        InputError, NetworkError, WorkerError, DiskSpaceError: a step failed; `failed.json` says so too.
    """
    if not needs_installing(spec):
        return None
    shown = progress or SilentProgress()
    folder = installation_folder(spec, home)
    with _alone(folder, shown, spec):
        if not again and (record := _ready(folder)) is not None:
            return record
        return _install(spec, folder, source, builder, is_offline(offline), shown)


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
    """Remove all installations of a method, those of older specs too; return their folders."""
    folder = installation_folder(spec, home)
    pattern = f"{files.safe_name(spec.id)}-{'[0-9a-f]' * _HASH_DIGITS}"
    removed = []
    for each in sorted(folder.parent.glob(pattern)):
        with files.locked(each, wait=False):
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


def _install(
    spec: Spec, folder: Path, source: Path | None, builder: Builder, offline: bool, progress: Progress
) -> InstallRecord:
    shutil.rmtree(folder, ignore_errors=True)  # what a killed or failed attempt left
    try:
        folder.mkdir(parents=True)
        log = folder / LOG
        log.touch()
        progress.start(f"installing {spec.id}", 2)
        if spec.repository:
            repository.clone(spec.repository, folder / "repository", source, log, offline)
        progress.advance()
        built, packages = "", tuple[str, ...]()
        if spec.environment:
            built, packages = environment.build(
                spec.environment, folder / "venv", log, builder, drivers=bool(spec.driver)
            )
        progress.advance()
        record = InstallRecord(
            method=spec.id,
            builder=built,
            packages=packages,
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


def _give_up(spec: Spec, folder: Path, error: BaseException) -> None:
    """Remove what was made, keep the log, and write down why."""
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

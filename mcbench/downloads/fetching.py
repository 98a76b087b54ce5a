"""Fetching a file: what is here already, what is allowed, one process at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mcbench import files
from mcbench.downloads.download import Download, Task
from mcbench.downloads.kept import adopt, fetched, is_brought
from mcbench.downloads.meter import Meter
from mcbench.downloads.offline import OFFLINE_VARIABLE, is_offline
from mcbench.downloads.records import FileRecord, RemoteFile
from mcbench.downloads.settings import DEFAULT_SETTINGS, DownloadSettings
from mcbench.errors import DataMissingError, InputError, NetworkError
from mcbench.progress import Progress, SilentProgress

_LOOK_AGAIN = 0.2
"""Seconds between looks at a lock that another process holds."""


def fetch_file(
    file: RemoteFile,
    folder: Path,
    *,
    offline: bool | None = None,
    command: str = "",
    progress: Progress | None = None,
    settings: DownloadSettings = DEFAULT_SETTINGS,
) -> FileRecord:
    """Bring a file into a folder, unless it is there already.

    Goes on where an earlier call, in this process or another, was interrupted; tries the mirrors in
    turn; gives the file its name only when its size and sha256 are right. A file without a published
    sha256 is recorded as it first comes and held to that afterwards. A file that somebody put under
    its name is checked and taken. Several processes may ask for one file: one of them brings it.

    Args:
        file: what to get, and where.
        folder: where `file.name` goes.
        offline: forbid the network; MCBENCH_OFFLINE does too.
        command: what the user types to fetch it, for messages.
        progress: told of the MiB.
        settings: how patient to be.

    Raises:
        NetworkError: offline, or no mirror gave the file; the message tells what each said.
        DataMissingError: no program may fetch it; the hint says how a person gets it.
        FileFormatError: what came, or lies under its name, is not the file meant.
        DiskSpaceError: the disk has no room for it.
        InputError: a mirror needs a package that is not installed; the hint is the line to type; or the
            folder cannot be written to.
    """
    shown = progress or SilentProgress()
    meter = Meter(file.name, shown, threading.Event())
    return fetch_task(Task(file, folder, is_offline(offline), command, shown, meter, settings))


def fetch_task(task: Task) -> FileRecord:
    """Bring one file as `fetch_file` does."""
    if record := fetched(task.file, task.folder):
        return record
    try:
        return _bring(task)
    except OSError as error:  # the network's troubles have other names here: this is the disk's
        raise InputError(
            f"cannot write {task.file.name} to {task.folder}: {error.strerror or error}",
            "choose a folder that you may write to with --home or MCBENCH_HOME",
        ) from error


def _bring(task: Task) -> FileRecord:
    if not task.target.exists():
        _check_allowed(task)
    with _alone(task):
        if record := fetched(task.file, task.folder):
            return record  # another process has brought it meanwhile
        if is_brought(task.file, task.folder):
            return adopt(task.file, task.folder, task.command)
        _check_allowed(task)
        return Download(task).run()


def _check_allowed(task: Task) -> None:
    """Refuse, before anything is opened or written, what cannot be fetched."""
    if not task.file.urls:
        raise DataMissingError(
            f"{task.file.name} cannot be fetched by a program",
            task.file.manual or "the manifest names no address of it",
        )
    if task.offline:
        again = f"unset {OFFLINE_VARIABLE}, leave out --offline, and run the same again"
        if task.command:
            again = (
                f"on a machine with network, or without {OFFLINE_VARIABLE} and --offline, run: {task.command}"
            )
        raise NetworkError(f"{task.file.name} has to be fetched, and mcbench is offline", again)


@contextmanager
def _alone(task: Task) -> Iterator[None]:
    """Hold the lock of a file, saying so when another process has to be waited for."""
    with ExitStack() as held:
        told = False
        while True:
            try:
                held.enter_context(files.locked(task.target, wait=False))
                break
            except InputError:
                if not told:
                    task.progress.message(f"{task.file.name}: another process is fetching it; waiting for it")
                    told = True
                task.meter.wait(_LOOK_AGAIN)
        yield

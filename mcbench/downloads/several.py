"""Fetching several files at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from mcbench.downloads.download import Task
from mcbench.downloads.fetching import fetch_task
from mcbench.downloads.meter import Meter
from mcbench.downloads.offline import is_offline
from mcbench.downloads.partial import Partial
from mcbench.downloads.records import Failure, FetchReport, FileRecord, RemoteFile
from mcbench.downloads.settings import DEFAULT_SETTINGS, DownloadSettings
from mcbench.downloads.space import check_space
from mcbench.errors import InputError, McbenchError
from mcbench.progress import Progress, SilentProgress


def fetch_files(
    wanted: Sequence[RemoteFile],
    folder: Path,
    *,
    jobs: int = 4,
    offline: bool | None = None,
    command: str = "",
    progress: Progress | None = None,
    settings: DownloadSettings = DEFAULT_SETTINGS,
) -> FetchReport:
    """Bring several files into a folder, `jobs` at a time; one that fails does not stop the others.

    Args:
        wanted: the files; their names differ.
        folder: where they go.
        jobs: downloads at a time.
        offline: forbid the network; MCBENCH_OFFLINE does too.
        command: what the user types to fetch them, for messages.
        progress: told of the MiB where all sizes are known, else of the files; of those only that can come,
            and of what has come only.
        settings: how patient to be.

    Raises:
        InputError: two files have one name, or `jobs` is below 1.
        DiskSpaceError: the disk has no room for all whose size is known; nothing has been fetched then.
    """
    if jobs < 1:
        raise InputError(f"{jobs} downloads at a time bring nothing", "give --jobs 1 or more")
    names = [file.name for file in wanted]
    if len(set(names)) != len(names):
        double = next(name for index, name in enumerate(names) if name in names[:index])
        raise InputError(f"two files are called {double}", "give each file of the manifest its own name")
    forbidden = is_offline(offline)
    if not forbidden:
        check_space(folder, sum(_bytes_to_come(file, folder) for file in wanted), "what is to be fetched")
    shown = _OneAtATime(progress or SilentProgress())
    stage = _Stage([file for file in wanted if _can_come(file, folder, forbidden)], shown)
    records: dict[str, FileRecord] = {}
    failures: dict[str, Failure] = {}
    silent: set[str] = set()
    with _stoppable(jobs) as (pool, stop):
        running: dict[Future[FileRecord], RemoteFile] = {}
        for file in wanted:
            meter = Meter(file.name, shown, stop, stage.counter(file))
            task = Task(file, folder, forbidden, command, shown, meter, settings, silent)
            running[pool.submit(fetch_task, task)] = file
        for future in as_completed(running):
            file = running[future]
            try:
                records[file.name] = future.result()
                stage.done(file)
            except McbenchError as error:
                failures[file.name] = Failure(message=error.message, hint=error.hint)
                shown.message(f"{file.name}: {error.message}")
    return FetchReport(
        records={name: records[name] for name in names if name in records},
        failures={name: failures[name] for name in names if name in failures},
    )


def _can_come(file: RemoteFile, folder: Path, forbidden: bool) -> bool:
    return (folder / file.name).is_file() or (bool(file.urls) and not forbidden)


def _bytes_to_come(file: RemoteFile, folder: Path) -> int:
    target = folder / file.name
    if file.size is None or not file.urls or target.is_file():
        return 0
    return max(0, file.size - Partial(target).size)


@contextmanager
def _stoppable(jobs: int) -> Iterator[tuple[ThreadPoolExecutor, threading.Event]]:
    """Yield a pool whose downloads end soon, keeping what they have, when an error leaves the block."""
    stop = threading.Event()
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="download")
    try:
        yield pool, stop
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


class _OneAtATime:
    """A `Progress` that several threads may call."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = threading.Lock()

    def start(self, label: str, total: int) -> None:
        """Begin a stage."""
        with self._lock:
            self._progress.start(label, total)

    def advance(self, units: int = 1) -> None:
        """Count units."""
        with self._lock:
            self._progress.advance(units)

    def note(self, text: str) -> None:
        """Show a few words."""
        with self._lock:
            self._progress.note(text)

    def message(self, text: str) -> None:
        """Tell the user one line."""
        with self._lock:
            self._progress.message(text)


class _Stage:
    """The stage of several files: counted in MiB where all sizes are known, else in files."""

    def __init__(self, wanted: Sequence[RemoteFile], progress: Progress) -> None:
        self._progress = progress
        self._in_bytes = bool(wanted) and all(file.size is not None for file in wanted)
        # What one file has brought so far; each is touched by one thread, and by the last when it has ended.
        self._came = {file.name: 0 for file in wanted}
        if self._in_bytes:
            progress.start("fetching (MiB)", sum(_mebibytes(file) for file in wanted))
        elif wanted:
            progress.start("fetching (files)", len(wanted))

    def counter(self, file: RemoteFile) -> Callable[[int], None]:
        def count(mebibytes: int) -> None:
            if self._in_bytes:
                self._came[file.name] += mebibytes
                self._progress.advance(mebibytes)

        return count

    def done(self, file: RemoteFile) -> None:
        """Count the rest of a file that is here now: all of one that was here already."""
        rest = _mebibytes(file) - self._came[file.name] if self._in_bytes else 1
        self._progress.advance(rest)


def _mebibytes(file: RemoteFile) -> int:
    return (file.size or 0) >> 20

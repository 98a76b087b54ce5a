"""One file from its mirrors: each asked for as long as it helps, and the content proved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from mcbench import files
from mcbench.downloads import gdrive, kaggle, youtube
from mcbench.downloads.archives.unpack import is_archive_inside
from mcbench.downloads.http import Browser, is_page
from mcbench.downloads.kept import kept_record, record_path, write_record
from mcbench.downloads.meter import Meter
from mcbench.downloads.partial import Partial, PartialState
from mcbench.downloads.records import FileRecord, RemoteFile
from mcbench.downloads.settings import DownloadSettings
from mcbench.downloads.transfer import Address, transfer
from mcbench.downloads.trouble import PackageMissingError, PassingError, RefusedError, WrongContentError
from mcbench.errors import FileFormatError, InputError, McbenchError, NetworkError
from mcbench.progress import Progress

_SNIFFED = 1024


@dataclass(frozen=True)
class Task:
    """A file to bring, and all that decides how.

    Attributes:
        file: what to get.
        folder: where it goes.
        offline: whether the network is forbidden.
        command: what the user types to fetch it.
        progress: told of what a person should know.
        meter: told of the bytes, and says when to stop.
        settings: how patient to be.
        silent: the sites that have given nothing in all their tries, for this file or another: each file
            asks them once more, since hundreds of files would wait long for a network that is down.
    """

    file: RemoteFile
    folder: Path
    offline: bool
    command: str
    progress: Progress
    meter: Meter
    settings: DownloadSettings
    silent: set[str] = field(default_factory=set)

    @property
    def target(self) -> Path:
        """The path that the file takes."""
        return self.folder / self.file.name


class Download:
    """The download of one file, by the one process that holds its lock.

    Args:
        task: what to do.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._file = task.file
        self._partial = Partial(task.target)
        kept = kept_record(task.file, task.folder)
        self._expected = task.file.sha256 or (kept.sha256 if kept else None)

    def run(self) -> FileRecord:
        """Try the mirrors in turn until one gives the file.

        Raises:
            NetworkError: none did.
            FileFormatError: none did, and one gave another file.
            InputError: all need packages that are not installed.
        """
        told: list[tuple[str, Exception]] = []
        for mirror in self._file.urls:
            try:
                return self._from_mirror(mirror)
            except (PassingError, RefusedError) as error:
                told.append((mirror, error))
        raise self._failure(told)

    def _failure(self, told: list[tuple[str, Exception]]) -> McbenchError:
        """Return the error that tells what each mirror said."""
        missing = [error for _, error in told if isinstance(error, PackageMissingError)]
        if len(missing) == len(told):
            return InputError(missing[0].reason, missing[0].hint)
        again = f"run: {self._task.command}" if self._task.command else "run the same again"
        hints = [
            f"{again}; it goes on where it stopped",
            *(error.hint for error in missing),
            self._file.manual,
        ]
        wrong = any(isinstance(error, WrongContentError) for _, error in told)
        kind = FileFormatError if wrong else NetworkError
        reasons = "; ".join(f"{mirror}: {error}" for mirror, error in told)
        return kind(f"could not fetch {self._file.name} from {reasons}", "; or: ".join(filter(None, hints)))

    def _from_mirror(self, mirror: str) -> FileRecord:
        """Ask one mirror again and again, for as long as it brings something new."""
        browser = Browser(self._task.settings.timeout)
        furthest, failures = self._partial.size, 0
        while True:
            try:
                sure = self._attempt(mirror, browser)
                self._task.silent.discard(_site(mirror))
                return self._finish(mirror, sure)
            except PassingError as error:
                here = self._partial.size
                failures = 1 if here > furthest else failures + 1
                furthest = max(here, furthest)
                if failures >= (1 if _site(mirror) in self._task.silent else self._task.settings.tries):
                    self._task.silent.add(_site(mirror))
                    raise
                self._task.meter.wait(self._task.settings.pause(failures, error.wait))

    def _attempt(self, mirror: str, browser: Browser) -> bool:
        scheme = mirror.partition(":")[0].lower()
        if scheme == "youtube":
            self._partial.begin(PartialState(mirror=mirror))
            youtube.download(mirror, self._partial.path, self._task.meter, self._task.settings)
            return True
        if scheme == "gdrive":
            address = gdrive.locate(mirror, browser, self._task.settings)
        elif scheme == "kaggle":
            address = kaggle.locate(mirror, self._file.name)
        else:
            address = Address(mirror, mirror)
        return transfer(browser, address, self._partial, self._file, self._task.meter, self._task.settings)

    def _finish(self, mirror: str, sure: bool) -> FileRecord:
        """Prove the content, write the record and give the file its name."""
        found = files.sha256_file(self._partial.path)
        n_bytes = self._partial.size
        if reason := self._not_a_file():
            self._partial.discard()
            raise RefusedError(reason)
        if found != (self._expected or found) or n_bytes != (self._file.size or n_bytes):
            self._partial.discard()
            if not sure:
                raise PassingError("what came is cut off, or mixed of different versions of the file")
            raise WrongContentError(self._difference(found, n_bytes))
        state = self._partial.state()
        # The record first: a file under its name always has one, and a record alone does no harm.
        record = write_record(
            self._file,
            self._task.folder,
            url=mirror,
            sha256=found,
            n_bytes=n_bytes,
            etag=state.etag if state else None,
        )
        self._partial.become(self._task.target)
        return record

    def _not_a_file(self) -> str:
        """Return what came instead of the file, where its beginning shows it; nothing where all is well."""
        with self._partial.path.open("rb") as stream:
            if is_page(None, stream.read(_SNIFFED), self._file.name):
                return "it gave a web page instead of the file"
        if self._file.unpack and not is_archive_inside(self._partial.path):
            return "it gave something else than an archive"
        return ""

    def _difference(self, found: str, n_bytes: int) -> str:
        if self._file.size is not None and n_bytes != self._file.size:
            return f"what it gave has {n_bytes} bytes, not {self._file.size}"
        if self._file.sha256 is not None:
            return f"what it gave is not the file: sha256 {found}, not {self._file.sha256}"
        return (
            f"it gives another file than when it was first fetched: sha256 {found}, not {self._expected}; to "
            f"take the new one, remove {record_path(self._file, self._task.folder).name}"
        )


def _site(mirror: str) -> str:
    return urlsplit(mirror).netloc or mirror.partition(":")[0]

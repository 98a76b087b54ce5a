"""Fetching files: what is here already, mirrors in turn, proof before a file takes its name."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from mcbench import files
from mcbench.downloads import gdrive, kaggle, youtube
from mcbench.downloads.archives.unpack import is_archive_inside
from mcbench.downloads.http import Browser, is_page
from mcbench.downloads.meter import Meter
from mcbench.downloads.offline import OFFLINE_VARIABLE, is_offline
from mcbench.downloads.partial import Partial, PartialState
from mcbench.downloads.records import FileRecord, Proof, RemoteFile
from mcbench.downloads.settings import DEFAULT_SETTINGS, DownloadSettings
from mcbench.downloads.transfer import Address, transfer
from mcbench.downloads.trouble import PackageMissingError, PassingError, RefusedError, WrongContentError
from mcbench.errors import DataMissingError, FileFormatError, InputError, McbenchError, NetworkError
from mcbench.progress import Progress, SilentProgress

BY_HAND = "by hand"
"""`FileRecord.url` of a file that was not fetched but found under its name."""
_SNIFFED = 1024


def record_path(file: RemoteFile, folder: Path) -> Path:
    """Return where the record of a file that is put into `folder` lies."""
    target = folder / file.name
    return target.with_name(f"{target.name}.download.json")


def fetched(file: RemoteFile, folder: Path) -> FileRecord | None:
    """Return the record of a file that is in `folder`, or None where it has to be fetched.

    Opens no socket and reads no content: `verify_file` does.

    Raises:
        FileFormatError: its record is damaged.
    """
    record = _kept_record(file, folder)
    target = folder / file.name
    if record is None or not target.is_file() or target.stat().st_size != record.n_bytes:
        return None
    if file.sha256 is not None and record.sha256 != file.sha256:
        return None
    return record


def verify_file(file: RemoteFile, folder: Path) -> FileRecord:
    """Read a fetched file and compare it with its record and with what is known of it.

    Raises:
        DataMissingError: it is not here.
        FileFormatError: it is not what it was when it came.
    """
    record = fetched(file, folder)
    target = folder / file.name
    if record is None:
        raise DataMissingError(f"{target} is not here, or not the file that was fetched", "fetch it again")
    if (found := files.sha256_file(target)) != record.sha256:
        raise FileFormatError(
            f"{target} has changed since it came: sha256 {found}, not {record.sha256}",
            "remove it and fetch it again",
        )
    return record


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
        InputError: a mirror needs a package that is not installed; the hint is the line to type.
    """
    shown = progress or SilentProgress()
    meter = Meter(file.name, shown, threading.Event())
    return fetch_with(file, folder, is_offline(offline), command, meter, shown, settings, set())


def fetch_with(
    file: RemoteFile,
    folder: Path,
    offline: bool,
    command: str,
    meter: Meter,
    progress: Progress,
    settings: DownloadSettings,
    silent: set[str],
) -> FileRecord:
    """Bring one file as `fetch_file` does, with a meter of the caller's; `offline` is decided.

    `silent` holds the sites that have given nothing in all their tries, for this file or another: they
    are asked once more by each file, since hundreds of files would wait long for a network that is down.
    """
    if record := fetched(file, folder):
        return record
    target = folder / file.name
    if not target.exists():
        _check_allowed(file, offline, command)
    with _alone(target, file, progress):
        if record := fetched(file, folder):
            return record  # another process has brought it meanwhile
        if target.exists() and _kept_record(file, folder) is None:
            return _adopt(file, target, folder, command)
        _check_allowed(file, offline, command)
        return _Download(file, folder, command, meter, settings, silent).run()


def _check_allowed(file: RemoteFile, offline: bool, command: str) -> None:
    """Refuse, before anything is opened or written, what cannot be fetched."""
    if not file.urls:
        raise DataMissingError(
            f"{file.name} cannot be fetched by a program",
            file.manual or "the manifest names no address of it",
        )
    if offline:
        again = f"on a machine with network, or without {OFFLINE_VARIABLE} and --offline, run: {command}"
        raise NetworkError(
            f"{file.name} has to be fetched, and mcbench is offline",
            again if command else f"unset {OFFLINE_VARIABLE}, leave out --offline, and run the same again",
        )


@contextmanager
def _alone(target: Path, file: RemoteFile, progress: Progress) -> Iterator[None]:
    """Hold the lock of a file, saying so when another process has to be waited for."""
    with ExitStack() as held:
        try:
            held.enter_context(files.locked(target, wait=False))
        except InputError:
            progress.message(f"{file.name}: another process is fetching it; waiting for it")
            held.enter_context(files.locked(target))
        yield


def _kept_record(file: RemoteFile, folder: Path) -> FileRecord | None:
    path = record_path(file, folder)
    return FileRecord.read(path) if path.is_file() else None


def _adopt(file: RemoteFile, target: Path, folder: Path, command: str) -> FileRecord:
    """Take a file that somebody put under its name, if it is the one meant."""
    if not target.is_file():
        raise FileFormatError(f"{target} should be a file and is none", "move it away")
    hint = f"move it away, and run: {command}" if command else "move it away, and fetch the file again"
    n_bytes = target.stat().st_size
    if file.size is not None and n_bytes != file.size:
        raise FileFormatError(f"{target} has {n_bytes} bytes, not the {file.size} of the file meant", hint)
    found = files.sha256_file(target)
    if file.sha256 is not None and found != file.sha256:
        raise FileFormatError(f"{target} is not the file meant: sha256 {found}, not {file.sha256}", hint)
    record = _record(BY_HAND, found, n_bytes, _proof(file), None)
    record.write(record_path(file, folder))
    return record


def _site(mirror: str) -> str:
    return urlsplit(mirror).netloc or mirror.partition(":")[0]


def _proof(file: RemoteFile) -> Proof:
    return "unverified" if file.sha256 is None else "sha256"


def _record(url: str, sha256: str, n_bytes: int, proof: Proof, etag: str | None) -> FileRecord:
    return FileRecord(
        url=url,
        sha256=sha256,
        n_bytes=n_bytes,
        proof=proof,
        etag=etag,
        downloaded=datetime.now(UTC).isoformat(timespec="seconds"),
    )


class _Download:
    """The download of one file, by the one process that holds its lock."""

    def __init__(
        self,
        file: RemoteFile,
        folder: Path,
        command: str,
        meter: Meter,
        settings: DownloadSettings,
        silent: set[str],
    ) -> None:
        self._silent = silent
        self._file = file
        self._folder = folder
        self._command = command
        self._meter = meter
        self._settings = settings
        self._target = folder / file.name
        self._partial = Partial(self._target)
        kept = _kept_record(file, folder)
        self._expected = file.sha256 or (kept.sha256 if kept else None)

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
        again = f"run: {self._command}" if self._command else "run the same again"
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
        browser = Browser(self._settings.timeout)
        furthest, failures = self._partial.size, 0
        while True:
            try:
                sure = self._attempt(mirror, browser)
                self._silent.discard(_site(mirror))
                return self._finish(mirror, sure)
            except PassingError as error:
                here = self._partial.size
                failures = 1 if here > furthest else failures + 1
                furthest = max(here, furthest)
                if failures >= (1 if _site(mirror) in self._silent else self._settings.tries):
                    self._silent.add(_site(mirror))
                    raise
                self._meter.wait(self._settings.pause(failures, error.wait))

    def _attempt(self, mirror: str, browser: Browser) -> bool:
        scheme = mirror.partition(":")[0].lower()
        if scheme == "youtube":
            self._partial.begin(PartialState(mirror=mirror))
            youtube.download(mirror, self._partial.path, self._meter, self._settings)
            return True
        if scheme == "gdrive":
            address = gdrive.locate(mirror, browser, self._settings)
        elif scheme == "kaggle":
            address = kaggle.locate(mirror, self._file.name)
        else:
            address = Address(mirror, mirror)
        return transfer(browser, address, self._partial, self._file, self._meter, self._settings)

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
        record = _record(mirror, found, n_bytes, _proof(self._file), state.etag if state else None)
        # The record first: a file under its name always has one, and a record alone does no harm.
        record.write(record_path(self._file, self._folder))
        self._partial.become(self._target)
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
            f"take the new one, remove {record_path(self._file, self._folder).name}"
        )

"""One attempt to bring a file, or the rest of it, over http."""

from __future__ import annotations

import errno
import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mcbench.downloads.http import Browser, content_length, content_range, is_page
from mcbench.downloads.meter import Meter
from mcbench.downloads.partial import Partial, PartialState, state_of
from mcbench.downloads.records import RemoteFile
from mcbench.downloads.settings import DownloadSettings
from mcbench.downloads.space import check_space, free_bytes, readable
from mcbench.downloads.trouble import PassingError, RefusedError, StaleRangeError, WrongContentError
from mcbench.errors import DiskSpaceError

_BLOCK = 1 << 18
_GZIPPED = (".gz", ".tgz")
"""Some servers call the packing of these files an encoding, though they send them as they are."""


@dataclass(frozen=True)
class Address:
    """Where a mirror's bytes lie just now.

    Attributes:
        mirror: the address that the manifest names; `url` may differ from one attempt to the next.
        url: http or https.
        headers: to be sent along.
    """

    mirror: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


def transfer(
    browser: Browser,
    address: Address,
    partial: Partial,
    wanted: RemoteFile,
    meter: Meter,
    settings: DownloadSettings,
) -> bool:
    """Make `partial` whole, going on where it ends if the server still has the same version.

    Args:
        browser: asks the server.
        address: where to ask.
        partial: what is here.
        wanted: the file; its sha256 is not looked at here, but its being known allows to go on with a
            part whose version the server cannot prove.
        meter: told of the bytes.
        settings: how patient to be.

    Returns:
        Whether the content is surely the mirror's file: all bytes came in this attempt, and its end was
        known. Else they may be of two versions, or cut off, and a wrong sha256 is reason to begin anew.

    Raises:
        PassingError, RefusedError: no whole file came; what came is kept for the next attempt where it
            may be of use.
        DiskSpaceError: the disk has no room for the rest.
    """
    state = partial.state()
    have = partial.size if state is not None and _can_resume(state, address, wanted) else 0
    if state is not None and have and state.total == have:
        return False  # an earlier process was stopped between the last byte and the name
    headers = dict(address.headers)
    if state is not None and have:
        headers["Range"] = f"bytes={have}-"
        if state.validator and state.mirror == address.mirror:
            headers["If-Range"] = state.validator
    try:
        answer = browser.open(address.url, headers)
    except StaleRangeError as error:
        partial.discard()
        raise PassingError("the part that was here did not belong to the file") from error
    with answer:
        start, total = _begin(answer, have, state, partial, address, wanted)
        _receive(answer, start, total, partial, wanted, meter, settings)
        return start == 0 and (total is not None or answer.chunked)


def _can_resume(state: PartialState, address: Address, wanted: RemoteFile) -> bool:
    if wanted.sha256 is not None:
        return True  # a mixture of two versions would be found out
    return state.mirror == address.mirror and state.validator is not None


def _begin(
    answer: http.client.HTTPResponse,
    have: int,
    state: PartialState | None,
    partial: Partial,
    address: Address,
    wanted: RemoteFile,
) -> tuple[int, int | None]:
    """Check an answer's headers and prepare the partial file.

    Returns:
        Where in the file the answer's bytes begin, and the file's size where it is known.
    """
    if is_page(answer.headers.get("Content-Type"), b"", wanted.name):
        raise RefusedError("it gave a web page instead of the file")
    packed = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if packed not in ("", "identity") and not wanted.name.endswith(_GZIPPED):
        raise RefusedError(f"it gave the file packed as {packed}, which it was asked not to do")
    if answer.status == 206:
        if state is None or not have:
            raise RefusedError("it gave a part of the file when asked for all of it")
        total = _resumed(answer, have, state, partial, address)
    else:
        total = content_length(answer.headers)
        have = 0
    if None not in (total, wanted.size) and total != wanted.size:
        raise WrongContentError(f"its file has {total} bytes, not {wanted.size}")
    total = wanted.size if total is None else total
    if total is None and not answer.chunked and wanted.sha256 is None:
        raise RefusedError(
            "the server does not tell the file's length, so that a broken connection could not be told from "
            "the end; the manifest has to name its size or sha256"
        )
    check_space(partial.path.parent, (total or 0) - have, wanted.name)
    if not have:
        partial.begin(state_of(address.mirror, answer.headers, total))
    return have, total


def _resumed(
    answer: http.client.HTTPResponse, have: int, state: PartialState, partial: Partial, address: Address
) -> int | None:
    """Return the size of the file whose rest an answer brings, where it is the one that is here in part."""
    found = content_range(answer.headers)
    now = state_of(address.mirror, answer.headers, None)
    if found is not None and found[0] == have and not state.contradicts(now):
        _, last, total = found
        total = state.total if total is None else total
        if state.total in (None, total) and total in (None, last + 1):
            return total
    partial.discard()
    raise PassingError("the server went on with another version or place of the file")


def _receive(
    answer: http.client.HTTPResponse,
    start: int,
    total: int | None,
    partial: Partial,
    wanted: RemoteFile,
    meter: Meter,
    settings: DownloadSettings,
) -> None:
    meter.expect(total)
    got = start
    pace = _Pace(settings)
    with partial.path.open("ab" if start else "wb") as stream:
        meter.at(got)
        while block := _read(answer):
            got += len(block)
            if total is not None and got > total:
                break
            try:
                # Flushed block by block, so that a killed process leaves what it had got.
                stream.write(block)
                stream.flush()
            except OSError as error:
                raise disk_trouble(error, partial.path, wanted) from error
            meter.at(got)
            pace.count(len(block))
    if total is not None and got > total:
        partial.discard()
        raise WrongContentError(f"it gave more than the {total} bytes of the file")
    if total is not None and got < total:
        raise PassingError(f"the connection ended after {got} of {total} bytes")


def _read(answer: http.client.HTTPResponse) -> bytes:
    """Return what has come, at most a block; nothing at the end."""
    try:
        return answer.read1(_BLOCK)
    except TimeoutError as error:
        raise PassingError("the server fell silent") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise PassingError(f"the connection broke: {error or type(error).__name__}") from error


def disk_trouble(error: OSError, path: Path, wanted: RemoteFile) -> Exception:
    """Return what a failure to write means: a full disk is for the user to mend."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskSpaceError(
            f"the disk is full: {wanted.name} could not be written to {path.parent} "
            f"({readable(free_bytes(path.parent))} left)",
            "make room and run the same command again, it goes on where it stopped",
        )
    return error


class _Pace:
    """Breaks off a download that crawls, since its connection is likely to be a bad one."""

    def __init__(self, settings: DownloadSettings) -> None:
        self._settings = settings
        self._since = time.monotonic()
        self._bytes = 0

    def count(self, n_bytes: int) -> None:
        self._bytes += n_bytes
        now = time.monotonic()
        if now - self._since < self._settings.slow_window:
            return
        if self._bytes < self._settings.slow_bytes:
            raise PassingError(f"the server crawls: {self._bytes} bytes in {now - self._since:.0f} s")
        self._since, self._bytes = now, 0

"""Whether an address still gives its file, found out without fetching it."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from mcbench.downloads import gdrive, kaggle, youtube
from mcbench.downloads.http import Browser, content_length, content_range, is_page
from mcbench.downloads.offline import is_offline
from mcbench.downloads.records import LinkState, check_url
from mcbench.downloads.settings import DEFAULT_SETTINGS, DownloadSettings
from mcbench.downloads.transfer import Address
from mcbench.downloads.trouble import PassingError, RefusedError, StaleRangeError
from mcbench.records import now


def check_link(
    url: str, *, offline: bool | None = None, settings: DownloadSettings = DEFAULT_SETTINGS
) -> LinkState:
    """Ask once whether an address still gives its file; at most one byte of it is fetched.

    `present`: it does. `missing`: its server says that there is no such file. `dead`: there is no such
    server. `unknown`: it could not be told; the reason says why (offline, a login, a busy server, a
    package that is not installed).

    Args:
        url: of any scheme that `fetch_file` knows.
        offline: open no socket, and answer `unknown`; MCBENCH_OFFLINE does too.
        settings: how patient to be; one attempt is made.

    Raises:
        InputError: the address has a form that mcbench does not know.
    """
    check_url(url)
    if is_offline(offline):
        return _state(url, "unknown", "offline")
    try:
        n_bytes = _ask(url, settings)
    except RefusedError as error:
        return _state(url, "missing" if error.gone else "unknown", str(error))
    except PassingError as error:
        return _state(url, "dead" if error.no_host else "unknown", str(error))
    except StaleRangeError:
        return _state(url, "present", n_bytes=0)  # no first byte: an empty file
    return _state(url, "present", n_bytes=n_bytes)


def _state(
    url: str,
    state: Literal["present", "missing", "dead", "unknown"],
    reason: str = "",
    n_bytes: int | None = None,
) -> LinkState:
    return LinkState(url=url, state=state, reason=reason, n_bytes=n_bytes, checked=now())


def _ask(url: str, settings: DownloadSettings) -> int | None:
    """Return the file's size where it is told."""
    scheme = url.partition(":")[0].lower()
    if scheme == "youtube":
        return youtube.look_up(url, settings)
    browser = Browser(settings.timeout)
    if scheme == "gdrive":
        return _first_byte(gdrive.locate(url, browser, settings), browser)
    if scheme == "kaggle":
        return _first_byte(kaggle.locate(url, f"{url}.zip"), browser)
    try:
        with browser.open(url, method="HEAD") as answer:
            _refuse_page(answer.headers.get("Content-Type"), url)
            return content_length(answer.headers)
    except RefusedError as error:
        if error.gone:
            raise
    # Some servers know no HEAD.
    return _first_byte(Address(url, url), browser)


def _first_byte(address: Address, browser: Browser) -> int | None:
    with browser.open(address.url, {**address.headers, "Range": "bytes=0-0"}) as answer:
        _refuse_page(answer.headers.get("Content-Type"), address.url)
        if answer.status == 200:
            return content_length(answer.headers)
        found = content_range(answer.headers)
        return found[2] if found else None


def _refuse_page(content_type: str | None, url: str) -> None:
    if is_page(content_type, b"", urlsplit(url).path):
        raise RefusedError("it gives a web page instead of a file")

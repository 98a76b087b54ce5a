"""One question to one http server, and what its answer means for a download."""

from __future__ import annotations

import email.utils
import http.client
import http.cookiejar
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message

from mcbench.downloads.trouble import PassingError, RefusedError, StaleRangeError

_USER_AGENT = "mcbench"
_PASSING = {408, 425, 429}  # and everything from 500 up
_PAGE_TYPES = ("text/html", "application/xhtml+xml")
_PAGE_START = re.compile(
    rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", re.I | re.S
)


class Browser:
    """Asks http servers; keeps cookies for as long as it lives, follows redirects, reads no local files.

    Args:
        timeout: seconds for a connection and for each answer that brings nothing.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPRedirectHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            urllib.request.UnknownHandler(),
        ):
            self._opener.add_handler(handler)

    def open(
        self, url: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
    ) -> http.client.HTTPResponse:
        """Return the answer of a server that has what was asked for.

        Raises:
            PassingError: no answer, or one that asks to come again later.
            RefusedError: the server does not give it.
            StaleRangeError: it has no such range.
        """
        # Compressed on the way, a file's length and ranges would be those of other bytes.
        sent = {"User-Agent": _USER_AGENT, "Accept-Encoding": "identity", **(headers or {})}
        request = urllib.request.Request(url, headers=sent, method=method)
        try:
            answer = self._opener.open(request, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            with error:
                raise _trouble(error.code, error.headers, str(error.reason)) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise no_answer(error) from error
        assert isinstance(answer, http.client.HTTPResponse)
        if answer.status not in (200, 206):
            with answer:
                raise PassingError(f"the server answered {answer.status} {answer.reason}")
        return answer


def is_page(content_type: str | None, start: bytes, name: str) -> bool:
    """Return whether an answer is a web page where the file `name` was asked for.

    Args:
        content_type: the header, if any.
        start: the first bytes of the answer, or nothing where only the header is known.
        name: of the file; a file that is itself a page may be one.
    """
    if name.endswith((".html", ".htm", ".xhtml")):
        return False
    said = (content_type or "").partition(";")[0].strip().lower() in _PAGE_TYPES
    return said or _PAGE_START.match(start) is not None


def content_length(headers: Message) -> int | None:
    """Return the Content-Length of an answer, or None where it has none that is a number."""
    value = headers.get("Content-Length", "").strip()
    return int(value) if value.isascii() and value.isdigit() else None


def content_range(headers: Message) -> tuple[int, int, int | None] | None:
    """Return (first, last, total or None) of a Content-Range, or None where it has none of that form."""
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", headers.get("Content-Range", "").strip())
    if match is None:
        return None
    first, last, total = match.groups()
    return int(first), int(last), None if total == "*" else int(total)


def _trouble(code: int, headers: Message, reason: str) -> Exception:
    told = f"the server answered {code} {reason}".rstrip()
    if code == 416:
        return StaleRangeError(told)
    if code in _PASSING or code >= 500:
        return PassingError(told, wait=_retry_after(headers))
    return RefusedError(told, gone=code in (404, 410))


def _retry_after(headers: Message) -> float | None:
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    date = email.utils.parsedate_tz(value) if value else None
    try:
        return None if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())
    except (ValueError, OverflowError):  # a day that no calendar has
        return None


def no_answer(error: Exception) -> PassingError | RefusedError:
    """Return what a failure to get any answer means for the download."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return RefusedError(f"its certificate is not trusted: {cause.verify_message}")
    if isinstance(cause, TimeoutError):
        return PassingError("the server did not answer in time")
    if isinstance(cause, socket.gaierror):
        # A machine without network says EAI_AGAIN; EAI_NONAME is the answer of a name server.
        return PassingError("there is no such host", no_host=cause.errno == socket.EAI_NONAME)
    if isinstance(cause, ValueError | str):
        return RefusedError(str(cause))
    return PassingError(f"no answer: {getattr(cause, 'strerror', None) or cause or type(cause).__name__}")

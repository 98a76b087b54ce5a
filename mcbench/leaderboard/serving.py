"""The page and the videos beside it over HTTP, for this machine alone.

A page that is opened as a file does all that it does over HTTP. A server is for browsers that are elsewhere:
through a tunnel, or in a container.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote, urlsplit

from mcbench.errors import InputError

LOOPBACK = "127.0.0.1"
# No HTML but the page itself: a results folder may hold what other programs have written there.
_TYPES = {
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".json": "application/json",
    ".jsonl": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
}
_PAGE_TYPES = _TYPES | {".html": "text/html; charset=utf-8"}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_CHUNK = 1 << 18


@dataclass(frozen=True)
class _Part:
    """Which bytes of a file to send: from `first` to before `end`."""

    first: int
    end: int
    whole: bool


class PageServer(ThreadingHTTPServer):
    """Serves pages from memory and files below a folder on 127.0.0.1. `serve_forever` runs it."""

    daemon_threads = True

    def __init__(self, root: Path, pages: Mapping[str, str], port: int = 0) -> None:
        """Listen, without answering yet.

        Args:
            root: folder whose videos, pictures and records may be read.
            pages: name -> text of what is served from memory, at the same paths; `index.html` is also `/`.
            port: 0 takes any free one.

        Raises:
            InputError: the port cannot be listened on.
        """
        self.root = root.resolve()
        self.pages = {name: text.encode() for name, text in pages.items()}
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except (OSError, OverflowError) as error:
            raise InputError(
                f"cannot listen on port {port}: {error}", "choose another --port; 0 takes any free one"
            ) from error

    @property
    def address(self) -> str:
        """The address to open."""
        return f"http://{LOOPBACK}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    server_version = "mcbench"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        try:
            self._answer()
        except ConnectionError:
            # The browser has seen enough of a video.
            self.close_connection = True

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what a browser asks for is no news."""

    def _answer(self) -> None:
        # A foreign site can make a browser ask this machine under a name of its own; such a question carries
        # that name.
        names = {f"{name}:{self.server.server_port}" for name in (LOOPBACK, "localhost")}
        if self.headers.get("Host") not in names:
            return self._refuse(HTTPStatus.FORBIDDEN)
        path = unquote(urlsplit(self.path).path).strip("/")
        name = path or "index.html"
        if name in self.server.pages:
            return self._send(self.server.pages[name], _PAGE_TYPES[Path(name).suffix])
        found = self._find(path)
        if found is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        if found.is_dir():
            return self._send(_listing(found, path), _PAGE_TYPES[".html"])
        try:
            with found.open("rb") as stream:
                self._send_file(stream, _TYPES[found.suffix])
        except PermissionError:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _find(self, path: str) -> Path | None:
        """Return the file or folder that a path names, if it may be read."""
        parts = path.split("/")
        if any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            return None
        try:
            found = self.server.root.joinpath(*parts).resolve()
            inside = found.is_relative_to(self.server.root)
            known = found.is_dir() or (found.is_file() and found.suffix in _TYPES)
        except OSError:
            return None
        return found if inside and known else None

    def _send(self, content: bytes, kind: str) -> None:
        self._head(HTTPStatus.OK, kind, len(content))
        if self.command == "GET":
            self.wfile.write(content)

    def _send_file(self, stream: BinaryIO, kind: str) -> None:
        size = os.fstat(stream.fileno()).st_size
        part = _part(self.headers.get("Range"), size)
        if part is None:
            return self._refuse(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{size}"}
            )
        about = {} if part.whole else {"Content-Range": f"bytes {part.first}-{part.end - 1}/{size}"}
        status = HTTPStatus.OK if part.whole else HTTPStatus.PARTIAL_CONTENT
        self._head(status, kind, part.end - part.first, {"Accept-Ranges": "bytes", **about})
        if self.command == "HEAD":
            return
        stream.seek(part.first)
        left = part.end - part.first
        while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
            self.wfile.write(chunk)
            left -= len(chunk)
        # A file that has become shorter meanwhile leaves the promised length unfulfilled.
        self.close_connection = self.close_connection or left > 0

    def _refuse(self, status: HTTPStatus, more: Mapping[str, str] | None = None) -> None:
        content = f"{status.value} {status.phrase}\n".encode()
        self._head(status, _TYPES[".txt"], len(content), more)
        if self.command != "HEAD":
            self.wfile.write(content)

    def _head(
        self, status: HTTPStatus, kind: str, length: int, more: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()


def _part(header: str | None, size: int) -> _Part | None:
    """Return what a Range header asks for; all of the file where there is none or it is not understood.

    None means that the file has no such bytes.
    """
    asked = _RANGE.fullmatch(header.strip()) if header else None
    if asked is None or asked.groups() == ("", ""):
        return _Part(0, size, whole=True)
    first, last = asked.groups()
    if first == "":
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), size if last == "" else min(size, int(last) + 1)
    return _Part(start, end, whole=False) if start < end else None


def _listing(folder: Path, path: str) -> bytes:
    """Return a page of what lies in a folder, for the links to a run's files."""
    names = sorted(
        entry.name + ("/" if entry.is_dir() else "")
        for entry in folder.iterdir()
        if not entry.name.startswith(".") and (entry.is_dir() or entry.suffix in _TYPES)
    )
    links = "".join(
        f'<li><a href="{quote(f"/{path}/{name}")}">{html.escape(name)}</a></li>' for name in names
    )
    title = html.escape(path)
    return (
        f"<!DOCTYPE html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><ul>{links}</ul>".encode()
    )

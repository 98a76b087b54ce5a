"""A web server of 127.0.0.1 that behaves as badly as told: for tests of everything that downloads.

```
with serving() as server:
    server.put("/set/a.zip", content, drops=[1000, 2000])
    url = server.url("/set/a.zip")
```
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def range(self) -> str:
        return self.headers.get("Range", "")


@dataclass
class Hosted:
    """What lies at a path, and how it is given.

    Attributes:
        content: the file.
        etag: `auto` for one made from the content, None for none, or any text.
        last_modified: header of that name, or None.
        ranges: whether Range is understood.
        checks_if_range: whether If-Range is; without it a changed file is gone on with.
        head: whether HEAD is understood.
        statuses: of the next answers, instead of the file; one is used up by each request.
        retry_after: header of those answers.
        drops: the next answers break off after so many bytes.
        declared: Content-Length said instead of the true one.
        no_length: neither Content-Length nor chunks: the end of the connection is the end of the file.
        chunked: in chunks, with no Content-Length.
        content_type: header of that name.
        encoding: header Content-Encoding.
        redirect: the address to ask instead.
        piece: bytes sent at a time.
        pause: seconds between them.
        before: called with each request before it is answered.
    """

    content: bytes
    etag: str | None = "auto"
    last_modified: str | None = None
    ranges: bool = True
    checks_if_range: bool = True
    head: bool = True
    statuses: list[int] = field(default_factory=list)
    retry_after: str | None = None
    drops: list[int] = field(default_factory=list)
    declared: int | None = None
    no_length: bool = False
    chunked: bool = False
    content_type: str | None = "application/octet-stream"
    encoding: str | None = None
    redirect: str | None = None
    piece: int = 1 << 16
    pause: float = 0.0
    before: Callable[[Asked], None] | None = None

    @property
    def tag(self) -> str | None:
        if self.etag == "auto":
            return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'
        return self.etag


class HostileServer(ThreadingHTTPServer):
    """Serves what `put` gave it and remembers every request."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hosted: dict[str, Hosted] = {}
        self.asked: list[Asked] = []
        self.connections = 0
        self.lock = threading.Lock()

    def put(self, path: str, content: bytes, **how: object) -> Hosted:
        """Host `content` at `path`; `how`: attributes of `Hosted`."""
        self.hosted[path] = Hosted(content, **how)  # type: ignore[arg-type]
        return self.hosted[path]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def of(self, path: str, method: str = "GET") -> list[Asked]:
        """Return the requests for one path."""
        return [asked for asked in self.asked if asked.path == path and asked.method == method]

    def get_request(self) -> tuple[socket.socket, object]:
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing about clients that hang up: tests make them."""


class _Handler(BaseHTTPRequestHandler):
    server: HostileServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_POST(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        self.close_connection = True
        asked = self._note()
        hosted = self.server.hosted.get(asked.path)
        if hosted is None:
            self._plain(404, b"<html><body>no such file</body></html>", "text/html")
            return
        if hosted.before is not None:
            hosted.before(asked)
        with self.server.lock:
            status = hosted.statuses.pop(0) if hosted.statuses else 200
            drop = hosted.drops.pop(0) if with_body and status == 200 and hosted.drops else None
        if not with_body and not hosted.head:
            status = 405
        if status != 200:
            more = {"Retry-After": hosted.retry_after} if hosted.retry_after is not None else {}
            self._plain(status, b"<html>not now</html>", "text/html", more)
        elif hosted.redirect is not None:
            self._plain(302, b"", "text/plain", {"Location": hosted.redirect})
        else:
            self._file(hosted, asked, with_body=with_body, drop=drop)

    def _note(self) -> Asked:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, parts.path, query, dict(self.headers.items()), body)
        with self.server.lock:
            self.server.asked.append(asked)
        return asked

    def _plain(self, status: int, body: bytes, content_type: str, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
            **(more or {}),
        }.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _file(self, hosted: Hosted, asked: Asked, *, with_body: bool, drop: int | None) -> None:
        content = hosted.content
        first, last = _range(hosted, asked)
        if first is not None and first >= len(content):
            self._plain(416, b"", "text/plain", {"Content-Range": f"bytes */{len(content)}"})
            return
        self.send_response(200 if first is None else 206)
        if first is not None:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
            content = content[first : last + 1]
        for key, value in (
            ("ETag", hosted.tag),
            ("Last-Modified", hosted.last_modified),
            ("Content-Type", hosted.content_type),
            ("Content-Encoding", hosted.encoding),
            ("Accept-Ranges", "bytes" if hosted.ranges else None),
        ):
            if value is not None:
                self.send_header(key, value)
        if hosted.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif not hosted.no_length:
            declared = len(content) if hosted.declared is None else hosted.declared
            self.send_header("Content-Length", str(declared))
        self.end_headers()
        if with_body:
            self._body(hosted, content, drop)

    def _body(self, hosted: Hosted, content: bytes, drop: int | None) -> None:
        sent = content if drop is None else content[:drop]
        for start in range(0, len(sent), hosted.piece):
            piece = sent[start : start + hosted.piece]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if hosted.chunked else piece)
            if hosted.pause:
                self.wfile.flush()
                time.sleep(hosted.pause)
        if drop is not None:
            self.wfile.flush()
            if drop % 2:  # odd: with a reset, even: with a polite end
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_WR)
        elif hosted.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


def _range(hosted: Hosted, asked: Asked) -> tuple[int | None, int]:
    if not hosted.ranges or not asked.range:
        return None, 0
    condition = asked.headers.get("If-Range")
    if condition and hosted.checks_if_range and condition not in (hosted.tag, hosted.last_modified):
        return None, 0
    first, _, last = asked.range.removeprefix("bytes=").partition("-")
    return int(first), min(int(last or len(hosted.content)), len(hosted.content) - 1)


def kaggle_answer(server: HostileServer, path: str, file: str, content: bytes) -> None:
    """Host what Kaggle's interface answers: a redirection of `path` to the file's place in a store."""
    server.put(f"/store/{file}", content)
    server.put(path, b"", redirect=server.url(f"/store/{file}"))


def drive_page(action: str, **fields: str) -> bytes:
    """Return the page that Google Drive shows before a large file."""
    inputs = "".join(f'<input type="hidden" name="{key}" value="{value}">' for key, value in fields.items())
    return (
        "<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body>"
        '<p class="uc-warning-caption">Google Drive can\'t scan this file for viruses.</p>'
        f'<form id="download-form" action="{action}" method="get">'
        f'<input type="submit" id="uc-download-link" value="Download anyway"/>{inputs}</form>'
        "</body></html>"
    ).encode()


def body_of(asked: Asked) -> dict[str, object]:
    """Return the JSON that was posted."""
    found: dict[str, object] = json.loads(asked.body)
    return found


@contextmanager
def serving() -> Iterator[HostileServer]:
    """Run a server for the block."""
    server = HostileServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            server.shutdown()
        server.server_close()
        thread.join()

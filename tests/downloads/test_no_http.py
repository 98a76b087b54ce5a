"""Servers that hardly speak http."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcbench.downloads import RemoteFile, check_link, fetch_file
from mcbench.errors import NetworkError
from tests.downloads.conftest import QUICK

Speaker = Callable[[bytes], str]


@pytest.fixture
def speak() -> Iterator[Speaker]:
    """A function that returns the address of a server which says the same bytes to everybody."""
    listening = socket.create_server(("127.0.0.1", 0))
    said = b""

    def answer() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(1 << 16)
                connection.sendall(said)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()

    def say(content: bytes) -> str:
        nonlocal said
        said = content
        return f"http://127.0.0.1:{listening.getsockname()[1]}/a.bin"

    yield say
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\x00\xff" * 2000,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nContent-Range: bytes 0-1/9\r\n\r\nab",
        b"HTTP/1.1 301 Moved\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nLocation: http://[broken/\r\n\r\n",
        b"HTTP/1.1 301 Moved\r\nLocation: gopher://127.0.0.1/\r\n\r\n",
        b"HTTP/1.1 416 No Range\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_nonsense_is_told_as_a_failure_of_the_mirror(said: bytes, speak: Speaker, tmp_path: Path) -> None:
    url = speak(said)
    with pytest.raises(NetworkError, match=r"could not fetch a\.bin from http://127") as error:
        fetch_file(RemoteFile(name="a.bin", urls=(url,)), tmp_path, settings=QUICK)
    assert "goes on where it stopped" in error.value.hint
    assert not (tmp_path / "a.bin").exists()
    assert check_link(url, settings=QUICK).state in ("unknown", "present")


def test_an_answer_that_is_whole_is_taken_from_any_server(speak: Speaker, tmp_path: Path) -> None:
    url = speak(b"HTTP/1.0 200 OK\nContent-Length: 5\n\nabcde and more")
    fetch_file(RemoteFile(name="a.bin", urls=(url,)), tmp_path, settings=QUICK)
    assert (tmp_path / "a.bin").read_bytes() == b"abcde"

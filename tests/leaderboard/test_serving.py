"""The server: on loopback only, ranges as browsers ask for them, and nothing but what it may show."""

from __future__ import annotations

import http.client
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcbench.errors import InputError
from mcbench.leaderboard.serving import PageServer

VIDEO = bytes(range(256)) * 40


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Client:
    port: int

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "results" / "my model"
    folder.mkdir(parents=True)
    (folder / "a b.mp4").write_bytes(VIDEO)
    (folder / "run.json").write_text("{}")
    (folder / "evil.html").write_text("<script>alert(1)</script>")
    (folder / ".hidden.json").write_text("{}")
    (folder / "<b>.txt").write_text("text")
    (tmp_path / "secret.json").write_text("secret")
    (folder / "out.json").symlink_to(tmp_path / "secret.json")
    return tmp_path / "results"


@pytest.fixture
def client(root: Path) -> Iterator[Client]:
    pages = {"index.html": "<p>page é", "README.md": "# board"}
    with PageServer(root, pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        assert server.server_address[0] == "127.0.0.1"
        yield Client(server.server_port)
        server.shutdown()
        thread.join()


def test_pages_come_from_memory(client: Client) -> None:
    for path in ("/", "/index.html", "/?x=1"):
        answer = client.ask(path)
        assert (answer.status, answer.body.decode()) == (200, "<p>page é")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.ask("/README.md").body == b"# board"


def test_a_file_comes_whole(client: Client) -> None:
    answer = client.ask("/my%20model/a%20b.mp4")
    assert (answer.status, answer.body) == (200, VIDEO)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    head = client.ask("/my%20model/a%20b.mp4", "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(VIDEO)))


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-", 0, 10240),
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=10000-99999999", 10000, 10240),
        ("bytes=-5", 10235, 10240),
        ("bytes=-99999", 0, 10240),
    ],
)
def test_a_part_comes_as_asked(client: Client, asked: str, first: int, end: int) -> None:
    answer = client.ask("/my%20model/a%20b.mp4", Range=asked)
    assert answer.status == 206
    assert answer.body == VIDEO[first:end]
    assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/10240"


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=5-4", "bytes=-0"])
def test_a_part_that_is_not_there_is_refused(client: Client, asked: str) -> None:
    answer = client.ask("/my%20model/a%20b.mp4", Range=asked)
    assert answer.status == 416
    assert answer.headers["content-range"] == "bytes */10240"


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=0-1,5-6", "lines=1-2", "bytes=a-b", ""])
def test_a_range_that_is_not_understood_is_ignored(client: Client, asked: str) -> None:
    answer = client.ask("/my%20model/a%20b.mp4", Range=asked)
    assert (answer.status, answer.body) == (200, VIDEO)


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.json",
        "/my%20model/../../secret.json",
        "/my%20model/%2e%2e/%2e%2e/secret.json",
        "/my%20model/..%2f..%2fsecret.json",
        "/my%20model/..%5c..%5csecret.json",
        "/my%20model/out.json",
        "/my%20model/evil.html",
        "/my%20model/.hidden.json",
        "/my%20model/none.json",
        "/my%20model/run.json%00.mp4",
        "/my%20model/run.json/more",
        "/" + "x" * 5000 + ".json",
        "//etc/passwd",
    ],
)
def test_nothing_else_is_shown(client: Client, path: str) -> None:
    answer = client.ask(path)
    assert answer.status == 404
    assert b"secret" not in answer.body


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "localhost:1"])
def test_a_question_under_a_foreign_name_is_refused(client: Client, host: str) -> None:
    assert client.ask("/", Host=host).status == 403


def test_localhost_is_no_foreign_name(client: Client) -> None:
    assert client.ask("/", Host=f"localhost:{client.port}").status == 200


def test_nothing_can_be_written(client: Client) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert client.ask("/my%20model/run.json", method).status == 501


def test_a_folder_lists_what_may_be_read(client: Client) -> None:
    text = client.ask("/my%20model/").body.decode()
    assert '<a href="/my%20model/a%20b.mp4">a b.mp4</a>' in text
    assert "&lt;b&gt;.txt" in text
    for name in ("evil", "hidden", "<b>"):
        assert name not in text


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_is_not_there(root: Path, client: Client) -> None:
    (root / "my model" / "run.json").chmod(0)
    assert client.ask("/my%20model/run.json").status == 404


def test_a_port_that_is_taken_is_told(client: Client, root: Path) -> None:
    with pytest.raises(InputError, match="cannot listen on port"):
        PageServer(root, {}, client.port)

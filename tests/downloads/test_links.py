"""Whether links still work."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest

from mcbench.downloads import check_link
from mcbench.downloads.http import no_answer
from mcbench.downloads.trouble import PassingError
from mcbench.errors import InputError
from tests.downloads.conftest import CONTENT, QUICK
from tests.downloads.server import HostileServer


def test_a_good_link_is_asked_for_no_content(server: HostileServer) -> None:
    server.put("/a.zip", CONTENT)
    link = check_link(server.url("/a.zip"), settings=QUICK)
    assert (link.state, link.reason, link.n_bytes) == ("present", "", len(CONTENT))
    assert [asked.method for asked in server.asked] == ["HEAD"]
    age = datetime.now(UTC) - datetime.fromisoformat(link.checked)
    assert timedelta(0) <= age < timedelta(minutes=5)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_server_without_head_is_asked_for_one_byte(server: HostileServer, ranges: bool) -> None:
    server.put("/a.zip", CONTENT, head=False, ranges=ranges)
    link = check_link(server.url("/a.zip"), settings=QUICK)
    assert (link.state, link.n_bytes) == ("present", len(CONTENT))
    assert server.asked[-1].range == "bytes=0-0"
    server.put("/empty.zip", b"", head=False, ranges=ranges)
    assert check_link(server.url("/empty.zip"), settings=QUICK).n_bytes == 0


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (404, "missing"),
        (410, "missing"),
        (403, "unknown"),
        (401, "unknown"),
        (429, "unknown"),
        (500, "unknown"),
    ],
)
def test_refusals_are_told_apart(server: HostileServer, status: int, state: str) -> None:
    server.put("/a.zip", CONTENT, statuses=[status] * 2)
    link = check_link(server.url("/a.zip"), settings=QUICK)
    assert link.state == state
    assert str(status) in link.reason


def test_a_page_in_a_files_place_is_not_called_present(server: HostileServer) -> None:
    server.put("/a.zip", b"<html>moved</html>", content_type="text/html")
    link = check_link(server.url("/a.zip"), settings=QUICK)
    assert (link.state, link.reason) == ("unknown", "it gives a web page instead of a file")
    server.put("/list.html", b"<html>list</html>", content_type="text/html")
    assert check_link(server.url("/list.html"), settings=QUICK).state == "present"


def test_a_server_that_is_not_there_is_not_called_dead_at_once() -> None:
    # It may be down for an hour; only a name that leads nowhere is a sign of death.
    assert check_link("http://127.0.0.1:1/a.zip", settings=QUICK).state == "unknown"
    for number, dead in ((socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)):
        found = no_answer(socket.gaierror(number, "no name"))
        assert isinstance(found, PassingError)
        assert found.no_host is dead


def test_a_link_of_no_known_kind_is_bad_input() -> None:
    with pytest.raises(InputError, match="no address"):
        check_link("ftp://example.org/a.zip")

"""Google Drive's way, played by the local server as Drive's pages are known to be."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from mcbench.downloads import DownloadSettings, RemoteFile, check_link, fetch_file
from mcbench.errors import NetworkError
from tests.downloads.conftest import CONTENT, QUICK
from tests.downloads.server import HostileServer, drive_page

SHA = hashlib.sha256(CONTENT).hexdigest()
ID = "1_b4naNB1QozGL-tKyHwSSYzTw8RIh5z3"
FILE = RemoteFile(name="a.bin", urls=(f"gdrive:{ID}",))


def _settings(server: HostileServer) -> DownloadSettings:
    return replace(QUICK, gdrive=server.url("/download"))


def test_a_small_file_comes_at_once(server: HostileServer, tmp_path: Path) -> None:
    server.put("/download", CONTENT)
    record = fetch_file(FILE, tmp_path, settings=_settings(server))
    assert (record.url, record.sha256) == (f"gdrive:{ID}", SHA)
    assert {asked.query["id"] for asked in server.asked} == {ID}


def test_a_large_file_is_confirmed_through_its_page(server: HostileServer, tmp_path: Path) -> None:
    page = drive_page("/confirmed", id=ID, export="download", confirm="t", uuid="ab-1&amp;2")
    server.put("/download", page, content_type="text/html; charset=utf-8", ranges=False)
    date = "Wed, 01 May 2024 10:00:00 GMT"
    server.put("/confirmed", CONTENT, etag=None, last_modified=date, drops=[250_000])
    record = fetch_file(FILE, tmp_path, settings=_settings(server))
    assert record.sha256 == SHA
    first, second = server.of("/confirmed")
    assert first.query == {"id": ID, "export": "download", "confirm": "t", "uuid": "ab-1&2"}
    assert second.range == "bytes=250000-", "the address is new with each attempt, the part is kept"
    assert second.headers["If-Range"] == date


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Google Drive - Quota exceeded", "try again in a day"),
        ("Sign in - Google Accounts", "is it shared with everybody"),
        ("", "a page without a title"),
    ],
)
def test_other_pages_are_told_and_not_taken_for_the_file(
    server: HostileServer, tmp_path: Path, title: str, told: str
) -> None:
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body></body></html>".encode()
    server.put("/download", page, content_type="text/html")
    with pytest.raises(NetworkError, match=told):
        fetch_file(FILE, tmp_path, settings=_settings(server))
    assert len(server.asked) == 1, "asking again would not help"
    link = check_link(FILE.urls[0], settings=_settings(server))
    assert link.state == "unknown"
    assert told in link.reason


def test_a_page_that_breaks_off_is_asked_for_again(server: HostileServer, tmp_path: Path) -> None:
    page = drive_page("/confirmed", id=ID)
    server.put("/download", page, content_type="text/html", drops=[50, 51], ranges=False)
    server.put("/confirmed", CONTENT)
    assert fetch_file(FILE, tmp_path, settings=_settings(server)).sha256 == SHA
    assert len(server.of("/download")) == 3


def test_links_of_drive(server: HostileServer) -> None:
    settings = _settings(server)
    assert check_link(FILE.urls[0], settings=settings).state == "missing"
    server.put("/download", CONTENT)
    link = check_link(FILE.urls[0], settings=settings)
    assert (link.state, link.n_bytes) == ("present", len(CONTENT))
    page = drive_page(server.url("/confirmed"), id=ID)
    server.put("/download", page, content_type="text/html")
    server.put("/confirmed", CONTENT)
    assert check_link(FILE.urls[0], settings=settings).n_bytes == len(CONTENT)
    server.put("/confirmed", b"<html>", content_type="text/html")
    assert check_link(FILE.urls[0], settings=settings).state == "unknown"

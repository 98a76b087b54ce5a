"""One file from a server that drops, lies, changes and refuses."""

from __future__ import annotations

import email.utils
import hashlib
import threading
import time
from pathlib import Path

import pytest

from mcbench.downloads import (
    DownloadSettings,
    FileRecord,
    RemoteFile,
    fetch_file,
    record_path,
    verify_file,
)
from mcbench.errors import FileFormatError, NetworkError
from tests.downloads.conftest import CONTENT, QUICK, names_in, remote
from tests.downloads.server import HostileServer

SHA = hashlib.sha256(CONTENT).hexdigest()
OTHER = CONTENT[::-1]


def test_a_file_comes_with_its_record(server: HostileServer, tmp_path: Path) -> None:
    hosted = server.put("/a.bin", CONTENT)
    file = remote(server, sha256=SHA, size=len(CONTENT))
    record = fetch_file(file, tmp_path, settings=QUICK)
    assert (tmp_path / "set/a.bin").read_bytes() == CONTENT
    assert (record.url, record.sha256, record.n_bytes, record.proof, record.etag) == (
        server.url("/a.bin"), SHA, len(CONTENT), "sha256", hosted.tag,
    )  # fmt: skip
    assert record == FileRecord.read(tmp_path / "set/a.bin.download.json")
    assert record_path(file, tmp_path) == tmp_path / "set/a.bin.download.json"
    assert names_in(tmp_path) == ["a.bin", "a.bin.download.json"]
    assert fetch_file(file, tmp_path, settings=QUICK) == record
    assert len(server.asked) == 1, "what is here is not asked for again"
    assert verify_file(file, tmp_path) == record


@pytest.mark.parametrize("first_drop", [100_000, 100_001], ids=["polite end", "reset"])
@pytest.mark.parametrize("known", [True, False], ids=["sha256 known", "unverified"])
def test_a_dropped_connection_is_gone_on_with(
    server: HostileServer, tmp_path: Path, first_drop: int, known: bool
) -> None:
    hosted = server.put("/a.bin", CONTENT, drops=[first_drop, 200_000], piece=1 << 12)
    record = fetch_file(remote(server, sha256=SHA if known else None), tmp_path, settings=QUICK)
    assert record.sha256 == SHA
    assert record.proof == ("sha256" if known else "unverified")
    assert len(server.asked) == 3
    for asked in server.asked[1:]:
        assert asked.headers["If-Range"] == hosted.tag
        assert 0 < int(asked.range.removeprefix("bytes=").removesuffix("-")) < len(CONTENT)


def test_more_drops_than_tries_are_survived_while_something_comes(
    server: HostileServer, tmp_path: Path
) -> None:
    server.put("/a.bin", CONTENT, drops=[60_000] * 10)
    assert fetch_file(remote(server), tmp_path, settings=QUICK).sha256 == SHA
    assert len(server.asked) == 11


def test_a_connection_that_brings_nothing_is_given_up(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT, drops=[1000] + [0] * 20)
    with pytest.raises(NetworkError, match=r"ended after 1000 of 700001") as error:
        fetch_file(remote(server), tmp_path, command="mcbench data fetch x", settings=QUICK)
    assert error.value.hint == "run: mcbench data fetch x; it goes on where it stopped"
    assert len(server.asked) == 1 + QUICK.tries - 1
    assert not (tmp_path / "set/a.bin").exists()
    server.hosted["/a.bin"].drops = []
    assert fetch_file(remote(server), tmp_path, settings=QUICK).sha256 == SHA
    assert server.asked[-1].range == "bytes=1000-", "a later call goes on"


def test_a_server_without_ranges_is_read_from_the_start(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT, ranges=False, drops=[300_000])
    assert fetch_file(remote(server), tmp_path, settings=QUICK).sha256 == SHA


@pytest.mark.parametrize("known", [True, False], ids=["sha256 known", "unverified"])
@pytest.mark.parametrize("honest", [True, False], ids=["with If-Range", "ignores If-Range"])
def test_a_file_that_changes_between_attempts_is_never_mixed(
    server: HostileServer, tmp_path: Path, known: bool, honest: bool
) -> None:
    hosted = server.put("/a.bin", OTHER, drops=[300_000], checks_if_range=honest)

    def change(_: object) -> None:
        if len(server.asked) == 2:
            hosted.content = CONTENT

    hosted.before = change
    record = fetch_file(remote(server, sha256=SHA if known else None), tmp_path, settings=QUICK)
    assert record.sha256 == SHA
    assert (tmp_path / "set/a.bin").read_bytes() == CONTENT


def test_versions_that_nothing_tells_apart_are_found_out_by_the_sha256(
    server: HostileServer, tmp_path: Path
) -> None:
    hosted = server.put("/a.bin", OTHER, etag=None, drops=[300_000])

    def change(_: object) -> None:
        if len(server.asked) == 2:
            hosted.content = CONTENT

    hosted.before = change
    assert fetch_file(remote(server, sha256=SHA), tmp_path, settings=QUICK).sha256 == SHA
    assert [asked.range for asked in server.asked] == ["", "bytes=300000-", ""]


def test_without_any_proof_a_part_is_not_gone_on_with(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT, etag='W/"weak"', drops=[300_000])
    assert fetch_file(remote(server), tmp_path, settings=QUICK).sha256 == SHA
    assert [asked.range for asked in server.asked] == ["", ""]


def test_a_date_is_proof_where_there_is_no_etag(server: HostileServer, tmp_path: Path) -> None:
    date = email.utils.formatdate(1_600_000_000, usegmt=True)
    server.put("/a.bin", CONTENT, etag=None, last_modified=date, drops=[300_000])
    assert fetch_file(remote(server), tmp_path, settings=QUICK).sha256 == SHA
    assert server.asked[1].headers["If-Range"] == date
    assert server.asked[1].range == "bytes=300000-"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 408])
def test_a_busy_server_is_asked_again(server: HostileServer, tmp_path: Path, status: int) -> None:
    server.put("/a.bin", CONTENT, statuses=[status, status])
    assert fetch_file(remote(server), tmp_path, settings=QUICK).sha256 == SHA
    assert len(server.asked) == 3


def test_retry_after_is_heeded_and_capped() -> None:
    settings = DownloadSettings(first_wait=1, longest_wait=60)
    assert settings.pause(1) == 1
    assert settings.pause(3) == 4
    assert settings.pause(1, 17.0) == 17
    assert settings.pause(1, 86400.0) == 60
    assert settings.pause(40) == 60


_ANY = [
    "0",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 99999999 08:49:37 GMT",
    "nonsense",
    "-3",
    "9" * 400,
]


@pytest.mark.parametrize("asked", _ANY)
def test_any_retry_after_is_survived(server: HostileServer, tmp_path: Path, asked: str) -> None:
    server.put("/a.bin", CONTENT, statuses=[429], retry_after=asked)
    assert fetch_file(remote(server), tmp_path, settings=QUICK).sha256 == SHA


def test_a_long_retry_after_makes_the_client_wait(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT, statuses=[503], retry_after="1000")
    settings = DownloadSettings(tries=2, first_wait=0.001, longest_wait=0.3)
    begin = time.monotonic()
    fetch_file(remote(server), tmp_path, settings=settings)
    assert time.monotonic() - begin >= 0.3, "it waited as long as it may"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_refusal_is_not_asked_again_and_the_next_mirror_is(
    server: HostileServer, tmp_path: Path, status: int
) -> None:
    server.put("/gone.bin", CONTENT, statuses=[status] * 9)
    server.put("/a.bin", CONTENT)
    record = fetch_file(remote(server, "/gone.bin", "/a.bin"), tmp_path, settings=QUICK)
    assert record.url == server.url("/a.bin")
    assert len(server.asked) == 2


def test_mirrors_are_tried_in_turn_and_all_are_told(server: HostileServer, tmp_path: Path) -> None:
    server.put("/busy.bin", CONTENT, statuses=[500] * 9)
    file = RemoteFile(
        name="a.bin",
        urls=(server.url("/busy.bin"), server.url("/none.bin"), "http://127.0.0.1:1/a.bin"),
        manual="ask the authors",
    )
    with pytest.raises(
        NetworkError, match=r"busy\.bin: .*500.*none\.bin: .*404.*127\.0\.0\.1:1/.*refused"
    ) as error:
        fetch_file(file, tmp_path, settings=QUICK)
    assert error.value.hint.endswith("or: ask the authors")


def test_a_part_of_one_mirror_is_gone_on_with_from_another_where_the_sha256_is_known(
    server: HostileServer, tmp_path: Path
) -> None:
    server.put("/one.bin", CONTENT, drops=[300_000] + [0] * 9)
    server.put("/two.bin", CONTENT, etag='"of its own"')
    record = fetch_file(remote(server, "/one.bin", "/two.bin", sha256=SHA), tmp_path, settings=QUICK)
    assert record.url == server.url("/two.bin")
    assert server.of("/two.bin")[0].range == "bytes=300000-"
    assert "If-Range" not in server.of("/two.bin")[0].headers


def test_without_a_sha256_the_next_mirror_begins_anew(server: HostileServer, tmp_path: Path) -> None:
    server.put("/one.bin", OTHER, drops=[300_000] + [0] * 9)
    server.put("/two.bin", CONTENT)
    assert fetch_file(remote(server, "/one.bin", "/two.bin"), tmp_path, settings=QUICK).sha256 == SHA
    assert server.of("/two.bin")[0].range == ""


def test_another_file_is_refused_and_the_next_mirror_asked(server: HostileServer, tmp_path: Path) -> None:
    server.put("/wrong.bin", OTHER)
    with pytest.raises(FileFormatError, match=f"sha256 .*not {SHA}"):
        fetch_file(remote(server, "/wrong.bin", sha256=SHA), tmp_path, settings=QUICK)
    assert len(server.asked) == 1
    assert names_in(tmp_path) == [], "nothing of it stays"
    server.put("/a.bin", CONTENT)
    assert (
        fetch_file(remote(server, "/wrong.bin", "/a.bin", sha256=SHA), tmp_path, settings=QUICK).sha256 == SHA
    )


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><html>log in</html>", b"\n <HTML>", b"<!-- x --><html lang='en'>"]
)
@pytest.mark.parametrize("said", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_is_no_file(server: HostileServer, tmp_path: Path, page: bytes, said: str) -> None:
    server.put("/a.bin", page, content_type=said)
    with pytest.raises(NetworkError, match="web page instead of the file"):
        fetch_file(remote(server), tmp_path, settings=QUICK)
    assert names_in(tmp_path) == []


def test_a_page_that_only_its_type_shows_is_no_file(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", b"Please log in.", content_type="Text/HTML; charset=utf-8")
    with pytest.raises(NetworkError, match="web page instead of the file"):
        fetch_file(remote(server), tmp_path, settings=QUICK)


def test_a_page_that_was_asked_for_comes(server: HostileServer, tmp_path: Path) -> None:
    server.put("/list.html", b"<html>urls</html>", content_type="text/html")
    fetch_file(RemoteFile(name="list.html", urls=(server.url("/list.html"),)), tmp_path, settings=QUICK)
    assert (tmp_path / "list.html").read_bytes() == b"<html>urls</html>"


def test_a_length_that_is_too_large_is_no_end(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT, declared=len(CONTENT) + 10)
    with pytest.raises(NetworkError, match="ended after 700001 of 700011"):
        fetch_file(remote(server), tmp_path, settings=QUICK)
    assert not (tmp_path / "set/a.bin").exists()


def test_a_length_that_is_too_small_is_found_out(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT, declared=len(CONTENT) - 10)
    with pytest.raises(FileFormatError, match="700001"):
        fetch_file(remote(server, size=len(CONTENT)), tmp_path, settings=QUICK)
    with pytest.raises(FileFormatError, match="sha256"):
        fetch_file(remote(server, sha256=SHA), tmp_path, settings=QUICK)
    assert not (tmp_path / "set/a.bin").exists()


def test_another_size_than_the_manifests_is_refused_before_it_is_fetched(
    server: HostileServer, tmp_path: Path
) -> None:
    server.put("/a.bin", CONTENT)
    with pytest.raises(FileFormatError, match="has 700001 bytes, not 12"):
        fetch_file(remote(server, size=12), tmp_path, settings=QUICK)
    assert names_in(tmp_path) == []


def test_chunks_are_read_and_a_missing_end_is_noticed(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT, chunked=True, ranges=False, drops=[300_000])
    assert fetch_file(remote(server), tmp_path, settings=QUICK).sha256 == SHA
    assert len(server.asked) == 2


def test_an_answer_without_length_is_taken_only_with_proof(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT, no_length=True, drops=[300_000])
    with pytest.raises(NetworkError, match="does not tell the file's length"):
        fetch_file(remote(server), tmp_path, settings=QUICK)
    assert fetch_file(remote(server, size=len(CONTENT)), tmp_path, settings=QUICK).sha256 == SHA


def test_a_cut_off_answer_without_length_is_asked_for_again(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT, no_length=True, ranges=False, drops=[300_000])
    assert fetch_file(remote(server, sha256=SHA), tmp_path, settings=QUICK).sha256 == SHA
    assert len(server.asked) == 2


def test_packed_bytes_are_not_taken_for_the_file(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT, encoding="gzip")
    with pytest.raises(NetworkError, match="packed as gzip"):
        fetch_file(remote(server), tmp_path, settings=QUICK)
    assert server.asked[0].headers["Accept-Encoding"] == "identity"
    # Said of an archive, it is mostly the archive's own packing.
    file = RemoteFile(name="a.tar.gz", urls=(server.url("/a.bin"),))
    assert fetch_file(file, tmp_path, settings=QUICK).sha256 == SHA


def test_what_should_be_unpacked_has_to_be_an_archive(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", b'{"error": "come back tomorrow"}')
    file = RemoteFile(name="a.zip", urls=(server.url("/a.bin"),), unpack=True)
    with pytest.raises(NetworkError, match="something else than an archive"):
        fetch_file(file, tmp_path, settings=QUICK)
    assert names_in(tmp_path) == []


def test_an_endless_answer_stops_at_the_size(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", CONTENT * 3, no_length=True)
    with pytest.raises(FileFormatError, match="more than the 700001 bytes"):
        fetch_file(remote(server, size=len(CONTENT)), tmp_path, settings=QUICK)


def test_an_empty_file_is_a_file(server: HostileServer, tmp_path: Path) -> None:
    server.put("/a.bin", b"")
    assert fetch_file(remote(server), tmp_path, settings=QUICK).n_bytes == 0
    assert (tmp_path / "set/a.bin").read_bytes() == b""


def test_a_crawling_mirror_is_left_for_the_next(server: HostileServer, tmp_path: Path) -> None:
    server.put("/slow.bin", CONTENT[:5000], piece=10, pause=0.02)
    server.put("/a.bin", CONTENT)
    settings = DownloadSettings(tries=1, first_wait=0.001, slow_window=0.2, slow_bytes=2_000)
    record = fetch_file(remote(server, "/slow.bin", "/a.bin"), tmp_path, settings=settings)
    assert record.url == server.url("/a.bin")


def test_a_silent_mirror_is_left_for_the_next(server: HostileServer, tmp_path: Path) -> None:
    release = threading.Event()
    server.put("/silent.bin", CONTENT, before=lambda _: release.wait(20))
    server.put("/a.bin", CONTENT)
    settings = DownloadSettings(tries=1, first_wait=0.001, timeout=1.5)
    try:
        record = fetch_file(remote(server, "/silent.bin", "/a.bin"), tmp_path, settings=settings)
    finally:
        release.set()
    assert record.url == server.url("/a.bin")


def test_redirections_are_followed_but_not_in_circles_nor_to_local_files(
    server: HostileServer, tmp_path: Path
) -> None:
    server.put("/a.bin", CONTENT)
    server.put("/moved.bin", b"", redirect=server.url("/a.bin"))
    assert fetch_file(remote(server, "/moved.bin"), tmp_path, settings=QUICK).url == server.url("/moved.bin")
    for name, target in (("circle", server.url("/circle.bin")), ("local", "file:///etc/hostname")):
        server.put(f"/{name}.bin", b"", redirect=target)
        file = RemoteFile(name=f"{name}.bin", urls=(server.url(f"/{name}.bin"),))
        with pytest.raises(NetworkError):
            fetch_file(file, tmp_path, settings=QUICK)
        assert not (tmp_path / f"{name}.bin").exists()

"""Several files at a time."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from mcbench.downloads import DownloadSettings, RemoteFile, fetch_file, fetch_files
from mcbench.errors import DiskSpaceError, InputError
from tests.downloads.conftest import CONTENT, QUICK
from tests.downloads.server import HostileServer

SHA = hashlib.sha256(CONTENT).hexdigest()


class Told:
    """Remembers what it was told, and that no two threads told it at once."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int]] = []
        self.units = 0
        self.messages: list[str] = []
        self._busy = threading.Lock()

    def start(self, label: str, total: int) -> None:
        self.stages.append((label, total))

    def advance(self, units: int = 1) -> None:
        assert units >= 0, "a bar never goes back"
        assert self._busy.acquire(blocking=False)
        self.units += units
        self._busy.release()

    def message(self, text: str) -> None:
        self.messages.append(text)


def _file(server: HostileServer, name: str, **known: object) -> RemoteFile:
    return RemoteFile(name=name, urls=(server.url(f"/{name}"),), **known)  # type: ignore[arg-type]


def test_one_failure_does_not_stop_the_rest(server: HostileServer, tmp_path: Path) -> None:
    for name in ("a.bin", "deep/b.bin", "d.bin"):
        server.put(f"/{name}", CONTENT, drops=[10_000])
    wanted = [_file(server, name) for name in ("a.bin", "deep/b.bin", "gone.bin", "d.bin")]
    wanted.append(RemoteFile(name="form.zip", manual="fill in the form"))
    told = Told()
    report = fetch_files(wanted, tmp_path, jobs=3, progress=told, settings=QUICK)
    assert list(report.records) == ["a.bin", "deep/b.bin", "d.bin"]
    assert {record.sha256 for record in report.records.values()} == {SHA}
    assert list(report.failures) == ["gone.bin", "form.zip"]
    assert "404" in report.failures["gone.bin"].message
    assert report.failures["form.zip"].hint == "fill in the form"
    assert told.stages == [("fetching (files)", 4)], "what no program may fetch is not waited for"
    assert told.units == 3, "what failed has not come"
    assert sorted(text.partition(":")[0] for text in told.messages) == ["form.zip", "gone.bin"]
    before = len(server.asked)
    again = fetch_files(wanted[:2], tmp_path, settings=QUICK)
    assert again.complete
    assert len(server.asked) == before


def test_progress_counts_mebibytes_where_sizes_are_known(server: HostileServer, tmp_path: Path) -> None:
    content = bytes(3 << 20)
    for name in ("a.bin", "b.bin"):
        server.put(f"/{name}", content, drops=[1 << 20, 1 << 20])
    wanted = [_file(server, name, size=len(content)) for name in ("a.bin", "b.bin")]
    wanted.append(_file(server, "gone.bin", size=5 << 20))
    fetch_file(wanted[0], tmp_path, settings=QUICK)
    told = Told()
    fetch_files(wanted, tmp_path, progress=told, settings=QUICK)
    assert told.stages == [("fetching (MiB)", 11)]
    assert told.units == 6, "what was here is counted too, nothing twice, and nothing that failed"


def test_offline_nothing_is_shown_as_coming(server: HostileServer, tmp_path: Path) -> None:
    wanted = [_file(server, name, size=5 << 20) for name in ("a.bin", "b.bin")]
    told = Told()
    report = fetch_files(wanted, tmp_path, offline=True, progress=told)
    assert list(report.failures) == ["a.bin", "b.bin"]
    assert (told.stages, told.units) == ([], 0)
    (tmp_path / "a.bin").write_bytes(bytes(5 << 20))  # put there by hand
    fetch_files(wanted, tmp_path, offline=True, progress=told)
    assert (told.stages, told.units) == ([("fetching (MiB)", 5)], 5)


def test_progress_of_one_file(server: HostileServer, tmp_path: Path) -> None:
    content = bytes((3 << 20) + 5)
    server.put("/a.bin", content, ranges=False, drops=[2 << 20])
    told = Told()
    fetch_file(_file(server, "a.bin"), tmp_path, progress=told, settings=QUICK)
    assert told.stages == [("fetching a.bin (MiB)", 3)], "beginning anew is no new stage"
    assert told.units == 3


def test_jobs_say_how_many_come_at_a_time(server: HostileServer, tmp_path: Path) -> None:
    gate = threading.Barrier(3)
    for index in range(6):
        # Passes only if three are under way at the same time.
        server.put(f"/{index}.bin", b"x", before=lambda _: gate.wait(30))
    report = fetch_files([_file(server, f"{index}.bin") for index in range(6)], tmp_path, jobs=3)
    assert len(report.records) == 6


def test_an_empty_list_is_done_at_once(tmp_path: Path) -> None:
    report = fetch_files([], tmp_path)
    assert report.complete
    assert report.records == {}


def test_bad_arguments_are_refused_before_anything_is_asked(server: HostileServer, tmp_path: Path) -> None:
    double = [_file(server, "a.bin"), _file(server, "b.bin"), _file(server, "a.bin")]
    with pytest.raises(InputError, match=r"two files are called a\.bin"):
        fetch_files(double, tmp_path)
    with pytest.raises(InputError, match="0 downloads"):
        fetch_files([_file(server, "a.bin")], tmp_path, jobs=0)
    huge = [_file(server, name, size=1 << 59) for name in ("a.bin", "b.bin")]
    with pytest.raises(DiskSpaceError, match=r"what is to be fetched needs 1152921\.5 TB"):
        fetch_files(huge, tmp_path)
    assert not server.asked


def test_an_interruption_stops_all_and_keeps_what_came(server: HostileServer, tmp_path: Path) -> None:
    for name in ("a.bin", "b.bin"):
        server.put(f"/{name}", CONTENT, piece=1 << 12, pause=0.005)
    (tmp_path / "c.bin").write_bytes(b"here already")

    class Interrupting(Told):
        def advance(self, units: int = 1) -> None:
            raise KeyboardInterrupt

    wanted = [_file(server, name) for name in ("a.bin", "b.bin", "c.bin")]
    with pytest.raises(KeyboardInterrupt):
        fetch_files(wanted, tmp_path, progress=Interrupting(), settings=DownloadSettings(timeout=5))
    assert not (tmp_path / "a.bin").exists()
    assert not (tmp_path / "b.bin").exists()
    for hosted in server.hosted.values():
        hosted.pause = 0
    assert fetch_files(wanted, tmp_path, settings=QUICK).complete


def test_a_site_that_is_down_is_not_waited_for_by_each_file(server: HostileServer, tmp_path: Path) -> None:
    for index in range(5):
        server.put(f"/{index}.bin", CONTENT, statuses=[503] * 20)
    wanted = [_file(server, f"{index}.bin") for index in range(5)]
    report = fetch_files(wanted, tmp_path, jobs=1, settings=QUICK)
    assert len(report.failures) == 5
    assert len(server.asked) == QUICK.tries + 4
    server.put("/4.bin", CONTENT)
    server.put("/5.bin", CONTENT, statuses=[503])
    wanted = [_file(server, f"{index}.bin") for index in (0, 4, 5)]
    report = fetch_files(wanted, tmp_path, jobs=1, settings=QUICK)
    assert list(report.records) == ["4.bin", "5.bin"], "one answer, and it is asked as patiently as before"

from __future__ import annotations

from pathlib import Path

import pytest

from mcbench.data import check_links, download_status, fetch, prepare
from mcbench.data.licences import Acceptance
from mcbench.data.links import LinkReport
from mcbench.errors import FileFormatError, InputError, NetworkError
from tests.data.own import host_own, install_own
from tests.downloads.conftest import QUICK
from tests.downloads.server import HostileServer


def terms_of(home: Path) -> str:
    (row,) = (each for each in download_status(home=home) if each.benchmark == "own")
    return row.terms


def test_terms_are_accepted_once(tmp_path: Path, server: HostileServer) -> None:
    install_own(tmp_path, server, accept=True)
    host_own(server, tmp_path / "made")
    for ask in (fetch, prepare):
        with pytest.raises(InputError, match=r"For tests only\. \(http://127\.0\.0\.1/terms\)") as caught:
            ask("own", home=tmp_path, settings=QUICK)
        assert caught.value.hint == "mcbench data fetch own --accept-licence"
    assert (server.connections, terms_of(tmp_path)) == (0, "to accept")
    assert fetch("own", home=tmp_path, accept_licence=True, settings=QUICK).complete
    record = Acceptance.read(tmp_path / "licences/own/web.json")
    assert (record.licence, record.terms.summary) == ("mine", "For tests only.")
    assert terms_of(tmp_path) == "accepted"
    assert prepare("own", home=tmp_path, settings=QUICK).complete


def test_changed_terms_must_be_accepted_again(tmp_path: Path, server: HostileServer) -> None:
    install_own(tmp_path, server, accept=True)
    host_own(server, tmp_path / "made")
    fetch("own", home=tmp_path, accept_licence=True, settings=QUICK)
    path = tmp_path / "manifests/own.toml"
    path.write_text(path.read_text().replace("For tests only.", "For nothing."))
    assert terms_of(tmp_path) == "to accept"
    assert fetch("own", home=tmp_path, settings=QUICK).complete, "all is here: nothing is asked for"
    (tmp_path / "downloads/own/web/a.mp4").unlink()
    with pytest.raises(InputError, match="For nothing"):
        fetch("own", home=tmp_path, settings=QUICK)
    # What a user has does not come from the network.
    assert prepare("own", from_path=tmp_path / "made", home=tmp_path).complete


def test_a_damaged_acceptance(tmp_path: Path, server: HostileServer) -> None:
    install_own(tmp_path, server, accept=True)
    (tmp_path / "licences/own").mkdir(parents=True)
    (tmp_path / "licences/own/web.json").write_text("{}")
    with pytest.raises(FileFormatError, match=r"web\.json"):
        fetch("own", home=tmp_path)


def test_links_are_asked_for_and_the_report_is_kept(tmp_path: Path, server: HostileServer) -> None:
    extra = f"""
[[sources.web.files]]
name = "mirrored.mp4"
urls = ["{server.url("/gone.mp4")}", "{server.url("/b.mp4")}"]
[[sources.web.files]]
name = "busy.mp4"
urls = ["{server.url("/busy.mp4")}"]
[[sources.web.files]]
name = "asked-for.mp4"
manual = "write to the authors"
"""
    install_own(tmp_path, server, ("a", "lost"), extra=extra)
    host_own(server, tmp_path / "made")
    server.put("/busy.mp4", b"", statuses=[503, 503])
    report = check_links("own", home=tmp_path, jobs=3, settings=QUICK)
    assert {file.file: file.state for file in report.files} == {
        "a.mp4": "present",
        "lost.mp4": "dead",
        "mirrored.mp4": "present",
        "busy.mp4": "unknown",
        "asked-for.mp4": "manual",
    }
    assert LinkReport.read(tmp_path / "links/own/web.json") == report
    assert not (tmp_path / "downloads").exists(), "nothing is downloaded"
    (row,) = (each for each in download_status(home=tmp_path) if each.benchmark == "own")
    assert (row.dead, row.links_checked, row.by_hand) == (("lost.mp4",), report.checked, ("asked-for.mp4",))
    (tmp_path / "links/own/web.json").write_text("nothing")
    (row,) = (each for each in download_status(home=tmp_path) if each.benchmark == "own")
    assert (row.dead, row.links_checked) == ((), None)
    assert "web.json" in row.notes[0]


def test_links_that_cannot_be_asked_for(tmp_path: Path, server: HostileServer, home: Path) -> None:
    install_own(tmp_path, server)
    with pytest.raises(NetworkError, match="offline"):
        check_links("own", home=tmp_path, offline=True)
    with pytest.raises(InputError, match="--jobs is 0"):
        check_links("own", home=tmp_path, jobs=0)
    with pytest.raises(InputError, match="is made here"):
        check_links("tiny", home=home)
    assert server.connections == 0


def test_a_machine_without_a_network_records_nothing(tmp_path: Path, server: HostileServer) -> None:
    install_own(tmp_path, server)
    path = tmp_path / "manifests/own.toml"
    path.write_text(path.read_text().replace("127.0.0.1", "nowhere.invalid"))
    with pytest.raises(NetworkError, match="no host of own's 2 addresses was found"):
        check_links("own", home=tmp_path, settings=QUICK)
    assert not (tmp_path / "links").exists()

"""`mcbench data fetch`, `links`, `check-manifest` and what `status` and `prepare` say of files."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcbench.errors import FileFormatError, InputError
from tests.cli.test_data import data
from tests.data.own import host_own, install_own
from tests.downloads.server import HostileServer, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.delenv("MCBENCH_OFFLINE", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, server: HostileServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that knows `own`, a benchmark of two videos whose terms must be accepted."""
    install_own(tmp_path / "home", server, accept=True)
    host_own(server, tmp_path / "made")
    monkeypatch.setenv("MCBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_fetch_prepare_status(home: Path) -> None:
    with pytest.raises(InputError, match="For tests only"):
        data("fetch", "own")
    status = data("status").stdout
    assert "own\tweb\t0 of 2\tnot checked\t0.0 MB\tto accept\tmissing a.mp4, b.mp4" in status
    result = data("fetch", "own", "--accept-licence", "--jobs", "2")
    assert "a.mp4\tdone\t" in result.stdout
    assert "\tunverified\t" in result.stdout
    assert "2 fetched, 0 here already, 0 not to be had" in result.stderr
    assert "0 fetched, 2 here already" in data("fetch", "own").stderr
    result = data("prepare", "own", "--workers", "1", "--offline")
    assert "2 prepared, 0 there already, 0 failed; 9 frames" in result.stderr
    lines = data("status").stdout.splitlines()
    assert any(line.startswith("own\tweb\t2 of 2\tnot checked\t") for line in lines)
    assert any("\taccepted\t2 unverified" in line for line in lines)
    assert any(line.startswith("own\tweb\t2 of 2\t9\t") for line in lines)
    found = json.loads(data("status", "--json").stdout)
    assert {"downloads", "prepared"} == set(found)


def test_terms_can_be_accepted_by_prepare(home: Path) -> None:
    result = data("prepare", "own", "--accept-licence", "--workers", "1")
    assert "2 prepared" in result.stderr
    assert (home / "licences/own/web.json").is_file()


def test_what_cannot_be_had_is_listed_and_the_exit_code_is_1(home: Path, server: HostileServer) -> None:
    del server.hosted["/b.mp4"]
    result = data("fetch", "own", "--accept-licence", code=1)
    assert "b.mp4\tfailed" in result.stdout
    assert "1 fetched, 0 here already, 1 not to be had" in result.stderr
    result = data("prepare", "own/named", "--workers", "1", "--offline", code=1)
    assert "c\tmissing\t" in result.stdout
    assert "1 prepared, 0 there already, 0 failed, 1 missing; 5 frames" in result.stderr
    assert "not fetched: b.mp4: b.mp4 has to be fetched, and mcbench is offline" in result.stderr


def test_a_folder_that_was_given_earlier_is_named(home: Path, tmp_path: Path) -> None:
    assert "given earlier" not in data("prepare", "own", "--from", str(tmp_path / "made"), "--json").stderr
    result = data("prepare", "own/named", "--clip", "c", "--workers", "1", code=1)
    assert f"files from {tmp_path / 'made'}, given earlier with --from" in result.stderr
    assert "mcbench data prepare own/named --from-downloads" in result.stderr
    assert f"files from {tmp_path / 'made'}" in data("status").stdout
    result = data("prepare", "own", "--from-downloads", "--accept-licence", "--workers", "1")
    assert "files from" not in result.stderr
    assert "files from" not in data("status").stdout


def test_links(home: Path, server: HostileServer) -> None:
    assert "2 files: 2 present, 0 dead, 0 unknown, 0 manual" in data("links", "own").stderr
    del server.hosted["/b.mp4"]
    result = data("links", "own", code=1)
    assert f"b.mp4\tdead\t{server.url('/b.mp4')}\tmissing\t" in result.stdout
    assert "a.mp4" not in result.stdout
    assert "own\tweb\t0 of 2\t1\t0.0 MB\tto accept\tmissing a.mp4, b.mp4; dead b.mp4" in data("status").stdout
    report = json.loads(data("links", "own", "--json", code=1).stdout)
    assert [file["file"] for file in report["files"]] == ["a.mp4", "b.mp4"]


def test_a_broken_manifest_of_the_users_stops_only_what_asks_for_it(home: Path) -> None:
    broken = home / "manifests/mine.toml"
    broken.write_text('id = "studio"\ntitel = "Studio"\n')
    (home / "manifests/half.toml").write_text("id = ")
    for command in ("list", "status"):
        result = data(command)
        assert f"warning: {broken} is not a valid manifest" in result.stderr
        assert "half.toml is not valid TOML" in result.stderr
        assert "own" in result.stdout
        assert "studio" not in result.stdout
    for name in ("studio", "half"):
        with pytest.raises(FileFormatError, match="is not"):
            data("prepare", name)
    with pytest.raises(InputError, match="no benchmark 'mine'"):
        data("prepare", "mine")
    assert "2 fetched" in data("fetch", "own", "--accept-licence").stderr


def test_check_manifest(home: Path, tmp_path: Path) -> None:
    result = data("check-manifest", str(home / "manifests/own.toml"))
    assert "warning\tcitation\tis empty" in result.stdout
    assert "own.toml: can be used" in result.stderr
    broken = tmp_path / "broken.toml"
    broken.write_text((home / "manifests/own.toml").read_text().replace('"files"', '"magic"'))
    result = data("check-manifest", str(broken), code=2)
    assert "problem\tsources.web" in result.stdout
    assert "broken.toml: cannot be used" in result.stderr
    found = json.loads(data("check-manifest", str(broken), "--json", code=2).stdout)
    assert found["problems"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("answer", "code", "accepted"), [("y", 0, True), ("n", 2, False)])
def test_on_a_terminal_the_terms_are_asked_for(home: Path, answer: str, code: int, accepted: bool) -> None:
    import pty

    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mcbench", "data", "fetch", "own"],
        stdin=terminal,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        cwd=Path(__file__).parents[2],
    )
    os.close(terminal)
    os.write(main, f"{answer}\n".encode())
    told = b""
    with contextlib.suppress(OSError):  # the end of a terminal is an error
        while block := os.read(main, 4096):
            told += block
    os.close(main)
    assert process.wait(60) == code
    assert b"For tests only." in told
    assert (home / "licences/own/web.json").is_file() == accepted

"""Offline: no socket is made, which the interpreter's own audit of each one proves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcbench.downloads import RemoteFile, check_link, fetch_file, fetch_files, is_offline
from mcbench.errors import DataMissingError, NetworkError

_AUDITED = """
import sys
from pathlib import Path

def watch(event, arguments):
    if event.startswith(("socket.", "urllib.", "subprocess.", "os.posix_spawn", "os.system")):
        print("AUDIT", event, flush=True)

sys.addaudithook(watch)
from mcbench import weights
from mcbench.downloads import RemoteFile, check_link, fetch_file, fetch_files
from mcbench.errors import NetworkError

folder, way = Path(sys.argv[1]), sys.argv[2]
offline = None if way == "environment" else True
urls = ("http://127.0.0.1:1/a.bin", "gdrive:0123456789", "kaggle:a/b", "youtube:0123456789a")
if way == "online":
    check_link(urls[0])
    sys.exit()
file = RemoteFile(name="a.bin", urls=urls)
try:
    fetch_file(file, folder, offline=offline, command="mcbench data fetch x")
except NetworkError as error:
    print(error.hint)
report = fetch_files([file], folder, offline=offline, command="mcbench data fetch x")
print(report.failures["a.bin"].message)
print(*(check_link(url, offline=offline).state for url in urls))
if way == "environment":
    for name in ("inception", "blazepose"):
        try:
            weights.fetch(name)
        except NetworkError as error:
            print(error.hint)
"""


def _run(folder: Path, way: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", _AUDITED, str(folder), way],
        capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "MCBENCH_HOME": str(folder / "home"), **environment},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("way", ["environment", "argument"])
def test_offline_opens_no_socket_and_prints_the_command(tmp_path: Path, way: str) -> None:
    told = _run(tmp_path, way, **({"MCBENCH_OFFLINE": "1"} if way == "environment" else {}))
    assert "AUDIT" not in told
    assert "run: mcbench data fetch x" in told
    assert "a.bin has to be fetched, and mcbench is offline" in told
    assert "unknown unknown unknown unknown" in told
    if way == "environment":
        assert "run: mcbench weights fetch inception" in told
        assert "run: mcbench weights fetch blazepose" in told
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith("a.bin")]


def test_the_audit_sees_a_socket_where_one_is_made(tmp_path: Path) -> None:
    # Else the test above would prove nothing.
    assert "AUDIT socket.connect" in _run(tmp_path, "online")


@pytest.mark.parametrize(
    ("value", "argument", "expected"),
    [
        ("", None, False), ("0", None, False), ("false", None, False), ("No", False, False),
        ("1", None, True), ("yes", None, True), ("", True, True), ("0", True, True), ("1", False, True),
    ],
)  # fmt: skip
def test_the_environment_and_the_argument_both_forbid(
    value: str, argument: bool | None, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCBENCH_OFFLINE", value)
    assert is_offline(argument) is expected


def test_offline_what_is_here_is_enough(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"here")
    file = RemoteFile(name="a.bin", urls=("http://127.0.0.1:1/a.bin",))
    assert fetch_file(file, tmp_path, offline=True).n_bytes == 4
    report = fetch_files([file, RemoteFile(name="b.bin", urls=file.urls)], tmp_path, offline=True)
    assert (list(report.records), list(report.failures)) == (["a.bin"], ["b.bin"])
    assert not report.complete


def test_offline_without_a_command_the_hint_names_both_ways(tmp_path: Path) -> None:
    file = RemoteFile(name="a.bin", urls=("http://127.0.0.1:1/a.bin",))
    with pytest.raises(NetworkError, match="unset MCBENCH_OFFLINE, leave out --offline"):
        fetch_file(file, tmp_path, offline=True)
    with pytest.raises(DataMissingError):
        fetch_file(RemoteFile(name="c.bin", manual="by letter"), tmp_path, offline=True)
    assert check_link("https://example.org/a", offline=True).reason == "offline"

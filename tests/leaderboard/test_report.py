"""`mcbench report` and `mcbench view`."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import webbrowser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mcbench.cli import app
from mcbench.errors import DataMissingError, InputError
from tests.leaderboard.site import make_results
from tests.signals import listen


@pytest.fixture
def results(tmp_path: Path) -> Path:
    make_results(tmp_path / "results")
    return tmp_path / "results"


def test_report_writes_the_page_beside_the_results(results: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(results)])
    assert done.exit_code == 0
    written = {Path(line).name for line in done.stdout.splitlines()}
    assert written == {"README.md", "leaderboard.csv", "leaderboard.json", "index.html"}
    page = (results / "report" / "index.html").read_text(encoding="utf-8")
    assert '"../ours/multi-character/demo/previews/dance-00.mp4"' in page
    assert "<title>mcbench report</title>" in page
    assert "<h1>mcbench report</h1>" in page
    again = CliRunner().invoke(app, ["report", str(results)])
    assert again.exit_code == 0
    assert (results / "report" / "index.html").read_text(encoding="utf-8") == page


def test_report_opens_the_page(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def without_browser(address: str) -> bool:
        opened.append(address)
        return False

    monkeypatch.setattr(webbrowser, "open", without_browser)
    out = tmp_path / "a board"
    done = CliRunner().invoke(app, ["report", str(results), "--out", str(out), "--open"])
    assert opened == [(out / "index.html").as_uri()]
    assert "no browser could be started" in done.stderr


def test_what_cannot_be_reported_is_told(tmp_path: Path) -> None:
    for command in ("report", "view"):
        missing = CliRunner().invoke(app, [command, str(tmp_path / "none")])
        assert isinstance(missing.exception, InputError)
        empty = CliRunner().invoke(app, [command, str(tmp_path)])
        assert isinstance(empty.exception, DataMissingError)
        assert "mcbench score" in empty.exception.hint
        port = CliRunner().invoke(app, ["view", str(tmp_path), "--port", "70000"])
        assert port.exit_code == 2


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_view_serves_until_it_is_interrupted(results: Path) -> None:
    before = sorted(results.rglob("*"))
    command = [sys.executable, "-m", "mcbench", "view", str(results)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=listen
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:")
            connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=20)
            connection.request("GET", "/")
            page = connection.getresponse().read().decode()
            assert '"./ours/multi-character/demo/previews/dance-00.mp4"' in page
            connection.request(
                "GET", "/ours/multi-character/demo/previews/dance-00.mp4", headers={"Range": "bytes=4-7"}
            )
            assert connection.getresponse().read() == b"ftyp"
            connection.request("GET", "/leaderboard.csv")
            assert connection.getresponse().status == 200
            connection.close()
        finally:
            process.send_signal(signal.SIGINT)
            try:
                _, said = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    assert process.returncode == 0
    assert "Traceback" not in said
    assert sorted(results.rglob("*")) == before  # it writes nothing


def test_a_run_without_score_is_not_shown(results: Path) -> None:
    (results / "warp/multi-character/demo/scores/disco-2.json").unlink()
    done = CliRunner().invoke(app, ["report", str(results)])
    assert done.exit_code == 0
    assert "warp" not in (results / "report" / "README.md").read_text(encoding="utf-8")

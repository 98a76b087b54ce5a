"""`mcbench leaderboard` as a shell meets it, in one process."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mcbench.cli import app
from mcbench.errors import DataMissingError, InputError
from tests.leaderboard import factory


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["leaderboard", *arguments])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_writes_and_prints_tables_then_checks(place: Path) -> None:
    factory.put(place / "results", factory.score("ours", {"psnr": 20.0}))
    factory.put(place / "results", factory.score("warp", {"psnr": 19.0}))
    done = run()
    assert done.exit_code == 0
    assert "rank\tmodel\tPSNR (dB) ↑\tcoverage\tdate" in done.stdout
    assert "1\tours\t20.00 [19.00, 21.00]\t3/3 videos, 72/72 frames\t2026-11-21" in done.stdout
    assert "leaderboard/index.html" in done.stderr
    assert {path.name for path in (place / "leaderboard").iterdir()} == {
        "README.md",
        "leaderboard.csv",
        "leaderboard.json",
        "index.html",
    }
    assert run("--check").exit_code == 0


def test_check_of_a_stale_file_exits_1_with_the_difference(place: Path) -> None:
    factory.put(place / "results", factory.score("ours", {"psnr": 20.0}))
    run()
    factory.put(place / "results", factory.score("warp", {"psnr": 19.0}))
    before = (place / "leaderboard/README.md").read_bytes()
    done = run("--check")
    assert done.exit_code == 1
    assert "+| 2 | warp |" in done.stdout
    assert [line.split(":")[0] for line in done.stdout.splitlines()[-4:]] == [
        f"leaderboard/{name}" for name in ("README.md", "leaderboard.csv", "leaderboard.json", "index.html")
    ]
    assert done.stdout.count(" (regenerated)") == 1, "the difference of one file alone"
    assert done.stderr.startswith("stale: write leaderboard again")
    assert (place / "leaderboard/README.md").read_bytes() == before


def test_a_long_difference_is_cut(place: Path) -> None:
    factory.put(place / "results", factory.score("ours"))
    run()
    for number in range(9):
        factory.put(place / "results", factory.score(f"m{number}", protocol=f"p/{number}"))
    lines = run("--check").stdout.splitlines()
    assert len(lines) == 60 + 1 + 4
    assert re.fullmatch(r"and [0-9]+ more lines", lines[60])


def test_own_clips_stay_out_but_are_reported(place: Path) -> None:
    factory.put(place / "results", factory.score("ours"))
    own = factory.score("warp", split=factory.split(benchmark="local/clips", subset="default"))
    factory.put(place / "results", own)
    done = run()
    assert done.exit_code == 0
    assert "mcbench report results shows them" in done.stderr
    assert "local/clips" in done.stderr
    for name in ("README.md", "leaderboard.csv", "leaderboard.json", "index.html"):
        assert "local/clips" not in (place / "leaderboard" / name).read_text()
    assert CliRunner().invoke(app, ["report", "results"]).exit_code == 0
    assert "local/clips" in (place / "results/report/README.md").read_text()


def test_own_clips_alone_make_no_leaderboard(place: Path) -> None:
    own = factory.score("warp", split=factory.split(benchmark="local/clips", subset="default"))
    factory.put(place / "results", own)
    done = run()
    assert isinstance(done.exception, DataMissingError)
    assert "mcbench report" in done.stderr
    assert not (place / "leaderboard").exists()


def test_committed_records_join_those_of_results(place: Path) -> None:
    factory.put(place / "results", factory.score("ours"))
    factory.score("theirs").write(place / "leaderboard/submissions/theirs/multi-character/demo/disco-2.json")
    assert {"ours", "theirs"} <= set(run().stdout.split())
    alone = run("--submissions-only")
    assert alone.exit_code == 0
    assert "ours" not in alone.stdout.split()
    text = (place / "leaderboard/README.md").read_text()
    assert "[score](./submissions/theirs/multi-character/demo/disco-2.json)" in text


def test_without_results_the_committed_records_are_enough(place: Path) -> None:
    factory.score("theirs").write(place / "leaderboard/submissions/theirs/multi-character/demo/disco-2.json")
    assert run().exit_code == 0


def test_json_is_that_of_the_file(place: Path) -> None:
    factory.put(place / "results", factory.score("ours", {"psnr": 20.0}))
    (table,) = json.loads(run("--json").stdout)["tables"]
    (row,) = table["rows"]
    psnr = row["values"]["psnr"]
    assert (row["model"], psnr["value"], psnr["interval"]) == ("ours", 20.0, "19.00, 21.00")


def test_no_score_anywhere_names_the_commands(place: Path) -> None:
    done = run()
    assert isinstance(done.exception, DataMissingError)
    assert "mcbench score" in done.exception.hint
    assert not (place / "leaderboard").exists()


def test_an_absent_folder_is_an_error(place: Path) -> None:
    done = run("--results", "absent")
    assert isinstance(done.exception, InputError)
    assert "absent" in done.exception.message


def test_options_that_contradict(place: Path) -> None:
    (place / "results").mkdir()
    done = run("--results", "results", "--submissions-only")
    assert isinstance(done.exception, InputError)

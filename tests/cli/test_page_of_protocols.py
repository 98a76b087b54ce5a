"""`--protocol all` of score and compare as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mcbench import data
from mcbench.cli import app
from mcbench.cli.score import print_scores
from mcbench.errors import InputError
from mcbench.records import ScoreRecord
from mcbench.runs import RunRequest, run_model
from mcbench.scoring import PROTOCOLS, SideBySide, side_by_side
from tests.scoring.invented import record
from tests.scoring.making import clip, noisy, write_folder


def _type(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_compare_prints_one_page_and_writes_it(tmp_path: Path) -> None:
    truth = {"v": clip(0, 4), "w": clip(1, 4)}
    sides = [
        write_folder(tmp_path / "p", {name: noisy(frames, 9.0) for name, frames in truth.items()}),
        write_folder(tmp_path / "t", truth),
    ]
    files = ["--json", tmp_path / "page.json", "--markdown", tmp_path / "page.md"]
    result = _type("compare", *sides, "--protocol", "all", "--home", tmp_path / "home", *files)
    assert result.exit_code == 1, "networks are missing"
    head = next(line for line in result.stdout.splitlines() if line.startswith("metric"))
    assert head.split() == ["metric", "disco/2", "humanvid/1", "common-metrics/1", "mcbench/1"]
    assert "Why the numbers of a row differ" in result.stdout
    assert "to get it: mcbench weights fetch i3d" in result.stdout
    page = SideBySide.model_validate_json((tmp_path / "page.json").read_text())
    psnr = next(row for row in page.rows if row.key == "psnr")
    values = [cell.value for cell in psnr.cells.values() if cell is not None]
    assert len(values) == 4
    assert len(set(values)) > 1
    assert f"| {psnr.key} ↑ | {values[0]:.4f} dB |" in (tmp_path / "page.md").read_text()


def test_score_writes_a_record_of_each_and_a_page_of_each_run(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    videos = write_folder(tmp_path / "videos", {"a": clip(0, 3), "b": clip(1, 3)})
    data.prepare("local", from_path=videos, name="mine", fps=8.0, home=home)
    run_model(RunRequest(model="copy-reference", split="local/mine", out=out, home=home))
    result = _type("score", out, "--protocol", "all", "--home", home, "--markdown", tmp_path / "page.md")
    assert result.exit_code == 1, "networks are missing"
    written = {ScoreRecord.read(path).protocol for path in out.rglob("scores/*.json")}
    assert written == set(PROTOCOLS) - {"people/1"}, "there are no masks"
    title = "on local/mine (local): 6 frames of 2 videos under 4 protocols"
    assert title in " ".join(result.stdout.split())
    assert title in (tmp_path / "page.md").read_text()
    pages = json.loads(_type("score", out, "--protocol", "all", "--home", home, "--json").stdout)
    assert [set(page["protocols"]) for page in pages] == [written]


def test_scores_of_people_are_printed_beneath_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    disco, people = record("disco/2"), record("people/1")
    print_scores([disco, people], "a title", side_by_side([disco, people], "a title"))
    printed = capsys.readouterr().out
    assert printed.index("Why the numbers of a row differ") < printed.index("# a title, people/1")
    assert "# a title, disco/2" not in printed
    print_scores([disco, people], "a title")
    assert "# a title, disco/2" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["score", "compare"])
def test_markdown_is_of_the_page_alone(command: str, tmp_path: Path) -> None:
    places = [tmp_path] if command == "score" else [tmp_path, tmp_path]
    result = _type(command, *places, "--protocol", "disco/2", "--markdown", tmp_path / "page.md")
    assert isinstance(result.exception, InputError)
    assert "--protocol all" in result.exception.hint
    assert not (tmp_path / "page.md").exists()

"""`mcbench versus` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from mcbench.cli import score, versus
from mcbench.errors import DataMissingError, InputError, McbenchError
from mcbench.records import MetricValue, ScoreRecord
from tests.leaderboard.factory import put, split, value
from tests.leaderboard.factory import score as score_record

app = typer.Typer()
app.command("versus")(versus.versus)
app.command("other")(lambda: None)


def _type(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["versus", *(str(argument) for argument in arguments)])


def _record(model: str, quality: float, **changes: object) -> ScoreRecord:
    by_video = {f"clip-{k}": quality + k for k in range(8)}
    fvd = [100.0 / quality + 0.1 * k for k in range(8)]
    metrics = {
        "psnr": value("psnr", quality + 3.5, by_video=by_video, n_videos=8),
        "fvd": value("fvd", 100.0 / quality, replicates=tuple(fvd), n_videos=8, warning="mostly bias"),
    }
    return score_record(model, metrics, **{"protocol": "mcbench/1"} | changes)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for model, quality in (("copy", 10.0), ("ours", 20.0), ("warp", 15.0)):
        put(tmp_path, _record(model, quality))
    return tmp_path


def test_a_table_for_each_metric_with_warnings_apart(results: Path) -> None:
    result = _type(results)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "# psnr ↑ (dB), multi-character/demo, mcbench/1"
    assert lines[2].split("\t")[:3] == ["1", "ours", "23.5000"]
    assert lines[4].split("\t") == [
        "3", "copy", "13.5000", "12.8250 to 14.1750", "c", "0.023", "0.023", "0 : 8",
    ]  # fmt: skip
    assert lines[5].startswith("# fvd ↓")
    assert result.stderr.count("mostly bias") == 3


def test_json_is_the_record(results: Path) -> None:
    found = json.loads(_type(results, "--json", "--metric", "psnr").stdout)
    assert list(found["metrics"]) == ["psnr"]
    assert found["methods"] == ["copy", "ours", "warp"]
    assert len(found["metrics"]["psnr"]["pairs"]) == 3


def test_runs_of_one_model_go_by_their_folders(results: Path) -> None:
    put(results, _record("ours", 21.0), "again")
    methods = json.loads(_type(results, "--json").stdout)["methods"]
    assert "ours (again/multi-character/demo)" in methods
    assert "ours (ours/multi-character/demo)" in methods
    assert "copy" in methods


def test_runs_of_several_splits_need_a_choice(results: Path) -> None:
    for model in ("ours", "warp"):
        put(results, _record(model, 20.0, split=split(subset="test")))
    refused = _type(results)
    assert isinstance(refused.exception, InputError)
    assert refused.exception.hint == "choose one: --split multi-character/demo"
    found = json.loads(_type(results, "--json", "--split", "multi-character/test").stdout)
    assert (found["split"], found["methods"]) == ("multi-character/test", ["ours", "warp"])
    assert isinstance(_type(results, "--split", "other").exception, DataMissingError)


def test_what_cannot_be_compared_says_which_command_helps(results: Path, tmp_path: Path) -> None:
    cases: list[tuple[list[object], str]] = [
        ([results, "--protocol", "disco/2"], "--protocol disco/2"),
        ([results / "ours"], "mcbench run --model NAME, then mcbench score"),
        ([results, "--metric", "nothing"], "they have psnr, fvd"),
        ([results, "--protocol", "none/1"], "use --protocol"),
        ([results, "--part", "people=2"], "its parts: none"),
        ([tmp_path / "absent"], "mcbench run --help"),
    ]
    for arguments, hint in cases:
        error = _type(*arguments).exception
        assert isinstance(error, McbenchError), arguments
        assert hint in error.hint


def test_it_is_a_command_with_an_example() -> None:
    from mcbench.cli import app as whole

    result = CliRunner().invoke(whole, ["versus", "--help"])
    assert "Example: mcbench versus results/" in result.output


def test_what_a_method_lacks_and_few_videos_are_said(tmp_path: Path) -> None:
    for model, quality in (("copy", 10.0), ("ours", 20.0)):
        put(tmp_path, _record(model, quality))
    lesser = _record("warp", 15.0)
    put(tmp_path, lesser.model_copy(update={"metrics": {"psnr": _few(lesser.metrics["psnr"])}}))
    result = _type(tmp_path)
    assert "fvd is not in the score of warp" in result.stderr
    assert "psnr: 4 videos and 3 pair(s) of methods: no adjusted p can be below 0.38" in result.stderr


def _few(whole: MetricValue) -> MetricValue:
    return whole.model_copy(update={"by_video": dict(list(whole.by_video.items())[:4])})


def test_score_prints_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    score.print_score(_record("ours", 20.0), "title")
    printed = capsys.readouterr()
    assert "fvd: mostly bias" in printed.err
    assert "mostly bias" not in printed.out

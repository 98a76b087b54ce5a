"""`mcbench score`, `compare` and `weights` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from mcbench import data
from mcbench.cli import score, weights
from mcbench.errors import McbenchError
from mcbench.runs import RunRequest, run_model
from tests.scoring.making import clip, noisy, write_folder

app = typer.Typer()
app.command("score")(score.score)
app.command("compare")(score.compare)
app.add_typer(weights.app, name="weights")


def _type(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("sides")
    truth = {"v": clip(0, 4), "w": clip(1, 4)}
    predicted = {name: noisy(frames, 9.0) for name, frames in truth.items()}
    return write_folder(folder / "p", predicted), write_folder(folder / "t", truth)


def test_compare_writes_json_prints_a_table_and_tells_what_is_missing(
    sides: tuple[Path, Path], tmp_path: Path
) -> None:
    result = _type("compare", *sides, "--protocol", "disco/2", "--json", tmp_path / "scores.json")
    assert result.exit_code == 1, "networks are missing"
    written = json.loads((tmp_path / "scores.json").read_text())
    assert written["protocol"] == "disco/2"
    assert set(written["metrics"]) == {"l1", "psnr", "psnr_uint8", "ssim"}
    assert written["metrics"]["psnr"]["value"] > 20
    assert written["unavailable"]["fvd"]["command"] == "mcbench weights fetch i3d"
    rows = [line.split("\t")[0] for line in result.stdout.splitlines()]
    assert {"l1 ↓ (levels/px)", "psnr ↑ (dB)", "psnr_uint8 ↑ (dB)", "ssim ↑"} <= set(rows)
    assert "left out: fid: " in result.stderr
    assert "to get it: mcbench weights fetch inception" in result.stderr
    assert "check H*W*L1 <= 255*10^(-PSNR/20)" in result.stderr


def test_compare_says_when_the_check_need_not_hold(tmp_path: Path) -> None:
    truth = clip(0, 4)
    predicted = noisy(truth, 25.0)
    predicted[:3] = truth[:3]
    write_folder(tmp_path, {"p": predicted, "t": truth})
    result = _type("compare", tmp_path / "p", tmp_path / "t", "--protocol", "disco/2")
    assert "does not hold" in result.stderr


def test_errors_reach_the_top_whole(sides: tuple[Path, Path], tmp_path: Path) -> None:
    result = _type("compare", sides[0], tmp_path / "absent")
    assert isinstance(result.exception, McbenchError)
    assert "absent does not exist" in str(result.exception)
    assert "a folder of frames" in result.exception.hint
    mistyped = sides[1].with_name(f"{sides[1].name}h")
    result = _type("compare", sides[0], mistyped)
    assert isinstance(result.exception, McbenchError)
    assert result.exception.hint == f"did you mean {sides[1]}?"
    assert _type("compare", *sides, "--networks", "others").exit_code == 2


def test_missing_frames_are_listed_when_allowed(sides: tuple[Path, Path], tmp_path: Path) -> None:
    write_folder(tmp_path / "p", {"v": clip(0, 3)})
    result = _type("compare", tmp_path / "p", sides[1], "--allow-missing")
    assert result.exit_code == 1
    assert "scored 1 of 2 videos and 3 of 8 frames" in result.stderr
    assert "left out: w: no prediction of this name" in result.stderr
    assert "left out: v/frame 3, not predicted" in result.stderr


def test_score_finds_runs_and_reports_one_that_cannot_be_scored(tmp_path: Path) -> None:
    write_folder(tmp_path / "videos", {"a": clip(0, 3)})
    home = tmp_path / "home"
    data.prepare("local", from_path=tmp_path / "videos", name="mine", fps=8.0, home=home)
    request = RunRequest(model="copy-reference", split="local/mine", out=tmp_path / "results", home=home)
    run_model(request)
    result = _type("score", tmp_path / "results", "--protocol", "disco/2", "--home", home)
    assert result.exit_code == 1
    assert "psnr ↑ (dB)" in result.stdout
    as_json = _type("score", tmp_path / "results", "--protocol", "disco/2", "--home", home, "--json")
    assert [record["protocol"] for record in json.loads(as_json.stdout)] == ["disco/2"]
    broken = tmp_path / "results" / "broken" / "x"
    broken.mkdir(parents=True)
    (broken / "run.json").write_text("{}")
    both = _type("score", tmp_path / "results", "--protocol", "disco/2", "--home", home)
    assert both.exit_code == 1
    assert f"not scored: {broken}" in both.stderr
    assert "psnr ↑ (dB)" in both.stdout
    unknown = _type("score", tmp_path / "results", "--protocol", "disco/3")
    assert "no protocol is called 'disco/3'" in str(unknown.exception)


def test_weights_list_tells_what_is_here_and_how_to_get_the_rest(tmp_path: Path) -> None:
    listed = json.loads(_type("weights", "list", "--json").stdout)
    assert {item["name"] for item in listed} >= {
        "lpips-alex",
        "lpips-vgg",
        "inception",
        "i3d",
        "resnet50-kinetics",
    }
    assert not any(item["present"] for item in listed)
    plain = _type("weights", "list").stdout
    assert "mcbench weights fetch lpips-alex" in plain
    assert "mcbench weights add resnet50-kinetics resnet-50-kinetics.pth" in plain
    file = tmp_path / "resnet-50-kinetics.pth"
    file.write_bytes(b"bytes")
    added = _type("weights", "add", "resnet50-kinetics", file)
    assert added.exit_code == 0
    assert "no digest has been published" in added.stderr
    assert "here (unverified)" in _type("weights", "list").stdout


def test_weights_verify_fails_for_a_damaged_file_only(tmp_path: Path) -> None:
    nothing = _type("weights", "verify")
    assert nothing.exit_code == 0
    assert "no weights are on this machine" in nothing.stderr
    file = tmp_path / "resnet-50-kinetics.pth"
    file.write_bytes(b"bytes")
    home = tmp_path / "home"
    _type("weights", "add", "resnet50-kinetics", file, "--home", home)
    assert _type("weights", "verify", "--home", home).exit_code == 0
    (home / "weights" / "resnet-50-kinetics.pth").write_bytes(b"other")
    damaged = _type("weights", "verify", "--home", home, "--json")
    assert damaged.exit_code == 1
    assert json.loads(damaged.stdout)[0]["result"] == "FAILED"


@pytest.mark.shared
def test_weights_verify_golden(shared: Path, tmp_path: Path) -> None:
    trunk = shared / "weights" / "lpips" / "alexnet_features_torchvision.pth"
    assert _type("weights", "add", "lpips-alex", trunk, "--home", tmp_path).exit_code == 0
    result = _type("weights", "verify", "--golden", "--home", tmp_path)
    assert result.exit_code == 0
    assert "black against white, 64x64\tok" in result.stdout


def test_weights_fetch_offline_lists_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCBENCH_OFFLINE", "1")
    result = _type("weights", "fetch", "inception", "lpips-vgg")
    assert result.exit_code == 1
    assert "not fetched: inception, lpips-vgg" in result.stderr
    assert "did you mean" in str(_type("weights", "fetch", "inception", "lpips-vg").exception)

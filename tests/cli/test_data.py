from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mcbench.cli.data import app
from mcbench.errors import DataMissingError, InputError
from tests.data.making import CLIPS_OF_FOLDER, folder_of_videos, install_tiny


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install_tiny(tmp_path / "home")
    monkeypatch.setenv("MCBENCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def data(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result


def test_list(home: Path) -> None:
    lines = data("list").stdout.splitlines()
    assert any(line.startswith("multi-character\t20\t3917\tembedded") for line in lines)
    assert any(line.startswith("multi-character --source local\t20\t3917\treference") for line in lines)
    assert any(line.startswith("local/NAME\t") for line in lines)
    ids = [manifest["id"] for manifest in json.loads(data("list", "--json").stdout)]
    assert {"local", "multi-character", "tiny"} <= set(ids)


def test_prepare_verify_status(home: Path) -> None:
    first = data("prepare", "tiny", "--workers", "1")
    assert "demo-01\tdone\t3" in first.stdout
    assert "2 prepared, 0 there already, 0 failed; 6 frames" in first.stderr
    assert "0 prepared, 2 there already" in data("prepare", "tiny").stderr
    assert "demo-02\tok" in data("verify", "tiny", "--workers", "1").stdout
    rows = json.loads(data("status", "--json").stdout)["prepared"]
    (row,) = (row for row in rows if (row["benchmark"], row["subset"]) == ("tiny", "default"))
    assert (row["prepared"], row["expected"], row["frames"]) == (2, 2, 6)
    assert "tiny\tgenerated\t2 of 2\t6\t" in data("status").stdout


def test_prepare_local_folders(home: Path, tmp_path: Path) -> None:
    videos = folder_of_videos(tmp_path / "in")
    (videos / "readme.txt").touch()
    result = data("prepare", "local", "--from", str(videos), "--name", "street", "--workers", "1", "--json")
    report = json.loads(result.stdout)
    assert (report["name"], report["source"]) == ("local/street", "local")
    assert tuple(clip["clip"] for clip in report["clips"]) == CLIPS_OF_FOLDER
    assert report["passed_over"] == ["readme.txt"]
    result = data(
        "prepare", "local/street", "--clip", "third", "--clip", "zweite", "--force", "--workers", "1"
    )
    assert "2 prepared" in result.stderr
    assert "passed over: readme.txt" in result.stderr


def test_partial_success_exits_with_1_and_names_it(home: Path, tmp_path: Path) -> None:
    videos = folder_of_videos(tmp_path / "in")
    (videos / "broken.mp4").write_bytes(b"no video")
    result = data("prepare", "local", "--from", str(videos), "--workers", "1", code=1)
    assert "broken\tfailed" in result.stdout
    assert "broken.mp4 is not a video" in result.stdout
    assert "3 prepared, 0 there already, 1 failed" in result.stderr


def test_an_incomplete_copy_of_the_papers_videos(home: Path, tmp_path: Path) -> None:
    videos = folder_of_videos(tmp_path / "in")
    (videos / "zweite.webm").unlink()
    result = data("prepare", "tiny", "--source", "local", "--from", str(videos), "--workers", "1", code=1)
    assert "incomplete: 2 videos where tiny has 3" in result.stderr
    result = data("verify", "tiny", "--source", "local", "--workers", "1")
    assert "note: 9 frames where tiny has 13" in result.stderr


def test_verify_exits_with_1_on_damage_and_says_how_to_mend(home: Path) -> None:
    data("prepare", "tiny", "--workers", "1")
    (home / "prepared/tiny/generated/clips/demo-02/frames/000001.png").write_bytes(b"")
    result = data("verify", "tiny", "--workers", "1", code=1)
    assert "demo-02\tdamaged" in result.stdout
    assert "to mend: mcbench data prepare tiny --clip demo-02 --force" in result.stderr
    data("prepare", "tiny", "--clip", "demo-02", "--force", "--workers", "1")
    data("verify", "tiny", "--workers", "1")


def test_errors_that_a_user_can_mend(home: Path) -> None:
    with pytest.raises(DataMissingError):
        data("verify", "tiny")
    with pytest.raises(InputError):
        data("prepare", "local")
    data("prepare", "tiny", "--workers", "0", code=2)

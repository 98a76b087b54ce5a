"""`mcbench data conditions`: options with and without a name, lists, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mcbench import data
from mcbench.cli import app
from mcbench.errors import InputError, WeightsMissingError
from tests.conditions.clips import standing_poses
from tests.data.making import folder_of_videos

runner = CliRunner()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    videos = folder_of_videos(tmp_path / "videos")
    assert data.prepare("local", from_path=videos, name="videos", home=tmp_path / "home").complete
    return tmp_path / "home"


def call(home: Path, *arguments: str) -> tuple[int, str]:
    result = runner.invoke(app, ["data", "conditions", *arguments, "--home", str(home), "--workers", "1"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_computed_then_listed(home: Path) -> None:
    code, text = call(home, "local/videos", "--flow", "dis", "--json")
    assert code == 0
    outcomes = json.loads(text)["conditions"]
    assert {(each["kind"], each["estimator"], each["status"]) for each in outcomes} == {
        ("flow", "dis", "done")
    }
    code, text = call(home, "local/videos")
    assert code == 0
    assert f"dis\tflow\t{len(outcomes)} of {len(outcomes)}" in text


@pytest.mark.parametrize(
    "arguments", [("local/videos", "--flow"), ("--flow", "local/videos"), ("local/videos", "--flow", "raft")]
)
def test_an_option_without_a_name_asks_for_the_fields_own(home: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(WeightsMissingError) as caught:
        call(home, *arguments)
    assert "mcbench weights fetch raft-large" in caught.value.hint


def test_densepose_without_a_command_is_told(home: Path) -> None:
    with pytest.raises(InputError, match="DensePose"):
        call(home, "local/videos", "--densepose")


def test_a_name_that_is_none_is_refused(home: Path) -> None:
    code, _ = call(home, "local/videos", "--flow", "farneback")
    assert code == 2


def test_failed_clips_are_told_by_the_exit_code(home: Path) -> None:
    code, text = call(home, "local/videos", "--masks")
    assert code == 1
    assert "has no poses" in text


def test_a_sheet_is_written(tmp_path: Path) -> None:
    from PIL import Image

    from tests.video.making import numbered, write_video

    folder = tmp_path / "clips"
    folder.mkdir()
    poses = standing_poses(n_frames=4)
    write_video(folder / "a.mp4", numbered(4, *poses.size))
    poses.write(folder / "a.poses.npz")
    home = tmp_path / "home"
    assert data.prepare("local", from_path=folder, name="posed", home=home).complete
    code, _ = call(home, "local/posed", "--flow", "dis", "--sheet", str(tmp_path / "sheet.png"))
    assert code == 0
    with Image.open(tmp_path / "sheet.png") as picture:
        assert picture.height > 320
        assert picture.width > 7 * 200
    with pytest.raises(InputError, match=r"sheet\.txt"):
        call(home, "local/posed", "--sheet", str(tmp_path / "sheet.txt"))

"""`mcbench data conditions`: options with and without a name, lists, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mcbench import data
from mcbench.cli import app
from mcbench.errors import InputError, WeightsMissingError
from tests.conditions.clips import standing_poses
from tests.data.making import folder_of_videos
from tests.signals import listen

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
    for arguments in (("local/videos", "--flow", "diss"), ("--flow", "diss", "local/videos")):
        with pytest.raises(InputError, match="no estimator of flow 'diss'") as caught:
            call(home, *arguments)
        assert caught.value.hint == "did you mean dis?"
    with pytest.raises(InputError, match="no estimator of poses 'blazpose'") as caught:
        call(home, "local/videos", "--pose", "blazpose", "--clip", "a")
    assert caught.value.hint == "did you mean blazepose?"
    with pytest.raises(InputError, match="does not say where its drawings go"):
        call(home, "local/videos", "--densepose", "draw.py")


def test_nothing_kept_is_said_with_the_estimators(home: Path) -> None:
    result = runner.invoke(app, ["data", "conditions", "local/videos", "--home", str(home)])
    assert result.exit_code == 0
    assert "nothing is kept of local/videos" in result.stderr
    assert "--pose: dwpose, dataset, blazepose" in result.stderr
    assert "--flow: raft, dis" in result.stderr


def test_ctrl_c_is_told_and_leaves_no_folder(home: Path, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    program = tmp_path / "draw.py"
    program.write_text(
        f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\ntime.sleep(60)\n", encoding="utf-8"
    )
    drawing = f"{sys.executable} {program} {{out}}"
    command = ["data", "conditions", "local/videos", "--densepose", drawing, "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mcbench", *command, "--home", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that its group is not that of the tests
        preexec_fn=listen,
    )
    while not begun.exists() and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "stopped; the same command goes on from here" in said
    assert not [path for path in home.glob("prepared/local/*/*/conditions/*") if path.is_dir()]


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

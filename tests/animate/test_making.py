"""The whole way, with files of poses and the quick method `warp`, and once with the shipped checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from mcbench.animate import AnimateRecord, AnimateRequest, animate_picture
from mcbench.cli import app
from mcbench.errors import DataMissingError, FileFormatError, InputError, McbenchError, MismatchError
from mcbench.video import digest_frames, open_frames, read_image
from tests.animate.conftest import SIZE, standing, walking, write_openpose_file


@pytest.fixture
def request_(picture: Path, reference_pose: Path, dance: Path, tmp_path: Path) -> AnimateRequest:
    return AnimateRequest(
        picture, dance, tmp_path / "out", model="warp", reference_pose=reference_pose, fps=25.0, device="cpu"
    )


def test_frames_and_a_record_of_how_they_were_made(request_: AnimateRequest) -> None:
    record = animate_picture(request_)
    frames = open_frames(request_.out)
    assert (len(frames), frames.size) == (5, SIZE)
    assert record == AnimateRecord.read(request_.out.with_name("out.json"))
    assert record.frames_sha256 == digest_frames(frames)
    assert (record.model.id, record.n_frames, record.fps) == ("warp", 5, 25.0)
    assert (record.matches, record.standing_still) == (((1, 1), (2, 2)), ())
    # The first frame shows the first driving pose, which lies over the picture's own.
    assert np.abs(frames[0].astype(int) - read_image(request_.reference)).mean() < 40


def test_a_video_of_the_shipped_checkpoint(request_: AnimateRequest, tmp_path: Path) -> None:
    record = animate_picture(
        replace(request_, out=tmp_path / "us.mp4", model="ours", options={"steps": 1}, max_frames=2)
    )
    opened = open_frames(tmp_path / "us.mp4")
    # Landscape as the picture, on the model's grid of 8.
    assert (len(opened), opened.size, opened.fps) == (2, record.size, 25.0)
    height, width = record.size
    assert (height % 8, width % 8) == (0, 0)
    assert abs(height / width / (SIZE[0] / SIZE[1]) - 1) < 0.05


def test_one_frame_and_another_rate(request_: AnimateRequest) -> None:
    assert animate_picture(replace(request_, max_frames=1)).n_frames == 1


@pytest.mark.parametrize(("canvas", "n_frames"), [({}, 1), ({"canvas_width": 320, "canvas_height": 240}, 12)])
def test_openpose_files_drive(
    request_: AnimateRequest, tmp_path: Path, canvas: dict[str, int], n_frames: int
) -> None:
    driving = walking(n_frames, (80, 130), (200, 130))
    for index in range(n_frames):
        order = [0, 1] if index % 2 else [1, 0]  # people come in any order
        write_openpose_file(tmp_path / "poses" / f"{index}.json", driving.keypoints[index, order], **canvas)
    made = animate_picture(replace(request_, pose=tmp_path / "poses"))
    assert (made.n_frames, made.driving_people, made.driving_poses) == (n_frames, 2, "openpose")
    exact = animate_picture(replace(request_, pose=_written(driving, tmp_path), out=tmp_path / "exact"))
    assert made.frames_sha256 == exact.frames_sha256


def _written(driving: object, folder: Path) -> Path:
    driving.write(folder / "exact.npz")  # type: ignore[attr-defined]
    return folder / "exact.npz"


def test_a_file_of_the_picture_s_people(request_: AnimateRequest, tmp_path: Path) -> None:
    write_openpose_file(tmp_path / "us.json", standing((110, 70), (40, 70)).keypoints[0])
    made = animate_picture(replace(request_, reference_pose=tmp_path / "us.json", out=tmp_path / "other"))
    assert made.frames_sha256 == animate_picture(request_).frames_sha256


@pytest.mark.parametrize(
    "pixels",
    [
        np.full(SIZE, 90, np.uint8),
        np.full(SIZE, 90 * 257, np.uint16),
        np.dstack([np.full((*SIZE, 3), 90, np.uint8), np.full(SIZE, 255, np.uint8)]),
    ],
    ids=["grey", "16 bits", "opaque alpha"],
)
def test_kinds_of_pictures_that_mean_the_same(request_: AnimateRequest, pixels: NDArray[np.generic]) -> None:
    Image.fromarray(pixels).save(request_.reference)
    animate_picture(replace(request_, model="copy-reference"))
    assert (open_frames(request_.out)[0] == 90).all()


def test_transparent_pictures_are_refused(request_: AnimateRequest) -> None:
    see_through = np.zeros((*SIZE, 4), np.uint8)
    Image.fromarray(see_through).save(request_.reference)
    with pytest.raises(FileFormatError, match="transparent") as caught:
        animate_picture(request_)
    assert "flatten" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"size": (100, 100)}, MismatchError, "would squeeze"),
        ({"fps": None}, InputError, "how fast"),
        ({"fps": 0.0}, InputError, "--fps"),
        ({"max_frames": 0}, InputError, "--max-frames"),
        ({"matches": ((0, 7),)}, InputError, "not there"),
        ({"model": "nearest-frame"}, InputError, "also needs"),
        ({"out": Path("x.avi")}, InputError, "neither"),
        ({"reference_pose": None, "pose_estimator": "openpose"}, InputError, "openpose"),
        ({"reference": Path("nothing.png")}, FileFormatError, "missing"),
    ],
)
def test_bad_input(
    request_: AnimateRequest, change: dict[str, object], kind: type[McbenchError], message: str
) -> None:
    with pytest.raises(kind, match=message):
        animate_picture(replace(request_, **change))  # type: ignore[arg-type]
    assert not request_.out.exists()


def test_nobody_and_no_frames_are_refused(request_: AnimateRequest, tmp_path: Path) -> None:
    for index in range(3):
        write_openpose_file(tmp_path / "empty" / f"{index}.json", np.zeros((0, 18, 2), np.float32))
    with pytest.raises(DataMissingError, match=r"nobody was found in .*empty"):
        animate_picture(replace(request_, pose=tmp_path / "empty"))
    with pytest.raises(DataMissingError, match="reference picture"):
        animate_picture(replace(request_, reference_pose=tmp_path / "empty" / "0.json"))
    walking(0, (80, 130)).write(tmp_path / "none.npz")
    with pytest.raises(DataMissingError, match="nobody"):
        animate_picture(replace(request_, pose=tmp_path / "none.npz"))


def test_weights_that_are_not_here_are_named_with_their_command(
    request_: AnimateRequest, tmp_path: Path
) -> None:
    asked = replace(request_, reference_pose=None, pose_estimator="dwpose", home=tmp_path / "home")
    with pytest.raises(McbenchError, match="dwpose"):
        animate_picture(asked)


def test_a_folder_that_holds_something_is_left_alone(request_: AnimateRequest) -> None:
    request_.out.mkdir()
    (request_.out / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something"):
        animate_picture(request_)
    assert (request_.out / "mine.txt").is_file()


def test_the_command(request_: AnimateRequest, tmp_path: Path) -> None:
    arguments = ["animate", "--reference", str(request_.reference), "--pose", str(request_.pose), "--out"]
    arguments += [str(tmp_path / "us.mp4"), "--model", "warp", "--fps", "10", "--size", "60x80", "--json"]
    arguments += ["--reference-pose", str(request_.reference_pose), "--match", "1:2,2:1"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    record = AnimateRecord.model_validate_json(done.stdout)
    assert (record.size, record.fps, record.matches) == ((60, 80), 10.0, ((1, 2), (2, 1)))
    assert open_frames(tmp_path / "us.mp4").size == (60, 80)

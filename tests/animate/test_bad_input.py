"""Bad input as a user types it: what is told, and that it is told before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from mcbench.cli import app
from mcbench.data.generated import GENERATOR_VERSION
from mcbench.errors import (
    DataMissingError,
    FileFormatError,
    InputError,
    McbenchError,
    MismatchError,
    WeightsMissingError,
)
from mcbench.model.pipeline import AnimationPipeline
from mcbench.video import open_frames, write_png
from tests.animate.conftest import SIZE, standing, walking, write_openpose_file
from tests.data.making import TINY, install_tiny
from tests.model.conftest import config, networks, pipeline

__all__ = ["config", "networks", "pipeline"]


class Place:
    """Files of a user, and the command on them."""

    def __init__(self, folder: Path, picture: Path, reference_pose: Path, dance: Path) -> None:
        self.folder = folder
        self.options: dict[str, object] = {
            "--reference": picture, "--pose": dance, "--out": folder / "out", "--model": "warp",
            "--reference-pose": reference_pose, "--fps": 25, "--device": "cpu",
        }  # fmt: skip

    def animate(self, **change: object) -> None:
        """Run the command; options that are None are left out."""
        named = {f"--{name.replace('_', '-')}": value for name, value in change.items()}
        told = {name: value for name, value in {**self.options, **named}.items() if value is not None}
        words = [str(word) for pair in told.items() for word in pair]
        done = CliRunner().invoke(app, ["animate", *words])
        if isinstance(done.exception, McbenchError):
            raise done.exception
        assert done.exit_code == 0, (done.output, done.exception)

    def refused(self, kind: type[McbenchError], message: str, **change: object) -> str:
        """Run the command, and return the hint of its error."""
        with pytest.raises(kind, match=message) as caught:
            self.animate(**change)
        assert not (self.folder / "out").exists()
        return caught.value.hint


@pytest.fixture
def place(tmp_path: Path, picture: Path, reference_pose: Path, dance: Path) -> Place:
    return Place(tmp_path, picture, reference_pose, dance)


@pytest.fixture
def nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object, **__: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("mcbench.baselines.load", load)
    monkeypatch.setattr("mcbench.animate.reading.load_estimator", load)


@pytest.mark.usefixtures("nothing_is_loaded")
@pytest.mark.parametrize("name", ["gone.mp4", "gone.npz", "gone.json", "gone"])
def test_files_that_are_not_there_are_told_first(place: Place, name: str) -> None:
    for option in ("pose", "reference", "reference_pose"):
        if option != "reference_pose" or name.endswith((".npz", ".json")):
            place.refused(FileFormatError, "gone", **{option: place.folder / name})


@pytest.mark.usefixtures("nothing_is_loaded")
@pytest.mark.parametrize("name", ["bad.mp4", "bad.npz", "bad.json", "bad.png"])
def test_files_that_cannot_be_read_are_told_first(place: Place, name: str) -> None:
    (place.folder / name).write_bytes(b"this is none of it")
    for option in ("pose", "reference", "reference_pose"):
        if option != "reference_pose" or name.endswith((".npz", ".json")):
            place.refused(FileFormatError, name.replace(".", r"\."), **{option: place.folder / name})


@pytest.mark.usefixtures("nothing_is_loaded")
def test_a_rate_that_nothing_says_is_asked_for_first(place: Place) -> None:
    assert "--fps 25" in place.refused(InputError, "how fast", fps=None)


def test_nobody_is_found(place: Place) -> None:
    write_openpose_file(place.folder / "empty.json", np.zeros((0, 18, 2), np.float32))
    empty = place.folder / "empty.json"
    assert "--reference-pose" in place.refused(DataMissingError, "reference picture", reference_pose=empty)
    assert "head to hips" in place.refused(DataMissingError, r"nobody was found in .*empty\.json", pose=empty)


def test_more_people_in_the_picture_than_in_what_drives(place: Place) -> None:
    walking(3, (80, 130)).write(place.folder / "alone.npz")
    alone = place.folder / "alone.npz"
    assert "--match 1:1,2:1" in place.refused(InputError, "2 people in the picture, and 1", pose=alone)
    place.animate(pose=alone, match="1:1,2:1")


def test_more_people_in_what_drives_than_in_the_picture(place: Place) -> None:
    walking(3, (60, 130), (150, 130), (240, 130)).write(place.folder / "three.npz")
    place.animate(pose=place.folder / "three.npz")
    assert len(open_frames(place.folder / "out")) == 3


@pytest.mark.parametrize("n_frames", [1, 3])
def test_driving_poses_of_any_length_and_size(place: Place, n_frames: int) -> None:
    walking(n_frames, (80, 130), (200, 130)).write(place.folder / "other.npz")  # 240 x 320
    place.animate(pose=place.folder / "other.npz")
    frames = open_frames(place.folder / "out")
    assert (len(frames), frames.size) == (n_frames, SIZE)


def test_no_frames(place: Place) -> None:
    walking(0, (80, 130)).write(place.folder / "none.npz")
    place.refused(DataMissingError, "nobody", pose=place.folder / "none.npz")
    (place.folder / "pictures").mkdir()
    place.refused(FileFormatError, "pictures", pose=place.folder / "pictures")


def test_a_grey_picture(place: Place) -> None:
    Image.fromarray(np.full(SIZE, 90, np.uint8)).save(place.folder / "us.png")
    place.animate()
    assert open_frames(place.folder / "out").size == SIZE


def test_a_picture_with_transparent_pixels(place: Place) -> None:
    Image.fromarray(np.zeros((*SIZE, 4), np.uint8)).save(place.folder / "us.png")
    assert "flatten" in place.refused(FileFormatError, "transparent")


def test_sides_that_divide_by_nothing(place: Place, pipeline: AnimationPipeline) -> None:
    pipeline.save_pretrained(place.folder / "micro")
    odd = (123, 161)
    write_png(place.folder / "odd.png", np.random.default_rng(0).integers(0, 256, (*odd, 3), dtype=np.uint8))
    standing((40, 70), (110, 70)).resized(odd).write(place.folder / "odd.npz")
    place.animate(
        model="ours", checkpoint=place.folder / "micro", reference=place.folder / "odd.png",
        reference_pose=place.folder / "odd.npz", max_frames=1, size="61x80",
    )  # fmt: skip
    assert open_frames(place.folder / "out").size == (61, 80)


def test_weights_that_are_not_here(place: Place) -> None:
    assert "use a shipped one (tiny)" in place.refused(
        WeightsMissingError, "huge", model="ours", checkpoint="huge"
    )
    assert "mcbench train full" in place.refused(
        WeightsMissingError, "'full'", model="ours", checkpoint="full"
    )
    command = place.refused(
        WeightsMissingError,
        "dwpose",
        reference_pose=None,
        pose_estimator="dwpose",
        home=place.folder / "home",
    )
    assert "mcbench weights" in command


def test_a_checkpoint_of_another_configuration(pipeline: AnimationPipeline, tmp_path: Path) -> None:
    pipeline.save_pretrained(tmp_path / "micro")
    words = ["run", "--model", "ours", "--config", "small", "--option", f"checkpoint={tmp_path / 'micro'}"]
    home = tmp_path / "home"
    install_tiny(home, TINY.replace("generator_version = 1", f"generator_version = {GENERATOR_VERSION}"))
    done = CliRunner().invoke(app, [*words, "--split", "tiny", "--clip", "demo-01", "--home", str(home),
                                    "--out", str(tmp_path / "results"), "--device", "cpu"])  # fmt: skip
    assert isinstance(done.exception, MismatchError), (done.output, done.exception)
    assert "'micro', not of 'small'" in str(done.exception)

"""Validation, what is kept of it, and where numbers are written."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from mcbench.errors import WeightsMissingError
from mcbench.model.loading import load_pipeline
from mcbench.model.training import stage as stages
from mcbench.model.training import train
from mcbench.model.training.validation import Validation, is_better
from mcbench.video import read_image
from tests.model.training.conftest import Changed, Told, losses


def test_the_best_checkpoint_is_kept(
    changed: Changed, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, scores = stages.validate, iter((0.2, 0.1, 0.3))

    def scored(*arguments: object) -> Validation:
        found = real(*arguments)
        assert set(found.values) == {"l1", "psnr", "ssim"}
        assert 0 < found.values["l1"] < 1
        return Validation(found.values | {"l1": next(scores)}, found.sheet)

    monkeypatch.setattr(stages, "validate", scored)
    config = changed(validate_every=1)
    train(config, out=tmp_path, stage="1", steps1=3, clips=clips, workers=0)
    told = json.loads((tmp_path / "best/training.json").read_text())
    assert told["stages"]["1"]["steps"] == 2
    assert told["validation"]["l1"] == 0.1
    assert json.loads((tmp_path / "stage1/state.json").read_text())["best"] == 0.1
    best, last = load_pipeline(tmp_path / "best"), load_pipeline(tmp_path / "pipeline")
    assert not np.array_equal(
        best.denoiser.conv_in.weight.detach().numpy(), last.denoiser.conv_in.weight.detach().numpy()
    )
    lines = map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines())
    assert [each["step"] for each in lines if "validation" in each] == [1, 2, 3]
    sheet = read_image(tmp_path / "samples/stage1-0000003.png")
    assert sheet.shape == (48 + 2, 4 * (32 + 2), 3)


def test_tensorboard_gets_losses_numbers_and_pictures(changed: Changed, clips: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(changed(validate_every=2), out=tmp_path, stage="1", steps1=2, clips=clips, workers=0)
    board = EventAccumulator(str(tmp_path / "tensorboard/stage1"))
    board.Reload()
    tags = board.Tags()
    assert {"loss", "learning rate", "images a second", "validation/l1"} <= set(tags["scalars"])
    assert tags["images"] == ["reference, pose, made, truth"]
    assert [each.step for each in board.Scalars("loss")] == [1, 2]


def test_without_tensorboard_the_log_has_all(
    changed: Changed, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    told = Told()
    train(changed(), out=tmp_path, stage="1", steps1=1, clips=clips, workers=0, progress=told)
    assert "TensorBoard is not installed" in told.messages[0]
    assert not (tmp_path / "tensorboard").exists()
    assert (tmp_path / "log.jsonl").is_file()
    [(_, _, loss)] = losses(tmp_path)
    assert len(told.notes) == 1
    assert told.notes[0].startswith(f"loss {loss:.4f}, ")
    assert told.notes[0].endswith(" images/s")


def test_the_best_by_lpips_needs_its_weights(changed: Changed, clips: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError, match="lpips"):
        train(changed(validate_every=1, best_by="lpips"), out=tmp_path, stage="1", clips=clips, workers=0)


def test_which_way_numbers_are_better() -> None:
    assert is_better("l1", 0.2, None)
    assert is_better("l1", 0.1, 0.2)
    assert not is_better("lpips", 0.3, 0.2)
    assert is_better("psnr", 30, 20)
    assert not is_better("ssim", 0.5, 0.6)

"""`animate-anyone` from the published files' layout, at tiny widths, to frames that score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcbench import baselines, data, files, scoring
from mcbench.data.truth import Poses
from mcbench.errors import MismatchError, WeightsMissingError
from mcbench.model.config import ModelConfig
from mcbench.model.pretrained import convert_moore
from mcbench.runs import RunRequest, run_folder, run_model
from tests.model.pretrained.test_moore import narrow, published, weights
from tests.scoring.making import clip, write_folder

__all__ = ["published"]


@pytest.fixture
def checkpoint(published: Path, tmp_path: Path) -> Path:
    pipeline, _ = convert_moore(weights(published), narrow())
    pipeline.save_pretrained(tmp_path / "moore")
    return tmp_path / "moore"


def test_converted_weights_make_videos_that_score(checkpoint: Path, tmp_path: Path) -> None:
    frames = clip(0, 3, (64, 64))  # of the networks' own shape
    write_folder(tmp_path / "videos", {"a": frames})
    size = frames[0].shape[:2]
    joints = np.random.default_rng(0).uniform(2, min(size) - 2, (3, 1, 18, 2)).astype(np.float32)
    poses = Poses(
        joints, np.full(joints.shape[:3], 2, np.uint8), np.full(joints.shape[:2], 2.0, np.float32), size
    )
    poses.write(tmp_path / "videos" / "a.poses.npz")
    data.prepare("local", from_path=tmp_path / "videos", name="mine", fps=8.0)
    options = {"checkpoint": str(checkpoint), "steps": 1, "window": 3, "overlap": 1}
    asked = RunRequest("animate-anyone", "local/mine", out=tmp_path / "results", options=options)
    record = run_model(asked)
    assert [(one.status, one.reason, one.n_frames) for one in record.videos] == [("done", "", 3)]
    assert (record.model.id, record.model.display_name) == ("animate-anyone", "animate-anyone")
    used = {use.name: use.sha256 for use in record.model.weights}
    assert used == {
        str(path.relative_to(checkpoint)): files.sha256_file(path)
        for path in checkpoint.glob("*/*.safetensors")
    }
    assert (record.model.sampler["steps"], record.model.sampler["window"]) == (1, 3)
    folder = run_folder(tmp_path / "results", "animate-anyone", record.split)
    (score,) = scoring.score_runs([folder], protocols=["humanvid/1"])[folder]
    assert 0 < score.metrics["psnr"].value < 60
    assert score.model == record.model


def test_without_converted_weights_the_command_is_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissingError) as caught:
        baselines.load("animate-anyone", "cpu", {})
    assert "mcbench convert pretrained_weights --out moore" in caught.value.hint
    with pytest.raises(MismatchError, match="tiny"):
        baselines.load("animate-anyone", "cpu", {"checkpoint": "tiny"})
    assert ModelConfig.load("animate-anyone").name == "animate-anyone"

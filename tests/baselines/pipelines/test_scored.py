"""A diffusers-made method from the spec to the score, on a clip with poses."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mcbench import data, scoring
from mcbench.data.truth import Poses
from mcbench.runs import RunRequest, run_folder, run_model
from tests.scoring.making import clip, write_folder


def test_seeded_networks_make_videos_that_score(parts: dict[str, str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    videos = {"a": clip(0, 3)}
    write_folder(tmp_path / "videos", videos)
    size = videos["a"][0].shape[:2]
    joints = np.random.RandomState(0).uniform(2, min(size) - 2, (3, 1, 18, 2)).astype(np.float32)
    Poses(
        joints, np.full(joints.shape[:3], 2, np.uint8), np.full(joints.shape[:2], 2.0, np.float32), size
    ).write(tmp_path / "videos" / "a.poses.npz")
    data.prepare("local", from_path=tmp_path / "videos", name="mine", fps=8.0, home=home)
    options = {name: parts[name] for name in ("base", "controlnet", "ip_adapter")}
    record = run_model(
        RunRequest(
            model="ip-adapter-controlnet",
            split="local/mine",
            out=tmp_path / "results",
            home=home,
            options={**options, "steps": 1, "pixels": 1024},
        )
    )
    assert [(one.status, one.reason) for one in record.videos] == [("done", "")]
    assert record.videos[0].conditions["poses"].startswith("exact")
    folder = run_folder(tmp_path / "results", "ip-adapter-controlnet", record.split)
    (score,) = scoring.score_runs([folder], protocols=["mcbench/1"], home=home)[folder]
    assert 0 < score.metrics["psnr"].value < 60
    assert score.model is not None
    assert len(score.model.weights) == 3 + 1 + 2

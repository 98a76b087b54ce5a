"""Training on prepared clips."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mcbench.conditions.prepare import ConditionJob, prepare_condition
from mcbench.data import Clip
from mcbench.errors import DataMissingError, InputError
from mcbench.model.config import ModelConfig
from mcbench.model.training import prepared, train
from mcbench.model.training.prepared import PreparedClips
from tests.conditions.clips import make_clip, standing_poses
from tests.model.training.conftest import Changed, losses


def _clips(home: Path, count: int = 3, n_frames: int = 6) -> list[Clip]:
    return [
        make_clip(home, f"c{index}", n_frames=n_frames, poses=standing_poses(n_frames), seed=index)
        for index in range(count)
    ]


def _with_flow(config: ModelConfig) -> ModelConfig:
    told = config.model_dump(mode="json")
    told["guiders"]["names"] = ["pose", "depth_order", "flow"]
    return ModelConfig.model_validate(told)


def test_frames_and_poses_are_cut_alike(config: ModelConfig, tmp_path: Path) -> None:
    clips = _clips(tmp_path)
    source = PreparedClips(clips, "local/some", config)
    loaded = source.load(1, [4, 2])
    # 48x40 frames, of which 48x32 are the middle.
    assert np.array_equal(loaded.frames[0], clips[1].frame(4)[:, 4:36])
    assert np.array_equal(loaded.frames[1], clips[1].frame(2)[:, 4:36])
    given = standing_poses(6).keypoints[4] - np.array([4, 0], np.float32)
    inside = (given[..., 0] >= 0) & (given[..., 0] < 32) & (given[..., 1] >= 0) & (given[..., 1] < 48)
    assert inside.any()
    assert np.allclose(loaded.poses.keypoints[0][inside], given[inside])
    assert np.array_equal(loaded.poses.visibility[0] > 0, inside)
    assert np.isnan(loaded.poses.keypoints[0][~inside]).all()
    assert loaded.poses.size == (48, 32)
    assert loaded.flow(0) is None
    assert source.layout(0).n_frames == 6


def test_some_clips_are_held_out(changed: Changed, tmp_path: Path) -> None:
    clips = _clips(tmp_path)
    config = changed(validate_every=1, validation_clips=1, validation_frames=3)
    source = PreparedClips(clips, "local/some", config)
    assert source.clips_in_use(config.training, 10) == 2
    [held] = source.validation(1, 3)
    assert held.name == "c1"
    assert np.array_equal(held.frames[1], clips[1].frame(2)[:, 4:36])
    every = [source.load(index, [0]).frames[0] for index in range(2)]
    assert not any(np.array_equal(held.frames[0], each) for each in every)
    with pytest.raises(InputError, match="too few"):
        PreparedClips(clips[:1], "local/some", config)


def test_short_and_empty_clips_are_left_out(config: ModelConfig, tmp_path: Path) -> None:
    short = make_clip(tmp_path, "short", n_frames=2, poses=standing_poses(2))
    empty = standing_poses(6)
    empty.visibility[:] = 0
    nobody = make_clip(tmp_path, "nobody", n_frames=6, poses=empty)
    source = PreparedClips([*_clips(tmp_path), short, nobody], "local/some", config)
    assert source.left_out == 2
    assert source.clips_in_use(config.training, 0) == 3


def test_what_is_missing_is_told_with_the_command(config: ModelConfig, tmp_path: Path) -> None:
    bare = [make_clip(tmp_path, name, n_frames=6) for name in ("a", "b")]
    with pytest.raises(DataMissingError, match=r"has no poses.*1 more") as caught:
        PreparedClips(bare, "local/some", config)
    assert "mcbench data conditions local/some --pose" in caught.value.hint
    with pytest.raises(DataMissingError, match="has no flow") as caught:
        PreparedClips(_clips(tmp_path), "local/some", _with_flow(config))
    assert "mcbench data conditions local/some --flow" in caught.value.hint


def test_flow_comes_along_in_the_pixels_of_the_maps(config: ModelConfig, tmp_path: Path) -> None:
    clips = _clips(tmp_path)
    for clip in clips:
        prepare_condition(ConditionJob(clip_folder=str(clip.folder), kind="flow", estimator="dis"))
    told = _with_flow(config).model_dump(mode="json") | {"size": [24, 16]}
    source = PreparedClips(clips, "local/some", ModelConfig.model_validate(told))
    flow = source.load(0, [0, 1]).flow(0)
    assert flow is not None
    assert flow.shape == (24, 16, 2)
    # Frames move one pixel to the right; at half the size that is half a pixel.
    assert np.median(flow[4:-4, 4:-4, 0]) == pytest.approx(0.5, abs=0.15)


def test_a_training_on_prepared_clips(changed: Changed, tmp_path: Path) -> None:
    config = changed(validate_every=2)
    source = PreparedClips(_clips(tmp_path), "local/some", config)
    train(config, out=tmp_path / "out", steps1=2, steps2=1, data=source, workers=1)
    assert len(losses(tmp_path / "out")) == 3
    state = json.loads((tmp_path / "out/stage1/state.json").read_text())
    assert state["data"] == source.identity
    assert state["data"].startswith("local/some, ")
    assert not (tmp_path / "out/clips").exists()


def test_clips_to_test_on_are_left_out(
    config: ModelConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = _clips(tmp_path)
    expected = {"local/some/test": ("c0",), "local/other": ("elsewhere",)}
    monkeypatch.setattr(prepared, "open_split", lambda name, **_rest: SimpleNamespace(clips=clips))
    monkeypatch.setattr(
        prepared, "resolve", lambda name, **_rest: SimpleNamespace(expected=lambda: expected[name])
    )
    source = prepared.prepared_clips("local/some", config, without="local/some/test")
    assert source.clips_in_use(config.training, 0) == 2
    assert source.identity.startswith("local/some without local/some/test, ")
    with pytest.raises(InputError, match="no clip of local/other"):
        prepared.prepared_clips("local/some", config, without="local/other")

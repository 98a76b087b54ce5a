"""Which clips and frames a step sees."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from mcbench.errors import FileFormatError
from mcbench.model.config import ModelConfig
from mcbench.model.networks import temporal_parameter
from mcbench.model.training import train
from mcbench.model.training.batches import Batch, Share, augmented, make_batch, make_choices
from mcbench.model.training.clips import (
    RUN_FRAMES,
    SPREAD_FRAMES,
    VALIDATION_FROM,
    VALIDATION_STRIDE,
    ClipStore,
    render_clip,
)
from mcbench.model.training.loss import Draws, LossModule
from mcbench.model.training.stage import learning_rate, picture_share
from tests.model.training.conftest import Changed, losses


def _batch(config: ModelConfig, store: ClipStore, step: int) -> Batch:
    stage = config.training.stage1
    return make_batch(config, stage, store, make_choices(config, stage, store, 0, (0, 1, step)))


def test_batches_depend_on_the_step_alone(config: ModelConfig, clips: Path) -> None:
    store = ClipStore(clips, config.size)
    first, again, other = (_batch(config, store, step) for step in (5, 5, 6))
    assert torch.equal(first.frames, again.frames)
    assert torch.equal(first.guesses, again.guesses)
    assert not torch.equal(first.frames, other.frames)
    assert first.references.shape == (2, 3, 48, 32)
    assert first.frames.shape == (4, 3, 32, 24)
    assert {name: tuple(each.shape) for name, each in first.maps.items()} == dict.fromkeys(
        config.guiders.names, (4, 3, 32, 24)
    )
    assert 0 < first.people.mean() <= 1


def test_shares_are_the_whole_batch(config: ModelConfig, clips: Path) -> None:
    store, stage = ClipStore(clips, config.size), config.training.stage1
    choices = make_choices(config, stage, store, 0, (0, 1, 0))
    whole = make_batch(config, stage, store, choices)
    shares = [Share(process, 2) for process in range(2)]
    parts = [make_batch(config, stage, store, choices[share.clips(2, 0)]) for share in shares]
    assert torch.equal(whole.frames, torch.cat([part.frames for part in parts]))
    taken = [Share(process, 2, 3).clips(12, part) for part in range(3) for process in range(2)]
    assert [(each.start, each.stop) for each in taken] == [(k, k + 2) for k in range(0, 12, 2)]


def test_some_steps_may_be_of_images_alone(config: ModelConfig, changed: Changed, clips: Path) -> None:
    store = ClipStore(clips, config.size)
    joint = changed("stage2", image_batches=0.5, images=4)
    drawn = [make_choices(joint, joint.training.stage2, store, 0, (0, 2, step)) for step in range(30)]
    shapes = {(len(each), len(each[0].frames)) for each in drawn}
    assert shapes == {(4, 1), (1, 3)}
    video = next(each for each in drawn if len(each) == 1)
    assert np.diff(video[0].frames).tolist() == [1, 1]


def test_joint_training_takes_steps_on_images_and_on_clips(
    changed: Changed, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = LossModule.forward, []

    def watched(self: LossModule, batch: Batch, draws: Draws, picture_share: float) -> torch.Tensor:
        motion = next(each for name, each in self.networks.named_parameters() if temporal_parameter(name))
        seen.append((len(batch.references), len(batch.frames), motion.detach().clone()))
        return real(self, batch, draws, picture_share)

    config = changed("stage2", image_batches=0.5, images=4)
    train(config, out=tmp_path, stage="1", steps1=1, clips=clips, workers=0)
    monkeypatch.setattr(LossModule, "forward", watched)
    train(config, out=tmp_path, stage="2", steps2=5, clips=clips, workers=0)
    # Four single frames of as many clips, or three frames in a row of one; both teach motion modules.
    assert {each[:2] for each in seen} == {(4, 4), (1, 3)}
    assert all(not torch.equal(one[2], other[2]) for one, other in itertools.pairwise(seen))
    assert [step for stage, step, _ in losses(tmp_path) if stage == 2] == [1, 2, 3, 4, 5]


def test_the_store_gives_back_what_was_rendered(config: ModelConfig, clips: Path, tmp_path: Path) -> None:
    rendered, stored = render_clip(1, config.size), ClipStore(clips, config.size).whole(1)
    assert np.array_equal(rendered.frames, stored.frames)
    assert len(stored.frames) == SPREAD_FRAMES + RUN_FRAMES
    assert np.array_equal(rendered.poses.keypoints, stored.poses.keypoints)
    some = ClipStore(clips, config.size).load(1, [3, 9])
    assert np.array_equal(some.frames, rendered.frames[[3, 9]])
    layout = ClipStore(clips, config.size).layout(1)
    assert layout.n_people == rendered.poses.n_people
    store = ClipStore(tmp_path, config.size)
    store.add(1)
    next(tmp_path.glob("*.npz")).write_bytes(b"cut short")
    with pytest.raises(FileFormatError, match="training clip"):
        store.whole(1)


def test_validation_clips_are_others(config: ModelConfig, clips: Path) -> None:
    [held] = ClipStore(clips, config.size).validation(1, 2)
    assert held.name == f"train-{VALIDATION_FROM}"
    assert held.frames.shape == (2, 48, 32, 3)
    assert held.poses.n_frames == 2
    assert VALIDATION_STRIDE > 1
    assert not np.array_equal(held.poses.keypoints[0], held.poses.keypoints[1])


def test_mirroring_moves_the_key_points_with_the_picture(config: ModelConfig) -> None:
    clip = render_clip(0, config.size)
    mirrored = augmented(clip, True, (2, 0, 1))
    assert np.array_equal(mirrored.frames, clip.frames[:, :, ::-1][..., [2, 0, 1]])
    assert np.allclose(mirrored.poses.keypoints[..., 4, 0], 32 - clip.poses.keypoints[..., 7, 0])
    assert np.array_equal(mirrored.poses.visibility[..., 10], clip.poses.visibility[..., 13])


def test_clips_stream_in_with_the_steps(changed: Changed, clips: Path) -> None:
    training = changed(new_clips_per_step=0.5).training
    store = ClipStore(clips, (48, 32))
    assert [store.clips_in_use(training, step) for step in (0, 1, 2, 1000)] == [2, 2, 3, 502]


def test_the_learning_rate_rises_and_falls(changed: Changed) -> None:
    stage = changed("stage1", warmup_steps=4).training.stage1
    rates = [learning_rate(stage, step, 20) for step in range(20)]
    assert rates[0] == pytest.approx(0.25e-3)
    assert max(rates) == rates[4] == pytest.approx(1e-3)
    assert all(a > b for a, b in itertools.pairwise(rates[4:]))
    assert learning_rate(stage, 20, 20) == pytest.approx(1e-4)


def test_terms_of_pictures_come_in_with_the_steps_of_stage_1(changed: Changed) -> None:
    training = changed(picture_warmup_steps=10).training
    assert [picture_share(training, 1, step) for step in (0, 5, 10, 99)] == [0.0, 0.25, 1.0, 1.0]
    assert picture_share(training, 2, 0) == 1.0
    assert picture_share(changed().training, 1, 0) == 1.0

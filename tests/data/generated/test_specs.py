"""Which clips there are."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mcbench.data import generated
from mcbench.data.generated import SceneSpec, build_scene, demo_clips, train_clip


def test_the_benchmark_is_20_clips_of_3917_frames() -> None:
    clips = generated.test_clips()
    assert [clip.id for clip in clips] == [f"mc-{k:02d}" for k in range(1, 21)]
    assert sum(clip.n_frames for clip in clips) == 3917
    assert {clip.n_people for clip in clips} == {2, 3, 4, 5}
    assert min(clip.fps for clip in clips) == 8
    assert max(clip.fps for clip in clips) == 30
    assert all(clip.split == "test" for clip in clips)
    assert clips == generated.test_clips()


def test_the_demo_is_4_clips_of_32_frames() -> None:
    clips = demo_clips()
    assert [clip.id for clip in clips] == ["demo-01", "demo-02", "demo-03", "demo-04"]
    assert [clip.n_people for clip in clips] == [2, 3, 4, 5]
    assert {clip.n_frames for clip in clips} == {32}
    assert {clip.pool for clip in clips} == {"test"}


def test_training_clips_do_not_end_and_do_not_repeat() -> None:
    clips = [train_clip(index) for index in range(300)]
    seeds = {clip.seed for clip in (*clips, *generated.test_clips(), *demo_clips())}
    assert len(seeds) == 324
    assert {clip.n_people for clip in clips} == {2, 3, 4, 5}
    assert train_clip(123).id == "train-000123"
    assert train_clip(1_000_000_007, 5).n_frames == 5
    assert {clip.pool for clip in clips} == {"train"}


def test_a_longer_training_clip_begins_like_a_shorter_one() -> None:
    short, long = build_scene(train_clip(2, 8)), build_scene(train_clip(2, 24))
    np.testing.assert_array_equal(short.render(7, (64, 48)).image, long.render(7, (64, 48)).image)


@pytest.mark.parametrize(
    "change", [{"n_people": 1}, {"n_people": 6}, {"n_frames": 0}, {"fps": 0.0}, {"index": -1}]
)
def test_specs_that_cannot_be_are_refused(change: dict[str, int]) -> None:
    spec: SceneSpec = train_clip(0)
    with pytest.raises(ValueError):
        dataclasses.replace(spec, **change)

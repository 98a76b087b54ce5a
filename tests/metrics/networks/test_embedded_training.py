"""Training of the embedded networks: what is done to clips, what is asked about them, and the loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.metrics.networks.embedded import load_embedded
from mcbench.metrics.networks.embedded.architecture import SHAPES
from mcbench.metrics.networks.embedded.distortions import (
    PICTURE_LEVELS,
    TIMELINE_LEVELS,
    Picture,
    Timeline,
    apply_picture,
    draw_picture,
    draw_timeline,
)
from mcbench.metrics.networks.embedded.footage import Footage, load_footage, render_footage
from mcbench.metrics.networks.embedded.tasks import ContentTasks
from mcbench.metrics.networks.embedded.train import BatchSource, Settings, main, train_network

ORDER = Timeline(np.arange(16), np.zeros(16, np.int64))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("footage")
    render_footage(place, range(2))
    return place


@pytest.fixture(scope="module")
def footage(folder: Path) -> Footage:
    return load_footage(sorted(folder.glob("*.npz")))


def level(levels: np.ndarray, names: tuple[str, ...], name: str) -> float:
    return float(levels[names.index(name)])


# --- footage ----------------------------------------------------------------------------------


def test_footage_is_two_looks_of_the_same_dance(footage: Footage) -> None:
    assert footage.frames.shape == (2, 2, 16, 84, 60, 3)
    assert footage.stills.shape == (2, 2, 4, 168, 120, 3)
    assert footage.masks.shape == (2, 2, 16, 42, 30)
    assert (footage.frames[:, 0] != footage.frames[:, 1]).mean() > 0.02
    # Clothes and hair change a silhouette a little; where people are stays.
    both = (footage.masks[:, 0] > 0) & (footage.masks[:, 1] > 0)
    either = (footage.masks[:, 0] > 0) | (footage.masks[:, 1] > 0)
    assert both.sum() / either.sum() > 0.7


def test_rendered_clips_are_kept(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.npz")}
    paths = render_footage(folder, range(2))
    assert {path: path.stat().st_mtime_ns for path in paths} == before


# --- distortions ------------------------------------------------------------------------------


def test_levels_of_nothing_are_zero() -> None:
    assert not ORDER.levels().any()
    assert not Picture().levels().any()
    assert ORDER.ordered


def test_levels_of_a_frozen_clip() -> None:
    frozen = Timeline(np.minimum(np.arange(16), 4), np.zeros(16, np.int64))
    assert level(frozen.levels(), TIMELINE_LEVELS, "frozen") == pytest.approx(2 * 11 / 15)
    assert not frozen.ordered


def test_levels_of_a_swap_grow_as_it_comes_earlier() -> None:
    late, early = (Timeline(np.arange(16), (np.arange(16) >= start).astype(np.int64)) for start in (14, 3))
    shares = [level(timeline.levels(), TIMELINE_LEVELS, "exchanged") for timeline in (late, early)]
    assert shares == pytest.approx([2 * 2 / 16, 2 * 13 / 16])


def test_a_clip_in_other_looks_throughout_is_no_swap() -> None:
    assert not Timeline(np.arange(16), np.ones(16, np.int64)).levels().any()


def test_levels_of_a_reversed_clip() -> None:
    backwards = Timeline(np.arange(16)[::-1].copy(), np.zeros(16, np.int64))
    assert level(backwards.levels(), TIMELINE_LEVELS, "backward") == 2.0
    assert level(backwards.levels(), TIMELINE_LEVELS, "roughness") == pytest.approx(np.log(3))


@settings(max_examples=200)
@given(st.integers(0, 2**32))
def test_drawn_timelines_show_frames_that_exist(seed: int) -> None:
    timeline = draw_timeline(np.random.default_rng(seed), 16)
    assert timeline.frames.shape == timeline.looks.shape == (16,)
    assert set(timeline.frames) <= set(range(16))
    assert set(timeline.looks) <= {0, 1}
    assert np.isfinite(timeline.levels()).all()


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_drawn_pictures_keep_the_scale(seed: int) -> None:
    random = np.random.default_rng(seed)
    frames = torch.from_numpy(random.uniform(0, 255, (2, 3, 42, 30)).astype(np.float32)).round()
    picture = draw_picture(random)
    changed = apply_picture(frames, picture, random)
    assert changed.shape == frames.shape
    assert 0 <= float(changed.min()) <= float(changed.max()) <= 255
    assert np.abs(picture.levels()).max() < 8
    if not picture.levels().any():
        assert torch.equal(changed, frames)


def test_noise_has_its_strength() -> None:
    grey = torch.full((4, 3, 84, 60), 128.0)
    for grain in (0.0, 0.7):
        noisy = apply_picture(grey, Picture(noise=12.0, grain=grain), np.random.default_rng(0))
        assert float((noisy - grey).std()) == pytest.approx(12.0, rel=0.03)


def test_blur_spreads_a_point_by_its_sigma() -> None:
    frames = torch.zeros(1, 3, 101, 101)
    frames[..., 50, 50] = 25_500.0  # far above white, so that rounding does not matter
    blurred = apply_picture(frames, Picture(blur=4 / 101), np.random.default_rng(0))[0, 0].double()
    offsets = torch.arange(101, dtype=torch.float64) - 50
    weights = blurred.sum(dim=0) / blurred.sum()
    assert float((weights * offsets**2).sum().sqrt()) == pytest.approx(4.0, rel=0.05)


# --- content ----------------------------------------------------------------------------------


def test_mirrored_targets_are_those_of_the_mirrored_clip(footage: Footage) -> None:
    mirror = Footage(
        stills=footage.stills[..., ::-1, :],
        frames=footage.frames[..., ::-1, :],
        masks=footage.masks[..., ::-1],
        flow=footage.flow[..., ::-1, :] * np.array([-1, 1], np.float32),
        background_flow=footage.background_flow * np.array([-1, 1], np.float32),
        keypoints=footage.keypoints,
        visible=footage.visible,
        depth=footage.depth,
    )
    for clip in range(2):
        expected = ContentTasks(mirror).vector(clip, ORDER, False)
        mirrored = ContentTasks(footage).vector(clip, ORDER, True)
        np.testing.assert_allclose(mirrored, expected, rtol=1e-4, atol=1e-4)
        assert not np.allclose(ContentTasks(footage).vector(clip, ORDER, False), expected, equal_nan=True)


def test_people_are_told_from_left_to_right(footage: Footage) -> None:
    vector = ContentTasks(footage).vector(0, ORDER, False)
    columns = vector[:55].reshape(5, 11)[:, 0]
    centres = sorted(
        (np.nonzero(footage.masks[0, 0, 0] == person)[1].mean() + 0.5) / 30
        for person in np.unique(footage.masks[0, 0, 0])[1:]
    )
    np.testing.assert_allclose(columns[: len(centres)], centres, rtol=1e-5)
    assert np.isnan(columns[len(centres) :]).all()


def test_flow_is_not_asked_of_a_shuffled_clip(footage: Footage) -> None:
    shuffled = Timeline(np.roll(np.arange(16), 3), np.zeros(16, np.int64))
    tasks = ContentTasks(footage)
    assert np.isnan(tasks.vector(0, shuffled, False)[-53:]).all()
    assert np.isfinite(tasks.vector(0, ORDER, False)[-53:-15]).all()


def test_maps_put_people_where_the_masks_are(footage: Footage) -> None:
    maps = ContentTasks(footage).maps(0, ORDER, False, (42, 30))
    assert maps.shape == (19, 42, 30)
    np.testing.assert_allclose(maps[18], (footage.masks[0, 0] > 0).mean(axis=0), atol=1e-6)
    inside = maps[18] > 0
    assert maps[1][inside].sum() > 0.9 * maps[1].sum()  # necks are on people


# --- training ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["image", "clip"])
def test_batches_fit_the_network(name: str, footage: Footage) -> None:
    shape = SHAPES[name]
    batch = BatchSource(footage, shape, seed=1).draw(3)
    assert batch.frames.shape == (3, shape.clip_length, *shape.input_size, 3)
    assert batch.maps.shape[1] == 19
    extra = len(TIMELINE_LEVELS) if shape.clip_length > 1 else 0
    assert batch.levels.shape == (3, len(PICTURE_LEVELS) + extra)


def test_training_is_repeatable(footage: Footage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcbench.metrics.networks.embedded.train._STATISTICS_BATCHES", 20)
    chosen = Settings(steps=3, batch_size=4)
    first, second = (train_network("image", footage, chosen).state_dict() for _ in range(2))
    for key, value in first.items():
        assert torch.equal(value, second[key]), key
    other = train_network("image", footage, Settings(steps=3, batch_size=4, seed=1)).state_dict()
    assert not torch.equal(first["project.weight"], other["project.weight"])


def test_the_command_writes_weights_that_load(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcbench.metrics.networks.embedded.train._STATISTICS_BATCHES", 8)
    options = ["--networks", "motion", "--clips", "2", "--steps", "2", "--footage", str(folder)]
    main(["--out", str(tmp_path), *options])
    network = load_embedded("motion", path=tmp_path / "motion.safetensors")
    frames = torch.from_numpy(load_footage(sorted(folder.glob("*.npz"))).frames[0])
    features = network.features(frames)
    assert bool(torch.isfinite(features).all())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["motion.safetensors"]

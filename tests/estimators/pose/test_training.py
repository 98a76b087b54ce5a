"""Training of the embedded pose network: crops, what is done to them, and the loop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mcbench.data.truth import COCO18
from mcbench.estimators.pose import augment
from mcbench.estimators.pose.architecture import INPUT_SIZE, MAP_SIZE, PoseNetwork
from mcbench.estimators.pose.augment import MIRRORED, draw_example
from mcbench.estimators.pose.embedded import load_embedded_pose
from mcbench.estimators.pose.footage import CROP_SIZE, People, load_people, render_people
from mcbench.estimators.pose.train import Settings, main, train_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("people")
    render_people(place, range(2))
    return place


@pytest.fixture(scope="module")
def people(folder: Path) -> People:
    return load_people(render_people(folder, range(2)))


def test_rendered_people_are_whole_and_kept(folder: Path, people: People) -> None:
    assert people.crops.shape == (len(people), *CROP_SIZE, 3)
    assert people.keypoints.shape == (len(people), 18, 2)
    assert (np.count_nonzero(people.visibility == 2, axis=1) >= 5).all()
    inside = people.visibility > 0
    assert (people.keypoints[inside] > 0.15).all(), "the box is in the middle of the crop"
    assert (people.keypoints[inside] < 0.85).all()
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir() if path.suffix == ".npz"}
    again = load_people(render_people(folder, range(2)))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    np.testing.assert_array_equal(again.crops, people.crops)


def test_a_mirror_exchanges_left_and_right() -> None:
    for joint, name in enumerate(COCO18):
        other = {"left": "right", "right": "left"}.get(name.split("_")[0])
        expected = f"{other}_{name.split('_')[1]}" if other else name
        assert COCO18[MIRRORED[joint]] == expected


def dots() -> People:
    """One person of coloured dots on black: what is seen tells where each joint is."""
    points = np.stack(
        [24 + 13 * (np.arange(18) % 6), 40 + 30 * (np.arange(18) // 6) + 3 * (np.arange(18) % 3)], axis=1
    ).astype(float)
    crop = np.zeros((*CROP_SIZE, 3), np.uint8)
    for x, y in points:
        crop[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2] = 255
    return People(
        crop[None], ((points + 0.5) / (CROP_SIZE[1], CROP_SIZE[0])).astype(np.float32)[None],
        np.full((1, 18), 2, np.uint8),
    )  # fmt: skip


def brightest(planes: NDArray[np.float32], x: float, y: float) -> float:
    """The highest brightness within three pixels of a place."""
    rows = slice(max(int(y) - 3, 0), int(y) + 4)
    return float(planes[:3].mean(axis=0)[rows, max(int(x) - 3, 0) : int(x) + 4].max())


def test_targets_lie_on_what_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "NOBODY", 0.0)
    monkeypatch.setattr(augment, "_covered", lambda crop, other, random: crop)
    monkeypatch.setattr(
        augment, "_recoloured", lambda crop, random: crop.transpose(2, 0, 1) / np.float32(127.5) - 1
    )
    person, random = dots(), np.random.default_rng(3)
    rows, columns = np.mgrid[: MAP_SIZE[0], : MAP_SIZE[1]] + 0.5
    checked = 0
    for _ in range(20):
        planes, targets, weights = draw_example(person, 0, random)
        assert planes.shape == (4, *INPUT_SIZE)
        for joint in np.flatnonzero(weights):
            assert targets[joint].sum() == pytest.approx(1, abs=1e-5)
            x = float((targets[joint] * columns).sum()) * INPUT_SIZE[1] / MAP_SIZE[1]
            y = float((targets[joint] * rows).sum()) * INPUT_SIZE[0] / MAP_SIZE[0]
            if 6 < x < INPUT_SIZE[1] - 6 and 6 < y < INPUT_SIZE[0] - 6:
                assert brightest(planes, x, y) > -0.7, "no dot where the target is"
                checked += 1
    assert checked > 200


def test_what_cannot_be_known_weighs_less_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "NOBODY", 0.0)
    visibility = np.full((1, 18), 2, np.uint8)
    visibility[0, [4, 7]], visibility[0, 10] = 1, 0
    person = replace(dots(), visibility=visibility)
    _, targets, weights = draw_example(person, 0, np.random.default_rng(0))
    values = sorted(np.unique(weights).round(3).tolist())
    assert values == pytest.approx([0.0, augment.COVERED_WEIGHT, 1.0])
    assert (targets[weights == 0] == 0).all()


def test_where_nobody_is_every_place_is_as_likely(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augment, "NOBODY", 1.0)
    random = np.random.default_rng(0)
    for index in range(12):
        planes, targets, weights = draw_example(people, index % len(people), random)
        assert planes.shape == (4, *INPUT_SIZE)
        assert np.isfinite(planes).all()
        assert np.ptp(targets) == 0
        np.testing.assert_allclose(targets.sum(axis=(1, 2)), 1, rtol=1e-4)
        assert (weights == 1).all()


def test_examples_are_many_and_repeatable(people: People) -> None:
    one, same = (draw_example(people, 3, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.planes, same.planes)
    np.testing.assert_array_equal(one.targets, same.targets)
    other = draw_example(people, 3, np.random.default_rng(6))
    assert np.abs(one.planes - other.planes).mean() > 0.01


def test_training_learns_and_repeats_itself(people: People) -> None:
    settings = Settings(steps=6, batch_size=4)
    lines: list[str] = []

    class Told:
        def start(self, label: str, total: int) -> None:
            lines.append(f"{label} {total}")

        def advance(self, units: int = 1) -> None:
            pass

        def message(self, text: str) -> None:
            lines.append(text)

    first = train_network(people, settings, Told()).state_dict()
    again = train_network(people, settings).state_dict()
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    torch.manual_seed(settings.seed)
    start = PoseNetwork().state_dict()
    assert not torch.equal(start["heads.weight"], first["heads.weight"])
    assert lines[0] == "train pose 6"
    assert lines[-1].startswith("step 6: divergence ")


def test_the_command_writes_what_can_be_loaded(folder: Path, tmp_path: Path) -> None:
    main(["--out", str(tmp_path), "--footage", str(folder), "--clips", "1", "--steps", "2"])
    detector = load_embedded_pose(path=tmp_path / "pose.safetensors")
    found = detector.detect(np.zeros((60, 50, 3), np.uint8), np.array([[10.0, 10, 30, 50]]))
    assert np.isfinite(found.keypoints).all()
    assert ((found.confidence >= 0) & (found.confidence <= 1)).all()
    assert list(tmp_path.iterdir()) == [tmp_path / "pose.safetensors"]

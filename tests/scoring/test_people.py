from __future__ import annotations

import json
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from mcbench.data import Clip, open_split, prepare
from mcbench.data.truth import Poses
from mcbench.errors import DataMissingError, FileFormatError, InputError, MismatchError
from mcbench.metrics import people
from mcbench.scoring.networks import NetworkRequest, Networks
from mcbench.scoring.people.clip import PeopleTruth
from mcbench.scoring.people.collector import (
    PeopleCollector,
    PeopleValues,
    mean_of_people,
    unavailable_metrics,
)
from mcbench.scoring.people.functions import FUNCTIONS
from mcbench.scoring.people.parts import slice_masks, sliced
from mcbench.scoring.protocols import FrameSetting, PeopleMetric
from mcbench.scoring.transforms import target_size, to_protocol
from tests.scoring.making import tiny_networks
from tests.scoring.people_distortions import BY_MASKS

MANIFEST = """
id = "crowd"
title = "Crowd"
default_source = "generated"

[sources.generated]
kind = "generated"
networks = "embedded"
size = [160, 116]
generator_version = 1
max_frames = 12

[sources.generated.subsets.default]
clips = ["demo-01", "demo-02"]
videos = 2
frames = 24
"""
SETTING = FrameSetting(
    crop="none", size=None, short_side=96, resize="bilinear-antialias", aspect_tolerance=0.02
)
SQUARE = SETTING.model_copy(update={"crop": "centre-square", "size": (80, 80), "short_side": None})
BETTER_LOW = {"person_lpips", "identity_swap_rate", "missing_people", "extra_people"}
PERFECT = {
    "person_psnr": 100.0, "person_ssim": 1.0, "person_lpips": 0.0, "iaa": 1.0, "iaa_cross": 1.0,
    "iaa_truth": 1.0, "identity_accuracy": 1.0, "identity_swap_rate": 0.0, "missing_people": 0.0,
    "extra_people": 0.0, "occlusion_order": 1.0,
}  # fmt: skip


def metrics(*names: str) -> list[PeopleMetric]:
    return [
        PeopleMetric(
            key=name,
            function=name,
            higher_is_better=name not in BETTER_LOW,
            trunk="alex" if name == "person_lpips" else "",
        )
        for name in names or BY_MASKS
    ]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clip, ...]:
    home = tmp_path_factory.mktemp("crowd")
    (home / "manifests").mkdir()
    (home / "manifests" / "crowd.toml").write_text(MANIFEST)
    assert prepare("crowd", home=home).complete
    return open_split("crowd", home=home).clips


@pytest.fixture
def broken(clips: tuple[Clip, ...], tmp_path: Path) -> Path:
    """A copy of a clip to damage."""
    import shutil

    return Path(shutil.copytree(clips[0].folder, tmp_path / "clip"))


@pytest.fixture(scope="module")
def networks() -> Networks:
    return tiny_networks(with_lpips=True)


def target_of(clip: Clip, setting: FrameSetting) -> tuple[int, int]:
    return target_size(setting, clip.record.size, clip.record.size)


def measure(
    clip: Clip,
    networks: Networks,
    *names: str,
    change=lambda index, frame: frame,
    setting: FrameSetting = SETTING,
    order=None,
) -> PeopleValues:
    target = target_of(clip, setting)
    collector = PeopleCollector(metrics(*names), clip.folder, target, networks, setting=setting)
    for index in range(clip.record.n_frames) if order is None else order:
        truth = to_protocol(clip.frame(index), setting, target)
        collector.add(index, np.asarray(change(index, truth), dtype=truth.dtype), truth)
    return collector.finish()


def test_perfect_prediction_reads_perfect(clips: tuple[Clip, ...], networks: Networks) -> None:
    for clip in clips:
        values = measure(clip, networks)
        assert set(values.frames) == set(BY_MASKS)
        assert not values.unavailable
        for key, expected in PERFECT.items():
            column = values.frames[key]
            assert column.shape == (12,)
            known = column[~np.isnan(column)]
            assert len(known) > 0, key
            np.testing.assert_allclose(known, expected, atol=1e-9, err_msg=key)
        assert np.isnan(values.frames["identity_swap_rate"][0])
        assert len(np.unique(values.frames["signature_distance"])) == 1
        assert values.frames["signature_distance"][0] > 0.1
        for key in ("person_psnr", "identity_accuracy", "missing_people"):
            assert values.people[key].shape == (12, clip.record.n_people)
        assert set(values.people) == {name for name in BY_MASKS if FUNCTIONS[name].per_person}


def test_numbers_are_those_of_the_pure_functions(clips: tuple[Clip, ...], networks: Networks) -> None:
    clip, index = clips[1], 7
    target = target_of(clip, SETTING)
    blurred = lambda index, frame: cv2.GaussianBlur(frame, (0, 0), 2.0 + index)  # noqa: E731
    values = measure(clip, networks, change=blurred)
    truth = to_protocol(clip.frame(index), SETTING, target)
    prediction = blurred(index, truth)
    labels = cv2.resize(clip.masks(index), target[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    reference = to_protocol(clip.frame(0), SETTING, target)
    known = people.signatures(
        reference, cv2.resize(clip.masks(0), target[::-1], interpolation=cv2.INTER_NEAREST_EXACT), 3
    )
    expected = {
        "person_psnr": people.person_psnr(prediction, truth, labels, 3),
        "person_ssim": people.person_ssim(prediction, truth, labels, 3),
        "missing_people": people.missing_people(prediction, truth, labels, 3),
        "person_lpips": people.person_mean(
            networks.lpips("alex").spatial(prediction[None], truth[None])[0], labels, 3
        ),
    }
    for key, each in expected.items():
        np.testing.assert_allclose(values.people[key][index], each, rtol=1e-6, err_msg=key)
        np.testing.assert_allclose(values.frames[key][index], np.nanmean(each), rtol=1e-6)
    found = people.signatures(prediction, labels, 3)
    assert values.frames["iaa"][index] == people.identity_assignment_accuracy(found, known)
    assert values.frames["signature_distance"][index] == people.least_distance(known)
    assert values.visible[index] == (people.person_areas(labels, 3) >= people.MIN_PIXELS).sum()
    assert values.overlap[index] == people.boxes_overlap(people.person_boxes(labels, 3))


def test_iaa_cross_counts_overlapping_frames_alone(clips: tuple[Clip, ...], networks: Networks) -> None:
    values = measure(clips[0], networks, "iaa", "iaa_cross")
    assert 0 < values.overlap.sum() < 12
    np.testing.assert_array_equal(np.isnan(values.frames["iaa_cross"]), ~values.overlap)
    np.testing.assert_array_equal(
        values.frames["iaa_cross"][values.overlap], values.frames["iaa"][values.overlap]
    )


def test_order_of_frames_and_threads_change_nothing(clips: tuple[Clip, ...], networks: Networks) -> None:
    def change(index: int, frame: np.ndarray) -> np.ndarray:
        return frame[:, ::-1] if index in (4, 5, 9) else frame

    forward = measure(clips[0], networks, change=change)
    shuffled = measure(clips[0], networks, change=change, order=[5, 0, 11, 3, 1, 2, 4, 10, 9, 8, 7, 6])
    target = target_of(clips[0], SETTING)
    collector = PeopleCollector(metrics(), clips[0].folder, target, networks, setting=SETTING)

    def work(part: int) -> None:
        for index in range(part, 12, 3):
            truth = to_protocol(clips[0].frame(index), SETTING, target)
            collector.add(index, np.ascontiguousarray(change(index, truth)), truth)

    threads = [threading.Thread(target=work, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in (shuffled, collector.finish()):
        np.testing.assert_array_equal(other.indices, forward.indices)
        for key, column in forward.frames.items():
            np.testing.assert_array_equal(other.frames[key], column, err_msg=key)


def test_part_of_the_frames_uses_the_clips_own_reference(clips: tuple[Clip, ...], networks: Networks) -> None:
    whole = measure(clips[0], networks)
    part = measure(clips[0], networks, order=range(6, 12))
    np.testing.assert_array_equal(part.indices, np.arange(6, 12))
    for key in ("iaa", "signature_distance", "identity_accuracy", "occlusion_order", "person_ssim"):
        np.testing.assert_array_equal(part.frames[key], whole.frames[key][6:])


def test_crop_moves_masks_and_key_points_with_the_frames(clips: tuple[Clip, ...]) -> None:
    clip = clips[1]
    target = target_of(clip, SQUARE)
    cropped = PeopleTruth(clip.folder, SQUARE, target)
    masks = np.repeat(clip.masks(5)[..., None] * np.uint8(60), 3, axis=2)
    expected = to_protocol(masks, SQUARE, target)[..., 0]
    labels = cropped.labels(5)
    assert labels.shape == target
    inside = cv2.erode((labels > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    outside = cv2.dilate((labels > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    assert (expected[inside] > 30).all()
    assert (expected[outside] < 5).all()
    bodies = cropped.bodies(5)
    for person in range(3):
        own = labels == person + 1
        assert (bodies[person] > 0)[own].mean() > 0.85, "bodies lie where the people are"


def test_frames_of_a_cropped_protocol_read_perfect(clips: tuple[Clip, ...], networks: Networks) -> None:
    values = measure(clips[1], networks, "iaa", "person_ssim", "occlusion_order", setting=SQUARE)
    assert np.nanmin(values.frames["person_ssim"]) == pytest.approx(1.0)
    assert np.nanmin(values.frames["occlusion_order"]) == 1.0


def test_what_lacks_is_said(clips: tuple[Clip, ...], networks: Networks, broken: Path) -> None:
    record = clips[0].record
    without_lpips = tiny_networks()
    assert unavailable_metrics(metrics(), record, networks) == {}
    assert set(unavailable_metrics(metrics(), record, without_lpips)) == {"person_lpips"}
    assert unavailable_metrics(metrics(), record, without_lpips)["person_lpips"].reason == "not here"
    assert "prepared clips" in unavailable_metrics(metrics("iaa"), None, networks)["iaa"].reason
    no_masks = record.model_copy(update={"truth": ("poses",)})
    found = unavailable_metrics(metrics(), no_masks, networks)
    assert set(found) == set(BY_MASKS)
    assert "has no exact masks" in found["iaa"].reason
    no_poses = record.model_copy(update={"truth": ("masks",)})
    assert set(unavailable_metrics(metrics(), no_poses, networks)) == {"occlusion_order"}
    unknown = record.model_copy(update={"n_people": None})
    assert "how many people" in unavailable_metrics(metrics("iaa"), unknown, networks)["iaa"].reason
    no_masks.write(broken / "clip.json")
    values = measure(Clip(no_masks, broken), networks)
    assert values.frames == {}
    assert len(values.indices) == 0
    assert set(values.unavailable) == set(BY_MASKS)


def test_left_out_metrics_are_left_out(clips: tuple[Clip, ...]) -> None:
    request = NetworkRequest(family="embedded", left_out=("person_lpips", "iaa"))
    values = measure(clips[0], Networks(request), "person_lpips", "iaa", "person_psnr", order=[0, 1])
    assert set(values.frames) == {"person_psnr"}
    assert values.unavailable == {}


def test_nothing_added_is_empty(clips: tuple[Clip, ...], networks: Networks) -> None:
    values = measure(clips[0], networks, order=[])
    assert len(values.indices) == len(values.visible) == 0
    assert values.frames == {}


def test_unknown_function(clips: tuple[Clip, ...], networks: Networks) -> None:
    wrong = [PeopleMetric(key="x", function="head_count", higher_is_better=True)]
    with pytest.raises(InputError, match="head_count"):
        PeopleCollector(wrong, clips[0].folder, (128, 96), networks)


def test_no_clip(tmp_path: Path, networks: Networks) -> None:
    with pytest.raises(DataMissingError, match=r"clip\.json"):
        PeopleCollector(metrics(), tmp_path, (128, 96), networks)


def test_frames_of_another_size(clips: tuple[Clip, ...], networks: Networks) -> None:
    collector = PeopleCollector(metrics("iaa"), clips[0].folder, (128, 96), networks)
    frame = np.zeros((128, 96, 3))
    for wrong in (np.zeros((96, 128, 3)), np.zeros((128, 96)), np.zeros((128, 96, 4))):
        with pytest.raises(MismatchError, match="target"):
            collector.add(0, wrong, frame)
        with pytest.raises(MismatchError, match="target"):
            collector.add(0, frame, wrong)
    with pytest.raises(IndexError):
        collector.add(99, frame, frame)


def test_values_that_are_not_finite(clips: tuple[Clip, ...], networks: Networks) -> None:
    with pytest.raises(InputError, match="finite"):
        measure(clips[0], networks, "iaa", change=lambda index, frame: frame * np.nan, order=[1])


def test_damaged_masks_are_named(broken: Path, networks: Networks) -> None:
    path = broken / "truth" / "masks" / "000002.png"
    clip = Clip(PeopleTruth(broken, SETTING, (128, 96)).clip.record, broken)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(FileFormatError, match=r"000002\.png"):
        measure(clip, networks, "iaa", order=[2])
    cv2.imwrite(str(path), np.zeros((20, 30), np.uint8))
    with pytest.raises(FileFormatError, match="20x30"):
        measure(clip, networks, "iaa", order=[2])
    cv2.imwrite(str(path), np.full(clip.record.size, 7, np.uint8))
    with pytest.raises(FileFormatError, match="7 people"):
        measure(clip, networks, "iaa", order=[2])
    path.unlink()
    with pytest.raises(FileFormatError, match=r"000002\.png"):
        measure(clip, networks, "iaa", order=[2])


def test_poses_of_another_clip(broken: Path, networks: Networks) -> None:
    path = broken / "truth" / "poses.npz"
    Poses.read(path).first(3).write(path)
    with pytest.raises(FileFormatError, match="3 frames"):
        PeopleCollector(metrics("occlusion_order"), broken, (128, 96), networks)
    path.write_bytes(b"no archive")
    with pytest.raises(FileFormatError, match="poses"):
        PeopleCollector(metrics("occlusion_order"), broken, (128, 96), networks)


def test_damaged_record(broken: Path, networks: Networks) -> None:
    record = json.loads((broken / "clip.json").read_text())
    (broken / "clip.json").write_text(json.dumps({**record, "n_people": "many"}))
    with pytest.raises(FileFormatError, match="n_people"):
        PeopleCollector(metrics("iaa"), broken, (128, 96), networks)


def test_mean_of_people() -> None:
    values = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan], [2.0, 2.0, 5.0]])
    np.testing.assert_array_equal(mean_of_people(values), [2.0, np.nan, 3.0])


def some_values() -> PeopleValues:
    return PeopleValues(
        indices=np.array([0, 2, 3, 7]),
        frames={"iaa": np.array([1.0, 0.0, np.nan, 1.0])},
        people={},
        visible=np.array([2, 3, 2, 2]),
        overlap=np.array([False, True, True, False]),
        unavailable={},
    )


def test_slices() -> None:
    masks = slice_masks(some_values())
    assert {name: mask.tolist() for name, mask in masks.items()} == {
        "people=2": [True, False, True, True],
        "people=3": [False, True, False, False],
        "overlap": [False, True, True, False],
        "no-overlap": [True, False, False, True],
    }
    parts = sliced(some_values(), np.array([2, 3, 7]), {"psnr": np.array([20.0, 30.0, 40.0])})
    assert {name: part["psnr"].tolist() for name, part in parts.items()} == {
        "people=2": [30.0, 40.0], "people=3": [20.0], "overlap": [20.0, 30.0], "no-overlap": [40.0],
    }  # fmt: skip
    whole = sliced(some_values(), some_values().indices, some_values().frames)
    np.testing.assert_array_equal(whole["overlap"]["iaa"], [0.0, np.nan])


def test_slices_of_frames_that_do_not_fit() -> None:
    with pytest.raises(MismatchError, match="frame 4"):
        sliced(some_values(), np.array([0, 4]), {"psnr": np.zeros(2)})
    with pytest.raises(MismatchError, match="frame 9"):
        sliced(some_values(), np.array([9]), {"psnr": np.zeros(1)})
    with pytest.raises(MismatchError, match="psnr has 3 values"):
        sliced(some_values(), np.array([0, 2]), {"psnr": np.zeros(3)})

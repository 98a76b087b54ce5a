"""The pose error of a pair of frames: what goes in where, against figures worked out one by one."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench.data import Clip, open_split, prepare
from mcbench.estimators.pose import Detection, PoseDetector
from mcbench.metrics.people import pose
from mcbench.scoring.networks import NetworkRequest, Networks, find_networks
from mcbench.scoring.people.collector import PeopleCollector, PeopleValues
from mcbench.scoring.people.functions import FUNCTIONS
from mcbench.scoring.people.pose import (
    PER_FRAME,
    PER_PERSON,
    TruePoses,
    pose_errors,
)
from mcbench.scoring.protocols import protocol
from mcbench.scoring.transforms import to_protocol
from tests.scoring.making import tiny_networks

SIZE = (60, 40)


class FromColours:
    """Finds every true point, moved by the frame's red and green; its blue is the confidence."""

    name, threshold = "from-colours", 0.5

    def __init__(self, points: NDArray[np.float64]) -> None:
        self.points = points
        self.boxes: list[NDArray[np.float64]] = []

    def detect(self, frame: NDArray[np.uint8], boxes: NDArray[np.floating[Any]]) -> Detection:
        self.boxes.append(np.asarray(boxes, np.float64))
        red, green, blue = (float(value) for value in frame[0, 0])
        return Detection(self.points + (red, green), np.full(self.points.shape[:2], blue / 255))


def flat(red: int, green: int, blue: int = 255) -> NDArray[np.uint8]:
    return np.full((*SIZE, 3), (red, green, blue), np.uint8)


@pytest.fixture
def people() -> TruePoses:
    """Two people of 400 pixels each; the first one's last points are covered."""
    points = np.random.default_rng(0).uniform((4, 4), (36, 56), (2, 18, 2))
    visibility = np.full((2, 18), 2, np.uint8)
    visibility[0, 12:] = 1
    return TruePoses(points, visibility, np.array([400, 400]))


def test_values_are_those_of_the_metrics(people: TruePoses) -> None:
    detector: PoseDetector = FromColours(people.keypoints)
    values = pose_errors(detector, flat(3, 4), flat(0, 1), people)
    assert set(values) == {*PER_PERSON, *PER_FRAME}
    points, counts = people.keypoints, people.visibility == 2
    for key, shift in (("oks", (3, 4)), ("oks_truth", (0, 1))):
        expected = pose.oks(points + shift, points, counts, people.area)
        np.testing.assert_allclose(values[key], expected)
    np.testing.assert_allclose(values["mpjpe"], 5)
    np.testing.assert_allclose(values["mpjpe_truth"], 1)
    low, high = points.min(axis=1), points.max(axis=1)
    for boxes in detector.boxes:
        np.testing.assert_array_equal(boxes, np.concatenate([low, high], axis=1))
    np.testing.assert_allclose(values["mpjpe_height"], 5 / (high - low)[:, 1])
    near = 0.1 * (high - low).max(axis=1) >= 5
    np.testing.assert_array_equal(values["pck"], near.astype(float))
    np.testing.assert_array_equal(values["pck_head"], (pose.head_size(points, counts) >= 10).astype(float))
    assert values["akd"] == pytest.approx(np.hypot(3, 3))
    assert values["mkr"] == 0.0
    assert (values["pose_found"], values["pose_found_truth"]) == (0.0, 1.0)


def test_who_is_not_in_sight_is_undefined(people: TruePoses) -> None:
    people.visibility[1] = 0
    detector = FromColours(people.keypoints)
    values = pose_errors(detector, flat(3, 4), flat(0, 0, blue=0), people)
    assert np.isnan(detector.boxes[0][1]).all()
    for key in PER_PERSON:
        assert np.isnan(np.asarray(values[key])[1])
    assert np.asarray(values["mpjpe"])[0] == pytest.approx(5)
    assert np.isnan(values["akd"]), "nothing was found in the true frame"
    people.visibility[:] = 0
    values = pose_errors(detector, flat(0, 0), flat(0, 0), people)
    assert all(np.isnan(value).all() for value in values.values())


def test_points_missing_in_the_prediction_are_told(people: TruePoses) -> None:
    detector = FromColours(people.keypoints)
    values = pose_errors(detector, flat(0, 0, blue=90), flat(0, 0, blue=200), people)
    assert values["mkr"] == 1.0
    assert np.isnan(values["akd"])
    for key in ("oks", "pck", "pck_head"):
        assert (np.asarray(values[key]) == 0).all(), "a guess is worth nothing"
        assert (np.asarray(values[f"{key}_truth"]) == 1).all()
    assert (values["pose_found"], values["pose_found_truth"]) == (0.0, 1.0)
    np.testing.assert_array_equal(values["mpjpe"], 0)


def test_frames_of_a_protocol_need_not_be_of_bytes(people: TruePoses) -> None:
    detector = FromColours(people.keypoints)
    values = pose_errors(detector, flat(3, 4) + np.float64(0.3), flat(0, 0) - np.float64(0.4), people)
    np.testing.assert_allclose(values["mpjpe"], 5)
    np.testing.assert_allclose(values["mpjpe_truth"], 0, atol=1e-9)


MANIFEST = """
id = "dance"
title = "Dance"
default_source = "generated"

[sources.generated]
kind = "generated"
networks = "embedded"
size = [366, 262]
generator_version = 1
max_frames = 17

[sources.generated.subsets.default]
clips = ["demo-02"]
videos = 1
frames = 17
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    home = tmp_path_factory.mktemp("dance")
    (home / "manifests").mkdir()
    (home / "manifests" / "dance.toml").write_text(MANIFEST)
    assert prepare("dance", home=home).complete
    return open_split("dance", home=home).clips[0]


METRICS = [metric for metric in protocol("people/1").people_metrics if FUNCTIONS[metric.function].of_pose]


def with_detector() -> Networks:
    """Return the networks of the embedded family, which mcbench ships."""
    return find_networks([protocol("people/1")], NetworkRequest(family="embedded"))


def collected(
    clip: Clip, predictions: list[tuple[int, NDArray[np.uint8]]], networks: Networks | None = None
) -> PeopleValues:
    collector = PeopleCollector(METRICS, clip.folder, clip.record.size, networks or with_detector())
    threads = [
        threading.Thread(target=collector.add, args=(index, picture, clip.frame(index)))
        for index, picture in predictions
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return collector.finish()


def test_the_protocol_asks_for_every_figure() -> None:
    assert {metric.function for metric in METRICS} == {*PER_PERSON, *PER_FRAME}
    lower = {metric.key.removesuffix("_truth") for metric in METRICS if not metric.higher_is_better}
    assert lower == {"mpjpe", "mpjpe_height", "akd", "mkr"}


def test_worse_predictions_of_a_clip_read_worse(clip: Clip) -> None:
    """With the shipped detector: the true frame as prediction, then people who lag, then nobody."""
    nobody = np.full((*clip.record.size, 3), 128, np.uint8)
    values = collected(clip, [(4, clip.frame(4)), (5, clip.frame(16)), (6, nobody)])
    frames = values.frames
    assert values.unavailable == {}
    for name in ("oks", "mpjpe", "pck", "pck_head", "mpjpe_height", "pose_found"):
        assert frames[name][0] == frames[f"{name}_truth"][0]
    assert frames["akd"][0] == 0
    assert frames["mkr"][0] == 0
    assert frames["oks_truth"].min() > 0.7
    assert (np.diff(frames["oks"]) < -0.1).all()
    assert frames["akd"][1] > 3
    assert frames["mkr"][2] > 0.5
    assert values.people["oks"].shape == (3, clip.record.n_people)
    np.testing.assert_allclose(frames["oks"], np.nanmean(values.people["oks"], axis=1))


def test_a_square_crop_cuts_people_off(clip: Clip) -> None:
    square = protocol("disco/2").frames
    collector = PeopleCollector(METRICS, clip.folder, (256, 256), with_detector(), setting=square)
    shown = to_protocol(clip.frame(3), square, (256, 256))
    collector.add(3, shown, shown)
    whole = collected(clip, [(3, clip.frame(3))]).frames
    cut = collector.finish().frames
    assert cut["oks_truth"][0] == pytest.approx(whole["oks_truth"][0], abs=0.25)
    scale = 256 / 262
    assert cut["mpjpe_truth"][0] == pytest.approx(scale * whole["mpjpe_truth"][0], abs=4)


def test_without_a_detector_the_metrics_are_unavailable(clip: Clip) -> None:
    values = collected(clip, [(1, clip.frame(1))], tiny_networks())
    assert set(values.unavailable) == {metric.key for metric in METRICS}
    assert values.unavailable["oks"].reason == "not here"


def test_each_family_has_its_detector() -> None:
    assert with_detector().detector().name == "pose@embedded"
    reference = find_networks([protocol("people/1")], NetworkRequest(family="reference"))
    assert reference.unavailable["blazepose"].command == "mcbench weights fetch blazepose"
    assert "blazepose" not in reference.known

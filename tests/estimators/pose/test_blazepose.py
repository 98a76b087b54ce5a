"""BlazePose: conversion, crops, reading, errors by a small network of its shape; the real one where it is."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench import files, weights
from mcbench.data.generated import build_scene, demo_clips
from mcbench.data.truth import COCO18
from mcbench.errors import FileFormatError, InputError, WeightsMissingError
from mcbench.estimators.pose import PoseDetector, load_detector, person_boxes
from mcbench.estimators.pose.blazepose import coco18_from_landmarks, load_blazepose
from mcbench.metrics.people import pose

# Read before the fixtures set another home: the weights of whoever runs the tests.
USERS_HOME = files.home()
BLAZEPOSE_33 = {
    "nose": 0, "left_eye": 2, "right_eye": 5, "left_ear": 7, "right_ear": 8, "left_shoulder": 11,
    "right_shoulder": 12, "left_elbow": 13, "right_elbow": 14, "left_wrist": 15, "right_wrist": 16,
    "left_hip": 23, "right_hip": 24, "left_knee": 25, "right_knee": 26, "left_ankle": 27, "right_ankle": 28,
}  # fmt: skip
"""As MediaPipe's documentation numbers them."""


@pytest.fixture
def openvino() -> ModuleType:
    return pytest.importorskip("openvino", reason="OpenVINO is not installed")


def landmarks() -> NDArray[np.float32]:
    """Point k at (k, 2k) of the crop, ever surer to be visible."""
    values = np.zeros((39, 5), np.float32)
    values[:, 0], values[:, 1] = np.arange(39), 2 * np.arange(39)
    values[:, 3] = (np.arange(39) - 16) / 4
    values[:, 4] = 9
    return values


def small_network(
    openvino: ModuleType,
    path: Path,
    outputs: tuple[int, ...] = (195, 1),
    points: NDArray[np.float32] | None = None,
) -> Path:
    """A network of BlazePose's shapes: `landmarks()` shifted by 100 times the crop's mean; presence 0.5.

    Or other `points`.
    """
    ops = openvino.opset13
    picture = ops.parameter([1, 256, 256, 3], np.float32)
    mean = ops.reshape(ops.reduce_mean(picture, np.array([1, 2, 3]), False), np.array([1, 1]), False)
    shift = np.zeros((39, 5), np.float32)
    shift[:, :2] = 100
    known = landmarks() if points is None else points
    values = np.resize(known.ravel(), (1, outputs[0])).astype(np.float32)
    points = ops.add(ops.multiply(mean, np.resize(shift.ravel(), (1, outputs[0])).astype(np.float32)), values)
    half = ops.add(ops.multiply(mean, np.zeros((1, outputs[1]), np.float32)), np.float32(0.5))
    openvino.save_model(openvino.Model([points, half], [picture]), path, compress_to_fp16=False)
    return path


def test_each_key_point_is_the_one_of_its_name() -> None:
    points, confidence = coco18_from_landmarks(landmarks().astype(np.float64))
    for name, (x, y), sure in zip(COCO18, points * 256, confidence, strict=True):
        if name == "neck":
            assert (x, y) == (11.5, 23.0)
            assert sure == pytest.approx(1 / (1 + np.exp(1.25))), "as sure as the less sure shoulder"
        else:
            index = BLAZEPOSE_33[name]
            assert (x, y) == (index, 2 * index), name
            assert sure == pytest.approx(1 / (1 + np.exp((16 - index) / 4))), name


def test_points_come_back_in_the_frames_pixels(openvino: ModuleType, tmp_path: Path) -> None:
    detector: PoseDetector = load_blazepose(small_network(openvino, tmp_path / "small.xml"))
    frame = np.zeros((300, 400, 3), np.uint8)
    frame[:, 200:] = 255
    boxes = np.array([[20.0, 30, 70, 110], [np.nan] * 4, [250.0, 30, 300, 110]])
    keypoints, confidence = detector.detect(frame, boxes)
    # A crop of 1.25 * 80 = 100 pixels around (45, 70): its corner is (-5, 20), and the nose is point 0.
    np.testing.assert_allclose(keypoints[0, 0], (-5, 20), atol=1e-4)
    wrist = COCO18.index("left_wrist")
    np.testing.assert_allclose(keypoints[0, wrist], (-5 + 15 * 100 / 256, 20 + 30 * 100 / 256), atol=1e-4)
    # The other is all white: every point lies 100 / 256 of the crop further right and down.
    np.testing.assert_allclose(keypoints[2, 0], (225 + 100**2 / 256, 20 + 100**2 / 256), atol=1e-3)
    assert np.isnan(keypoints[1]).all()
    assert (confidence[1] == 0).all()
    assert confidence[0, wrist] == pytest.approx(0.5 / (1 + np.exp(0.25)), abs=1e-6), "times the presence"
    alone = detector.detect(frame, boxes[2:])
    np.testing.assert_array_equal(alone.keypoints[0], keypoints[2])


def test_a_wider_view_is_taken_where_it_fits_the_box_better(openvino: ModuleType, tmp_path: Path) -> None:
    """The small network sees points all over its crop, and a circle of 51.2 of its pixels in the middle."""
    points = landmarks()
    points[:, :2] = np.random.default_rng(0).integers(0, 256, (39, 2))
    points[[0, 16], :2] = (0, 0), (255.99, 255.99)
    points[[33, 34], :2] = (128, 128), (179.2, 128)
    detector = load_blazepose(small_network(openvino, tmp_path / "small.xml", points=points))
    frame = np.zeros((300, 400, 3), np.uint8)
    # Near, the crop is 125 pixels wide: IoU 5000 / 125^2 = 0.32. The wide one is 200 pixels wide, the circle
    # in it 40, and the view around the circle 100: IoU 0.5.
    found = detector.detect(frame, np.array([[100.0, 100, 150, 200]]))
    np.testing.assert_allclose(found.keypoints[0, 0], (75, 100), atol=1e-3)
    np.testing.assert_allclose(found.keypoints[0, 4], (175, 200), atol=0.01)
    # Of a square box the near view (of whole pixels) has 0.64; one of 50 pixels would have 0.25.
    points[34, 0] = 128 + 25.6
    detector = load_blazepose(small_network(openvino, tmp_path / "other.xml", points=points))
    found = detector.detect(frame, np.array([[100.0, 100, 200, 200]]))
    np.testing.assert_allclose(found.keypoints[0, 0], (88, 88), atol=1e-3)


def test_another_network_or_no_network_is_told(openvino: ModuleType, tmp_path: Path) -> None:
    other = small_network(openvino, tmp_path / "other.xml", outputs=(196, 1))
    with pytest.raises(FileFormatError, match=r"other\.xml is not BlazePose.*196"):
        load_blazepose(other)
    damaged = tmp_path / "pose_landmark_full.tflite"
    for content in (b"", b"no network at all" * 9):
        damaged.write_bytes(content)
        with pytest.raises(FileFormatError, match=r"tflite is no network.*\n.*weights fetch blazepose"):
            load_blazepose(damaged)


def test_missing_weights_and_runtime_name_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WeightsMissingError, match="mcbench weights fetch blazepose"):
        load_detector("blazepose")
    monkeypatch.setitem(sys.modules, "openvino", None)
    here = weights.Present("blazepose", tmp_path, "0" * 64)
    monkeypatch.setattr(weights, "present", lambda name, home: here)
    with pytest.raises(WeightsMissingError, match=r"not installed\npip install 'mcbench\[pose\]'"):
        load_detector("blazepose")
    with pytest.raises(InputError, match=r"not installed\npip install 'mcbench\[pose\]'"):
        load_blazepose(tmp_path / "pose_landmark_full.tflite")
    with pytest.raises(InputError, match="there are pose@embedded, blazepose"):
        load_detector("openpose")


def test_the_real_network_finds_generated_people(openvino: ModuleType) -> None:
    if not weights.is_present("blazepose", USERS_HOME):
        pytest.skip("BlazePose is not on this machine: mcbench weights fetch blazepose")
    loaded = load_detector("blazepose", home=USERS_HOME)
    assert loaded.weights.sha256 == weights.entry("blazepose").checks[0].digest
    similarity = []
    for spec in demo_clips()[:2]:
        frame = build_scene(spec).render(8, (448, 320))
        found = loaded.detector.detect(frame.image, person_boxes(frame.keypoints, frame.visibility))
        area = np.bincount(frame.masks.ravel(), minlength=spec.n_people + 1)[1:]
        counts = pose.counting(frame.visibility)
        similarity.extend(pose.oks(found.keypoints, frame.keypoints, counts, area))
    assert np.mean(similarity) > 0.5

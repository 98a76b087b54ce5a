"""DWPose by tiny seeded networks of its files' shapes, against its way of feeding them in plain numpy.

The same was compared with rtmlib 0.0.16 outside the suite: boxes within 2e-4 pixels, points equal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench import weights
from mcbench.errors import FileFormatError, InputError, WeightsMissingError
from mcbench.estimators.identity import EstimatorIdentity
from mcbench.estimators.pose import PoseEstimator, load_estimator, pose_identity
from mcbench.estimators.pose.dwpose import (
    DWPose,
    crop_of,
    cut,
    decode_boxes,
    decode_points,
    letterbox,
    load_detector_file,
    load_pose_file,
)
from mcbench.estimators.pose.wholebody import with_neck
from tests.estimators.pose.walking import standing

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")

COCO_FROM_18 = [0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
"""COCO-17's index of each point of COCO-18, by COCO's documentation."""


def save(path: Path, nodes: list[Any], values: dict[str, NDArray], shape: list[int], outputs: dict) -> Path:
    """Write a network with one input, in single precision."""
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes,
        "small",
        [onnx.helper.make_tensor_value_info("input", kind, shape)],
        [onnx.helper.make_tensor_value_info(name, kind, size) for name, size in outputs.items()],
        [onnx.numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def detector_file(path: Path, seed: int = 3) -> Path:
    """YOLOX's shapes: what each cell says is linear in its mean colour; black says that nobody is there."""
    random, node = np.random.default_rng(seed), onnx.helper.make_node
    nodes, values = [], {"rows": np.array([1, 85, -1]), "first": np.array([0]), "axis": np.array([2])}
    for stride in (8, 16, 32):
        values[f"w{stride}"] = (random.normal(size=(85, 3, 1, 1)) * 0.02).astype(np.float32)
        bias = random.normal(size=85).astype(np.float32) * np.float32(0.3)
        bias[2:5] = np.log(60 / stride), np.log(120 / stride), -1.6
        values[f"b{stride}"] = bias
        nodes += [
            node("AveragePool", ["input"], [f"p{stride}"], kernel_shape=[stride] * 2, strides=[stride] * 2),
            node("Conv", [f"p{stride}", f"w{stride}", f"b{stride}"], [f"c{stride}"]),
            node("Reshape", [f"c{stride}", "rows"], [f"r{stride}"]),
            node("Transpose", [f"r{stride}"], [f"t{stride}"], perm=[0, 2, 1]),
        ]
    values |= {"boxes_end": np.array([4]), "end": np.array([85])}
    nodes += [
        node("Concat", ["t8", "t16", "t32"], ["all"], axis=1),
        node("Slice", ["all", "first", "boxes_end", "axis"], ["boxes"]),
        node("Slice", ["all", "boxes_end", "end", "axis"], ["logits"]),
        node("Sigmoid", ["logits"], ["chances"]),
        node("Concat", ["boxes", "chances"], ["output"], axis=2),
    ]
    return save(path, nodes, values, [1, 3, 640, 640], {"output": [1, 8400, 85]})


def pose_file(path: Path, points: int = 133, seed: int = 4) -> Path:
    """DWPose's shapes: responses linear in the crop's coarse colours."""
    random, node = np.random.default_rng(seed), onnx.helper.make_node
    values = {"sx": np.array([1, points, 576]), "sy": np.array([1, points, 768])}
    nodes = [
        node("AveragePool", ["input"], ["coarse"], kernel_shape=[96, 96], strides=[96, 96]),
        node("Flatten", ["coarse"], ["flat"]),
    ]
    for axis, cells in (("x", 576), ("y", 768)):
        values[f"w{axis}"] = (random.normal(size=(36, points * cells)) * 0.1).astype(np.float32)
        nodes.append(node("MatMul", ["flat", f"w{axis}"], [f"m{axis}"]))
        nodes.append(node("Reshape", [f"m{axis}", f"s{axis}"], [f"simcc_{axis}"]))
    shapes = {"simcc_x": [1, points, 576], "simcc_y": [1, points, 768]}
    return save(path, nodes, values, [1, 3, 384, 288], shapes)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> DWPose:
    folder = tmp_path_factory.mktemp("onnx")
    detector = load_detector_file(detector_file(folder / "yolox_l.onnx"))
    pose = load_pose_file(pose_file(folder / "dw-ll_ucoco_384.onnx"))
    return DWPose(detector, pose, EstimatorIdentity(name="dwpose"))


def picture(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (height // 20 + 1, width // 20 + 1, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((20, 20, 1), np.uint8))[:height, :width]


def test_the_frame_lies_in_the_upper_left_of_the_square() -> None:
    frame = picture(320, 160)
    square, ratio = letterbox(frame)
    assert ratio == 2
    assert (square[:, 320:] == 114).all()
    np.testing.assert_allclose(square[100:110:2, 100:110:2], frame[50:55, 50:55], atol=1)
    whole = picture(640, 640)
    np.testing.assert_array_equal(letterbox(whole)[0], whole)


def plain_boxes(numbers: NDArray, ratio: float) -> list[tuple[float, list[float]]]:
    """YOLOX's decoding, cell by cell, and greedy suppression with sides counted in whole pixels."""
    found, row = [], 0
    for stride in (8, 16, 32):
        for y in range(640 // stride):
            for x in range(640 // stride):
                dx, dy, w, h, there, person = (float(value) for value in numbers[row, :6])
                row += 1
                if there * person > 0.3:
                    w, h = np.exp(w) * stride / 2, np.exp(h) * stride / 2
                    left, top = (dx + x) * stride - w, (dy + y) * stride - h
                    box = [left, top, left + 2 * w, top + 2 * h]
                    found.append((there * person, [edge / ratio for edge in box]))
    kept: list[tuple[float, list[float]]] = []
    for score, box in sorted(found, key=lambda one: -one[0]):
        if all(plain_iou(box, other) <= 0.45 for _, other in kept):
            kept.append((score, box))
    return kept


def plain_iou(a: list[float], b: list[float]) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]) + 1)
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
    areas = [(box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (a, b)]
    return width * height / (sum(areas) - width * height)


@pytest.mark.parametrize("size", [(640, 640), (333, 517), (720, 1280)])
def test_boxes_are_yoloxs(small: DWPose, size: tuple[int, int]) -> None:
    frame = picture(*size)
    square, ratio = letterbox(frame)
    planes = square[..., ::-1].transpose(2, 0, 1).astype(np.float32)[None]
    expected = plain_boxes(small._detector.infer(planes)[0][0], ratio)
    boxes, scores = small.person_boxes(frame)
    assert len(expected) > 3
    np.testing.assert_allclose(scores, [score for score, _ in expected], rtol=1e-6)
    np.testing.assert_allclose(boxes, [box for _, box in expected], atol=1e-3)


def test_no_boxes() -> None:
    boxes, scores = decode_boxes(np.zeros((8400, 85), np.float32), 1.0)
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


@pytest.mark.parametrize("box", [(10.0, 20.0, 60.0, 200.0), (-30.0, 5.0, 200.0, 60.0)])
def test_points_come_back_from_the_crop(small: DWPose, box: tuple[float, ...]) -> None:
    """The crop is 1.25 times the box, widened to 3:4; a cell is half a pixel of it."""
    frame, edges = picture(240, 320), np.array(box)
    width, height = 1.25 * (edges[2] - edges[0]), 1.25 * (edges[3] - edges[1])
    width, height = max(width, 0.75 * height), max(height, width / 0.75)
    centre, extent = crop_of(edges)
    np.testing.assert_allclose(extent, (width, height))
    pixels = cut(frame, centre, extent)
    left, top = (edges[0] + edges[2] - width) / 2, (edges[1] + edges[3] - height) / 2
    for row, column in ((190, 140), (40, 250), (300, 10)):
        x, y = left + column * width / 288, top + row * height / 384
        if 1 < x < 318 and 1 < y < 238:
            near = frame[int(y) : int(y) + 2, int(x) : int(x) + 2].reshape(-1, 3)
            assert (pixels[row, column] >= near.min(axis=0) - 2).all()
            assert (pixels[row, column] <= near.max(axis=0) + 2).all()
        elif x < -1 or y < -1:
            assert not pixels[row, column].any(), "black beyond the picture"
    colours = (pixels[..., ::-1] - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]
    x_response, y_response = small._network.infer(colours.transpose(2, 0, 1)[None].astype(np.float32))
    points, confidence = small.read(frame, edges)
    for point in range(133):
        x, y = x_response[0, point].argmax(), y_response[0, point].argmax()
        expected = left + x / 576 * width, top + y / 768 * height
        np.testing.assert_allclose(points[point], expected, atol=1e-6)
        assert confidence[point] == pytest.approx(
            (x_response[0, point].max() + y_response[0, point].max()) / 2
        )


def test_points_without_response_lie_nowhere() -> None:
    points, confidence = decode_points(-np.ones((2, 576), np.float32), np.zeros((2, 768), np.float32))
    assert (points == -0.5).all()
    assert (confidence <= 0).all()


def test_openposes_order() -> None:
    random = np.random.default_rng(0)
    points, sure = random.uniform(size=(2, 133, 2)), random.uniform(size=(2, 133))
    whole, confidence = with_neck(points, sure)
    assert whole.shape == (2, 134, 2)
    for target, origin in enumerate(COCO_FROM_18):
        if origin is None:
            np.testing.assert_allclose(whole[:, target], (points[:, 5] + points[:, 6]) / 2)
            np.testing.assert_array_equal(confidence[:, target], np.minimum(sure[:, 5], sure[:, 6]))
        else:
            np.testing.assert_array_equal(whole[:, target], points[:, origin])
    np.testing.assert_array_equal(whole[:, 18:], points[:, 17:])
    np.testing.assert_array_equal(confidence[:, 18:], sure[:, 17:])


def test_people_of_a_frame(small: DWPose) -> None:
    estimator: PoseEstimator = small
    frame = np.zeros((640, 640, 3), np.uint8)
    frame[200:300, 300:360] = picture(100, 60)
    people = estimator.estimate(frame)
    assert (estimator.points, people.keypoints.shape[1:]) == (134, (134, 2))
    assert len(people) >= 1
    assert ((people.confidence >= 0) & (people.confidence <= 1)).all()
    near = standing((250, 100))
    more = estimator.estimate(frame, near)
    assert any(np.array_equal(box, near.boxes[0]) for box in more.boxes), "who was expected is looked for too"
    with pytest.raises(InputError, match="uint8"):
        estimator.estimate(frame.astype(np.float32))  # type: ignore[arg-type]


def test_an_empty_frame_has_nobody(tmp_path: Path) -> None:
    detector = load_detector_file(detector_file(tmp_path / "a.onnx", seed=5))
    network = load_pose_file(pose_file(tmp_path / "b.onnx"))
    estimator = DWPose(detector, network, EstimatorIdentity(name="x"))
    assert estimator.estimate(np.zeros((64, 64, 3), np.uint8)).keypoints.shape == (0, 134, 2)


def test_other_files_are_told(tmp_path: Path) -> None:
    other = pose_file(tmp_path / "seventeen.onnx", points=17)
    with pytest.raises(FileFormatError, match=r"is not DWPose.*\n.*weights fetch dwpose"):
        load_pose_file(other)
    with pytest.raises(FileFormatError, match=r"is not DWPose's detector.*\n.*fetch dwpose-detection"):
        load_detector_file(other)
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a network")
    with pytest.raises(FileFormatError, match=r"broken\.onnx is no network that ONNX Runtime can read"):
        load_pose_file(broken)
    with pytest.raises(InputError, match="cannot use cuda"):
        load_pose_file(other, "cuda")


def test_what_is_missing_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for call in (pose_identity, load_estimator):
        with pytest.raises(WeightsMissingError, match="mcbench weights fetch dwpose-detection"):
            call("dwpose")
        with pytest.raises(InputError, match="no estimator of poses is called 'openpose'"):
            call("openpose")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"not installed\npip install 'mcbench\[pose\]'"):
        load_pose_file(tmp_path / "any.onnx")


def test_the_catalogue_knows_the_files() -> None:
    for name, file in (("dwpose", "dw-ll_ucoco_384.onnx"), ("dwpose-detection", "yolox_l.onnx")):
        assert weights.entry(name).file_name == file
        assert weights.entry(name).licence == "Apache-2.0"

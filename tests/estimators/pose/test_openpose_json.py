"""OpenPose's JSON files, in and out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.data.truth import COCO18
from mcbench.errors import FileFormatError
from mcbench.estimators.pose import People, read_openpose, write_openpose
from mcbench.estimators.pose.wholebody import FACE, FEET, LEFT_HAND, RIGHT_HAND

BODY_25 = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow",
    "left_wrist", "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear", "left_big_toe", "left_small_toe", "left_heel",
    "right_big_toe", "right_small_toe", "right_heel",
)  # fmt: skip
COCO_17 = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee",
    "left_ankle", "right_ankle",
)  # fmt: skip


def place(name: str) -> tuple[float, float]:
    number = sum(name.encode())
    return float(number % 97 + 1), float(number % 89 + 1)


def flat(names: tuple[str, ...]) -> list[float]:
    return [value for name in names for value in (*place(name), 0.75)]


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("names", [COCO18, BODY_25])
@pytest.mark.parametrize("listed", [False, True])
def test_each_point_is_the_one_of_its_name(tmp_path: Path, names: tuple[str, ...], listed: bool) -> None:
    content = {"people": [{"pose_keypoints_2d": flat(names)}]}
    people = read_openpose(written(tmp_path / "a.json", [content] if listed else content))
    for index, name in enumerate(COCO18):
        assert tuple(people.keypoints[0, index].tolist()) == place(name), name
    assert (people.confidence[0, :18] == 0.75).all()
    if names is BODY_25:
        assert people.keypoints[0, FEET].tolist() == [list(place(name)) for name in BODY_25[19:]]
    else:
        assert people.keypoints.shape == (1, 18, 2)


def test_points_of_coco_17_get_a_neck(tmp_path: Path) -> None:
    points = [[*place(name), 0.5] for name in COCO_17]
    points[COCO_17.index("left_wrist")] = [-1, -1, -1]
    points[0][2] = 1.2
    people = read_openpose(written(tmp_path / "a.json", [{"keypoints": points}]))
    for index, name in enumerate(COCO18):
        if name not in ("neck", "left_wrist"):
            assert tuple(people.keypoints[0, index].tolist()) == place(name), name
    middle = np.mean([place("left_shoulder"), place("right_shoulder")], axis=0)
    assert people.keypoints[0, 1].tolist() == middle.tolist()
    assert people.confidence[0, COCO18.index("left_wrist")] == 0
    assert people.confidence[0, 0] == 1, "cut"
    inside = people.keypoints[0][people.confidence[0] > 0]
    assert people.boxes[0].tolist() == [*inside.min(axis=0), *inside.max(axis=0)]


def test_hands_and_face(tmp_path: Path) -> None:
    entry = {
        "pose_keypoints_2d": flat(COCO18),
        "face_keypoints_2d": np.arange(210.0).tolist(),
        "hand_left_keypoints_2d": [3.0] * 63,
        "hand_right_keypoints_2d": [],
    }
    people = read_openpose(written(tmp_path / "a.json", {"people": [entry]}))
    assert people.keypoints[0, FACE][1].tolist() == [3, 4]
    assert people.keypoints[0, FACE][67].tolist() == [201, 202]
    assert (people.keypoints[0, LEFT_HAND] == 3).all()
    assert (people.confidence[0, RIGHT_HAND] == 0).all()


@settings(max_examples=25)
@given(st.integers(0, 3), st.sampled_from([18, 134]), st.integers(0, 2**16))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, n_people: int, points: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    keypoints = random.uniform(1, 500, (n_people, points, 2)).round(3).astype(np.float32)
    confidence = random.choice([0.0, 0.25, 0.5, 1.0], (n_people, points)).astype(np.float32)
    confidence[:, :3] = confidence[:, 100:103] = 0.5
    people = People(
        keypoints, confidence, np.zeros((n_people, 4), np.float32), np.zeros(n_people, np.float32)
    )
    path = tmp_path_factory.mktemp("json") / "000001.json"
    write_openpose(path, people, (480, 640))
    content = json.loads(path.read_text())
    assert (content["canvas_height"], content["canvas_width"], content["version"]) == (480, 640, 1.3)
    again = read_openpose(path)
    kept = np.ones(points, bool)
    kept[FEET] = points == 18  # COCO-18 has no feet
    kept[18:] &= points == 134
    assert len(again) == n_people
    if n_people:
        np.testing.assert_array_equal(again.confidence[:, kept], confidence[:, kept])
        found = confidence[:, kept] > 0
        np.testing.assert_allclose(again.keypoints[:, kept][found], keypoints[:, kept][found], atol=1e-3)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        '{"people": 3}',
        '{"persons": []}',
        '{"people": [{"pose_keypoints_2d": [1, 2, 3]}]}',
        '{"people": [{"pose_keypoints_2d": [1, 2]}]}',
        '[{"keypoints": [["a", 1, 1]]}]',
        '{"people": [{"pose_keypoints_2d": [' + "NaN, " * 53 + "1]}]}",
        "[1, 2]",
        "3",
    ],
)
def test_other_files_are_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.json"
    path.write_text(content)
    with pytest.raises(FileFormatError, match=r"broken\.json holds no people as OpenPose writes"):
        read_openpose(path)
    with pytest.raises(FileFormatError, match=r"absent\.json"):
        read_openpose(tmp_path / "absent.json")


@pytest.mark.shared
def test_the_files_beside_tiktok(shared: Path) -> None:
    files = sorted((shared / "data" / "tiktok-layout").glob("*/openpose_json/*.json"))
    assert files
    for file in files:
        people = read_openpose(file)
        assert people.keypoints.shape == (len(people), 18, 2)
        assert (people.scores > 0.3).all()

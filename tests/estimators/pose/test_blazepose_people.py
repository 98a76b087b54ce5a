"""BlazePose for whole frames: decoding, turned crops, neighbours; the real networks where they are."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcbench import files, weights
from mcbench.errors import InputError, MismatchError, WeightsMissingError
from mcbench.estimators.identity import EstimatorIdentity
from mcbench.estimators.pose import People, estimate_poses, load_estimator, pose_identity
from mcbench.estimators.pose.blazepose_people import tiles
from mcbench.estimators.pose.neighbours import axis_of, is_near, others_of, without_others
from mcbench.estimators.pose.person_detection import Candidates, anchors, decode, merge
from mcbench.estimators.pose.turned import TurnedCrop
from mcbench.video import open_frames
from tests.estimators.pose.walking import standing

# Read before the fixtures set another home: the weights of whoever runs the tests.
USERS_HOME = files.home()


def test_anchors_are_mediapipes() -> None:
    """Layers of 28, 14, 7, 7 and 7 cells a side, two anchors a cell; layers of one stride side by side."""
    places = anchors()
    assert places.shape == (2254, 2)
    np.testing.assert_allclose(places[:3], [(0.5 / 28, 0.5 / 28), (0.5 / 28, 0.5 / 28), (1.5 / 28, 0.5 / 28)])
    np.testing.assert_allclose(places[2 * 28 * 28 + 2 * 14 + 1], (0.5 / 14, 1.5 / 14))
    last = places[2 * (28 * 28 + 14 * 14) :]
    assert len(last) == 7 * 7 * 6
    np.testing.assert_allclose(last[6:12], [(1.5 / 7, 0.5 / 7)] * 6)


def test_a_detection_is_an_offset_from_its_anchor() -> None:
    numbers, logits = np.zeros((2254, 12), np.float32), np.full(2254, -9, np.float32)
    numbers[1] = 22.4, 44.8, 11.2, 22.4, *np.arange(8) * 2.24
    logits[1], logits[5] = math.log(0.8 / 0.2), math.log(0.1 / 0.9)
    found = decode(numbers, logits, 0.2)
    x, y = 0.5 / 28, 0.5 / 28
    assert found.scores == pytest.approx([0.8])
    np.testing.assert_allclose(found.faces[0], (x + 0.075, y + 0.15, x + 0.125, y + 0.25), atol=1e-6)
    np.testing.assert_allclose(found.points[0], np.arange(8).reshape(4, 2) / 100 + (x, y), atol=1e-6)
    assert len(decode(numbers, logits, 0.05)) == 2
    crop = TurnedCrop((200.0, 100.0), 100.0)
    np.testing.assert_allclose(found.in_frame(crop).faces[0], found.faces[0] * 100 + (150, 50, 150, 50))


def test_faces_that_overlap_are_one_weighted_by_score() -> None:
    faces = np.array([[0.0, 0, 10, 10], [2.0, 0, 12, 10], [50.0, 0, 60, 10], [7.0, 0, 17, 10]])
    points = np.repeat(faces[:, None, :2], 4, axis=1)
    merged = merge(Candidates(faces, points, np.array([0.6, 0.2, 0.9, 0.3])))
    assert merged.scores.tolist() == [0.9, 0.6, 0.3], "an IoU of 3 / 17 is another face"
    np.testing.assert_allclose(merged.faces[1], (0.5, 0, 10.5, 10))
    np.testing.assert_allclose(merged.points[1], [(0.5, 0)] * 4)
    assert len(merge(merged.only(np.zeros(3, bool)))) == 0


@settings(max_examples=30)
@given(st.floats(-3.1, 3.1), st.floats(20, 300), st.floats(-50, 200), st.floats(-50, 200))
def test_a_turned_crop_has_its_edge_point_straight_above(
    angle: float, radius: float, x: float, y: float
) -> None:
    middle = np.array([x, y])
    edge = middle + radius * np.array([math.sin(angle), -math.cos(angle)])
    crop = TurnedCrop.from_circle(middle, edge, 1.25)
    assert crop.side == pytest.approx(2.5 * radius)
    np.testing.assert_allclose(crop.to_frame(np.array([0.5, 0.1])), edge, atol=1e-6 * radius + 1e-6)
    np.testing.assert_allclose(crop.to_frame(np.array([0.5, 0.5])), middle, atol=1e-9)


@pytest.mark.parametrize("angle", [0.0, math.pi / 2, math.pi, -math.pi / 2])
def test_pixels_of_a_crop_lie_where_its_points_do(angle: float) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    crop = TurnedCrop((30.0, 20.0), 16.0, angle)
    pixels = crop.cut(frame, 16)
    for row, column in ((0, 0), (3, 12), (15, 7)):
        x, y = crop.to_frame((np.array([column, row]) + 0.5) / 16)
        np.testing.assert_array_equal(pixels[row, column], frame[math.floor(y), math.floor(x)])
    assert not TurnedCrop((-100.0, 20.0), 16.0, angle).cut(frame, 16).any(), "black beyond the picture"


def test_shrinking_averages() -> None:
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2] = 200
    np.testing.assert_allclose(TurnedCrop((64.0, 64.0), 128.0).cut(stripes, 32)[4:-4, 4:-4], 100, atol=1)


@settings(max_examples=30)
@given(st.integers(32, 2000), st.integers(32, 2000))
def test_tiles_cover_the_frame_with_overlap(height: int, width: int) -> None:
    views = tiles(height, width)
    assert views[0] == TurnedCrop((width / 2, height / 2), max(height, width))
    for side in {view.side for view in views}:
        here = [view for view in views if view.side == side]
        for length, axis in ((width, 0), (height, 1)):
            middles = sorted({view.centre[axis] for view in here})
            assert middles[0] - side / 2 <= 0.5
            assert middles[-1] + side / 2 >= length - 0.5
            assert all(b - a <= side / 2 + 1e-6 for a, b in itertools.pairwise(middles))


def test_pixels_of_a_neighbour_are_painted_over() -> None:
    mine, theirs = (
        axis_of(np.array([x, 10.0]), np.array([x, 25.0]), np.array([x, 55.0])) for x in (30.0, 70.0)
    )
    assert mine[3].tolist() == [30, 55 + 1.6 * 30]
    assert others_of(mine, [mine, theirs])[0] is theirs
    assert is_near(mine, np.array([[33.0, 25]]))
    assert not is_near(mine, np.zeros((0, 2)))
    crop = TurnedCrop((50.0, 50.0), 100.0)
    pixels = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    painted = without_others(pixels, crop, mine, [theirs])
    np.testing.assert_array_equal(painted[:, :48], pixels[:, :48])
    assert np.ptp(painted[20:80, 62:80].reshape(-1, 3), axis=0).max() <= 1, "one colour"


class Scripted:
    """A `PoseEstimator` that knows a clip by heart and notes what it was told to expect."""

    identity = EstimatorIdentity(name="scripted")
    threshold, points = 0.3, 18

    def __init__(self, clip: list[People]) -> None:
        self.clip, self.expected = iter(clip), list[int]()

    def estimate(self, frame: NDArray[np.uint8], near: People | None = None) -> People:
        self.expected.append(0 if near is None else len(near))
        return next(self.clip)


def test_estimate_poses_follows_what_an_estimator_finds() -> None:
    clip = [standing((60 + 2 * t, 50), (200, 50)) for t in range(10)]
    estimator = Scripted(clip)
    poses = estimate_poses(iter([np.zeros((180, 300, 3), np.uint8)] * 10), (180, 300), estimator)
    assert (poses.n_frames, poses.n_people, poses.size) == (10, 2, (180, 300))
    assert poses.keypoints[:, 0, 1, 0].tolist() == [60 + 2 * t for t in range(10)]
    assert (poses.visibility == 2).all()
    assert estimator.expected == [0, 0] + [2] * 8
    with pytest.raises(MismatchError, match="frame 1 is 90x300, not 180x300"):
        frames = [np.zeros((180, 300, 3), np.uint8), np.zeros((90, 300, 3), np.uint8)]
        estimate_poses(frames, (180, 300), Scripted(clip))


def test_what_is_missing_names_the_command() -> None:
    for call in (pose_identity, load_estimator):
        with pytest.raises(WeightsMissingError, match="mcbench weights fetch blazepose-detection"):
            call("blazepose")


@pytest.mark.shared
def test_the_real_networks_find_two_people(shared: Path) -> None:
    if not all(weights.is_present(name, USERS_HOME) for name in ("blazepose", "blazepose-detection")):
        pytest.skip("the weights blazepose and blazepose-detection are not on this machine")
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    estimator = load_estimator("blazepose", home=USERS_HOME)
    source = open_frames(shared / "data" / "clips" / "duo-street.mp4")
    poses = estimate_poses([source[index] for index in (0, 2, 4)], source.size, estimator)
    assert poses.n_people == 2
    assert (poses.visibility == 2).any(axis=2).all()
    assert (poses.keypoints[:, 0, 1, 0] < poses.keypoints[:, 1, 1, 0]).all(), "from left to right"
    with pytest.raises(InputError, match="uint8"):
        estimator.estimate(np.zeros((9, 9), np.uint8))

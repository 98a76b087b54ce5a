"""Matching and re-targeting: pure functions of poses."""

import numpy as np
import pytest

from mcbench.animate import fit_poses, match_people, parse_matches, retarget_poses
from mcbench.data.truth import Poses
from mcbench.errors import InputError
from tests.animate.conftest import poses_of, standing, walking
from tests.conditions.people import STANDING

TWO = standing((40, 70), (110, 70))


def test_people_are_driven_from_left_to_right() -> None:
    assert match_people(TWO, walking(3, (80, 130), (200, 130))) == [(0, 0), (1, 1)]


def test_of_more_drivers_those_seen_longest_are_taken() -> None:
    driving = walking(9, (50, 130), (150, 130), (250, 130))
    driving.visibility[3:, 1] = 0
    assert match_people(TWO, driving) == [(0, 0), (1, 2)]


def test_fewer_drivers_than_people_are_refused_with_what_to_write() -> None:
    with pytest.raises(InputError, match="2 people in the picture, and 1") as caught:
        match_people(TWO, walking(3, (80, 130)))
    assert "--match 1:1,2:1" in caught.value.hint


def test_matches_can_be_chosen() -> None:
    assert parse_matches("2:1, 1:1") == [(1, 0), (0, 0)]
    assert match_people(TWO, walking(3, (80, 130)), [(1, 0), (0, 0)]) == [(0, 0), (1, 0)]
    assert match_people(TWO, walking(3, (80, 130)), [(1, 0)]) == [(1, 0)]


@pytest.mark.parametrize("text", ["", "1", "1:2:3", "0:1", "a:b", "1:1,,2:2", "-1:1"])
def test_texts_that_match_nobody_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="who drives whom"):
        parse_matches(text)


@pytest.mark.parametrize("wanted", [[(2, 0)], [(0, 5)], [(0, 0), (0, 1)], []])
def test_matches_of_nobody_are_refused(wanted: list[tuple[int, int]]) -> None:
    with pytest.raises(InputError, match="--match"):
        match_people(TWO, walking(3, (80, 130), (200, 130)), wanted)


def test_retargeted_people_start_where_they_are_and_go_on_in_their_own_size() -> None:
    poses = retarget_poses(TWO, walking(4, (80, 130), (200, 130), scale=1.0, step=6.0), [(0, 0), (1, 1)])
    assert (poses.n_frames, poses.size) == (5, TWO.size)
    assert np.array_equal(poses.keypoints[0], TWO.keypoints[0])
    # Half as large as the driver: half as far.
    for frame in range(4):
        moved = TWO.keypoints[0] + np.array([3.0 * frame, 0], np.float32)
        assert np.allclose(poses.keypoints[1 + frame], moved, atol=1e-3)
    assert (poses.visibility == 2).all()


def test_people_without_a_driver_stand_still() -> None:
    poses = retarget_poses(TWO, walking(4, (80, 130)), [(1, 0)])
    assert (poses.keypoints[:, 0] == TWO.keypoints[0, 0]).all()
    assert not (poses.keypoints[4, 1] == TWO.keypoints[0, 1]).all()


def test_who_comes_later_is_laid_over_by_his_first_pose_and_is_absent_before() -> None:
    driving = walking(4, (80, 130), (200, 130))
    driving.visibility[:2, 0] = 0
    poses = retarget_poses(TWO, driving, [(0, 0), (1, 1)])
    assert not poses.visibility[1:3, 0].any()
    assert np.allclose(poses.keypoints[3, 0], TWO.keypoints[0, 0], atol=1e-3)


def test_what_leaves_the_picture_is_unknown() -> None:
    poses = retarget_poses(TWO, walking(4, (80, 130), step=80.0), [(1, 0)])
    assert poses.visibility[1, 1].all()
    assert not poses.visibility[4, 1].any()


def test_who_is_lower_in_the_picture_counts_as_nearer() -> None:
    poses = retarget_poses(standing((40, 60), (110, 75)), walking(2, (80, 130), (200, 130)), [(0, 0), (1, 1)])
    assert (poses.depth[:, 1] < poses.depth[:, 0]).all()


def test_too_few_points_are_refused() -> None:
    driving = walking(3, (80, 130), (200, 130))
    driving.visibility[:, 0] = 0
    driving.visibility[:, 0, 4] = 2  # one wrist
    with pytest.raises(InputError, match="too few points"):
        retarget_poses(TWO, driving, [(0, 0), (1, 1)])


@pytest.mark.parametrize(
    ("size", "scale", "shift"),
    [((240, 320), 0.5, (0, 0)), ((240, 120), 0.5, (50, 0)), ((60, 160), 1.0, (0, 30))],
)
def test_without_retargeting_the_frame_is_fitted_in(
    size: tuple[int, int], scale: float, shift: tuple[float, float]
) -> None:
    points = STANDING[None, None] * 0.3 + np.array([50, 30], np.float32)
    driving: Poses = poses_of(points, size)
    poses = fit_poses(TWO, driving, [(0, 0)])
    assert np.allclose(poses.keypoints[1, 0], points[0, 0] * scale + np.array(shift), atol=1e-3)

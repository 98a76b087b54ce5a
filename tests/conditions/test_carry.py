import numpy as np
import pytest

from mcbench.conditions import Carrier, ClipConditions
from mcbench.data.truth import Poses
from mcbench.errors import InputError, MismatchError
from tests.conditions.people import all_visible, people

SIZE = (160, 120)


def _picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def _carried(
    picture: np.ndarray,
    start: np.ndarray,
    seen: np.ndarray,
    points: np.ndarray,
    depth: list[float] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    distances = np.array(depth if depth is not None else [1.0] * len(start), np.float32)
    return Carrier(picture, start, seen).carry(points, all_visible(len(points)), distances)


def test_carrying_into_the_same_pose_changes_nothing() -> None:
    picture, points, seen = _picture(), people((60, 80)), all_visible(1)
    frame, coverage = _carried(picture, points, seen, points)
    covered = coverage == 1
    assert covered.sum() > 1000
    assert np.abs(frame[covered] - picture[covered]).max() <= 1
    assert coverage.min() == 0


def test_carrying_a_shifted_person_shifts_the_picture() -> None:
    picture, points, seen = _picture(), people((50, 80)), all_visible(1)
    still, before = _carried(picture, points, seen, points)
    moved, after = _carried(picture, points, seen, points + np.float32([20, 0]))
    np.testing.assert_allclose(after[:, 20:], before[:, :-20], atol=1e-4)
    both = before[:, :-20] == 1
    np.testing.assert_allclose(moved[:, 20:][both], still[:, :-20][both], atol=9)


def test_what_is_unknown_in_the_reference_is_left_out() -> None:
    picture, points, seen = _picture(), people((60, 80)), all_visible(1)
    hidden = seen.copy()
    hidden[0, [3, 4]] = 0
    whole, part = (_carried(picture, points, each, points)[1] for each in (seen, hidden))
    x, y = (points[0, 3] + 2 * points[0, 4]) / 3
    assert whole[int(y), int(x)] == 1
    assert part[int(y), int(x)] == 0


def test_nearer_people_lie_over_farther_ones() -> None:
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[:, :60] = (200, 0, 0)
    picture[:, 60:] = (0, 0, 200)
    start, seen = people((25, 80), (95, 80)), all_visible(2)
    together = people((60, 80), (60, 80))
    for depth, colour in (([1.0, 2.0], [200, 0, 0]), ([2.0, 1.0], [0, 0, 200])):
        frame, _ = _carried(picture, start, seen, together, depth)
        np.testing.assert_allclose(frame[55, 60], colour, atol=1)


def test_without_depth_the_lowest_feet_are_in_front() -> None:
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[:, :60] = (200, 0, 0)
    picture[:, 60:] = (0, 0, 200)
    start, seen = people((25, 80), (95, 84)), all_visible(2)
    frame, _ = _carried(picture, start, seen, people((60, 80), (60, 80)), [np.nan, np.nan])
    np.testing.assert_allclose(frame[55, 60], [0, 0, 200], atol=1)


def test_the_empty_scene_has_nobody() -> None:
    points, seen = people((60, 80)), all_visible(1)
    picture = np.full((*SIZE, 3), 90, np.uint8)
    _, coverage = _carried(picture, points, seen, points)
    picture[coverage > 0] = (255, 0, 0)
    assert np.abs(Carrier(picture, points, seen).empty_scene - 90).max() <= 10


def test_nobody_carried_is_the_empty_scene() -> None:
    nobody = np.zeros((0, 18, 2), np.float32), np.zeros((0, 18), np.uint8)
    picture = _picture()
    frame, coverage = Carrier(picture, *nobody).carry(*nobody, np.zeros(0, np.float32))
    assert np.array_equal(frame, picture)
    assert not coverage.any()


def test_other_people_than_in_the_reference_are_refused() -> None:
    with pytest.raises(MismatchError, match="people in the reference"):
        _carried(_picture(), people((60, 80)), all_visible(1), people((40, 80), (80, 80)))


def _crossing() -> Poses:
    points = np.stack([people((40, 80), (80, 80)), people((80, 80), (40, 80))])
    depth = np.array([[1.0, 2.0], [2.0, 1.0]], np.float32)
    return Poses(points, np.full((2, 2, 18), 2, np.uint8), depth, SIZE)


def test_colours_follow_a_person_and_depth_follows_the_mode() -> None:
    poses = _crossing()
    by_reference, by_frame = ClipConditions(poses, SIZE), ClipConditions(poses, SIZE, depth="frame")
    for conditions in (by_reference, by_frame):
        left, right = conditions.frame(0).depth_order[70, [40, 80]].tolist()
        assert conditions.frame(1).depth_order[70, [40, 80]].tolist() == [right, left]
    overlapping = Poses(poses.keypoints * [0, 1] + [60, 0], poses.visibility, poses.depth, SIZE)
    one, other = (
        ClipConditions(overlapping, SIZE, depth=mode).frame(1).depth_order for mode in ("reference", "frame")
    )
    assert one.any()
    assert not np.array_equal(one, other)


def test_maps_of_another_size_are_of_that_size() -> None:
    conditions = ClipConditions(_crossing(), (80, 60))
    maps = conditions.frame(1)
    assert maps.pose.shape == maps.depth_order.shape == maps.flow.shape == (80, 60, 3)
    assert np.array_equal(conditions.reference_pose(), conditions.frame(0).pose)
    assert len(conditions) == 2


def test_a_reference_outside_the_clip_is_refused() -> None:
    with pytest.raises(InputError, match="reference frame 2"):
        ClipConditions(_crossing(), SIZE, reference_index=2)

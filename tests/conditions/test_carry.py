import numpy as np
import pytest

from mcbench.conditions import ClipConditions, carried_reference, empty_scene
from mcbench.data.truth import Poses
from mcbench.errors import InputError, MismatchError
from tests.conditions.people import all_visible, people

SIZE = (160, 120)


def _picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def test_carrying_into_the_same_pose_changes_nothing() -> None:
    picture, points, seen = _picture(), people((60, 80)), all_visible(1)
    carried = carried_reference(picture, points, seen, points, seen, np.ones(1, np.float32))
    covered = carried[..., 3] > 0
    assert covered.sum() > 1000
    difference = np.abs(carried[covered, :3].astype(int) - picture[covered])
    # OpenCV interpolates with weights of 1/32 pixel.
    assert difference.max() <= 16
    assert difference.mean() < 1
    assert not carried[~covered].any()


def test_carrying_a_shifted_person_shifts_the_picture() -> None:
    picture, points, seen = _picture(), people((50, 80)), all_visible(1)
    carried = carried_reference(picture, points, seen, points + [20, 0], seen, np.ones(1, np.float32))
    still = carried_reference(picture, points, seen, points, seen, np.ones(1, np.float32))
    moved = np.abs(carried[:, 20:].astype(int) - still[:, :-20])
    assert np.median(moved) == 0
    assert moved.mean() < 2


def test_an_unseen_arm_is_taken_from_the_other_side_or_left_out() -> None:
    picture, points, seen = _picture(), people((60, 80)), all_visible(1)
    hidden = seen.copy()
    hidden[0, [3, 4]] = 0
    x, y = (points[0, 3] + 2 * points[0, 4]) / 3
    carried = carried_reference(picture, points, hidden, points, seen, np.ones(1, np.float32))
    assert carried[int(y), int(x), 3] == 255
    hidden[0, [6, 7]] = 0
    neither = carried_reference(picture, points, hidden, points, seen, np.ones(1, np.float32))
    assert (neither[..., 3] > 0).sum() < (carried[..., 3] > 0).sum()


def test_parts_covered_in_the_reference_are_marked() -> None:
    picture, points = _picture(), people((60, 80))
    covered = np.ones((1, 18), np.uint8)
    carried = carried_reference(picture, points, covered, points, all_visible(1), np.ones(1, np.float32))
    assert set(np.unique(carried[..., 3])) == {0, 128}


def test_nearer_people_lie_over_farther_ones() -> None:
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[:, :60] = (200, 0, 0)
    picture[:, 60:] = (0, 0, 200)
    start, seen = people((25, 80), (95, 80)), all_visible(2)
    together = people((60, 80), (60, 80))
    for nearer, colour in ((0, [200, 0, 0]), (1, [0, 0, 200])):
        depth = np.array([2.0, 2.0], np.float32)
        depth[nearer] = 1.0
        carried = carried_reference(picture, start, seen, together, seen, depth)
        assert carried[55, 60, :3].tolist() == colour


def test_the_empty_scene_has_nobody() -> None:
    points, seen = people((60, 80)), all_visible(1)
    picture = np.full((*SIZE, 3), 90, np.uint8)
    carried = carried_reference(picture, points, seen, points, seen, np.ones(1, np.float32))
    picture[carried[..., 3] > 0] = (255, 0, 0)
    assert np.abs(empty_scene(picture, points, seen).astype(int) - 90).max() <= 10


def test_other_people_than_in_the_reference_are_refused() -> None:
    with pytest.raises(MismatchError, match="people in the reference"):
        carried_reference(
            _picture(), people((60, 80)), all_visible(1), people((40, 80), (80, 80)), all_visible(2),
            np.ones(2, np.float32),
        )  # fmt: skip


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

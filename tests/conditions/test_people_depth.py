"""Who is nearer: by the ground people stand on, and by a map of inverse depth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mcbench.conditions.bodies import body_masks
from mcbench.conditions.people_depth import depth_by_ground, depth_by_map, ground_lines
from mcbench.data import generated
from mcbench.data.truth import Poses
from mcbench.errors import MismatchError
from tests.conditions.clips import SIZE, standing_poses


def test_the_ground_is_at_the_lower_foot() -> None:
    poses = standing_poses()
    np.testing.assert_allclose(ground_lines(poses.keypoints[0], poses.visibility[0]), [32.25, 38.25])


def test_feet_that_are_not_seen_are_where_the_body_would_have_them() -> None:
    poses = standing_poses()
    unseen = poses.visibility[0].copy()
    unseen[:, [10, 13]] = 0
    by_knees = ground_lines(poses.keypoints[0], unseen)
    unseen[:, [9, 12]] = 0
    by_neck = ground_lines(poses.keypoints[0], unseen)
    # Within a fifth of the height of these bodies, 18 pixels.
    assert by_knees == pytest.approx([32.25, 38.25], abs=4)
    assert by_neck == pytest.approx([32.25, 38.25], abs=4)


def test_who_is_not_there_has_no_place() -> None:
    poses = standing_poses()
    unseen = poses.visibility.copy()
    unseen[:, 1] = 0
    depth = depth_by_ground(Poses(poses.keypoints, unseen, poses.depth, SIZE))
    assert np.isfinite(depth[:, 0]).all()
    assert np.isnan(depth[:, 1]).all()


def test_a_single_point_still_has_a_place() -> None:
    poses = standing_poses(n_people=1)
    seen = np.zeros((1, 18), np.uint8)
    seen[0, 4] = 2
    assert ground_lines(poses.keypoints[0], seen)[0] == poses.keypoints[0, 0, 4, 1]


@pytest.mark.parametrize("clip", [0, 3])
def test_exact_depth_maps_give_the_exact_order(clip: int) -> None:
    spec = generated.demo_clips()[clip]
    scene, size = generated.build_scene(spec), (224, 160)
    frame, poses = scene.render(0, size), scene.poses(size)
    nearness = (1000 / frame.depth.astype(np.float32)).astype(np.float32)
    points, seen, truth = poses.keypoints[0], poses.visibility[0], poses.depth[0]
    for labels in (frame.masks, None):
        found = depth_by_map(nearness, points, seen, labels)
        for one, other in itertools.combinations(range(poses.n_people), 2):
            if abs(truth[one] - truth[other]) > 0.3:
                assert (found[one] < found[other]) == (truth[one] < truth[other])


def test_the_mean_is_taken_over_what_is_one_persons_alone() -> None:
    poses = standing_poses()
    bodies = body_masks(poses.keypoints[0], poses.visibility[0], SIZE) > 0
    nearness = np.full(SIZE, 100, np.float32)  # would decide, if shared or foreign pixels counted
    nearness[bodies[0] & ~bodies[1]] = 2
    nearness[bodies[1] & ~bodies[0]] = 3
    nearness[0, 0] = np.nan
    found = depth_by_map(nearness, poses.keypoints[0], poses.visibility[0])
    np.testing.assert_allclose(found, [-2, -3])


def test_people_in_one_place_share_it() -> None:
    poses = standing_poses()
    same = np.stack([poses.keypoints[0, 0]] * 2)
    found = depth_by_map(np.full(SIZE, 4, np.float32), same, poses.visibility[0])
    np.testing.assert_allclose(found, [-4, -4])


def test_nobody_known_gives_no_number() -> None:
    poses = standing_poses()
    nothing = np.full(SIZE, np.nan, np.float32)
    assert np.isnan(depth_by_map(nothing, poses.keypoints[0], poses.visibility[0])).all()
    labels = np.zeros(SIZE, np.uint8)
    known = np.ones(SIZE, np.float32)
    assert np.isnan(depth_by_map(known, poses.keypoints[0], poses.visibility[0], labels)).all()


def test_masks_of_another_size_are_refused() -> None:
    poses = standing_poses()
    with pytest.raises(MismatchError, match="masks"):
        depth_by_map(
            np.ones(SIZE, np.float32), poses.keypoints[0], poses.visibility[0], np.zeros((4, 4), np.uint8)
        )

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.conditions import (
    LIMBS,
    background_flow_map,
    body_masks,
    depth_order_map,
    depth_ranks,
    draw_poses,
    limb_colours,
    union_mask,
)
from mcbench.conditions.depth_order import PALETTE
from mcbench.errors import MismatchError
from tests.conditions.people import all_visible, people

SIZE = (160, 120)


def test_colours_are_those_of_openpose() -> None:
    colours = limb_colours()
    expected = [
        [255, 0, 0],
        [255, 85, 0],
        [255, 170, 0],
        [255, 255, 0],
        [170, 255, 0],
        [85, 255, 0],
        [0, 255, 0],
    ]
    assert colours[:7].tolist() == expected
    assert colours[17].tolist() == [255, 0, 85]


def test_joints_and_limbs_have_their_colours_at_their_places() -> None:
    points = people((60, 80))
    drawing = draw_poses(points, all_visible(1), SIZE)
    colours = limb_colours()
    for joint in (4, 7, 10, 13):
        x, y = points[0, joint]
        assert drawing[int(y), int(x)].tolist() == colours[joint].tolist()
    for limb, (start, end) in enumerate(LIMBS[:12]):
        x, y = (points[0, start] + points[0, end]) / 2
        assert drawing[int(y), int(x)].tolist() == [int(c * 0.6) for c in colours[limb]], limb


def test_a_limb_without_one_end_is_not_drawn() -> None:
    points, seen = people((60, 80)), all_visible(1)
    seen[0, 4] = 0
    x, y = (points[0, 3] + points[0, 4]) / 2
    assert draw_poses(points, all_visible(1), SIZE)[int(y), int(x)].any()
    assert not draw_poses(points, seen, SIZE)[int(y), int(x)].any()


def test_nobody_is_black() -> None:
    nobody = np.zeros((0, 18, 2), np.float32), np.zeros((0, 18), np.uint8)
    assert not draw_poses(*nobody, SIZE).any()
    assert not depth_order_map(*nobody, np.zeros(0, np.float32), SIZE).any()
    assert not union_mask(body_masks(*nobody, SIZE)).any()


@pytest.mark.parametrize("far", [1e9, -1e9, np.nan, np.inf])
def test_key_points_far_outside_do_not_wrap_around(far: float) -> None:
    points = np.full((1, 18, 2), far, dtype=np.float32)
    assert not draw_poses(points, all_visible(1), SIZE).any()


def test_bodies_hold_their_joints_and_leave_the_corners_free() -> None:
    points = people((60, 80))
    mask = body_masks(points, all_visible(1), SIZE)[0]
    assert all(mask[int(y), int(x)] == 255 for x, y in points[0])
    assert not mask[0, 0]
    assert not mask[-1, -1]
    assert not mask[0, -1]
    assert set(np.unique(mask)) == {0, 255}


def test_ranks_put_the_nearest_first_and_the_unknown_last() -> None:
    assert depth_ranks(np.array([3.0, np.nan, 1.0, 2.0], np.float32)).tolist() == [2, 3, 0, 1]


def test_nearer_people_cover_farther_ones_and_colours_can_be_fixed() -> None:
    points, seen = people((55, 80), (65, 80)), all_visible(2)
    first_near = depth_order_map(points, seen, np.array([1, 2], np.float32), SIZE)
    second_near = depth_order_map(points, seen, np.array([2, 1], np.float32), SIZE)
    assert first_near[60, 60].tolist() == second_near[60, 60].tolist() == PALETTE[0].tolist()
    assert first_near[75, 32].tolist() == PALETTE[0].tolist()
    assert second_near[75, 32].tolist() == PALETTE[1].tolist()
    ranks = np.array([0, 1])
    kept = depth_order_map(points, seen, np.array([2, 1], np.float32), SIZE, colour_ranks=ranks)
    assert kept[60, 60].tolist() == PALETTE[1].tolist()
    assert kept[75, 32].tolist() == PALETTE[0].tolist()


def test_no_flow_is_white_bodies_on_black() -> None:
    bodies = union_mask(body_masks(people((60, 80)), all_visible(1), SIZE))
    drawn = background_flow_map(None, bodies, SIZE)
    assert np.array_equal(drawn[..., 0], bodies)
    assert np.array_equal(drawn, np.repeat(bodies[..., None], 3, axis=2))
    assert np.array_equal(drawn, background_flow_map(np.zeros((*SIZE, 2), np.float32), bodies, SIZE))


def test_flow_shows_direction_and_speed() -> None:
    nobody = np.zeros(SIZE, np.uint8)

    def colour(u: float, v: float) -> list[int]:
        flow = np.broadcast_to(np.array([u, v], np.float32), (*SIZE, 2))
        return [int(c) for c in background_flow_map(flow, nobody, SIZE)[0, 0]]

    assert colour(8, 0) == [255, 0, 0]
    assert colour(4, 0)[0] == pytest.approx(128, abs=1)
    assert colour(8, 0) == colour(80, 0)
    assert len({tuple(colour(*each)) for each in [(8, 0), (0, 8), (-8, 0), (0, -8)]}) == 4


@pytest.mark.parametrize(
    ("points", "seen"),
    [((1, 17, 2), (1, 17)), ((2, 18, 2), (1, 18)), ((18, 2), (18,))],
)
def test_arrays_that_do_not_fit_are_refused(points: tuple[int, ...], seen: tuple[int, ...]) -> None:
    with pytest.raises(MismatchError, match="key points"):
        draw_poses(np.zeros(points, np.float32), np.zeros(seen, np.uint8), SIZE)


def test_depths_and_flow_that_do_not_fit_are_refused() -> None:
    with pytest.raises(MismatchError, match="depths"):
        depth_order_map(people((60, 80)), all_visible(1), np.zeros(2, np.float32), SIZE)
    with pytest.raises(MismatchError, match="size"):
        background_flow_map(np.zeros((3, 3, 2), np.float32), np.zeros(SIZE, np.uint8), SIZE)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_maps_agree_about_where_people_are(seed: int, n_people: int) -> None:
    draw = np.random.default_rng(seed)
    points = draw.uniform(-20, 180, (n_people, 18, 2)).astype(np.float32)
    seen = draw.integers(0, 3, (n_people, 18)).astype(np.uint8)
    depth = draw.uniform(1, 9, n_people).astype(np.float32)
    masks = body_masks(points, seen, SIZE)
    painted = depth_order_map(points, seen, depth, SIZE)
    assert np.array_equal(painted.any(axis=2), union_mask(masks) > 0)
    nearest = int(np.argmin(depth))
    assert (painted[masks[nearest] > 0] == PALETTE[0]).all()

"""Frames: shapes, bad input, order, sizes, exchanged looks."""

from __future__ import annotations

import numpy as np
import pytest

from mcbench.data import generated
from mcbench.data.generated import build_scene, demo_clips, train_clip
from mcbench.errors import InputError
from tests.data.generated.hashing import frame_hash

SIZE = (128, 92)


@pytest.mark.parametrize("index", range(4))
def test_a_frame_has_all_its_truth(index: int) -> None:
    spec = demo_clips()[index]
    frame = build_scene(spec).render(3, SIZE)
    people = spec.n_people
    assert (frame.image.shape, frame.image.dtype) == ((*SIZE, 3), np.uint8)
    assert (frame.masks.shape, frame.masks.dtype) == (SIZE, np.uint8)
    assert (frame.depth.shape, frame.depth.dtype) == (SIZE, np.uint16)
    assert (frame.flow.shape, frame.flow.dtype) == ((*SIZE, 2), np.float32)
    assert (frame.background_flow.shape, frame.background_flow.dtype) == ((*SIZE, 2), np.float32)
    assert (frame.keypoints.shape, frame.keypoints.dtype) == ((people, 18, 2), np.float32)
    assert (frame.visibility.shape, frame.visibility.dtype) == ((people, 18), np.uint8)
    assert (frame.person_depth.shape, frame.person_depth.dtype) == ((people,), np.float32)
    assert set(np.unique(frame.masks)) == set(range(people + 1))
    assert frame.depth.min() > 1000
    assert frame.depth.max() < 9000
    assert np.isfinite(frame.flow).all()
    assert frame.image.std() > 20


def test_frames_do_not_depend_on_what_was_rendered_before() -> None:
    for spec in (generated.test_clips()[0], generated.test_clips()[2]):  # a still and a moving camera
        walked = build_scene(spec)
        walked.render(3, (64, 48))
        for index in range(8):
            frame = walked.render(index, SIZE)
        assert frame_hash(frame) == frame_hash(build_scene(spec).render(7, SIZE))


def test_poses_are_those_of_the_frames() -> None:
    scene = build_scene(train_clip(3, 6))
    poses = scene.poses(SIZE)
    assert poses.size == SIZE
    for index in range(6):
        frame = scene.render(index, SIZE)
        np.testing.assert_array_equal(poses.keypoints[index], frame.keypoints)
        np.testing.assert_array_equal(poses.visibility[index], frame.visibility)
        np.testing.assert_array_equal(poses.depth[index], frame.person_depth)


def test_every_size_shows_the_same() -> None:
    scene = build_scene(demo_clips()[2])
    large, small = scene.poses((896, 640)), scene.poses((256, 184))
    np.testing.assert_array_equal(large.visibility, small.visibility)
    np.testing.assert_array_equal(large.depth, small.depth)
    np.testing.assert_allclose(large.resized((256, 184)).keypoints, small.keypoints, rtol=1e-5, atol=1e-4)
    double, single = scene.render(20, (256, 184)), scene.render(20, (128, 92))
    shrunk = double.image.reshape(128, 2, 92, 2, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - single.image).mean() < 4.0
    assert (double.masks[::2, ::2] == single.masks).mean() > 0.97


def test_exchanged_looks_leave_the_bodies_where_they_are() -> None:
    scene = build_scene(demo_clips()[0])
    plain, swapped = scene.render(0, (256, 184)), scene.render(0, (256, 184), looks=(1, 0))
    np.testing.assert_array_equal(plain.keypoints, swapped.keypoints)
    np.testing.assert_array_equal(plain.person_depth, swapped.person_depth)
    assert frame_hash(scene.render(0, (256, 184), looks=(0, 1))) == frame_hash(plain)

    def colour(frame: generated.RenderedFrame, person: int) -> np.ndarray:
        return frame.image[frame.masks == person].mean(axis=0)

    for person, other in ((1, 2), (2, 1)):
        stay = np.linalg.norm(colour(swapped, person) - colour(plain, person))
        assert np.linalg.norm(colour(swapped, person) - colour(plain, other)) < stay


def test_facing_the_camera_a_persons_right_is_on_the_pictures_left() -> None:
    for spec in (*demo_clips(), *(train_clip(index, 2) for index in range(4))):
        points = build_scene(spec).render(0, (64, 48)).keypoints
        assert (points[:, 2, 0] < points[:, 5, 0]).all()  # shoulders


def test_who_turns_away_hides_his_face() -> None:
    """Noses are covered just when the head's forward axis points away from the camera."""
    agree, away = [], 0
    for spec in generated.test_clips()[:7]:
        scene = build_scene(spec)
        poses = scene.poses(SIZE)
        for k, joints in enumerate(scene._joints):
            to_camera = scene._camera.place - joints.head
            facing = (joints.head_axes[2] * to_camera).sum(-1) / np.linalg.norm(to_camera, axis=-1)
            for t in range(spec.n_frames):
                if abs(facing[t]) > 0.7 and poses.visibility[t, k, 0] > 0:
                    if facing[t] < 0:
                        away += 1
                        assert poses.visibility[t, k, 0] == 1
                    else:  # an arm or another person may still be before it
                        agree.append(poses.visibility[t, k, 0] == 2)
    assert away > 15
    assert np.mean(agree) > 0.75


@pytest.mark.parametrize("index", [-1, 32, 1000])
def test_a_frame_that_is_not_there(index: int) -> None:
    with pytest.raises(InputError, match="frames 0 to 31"):
        build_scene(train_clip(0)).render(index, SIZE)


@pytest.mark.parametrize("size", [(0, 10), (128, 15), (5000, 100), (-128, 92)])
def test_a_size_that_cannot_be(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="16 to 4096"):
        build_scene(train_clip(0)).render(0, size)
    with pytest.raises(InputError, match="16 to 4096"):
        build_scene(train_clip(0)).poses(size)


@pytest.mark.parametrize("looks", [(), (0,), (0, 0), (1, 2), (0, 1, 2)])
def test_looks_that_are_no_permutation(looks: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="permutation of the 2 people"):
        build_scene(demo_clips()[0]).render(0, SIZE, looks=looks)


def test_people_meet_and_change_places() -> None:
    """In every clip of the benchmark two people's boxes overlap and two change their order from the left."""
    overlapping = crossing = 0
    for spec in generated.test_clips():
        scene = build_scene(spec)
        seen = scene._camera.to_camera(scene._keypoints[:-1], slice(0, spec.n_frames))
        points = seen[..., :2] / seen[..., 2:]
        low, high = points.min(axis=2), points.max(axis=2)
        necks = points[:, :, 1, 0]
        best, changed = 0.0, False
        for a in range(spec.n_people):
            for b in range(a):
                shared = np.minimum(high[:, a], high[:, b]) - np.maximum(low[:, a], low[:, b])
                inside = np.prod(np.maximum(shared, 0), axis=-1)
                areas = np.prod(high[:, a] - low[:, a], axis=-1) + np.prod(high[:, b] - low[:, b], axis=-1)
                best = max(best, float((inside / (areas - inside)).max()))
                order = necks[:, a] > necks[:, b]
                changed |= bool((order != order[0]).any())
        overlapping += best > 0.1
        crossing += changed
    assert overlapping == 20
    assert crossing == 20


def test_nobody_walks_through_anybody() -> None:
    for spec in (*generated.test_clips(), *(train_clip(index) for index in range(20))):
        places = [joints.pelvis[:, ::2] for joints in build_scene(spec)._joints]
        for a, one in enumerate(places):
            for other in places[:a]:
                assert np.linalg.norm(one - other, axis=-1).min() > 0.25, spec.id


def test_feet_stand_on_the_floor_and_do_not_slide() -> None:
    """Somebody's ankle is either at rest or off its lowest height; nothing sinks into the floor."""
    still, moving = 0, 0
    for spec in generated.test_clips():
        scene = build_scene(spec)
        for joints, body in zip(scene._joints, scene._bodies, strict=True):
            for ankle in joints.ankles:
                assert ankle[:, 1].min() > body.ankle - 0.03
                speed = np.linalg.norm(np.diff(ankle[:, ::2], axis=0), axis=-1) * spec.fps
                low = ankle[:-1, 1] < body.ankle + 0.015
                still += int((speed[low] < 0.05).sum())
                moving += int((speed[low] > 0.5).sum())
    assert still > 2 * moving

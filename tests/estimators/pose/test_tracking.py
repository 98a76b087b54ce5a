"""Following people: through crossings, gaps and false alarms; the figures that judge it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.data import generated
from mcbench.data.truth import Poses
from mcbench.errors import MismatchError
from mcbench.estimators.pose import People, Tracker, TrackingSettings, Tracks, person_boxes, track
from mcbench.estimators.pose.accuracy import TrackingAccuracy, tracking_accuracy
from mcbench.estimators.pose.lasting import people_among
from mcbench.estimators.pose.looks import alikeness, people_looks
from tests.estimators.pose.walking import painted, standing

SIZE = (200, 500)
RED, BLUE = (200, 20, 20), (20, 20, 200)
EVERYBODY = TrackingSettings(least_frames=1)


def middles(tracks: Tracks, person: int) -> list[float]:
    return [float(x) for x in tracks.keypoints[:, person, 1, 0]]


@settings(max_examples=20)
@given(st.permutations(range(3)), st.integers(0, 2**16))
def test_the_order_in_which_people_are_found_does_not_matter(order: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    frames = [standing((60 + 2 * t, 50), (200, 50 + t), (400 - 3 * t, 60)) for t in range(12)]
    mixed = [frames[0].only(order), *(frame.only(random.permutation(3)) for frame in frames[1:])]
    straight, found = track(frames, EVERYBODY), track(mixed, EVERYBODY)
    np.testing.assert_array_equal(found.keypoints, straight.keypoints)
    assert middles(found, 0) == [60 + 2 * t for t in range(12)], "who is left in the first frame is first"


def crossing(front: int) -> tuple[list[People], list[np.ndarray]]:
    """Two who walk through each other; while they overlap only the one in front is found."""
    frames, pictures = [], []
    for t in range(41):
        both = standing((100 + 5 * t, 60), (300 - 5 * t, 60))
        order = [1 - front, front]
        pictures.append(painted(both.only(order), [(RED, BLUE)[who] for who in order], SIZE))
        hidden = abs(100 + 5 * t - (300 - 5 * t)) < 40
        frames.append(both.only([front]) if hidden else both)
    return frames, pictures


@pytest.mark.parametrize("front", [0, 1])
def test_people_are_themselves_after_they_have_crossed(front: int) -> None:
    tracker = Tracker()
    for people, picture in zip(*crossing(front), strict=True):
        tracker.add(people, picture)
    tracks = tracker.tracks()
    assert tracks.keypoints.shape[1] == 2
    assert middles(tracks, 0)[-1] == 300
    assert middles(tracks, 1)[-1] == 100
    assert tracks.present[20].tolist() == [front == 0, front == 1]
    poses = tracks.poses(SIZE, threshold=0.3, bridged=15)
    assert (poses.visibility[20, 1 - front] == 1).all(), "who is hidden counts as covered"
    assert poses.keypoints[20, 1 - front, 1, 0] == pytest.approx(200, abs=5)


def test_who_turns_back_behind_another_is_known_by_his_colours() -> None:
    """Both meet, one hides the other, and both go back to where they came from."""
    tracker = Tracker()
    for t in range(41):
        step = min(t, 40 - t) * 5
        both = standing((100 + step, 60), (300 - step, 60))
        picture = painted(both, [RED, BLUE], SIZE)
        tracker.add(both.only([1]) if step > 80 else both, picture)
    tracks = tracker.tracks()
    assert tracks.keypoints.shape[1] == 2
    assert (middles(tracks, 0)[-1], middles(tracks, 1)[-1]) == (100, 300)


def test_a_long_absence_is_not_bridged_but_remembered() -> None:
    tracker = Tracker(TrackingSettings(bridged=5))
    walk = [standing((100, 60), (300, 60)) for _ in range(40)]
    for t, both in enumerate(walk):
        tracker.add(both.only([0]) if 10 <= t < 30 else both, painted(both, [RED, BLUE], SIZE))
    poses = tracker.tracks().poses(SIZE, threshold=0.3, bridged=5)
    assert poses.n_people == 2
    assert (poses.visibility[10:30, 1] == 0).all()
    assert (poses.visibility[30:, 1] == 2).all()
    assert np.isnan(poses.depth).all()


def test_false_alarms_of_a_few_frames_are_dropped() -> None:
    frames = [standing((100, 60), (300, 60)) if t in (5, 6, 7) else standing((100, 60)) for t in range(20)]
    assert track(frames).keypoints.shape[1] == 1
    assert track(frames, EVERYBODY).keypoints.shape[1] == 2
    assert track(frames[5:8]).keypoints.shape[1] == 2, "of a clip that is no longer, they are everything"


def test_who_is_found_now_and_then_is_nobody() -> None:
    """Every fifth frame, but from the first to the last: four fifths of him would be guessed."""
    frames = [standing((100, 60), (300, 60)) if t % 5 == 0 else standing((100, 60)) for t in range(60)]
    assert track(frames).keypoints.shape[1] == 1
    assert track(frames, TrackingSettings(least_density=0.1)).keypoints.shape[1] == 2


def test_who_comes_back_after_a_long_time_stays() -> None:
    """In a fifth of the frames between his first and his last, but ten in a row at either end."""
    tracker = Tracker()
    for t in range(70):
        people = standing((100, 60), (300, 60)) if t < 10 or t >= 60 else standing((100, 60))
        tracker.add(people, painted(people, [RED, BLUE][: len(people)], SIZE))
    found = tracker.tracks().present
    assert found.sum(axis=0).tolist() == [70, 20]


def test_short_gaps_alone_are_bridged_by_default() -> None:
    gone = {*range(10, 15), *range(30, 36)}
    frames = [standing() if t in gone else standing((100, 60)) for t in range(60)]
    tracks = track(frames)
    poses = tracks.poses(SIZE, threshold=0.3, bridged=TrackingSettings().bridged)
    assert (poses.visibility[10:15, 0] == 1).all()
    assert (poses.visibility[30:36, 0] == 0).all()


def part_of(people: People, scale: float) -> People:
    """The first of some people shrunk about the middle of the box, as if read in somebody's clothes."""
    one = people.only([0])
    middle = (one.boxes[0, :2] + one.boxes[0, 2:]) / 2
    points, boxes = middle + scale * (one.keypoints - middle), one.boxes.reshape(1, 2, 2) - middle
    corners = (middle + scale * boxes).reshape(1, 4)
    return People(points.astype(np.float32), one.confidence, corners.astype(np.float32), one.scores)


@pytest.mark.parametrize(("scale", "shift", "n_seen", "people"), [
    (0.5, 0, 10, 1),  # within somebody, half his size
    (0.95, 2, 10, 1),  # the same body seen twice
    (0.5, 0, 12, 2),  # a fifth of the clip: a child in front of him
    (0.5, 150, 10, 2),  # small, but beside him
    (1.0, 35, 10, 2),  # as large as he, half covered
])  # fmt: skip
def test_who_lies_on_a_longer_tracks_person_is_a_part_of_him(
    scale: float, shift: int, n_seen: int, people: int
) -> None:
    one = standing((100, 60))
    other = part_of(standing((100 + shift, 60)), scale)
    tracks = [dict.fromkeys(range(25, 60), one), dict.fromkeys(range(20, 20 + n_seen), other)]
    assert people_among(tracks, 60, threshold=0.3, least_density=0.4, least_run=8) == tracks[:people]


def test_people_who_are_unsure_start_no_track() -> None:
    weak = standing((100, 60))
    weak.scores[:] = 0.1
    assert track([weak] * 10).keypoints.shape == (10, 0, 18, 2)


def test_frames_without_anybody() -> None:
    tracks = track([standing() for _ in range(4)])
    poses = tracks.poses(SIZE, threshold=0.3)
    assert (poses.n_frames, poses.n_people) == (4, 0)


def test_points_outside_the_picture_are_unknown() -> None:
    poses = track([standing((10, 60))] * 10).poses(SIZE, threshold=0.3)
    assert (poses.visibility[0, 0] == 0).tolist() == [x < 0 for x in poses.keypoints[0, 0, :, 0].tolist()]
    assert (poses.visibility[0, 0] == 0).any()


def test_the_next_place_is_likely_only_for_who_was_seen_twice() -> None:
    tracker = Tracker()
    assert tracker.likely() is None
    tracker.add(standing((100, 60)))
    assert tracker.likely() is None
    tracker.add(standing((110, 60)))
    likely = tracker.likely()
    assert likely is not None
    assert 110 < likely.keypoints[0, 1, 0] <= 120


def test_looks_are_colours_of_parts() -> None:
    people = standing((100, 60), (300, 60))
    looks = people_looks(painted(people, [RED, BLUE], SIZE), people, 0.3)
    alike = alikeness(looks, looks)
    np.testing.assert_allclose(np.diag(alike), 1)
    assert alike[0, 1] < 0.05
    unsure = people.only([0])
    unsure.confidence[:] = 0
    unknown = people_looks(painted(people, [RED, BLUE], SIZE), unsure, 0.3)
    assert np.isnan(unknown).all()
    assert alikeness(unknown, looks).tolist() == [[0.5, 0.5]]


def poses_of(*frames: list[tuple[float, float]]) -> Poses:
    points = np.stack([standing(*frame).keypoints for frame in frames])
    return Poses(points, np.full(points.shape[:3], 2, np.uint8), np.zeros(points.shape[:2], np.float32), SIZE)


def test_accuracy_by_hand() -> None:
    truth = poses_of(*[[(100, 60), (300, 60)]] * 4)
    assert tracking_accuracy(truth, truth) == TrackingAccuracy(8, 8, 0, 0, 8, pytest.approx(8))
    swapped = poses_of(*[[(100, 60), (300, 60)]] * 3, [(300, 60), (100, 60)])
    assert tracking_accuracy(swapped, truth) == TrackingAccuracy(8, 8, 0, 2, 6, pytest.approx(8))
    elsewhere = poses_of(*[[(100, 60), (420, 60)]] * 4)
    assert tracking_accuracy(elsewhere, truth) == TrackingAccuracy(8, 4, 4, 0, 4, pytest.approx(4))
    twice = tracking_accuracy(swapped, truth) + tracking_accuracy(elsewhere, truth)
    assert twice == TrackingAccuracy(16, 12, 4, 2, 10, pytest.approx(12))
    with pytest.raises(MismatchError, match="4 frames"):
        tracking_accuracy(truth, truth.first(3))


def test_generated_people_keep_their_identities() -> None:
    """A clip in which people cross, seen as a good detector would see it."""
    spec = generated.test_clips()[4]
    scene, size, random = generated.build_scene(spec), (128, 180), np.random.default_rng(0)
    tracker = Tracker()
    for index in range(0, 100, 2):
        frame = scene.render(index, size)
        visible = frame.visibility == 2
        people = random.permutation(np.flatnonzero(visible.sum(axis=1) >= 6))
        boxes = person_boxes(frame.keypoints, np.where(visible, 2, 0).astype(np.uint8))
        found = People(
            frame.keypoints[people],
            np.where(visible, 0.9, 0.1).astype(np.float32)[people],
            boxes.astype(np.float32)[people],
            np.full(len(people), 0.9, np.float32),
        )
        tracker.add(found, frame.image)
    truth = scene.poses(size)
    chosen = Poses(truth.keypoints[:100:2], truth.visibility[:100:2], truth.depth[:100:2], size)
    figures = tracking_accuracy(tracker.tracks().poses(size, threshold=0.3), chosen)
    assert figures.switches == 0
    assert figures.identity == figures.found == figures.people

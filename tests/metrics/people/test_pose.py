"""Pose error: values worked out by hand, pycocotools, brute force, properties, bad input."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcbench.data.truth import COCO18
from mcbench.metrics.people import pose

Floats = NDArray[np.float64]
SHOULDER, WRIST, NOSE, NECK = 2, 4, 0, 1
ALL = np.ones(18, np.bool_)


def only(*joints: int) -> NDArray[np.bool_]:
    counts = np.zeros(18, np.bool_)
    counts[list(joints)] = True
    return counts


def moved(truth: Floats, joint: int, x: float, y: float) -> Floats:
    points = truth.copy()
    points[..., joint, :] += (x, y)
    return points


@pytest.fixture
def truth() -> Floats:
    return np.random.default_rng(0).uniform(0, 100, (18, 2))


poses = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).uniform(0, 200, (3, 18, 2)))


def test_sigmas_are_cocos_by_name() -> None:
    coco = {"nose": 0.026, "eye": 0.025, "ear": 0.035, "shoulder": 0.079, "elbow": 0.072, "wrist": 0.062}
    coco |= {"hip": 0.107, "knee": 0.087, "ankle": 0.089, "neck": 0.079}
    assert pose.SIGMAS.tolist() == [coco[name.split("_")[-1]] for name in COCO18]
    with pytest.raises(ValueError, match="read-only"):
        pose.SIGMAS[0] = 1.0


def test_oks_by_hand(truth: Floats) -> None:
    # A shoulder 15.8 pixels away on a person of 100 x 100: d = 2 sigma s, so exp(-1/2).
    one = pose.oks(moved(truth, SHOULDER, 15.8, 0), truth, only(SHOULDER), np.array(10_000.0))
    assert one == pytest.approx(0.6065306597, abs=1e-9)
    # The wrist is right: the mean of exp(-1/2) and 1.
    two = pose.oks(moved(truth, SHOULDER, 0, -15.8), truth, only(SHOULDER, WRIST), np.array(10_000.0))
    assert two == pytest.approx(0.8032653298, abs=1e-9)
    # A wrist at (12.4, 9.3): d = 15.5 = 1.25 * 2 sigma s, exp(-0.78125) = 0.4578333618.
    three = pose.oks(moved(truth, WRIST, 12.4, 9.3), truth, only(WRIST), np.array(10_000.0))
    assert three == pytest.approx(0.4578333618, abs=1e-9)


def test_a_point_that_was_not_found_adds_nothing(truth: Floats) -> None:
    lost = truth.copy()
    lost[WRIST] = np.nan
    assert pose.oks(lost, truth, only(SHOULDER, WRIST), np.array(900.0)) == 0.5
    assert pose.pck(lost, truth, only(SHOULDER, WRIST), np.array(30.0)) == 0.5
    assert pose.mpjpe_2d(moved(lost, SHOULDER, 3, 4), truth, only(SHOULDER, WRIST)) == pytest.approx(5.0)
    assert np.isnan(pose.mpjpe_2d(lost, truth, only(WRIST)))


def test_pck_by_hand(truth: Floats) -> None:
    off = moved(moved(truth, SHOULDER, 6, 8), WRIST, 6, 8.1)
    counts = only(SHOULDER, WRIST, NOSE)
    # 10 pixels of a box of 100 are still right, 10.08 are not.
    assert pose.pck(off, truth, counts, np.array(100.0 + 1e-9)) == pytest.approx(2 / 3)
    assert pose.pck(off, truth, counts, np.array(100.0), share=0.11) == 1.0
    assert pose.pck(off, truth, counts, np.array(100.0), share=0.05) == pytest.approx(1 / 3)


def test_head_size_is_from_neck_to_nose_where_both_count(truth: Floats) -> None:
    head = truth.copy()
    head[NOSE], head[NECK] = (10, 20), (13, 24)
    assert pose.head_size(head, ALL) == 5.0
    assert np.isnan(pose.head_size(head, ~only(NECK)))


def test_mpjpe_by_hand(truth: Floats) -> None:
    off = moved(moved(truth, SHOULDER, 3, 4), WRIST, 0, -2)
    counts = only(SHOULDER, WRIST)
    assert pose.mpjpe_2d(off, truth, counts) == pytest.approx(3.5)
    assert pose.mpjpe_2d(off, truth, counts, np.array(70.0)) == pytest.approx(0.05)


def test_akd_and_mkr_by_hand(truth: Floats) -> None:
    people = np.stack([truth, truth + 50])
    off = moved(people, SHOULDER, 3, 4)
    counts = np.stack([only(SHOULDER, WRIST), only(WRIST)])
    # Distances 5, 0 and 0 over both people together.
    assert pose.average_keypoint_distance(off, people, counts) == pytest.approx(5 / 3)
    assert np.isnan(pose.average_keypoint_distance(off, people, np.zeros((2, 18), np.bool_)))
    found = np.stack([only(WRIST, NOSE), only(NOSE)])
    assert pose.missing_keypoint_rate(found, counts) == pytest.approx(2 / 3)
    assert np.isnan(pose.missing_keypoint_rate(found, np.zeros((2, 18), np.bool_)))


def test_undefined_values_are_nan(truth: Floats) -> None:
    people = np.stack([truth] * 4)
    counts = np.stack([ALL, ALL, ALL, np.zeros(18, np.bool_)])
    size = np.array([50.0, 0.0, np.nan, 50.0])
    expected = [False, True, True, True]
    for values in (
        pose.oks(people, people, counts, size),
        pose.pck(people, people, counts, size),
        pose.mpjpe_2d(people, people, counts, size),
    ):
        assert np.isnan(values).tolist() == expected


def test_which_points_count() -> None:
    visibility = np.array([0, 1, 2], np.uint8)
    assert pose.counting(visibility).tolist() == [False, False, True]
    assert pose.counting(visibility, covered=True).tolist() == [False, True, True]


def test_other_shapes_are_refused(truth: Floats) -> None:
    with pytest.raises(ValueError, match=r"not \[17, 2\]"):
        pose.distances(truth, truth[:17])
    with pytest.raises(ValueError, match=r"not \[18, 3\]"):
        pose.oks(np.ones((18, 3)), truth, ALL, np.array(1.0))


@settings(max_examples=50)
@given(poses, poses, st.integers(0, 2**32 - 1))
def test_oks_is_that_of_pycocotools(predictions: Floats, truths: Floats, seed: int) -> None:
    cocoeval = pytest.importorskip("pycocotools.cocoeval", reason="pycocotools is not installed")
    random = np.random.default_rng(seed)
    near = truths + (predictions - 100) * random.uniform(0, 0.3)
    visibility = random.integers(0, 3, (3, 18)).astype(np.uint8)
    visibility[:, 5] = 2
    area = random.uniform(500, 50_000, 3)
    evaluator = cocoeval.COCOeval(iouType="keypoints")
    evaluator.params.kpt_oks_sigmas = pose.SIGMAS
    with_flags = np.concatenate([truths, visibility[..., None]], axis=-1)
    evaluator._gts[1, 1] = [
        {"keypoints": row.ravel().tolist(), "area": space, "bbox": [0, 0, 1, 1]}
        for row, space in zip(with_flags, area, strict=True)
    ]
    evaluator._dts[1, 1] = [
        {"keypoints": np.concatenate([row, np.ones((18, 1))], axis=1).ravel().tolist(), "score": 1.0}
        for row in near
    ]
    expected = evaluator.computeOks(1, 1)
    counts = pose.counting(visibility, covered=True)
    np.testing.assert_allclose(pose.oks_matrix(near, truths, counts, area), expected, rtol=1e-12)


@settings(max_examples=50)
@given(poses, poses, st.floats(0.1, 10), st.floats(-500, 500))
def test_place_and_size_of_the_picture_do_not_matter(
    prediction: Floats, truth: Floats, scale: float, shift: float
) -> None:
    counts, size = np.ones((3, 18), np.bool_), np.array([40.0, 80.0, 160.0])

    def figures(p: Floats, t: Floats, s: Floats) -> Floats:
        by_area = pose.oks(p, t, counts, s**2)
        return np.stack([by_area, pose.mpjpe_2d(p, t, counts, s), pose.mpjpe_2d(p, t, counts) / s])

    before = figures(prediction, truth, size)
    after = figures(prediction * scale + shift, truth * scale + shift, size * scale)
    np.testing.assert_allclose(after, before, rtol=1e-7, atol=1e-12)


@settings(max_examples=50)
@given(poses, poses, st.floats(0, 1))
def test_nearer_is_better(prediction: Floats, truth: Floats, way: float) -> None:
    counts, area, size = np.ones((3, 18), np.bool_), np.full(3, 5000.0), np.full(3, 150.0)
    nearer = truth + (prediction - truth) * way
    assert (pose.oks(nearer, truth, counts, area) >= pose.oks(prediction, truth, counts, area) - 1e-12).all()
    assert (pose.pck(nearer, truth, counts, size) >= pose.pck(prediction, truth, counts, size)).all()
    np.testing.assert_allclose(
        pose.mpjpe_2d(nearer, truth, counts), way * pose.mpjpe_2d(prediction, truth, counts), atol=1e-9
    )
    assert (pose.oks(prediction, truth, counts, area) <= 1).all()
    assert (pose.oks(truth, truth, counts, area) == 1).all()


@settings(max_examples=30)
@given(poses, poses, st.permutations(range(3)))
def test_the_order_of_people_does_not_matter(prediction: Floats, truth: Floats, order: list[int]) -> None:
    counts, area = np.ones((3, 18), np.bool_), np.array([1e3, 1e4, 1e5])
    counts[1, 3:9] = False
    matrix = pose.oks_matrix(prediction, truth, counts, area)
    turned = pose.oks_matrix(prediction[order], truth[order], counts[order], area[order])
    np.testing.assert_array_equal(turned, matrix[np.ix_(order, order)])
    np.testing.assert_array_equal(np.diagonal(matrix), pose.oks(prediction, truth, counts, area))
    assert pose.count_people(turned) == pose.count_people(matrix)


def brute_force(similarity: Floats, threshold: float) -> int:
    """The most true people that can have a detection of their own above the threshold."""
    detected, true = similarity.shape
    rows = [*range(detected), *[None] * true]
    return max(
        sum(row is not None and similarity[row, k] > threshold for k, row in enumerate(chosen))
        for chosen in set(itertools.permutations(rows, true))
    )


@settings(max_examples=60)
@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_people_are_counted_as_by_brute_force(detected: int, true: int, seed: int, threshold: float) -> None:
    similarity = np.random.default_rng(seed).random((detected, true))
    counts = pose.count_people(similarity, threshold=threshold)
    assert counts.found == brute_force(similarity, threshold)
    assert counts.found + counts.missed == true
    assert counts.found + counts.extra == detected


def test_people_by_hand() -> None:
    # Both detections are nearest to the first person; one to one, the second person still is found.
    counts = pose.count_people(np.array([[0.9, 0.6], [0.8, 0.2], [0.1, 0.0]]))
    assert counts == (2, 0, 1)
    assert (counts.recall, counts.precision, counts.f1) == (1.0, pytest.approx(2 / 3), pytest.approx(0.8))
    assert pose.count_people(np.array([[0.5]])) == (0, 1, 1), "at the threshold is not above it"
    assert pose.count_people(np.array([[0.9, np.nan]])) == (1, 0, 0), "who cannot be judged is left out"
    nobody = pose.count_people(np.empty((0, 0)))
    assert all(np.isnan(value) for value in (nobody.recall, nobody.precision, nobody.f1))


def straightforward(prediction: Floats, truth: Floats, counts: NDArray[Any], size: Floats) -> list[float]:
    """PCK@0.1 and MPJPE from their definitions, point by point."""
    pck, mpjpe = [], []
    for person in range(len(truth)):
        apart = [
            float(np.sqrt(((prediction[person, k] - truth[person, k]) ** 2).sum()))
            for k in range(18)
            if counts[person, k]
        ]
        pck.append(sum(d <= 0.1 * size[person] for d in apart) / len(apart))
        mpjpe.append(sum(apart) / len(apart))
    return pck + mpjpe


@settings(max_examples=30)
@given(poses, poses)
def test_pck_and_mpjpe_as_defined(prediction: Floats, truth: Floats) -> None:
    near = truth + (prediction - 100) / 5
    counts = np.random.default_rng(1).random((3, 18)) < 0.6
    size = np.array([90.0, 150.0, 210.0])
    found = [*pose.pck(near, truth, counts, size), *pose.mpjpe_2d(near, truth, counts)]
    np.testing.assert_allclose(found, straightforward(near, truth, counts, size), rtol=1e-12)

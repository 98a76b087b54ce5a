from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.people import box_iou, extra_people, match_boxes, missing_people, presence_rates
from tests.metrics.people.making import COLOURS, background, crowd, noisy

some_boxes = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(1, 9), st.integers(1, 9)), max_size=4
)


@settings(max_examples=80)
@given(some_boxes, some_boxes, st.sampled_from([0.1, 0.3, 0.5, 1.0]))
def test_matching_is_the_best_of_all(first: list, second: list, threshold: float) -> None:
    truth, found = (
        np.array([[x, y, x + w, y + h] for x, y, w, h in boxes], dtype=float).reshape(-1, 4)
        for boxes in (first, second)
    )
    iou = box_iou(truth, found)
    matches = match_boxes(truth, found, threshold=threshold)
    assert all(iou[pair] >= threshold for pair in matches)
    assert len({t for t, _ in matches}) == len({f for _, f in matches}) == len(matches)

    def worth(pairs: list[tuple[int, int]]) -> tuple[int, float]:
        return len(pairs), round(float(sum(iou[pair] for pair in pairs)), 9)

    small, large = sorted((len(truth), len(found)))
    best = (0, 0.0)
    for chosen in itertools.permutations(range(large), small):
        pairs = [(k, one) if len(truth) == small else (one, k) for k, one in enumerate(chosen)]
        best = max(best, worth([pair for pair in pairs if iou[pair] >= threshold]))
    assert worth(matches) == best


def test_rates() -> None:
    assert presence_rates(4, 4, 4) == (0.0, 0.0)
    assert presence_rates(4, 3, 2) == (0.5, 0.25)
    assert presence_rates(2, 6, 2) == (0.0, 2.0)
    assert presence_rates(2, 0, 0) == (1.0, 0.0)
    assert np.isnan(presence_rates(0, 3, 0)).all()
    for wrong in ((2, 2, 3), (2, 1, 2), (2, 2, -1)):
        with pytest.raises(InputError, match="matches"):
            presence_rates(*wrong)


def test_bad_thresholds() -> None:
    for wrong in (0.0, -1.0, 1.5, float("nan")):
        with pytest.raises(InputError, match="IoU"):
            match_boxes(np.zeros((1, 4)), np.zeros((1, 4)), threshold=wrong)


@pytest.mark.parametrize("n_people", [1, 2, 3, 5])
def test_who_is_painted_out_is_missing(n_people: int) -> None:
    frame, labels = crowd(n_people)
    np.testing.assert_array_equal(missing_people(frame, frame, labels, n_people), 0.0)
    for gone in range(n_people):
        prediction = np.where((labels == gone + 1)[..., None], background(), frame)
        found = missing_people(prediction, frame, labels, n_people)
        assert found.tolist() == [float(person == gone) for person in range(n_people)]
    np.testing.assert_array_equal(missing_people(background(), frame, labels, n_people), 1.0)


@settings(max_examples=25)
@given(st.permutations(range(4)), st.permutations(range(4)), st.integers(0, 15), st.integers(0, 3))
def test_looks_noise_and_names_make_nobody_missing(
    looks: list[int], order: list[int], sigma: int, gone: int
) -> None:
    frame, labels = crowd(4)
    renamed = np.array([0, *[place + 1 for place in order]], np.uint8)[labels]
    prediction = noisy(crowd(4, looks=looks)[0], sigma)
    np.testing.assert_array_equal(missing_people(prediction, frame, renamed, 4), 0.0)
    assert extra_people(prediction, frame, renamed, 4) == 0
    prediction = np.where((labels == gone + 1)[..., None], background(), prediction)
    assert np.flatnonzero(missing_people(prediction, frame, renamed, 4)).tolist() == [order[gone]]


def with_extra(where: slice, colour: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A crowd of three with room on the right, and somebody more there."""
    frame, labels = crowd(3)
    wide = np.concatenate([frame, background((80, 60))], axis=1)
    prediction = wide.copy()
    rows = np.arange(80)[16:76]
    prediction[16:76, where] = np.where(rows // 6 % 2, 1.0, 0.55)[:, None, None] * colour
    return prediction, wide, np.concatenate([labels, np.zeros((80, 60), np.uint8)], axis=1)


@pytest.mark.parametrize("person", [0, 1, 2])
def test_who_is_painted_once_more_is_extra(person: int) -> None:
    prediction, truth, labels = with_extra(slice(135, 163), COLOURS[person])
    assert extra_people(truth, truth, labels, 3) == 0
    assert extra_people(prediction, truth, labels, 3) == 1
    np.testing.assert_array_equal(missing_people(prediction, truth, labels, 3), 0.0)


def test_two_more_are_two() -> None:
    prediction, truth, labels = with_extra(slice(126, 146), COLOURS[0])
    more, _, _ = with_extra(slice(156, 176), COLOURS[2])
    prediction[:, 150:] = more[:, 150:]
    assert extra_people(prediction, truth, labels, 3) == 2


def test_what_is_no_person_is_not_extra() -> None:
    prediction, truth, labels = with_extra(slice(135, 140), COLOURS[0])
    assert extra_people(prediction, truth, labels, 3) == 0, "too small"
    prediction, truth, labels = with_extra(slice(135, 163), np.array([150.0, 165.0, 150.0]))
    prediction[16:76, 135:163] = (175, 180, 170)
    assert extra_people(prediction, truth, labels, 3) == 0, "nearer to the wall than to anybody"
    assert extra_people(truth // 2, truth, labels, 3) == 0, "a dark room is larger than anybody"


def test_nobody_visible() -> None:
    empty = np.zeros((80, 120), np.uint8)
    assert extra_people(crowd()[0], background(), empty, 3) == 0
    assert np.isnan(missing_people(crowd()[0], background(), empty, 3)).all()


def test_no_background_to_compare_with() -> None:
    frame = crowd(2)[0]
    full = np.where(np.arange(120) < 60, 1, 2).astype(np.uint8) * np.ones((80, 1), np.uint8)
    assert np.isnan(missing_people(frame, frame, full, 2)).all()


@settings(max_examples=10)
@given(st.integers(2, 3))
def test_size_does_not_matter(factor: int) -> None:
    prediction, truth, labels = with_extra(slice(135, 163), COLOURS[1])
    prediction[labels == 1] = np.concatenate([background(), background((80, 60))], axis=1)[labels == 1]
    for k in (1, factor):
        large = [np.repeat(np.repeat(one, k, axis=0), k, axis=1) for one in (prediction, truth, labels)]
        assert extra_people(*large, 3) == 1
        np.testing.assert_array_equal(missing_people(*large, 3), [1, 0, 0])


@pytest.mark.parametrize("function", [missing_people, extra_people])
def test_bad_input(function) -> None:
    frame, labels = crowd(3)
    with pytest.raises(MismatchError):
        function(background((40, 40)), frame, labels, 3)
    with pytest.raises(MismatchError):
        function(frame[:40], frame[:40], labels, 3)
    with pytest.raises(InputError, match="at a time"):
        function(frame[None], frame[None], labels, 3)
    with pytest.raises(InputError, match="labels"):
        function(frame, frame, labels, 1)
    with pytest.raises(InputError, match="finite"):
        function(frame * np.nan, frame.astype(float), labels, 3)

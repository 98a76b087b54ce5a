from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.people import (
    box_iou,
    boxes_overlap,
    person_areas,
    person_boxes,
    person_mean,
    visible_people,
)
from tests.metrics.people.making import crowd

corners = st.tuples(*[st.integers(0, 20)] * 4)


def box(numbers: tuple[int, int, int, int]) -> list[float]:
    a, b, c, d = numbers
    return [float(min(a, b)), float(min(c, d)), float(max(a, b)), float(max(c, d))]


@settings(max_examples=60)
@given(st.lists(corners, min_size=1, max_size=4), st.lists(corners, min_size=1, max_size=4))
def test_iou_counts_unit_squares(first: list, second: list) -> None:
    def painted(one: list[float]) -> np.ndarray:
        canvas = np.zeros((20, 20), dtype=bool)
        left, top, right, bottom = (int(side) for side in one)
        canvas[top:bottom, left:right] = True
        return canvas

    a, b = [box(one) for one in first], [box(one) for one in second]
    found = box_iou(np.array(a), np.array(b))
    for i, one in enumerate(a):
        for j, other in enumerate(b):
            either = (painted(one) | painted(other)).sum()
            both = (painted(one) & painted(other)).sum()
            assert found[i, j] == pytest.approx(both / either if either else 0.0)


def test_boxes_span_the_masks() -> None:
    labels = np.zeros((40, 50), dtype=np.int32)
    labels[3:20, 5:12] = 1
    labels[30, 44] = 3
    labels[8:30, 20:45] = 2
    boxes = person_boxes(labels, 4, minimum=10)
    np.testing.assert_array_equal(boxes[:2], [[5, 3, 12, 20], [20, 8, 45, 30]])
    assert np.isnan(boxes[2:]).all(), "one pixel, or none, is nobody"
    np.testing.assert_array_equal(person_areas(labels, 4), [17 * 7, 22 * 25, 1, 0])
    np.testing.assert_array_equal(visible_people(labels, 4, minimum=10), [True, True, False, False])
    np.testing.assert_array_equal(visible_people(labels, 4, minimum=1), [True, True, True, False])


def test_overlap_is_above_a_tenth() -> None:
    tenth = np.array([[0.0, 0.0, 11.0, 10.0], [9.0, 0.0, 20.0, 10.0], [np.nan] * 4])
    assert box_iou(tenth, tenth)[0, 1] == pytest.approx(0.1)
    assert not boxes_overlap(tenth)
    tenth[1, 0] = 8.9
    assert boxes_overlap(tenth)
    assert not boxes_overlap(tenth[:1])
    assert not boxes_overlap(np.zeros((0, 4)))


def test_boxes_without_extent_share_nothing() -> None:
    points = np.array([[2.0, 2.0, 2.0, 2.0]])
    np.testing.assert_array_equal(box_iou(points, points), [[0.0]])


@pytest.mark.parametrize(
    ("labels", "n_people", "wrong"),
    [
        (np.zeros((4, 4)), 2, "integer"),
        (np.zeros((4, 4, 1), np.uint8), 2, "integer"),
        (np.zeros((0, 4), np.uint8), 2, "integer"),
        (np.full((4, 4), 3, np.uint8), 2, "labels from 3 to 3"),
        (np.full((4, 4), -1), 2, "labels from -1"),
        (np.zeros((4, 4), np.uint8), -1, "-1 people"),
    ],
)
def test_bad_masks(labels: np.ndarray, n_people: int, wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        person_areas(labels, n_people)


def test_mask_of_another_size() -> None:
    with pytest.raises(MismatchError, match="80x120"):
        person_mean(np.zeros((40, 60)), crowd()[1], 3)


@pytest.mark.parametrize("boxes", [np.zeros((2, 3)), np.zeros(4), np.array([[5.0, 0.0, 1.0, 3.0]])])
def test_bad_boxes(boxes: np.ndarray) -> None:
    with pytest.raises(InputError, match="box"):
        box_iou(boxes, np.zeros((1, 4)))

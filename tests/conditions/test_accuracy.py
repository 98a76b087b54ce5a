"""Measures of estimates on values that can be told by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mcbench.conditions.accuracy import end_point_errors, mask_ious, ordered_pairs
from mcbench.errors import MismatchError


def test_end_point_error_is_the_length_of_the_difference() -> None:
    truth = np.zeros((2, 2, 2), np.float32)
    found = truth.copy()
    found[0, 0] = (3, -4)
    found[1, 1] = np.nan
    errors = end_point_errors(found, truth)
    np.testing.assert_array_equal(errors, [[5, 0], [0, np.nan]])


def test_iou_of_each_person() -> None:
    truth = np.array([[1, 1, 0, 2]], np.uint8)
    found = np.array([[1, 0, 0, 0]], np.uint8)
    np.testing.assert_array_equal(mask_ious(found, truth, 3), [0.5, 0, np.nan])


def test_pairs_in_order_whatever_the_unit() -> None:
    truth = np.array([1.0, 2.0, 2.05, np.nan], np.float32)
    assert ordered_pairs(np.array([-9, -8, -7, 0], np.float32), truth, 0.15) == (2, 2)
    assert ordered_pairs(np.array([-7, -8, -9, 0], np.float32), truth, 0.15) == (0, 2)
    assert ordered_pairs(np.array([np.nan, -8, -7, 0], np.float32), truth, 0.01) == (1, 1)


def test_sides_that_do_not_fit() -> None:
    with pytest.raises(MismatchError):
        end_point_errors(np.zeros((2, 2, 2), np.float32), np.zeros((2, 3, 2), np.float32))
    with pytest.raises(MismatchError):
        mask_ious(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), 1)
    with pytest.raises(MismatchError):
        ordered_pairs(np.zeros(2, np.float32), np.zeros(3, np.float32), 0)

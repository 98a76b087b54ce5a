"""The mean squared distance of pairs, and that it is what a Frechet formula makes of one vector a side."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.distribution import squared_distance


def test_it_is_the_mean_over_pairs_of_the_squared_length() -> None:
    prediction = np.array([[0.0, 3.0], [1.0, 1.0]])
    truth = np.array([[4.0, 0.0], [1.0, 2.0]])
    assert squared_distance(prediction, truth) == pytest.approx((25.0 + 1.0) / 2.0, abs=0.0)


@given(st.integers(1, 6), st.integers(1, 9), st.integers(0, 2**31))
def test_it_agrees_with_a_loop_and_does_not_care_for_the_type(rows: int, columns: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(2, rows, columns)).astype(np.float32)
    expected = sum(
        sum((float(a) - float(b)) ** 2 for a, b in zip(*row, strict=True)) for row in zip(x, y, strict=True)
    )
    assert squared_distance(x, y) == pytest.approx(expected / rows, rel=1e-12)
    assert squared_distance(torch.from_numpy(x), y) == squared_distance(x, y)
    assert squared_distance(x, x) == 0.0
    assert squared_distance(y, x) == squared_distance(x, y)


def test_with_one_vector_a_side_it_is_frechets_formula_with_covariances_of_zero() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 1, 400))
    means = np.square(x.mean(axis=0) - y.mean(axis=0)).sum()
    assert squared_distance(x, y) == pytest.approx(means, rel=1e-12)


@pytest.mark.parametrize(
    ("prediction", "truth", "error"),
    [
        (np.zeros((2, 3)), np.zeros((3, 3)), MismatchError),
        (np.zeros(3), np.zeros(3), InputError),
        (np.zeros((0, 3)), np.zeros((0, 3)), InputError),
        (np.full((1, 3), np.nan), np.zeros((1, 3)), InputError),
        (np.zeros((1, 3)), np.full((1, 3), np.inf), InputError),
        (np.array([["a"]]), np.array([["b"]]), InputError),
    ],
)
def test_what_it_refuses(prediction: np.ndarray, truth: np.ndarray, error: type[Exception]) -> None:
    with pytest.raises(error):
        squared_distance(prediction, truth)

"""Distances between feature sets against scipy, exact arithmetic and plain restatements."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.distribution import (
    frechet_distance,
    frechet_distance_from_statistics,
    kernel_distance,
)


def _sets(seed: int, n: int, m: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    mix = random.normal(size=(d, d))
    return random.normal(size=(n, d)) @ mix, 0.8 * random.normal(size=(m, d)) @ mix + 0.3


def _textbook(x: np.ndarray, y: np.ndarray) -> float:
    s1, s2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = scipy.linalg.sqrtm(s1 @ s2)
    return float(np.square(x.mean(0) - y.mean(0)).sum() + np.trace(s1 + s2 - 2 * np.real(root)))


@pytest.mark.parametrize(("n", "m", "d"), [(200, 300, 12), (40, 25, 16), (17, 400, 16), (16, 16, 16)])
def test_frechet_is_the_textbook_formula_where_covariances_have_full_rank(n: int, m: int, d: int) -> None:
    x, y = _sets(n + m, n, m, d)
    assert frechet_distance(x, y) == pytest.approx(_textbook(x, y), rel=1e-6)


def _exact(x: np.ndarray, y: np.ndarray) -> float:
    """The distance in 40 digits, through the covariances."""
    with mpmath.workdps(40):
        means, covariances = [], []
        for side in (x, y):
            values = mpmath.matrix(side.tolist())
            mean = [sum(values[:, k]) / values.rows for k in range(values.cols)]
            for row in range(values.rows):
                for column in range(values.cols):
                    values[row, column] -= mean[column]
            means.append(mean)
            covariances.append(values.T * values / (values.rows - 1))
        eigenvalues, vectors = mpmath.eigsy(covariances[0])
        half = vectors * mpmath.diag([mpmath.sqrt(max(0, value)) for value in eigenvalues])
        inner = mpmath.eigsy(half.T * covariances[1] * half, eigvals_only=True)
        root = sum(mpmath.sqrt(max(0, value)) for value in inner)
        traces = sum(covariance[k, k] for covariance in covariances for k in range(covariance.rows))
        return float(sum((p - q) ** 2 for p, q in zip(*means, strict=True)) + traces - 2 * root)


@pytest.mark.parametrize(("n", "m", "d"), [(5, 7, 30), (3, 3, 8), (2, 2, 24), (4, 40, 12), (12, 12, 12)])
def test_frechet_of_rank_deficient_sets_agrees_with_exact_arithmetic(n: int, m: int, d: int) -> None:
    x, y = _sets(n, n, m, d)
    assert frechet_distance(x, y) == pytest.approx(_exact(x, y), rel=1e-12)


@pytest.mark.parametrize("decades", [0, 6, 12])
def test_frechet_of_many_vectors_is_exact_however_steep_their_spectrum(decades: int) -> None:
    """The factor of a QR decomposition keeps what a covariance loses."""
    random = np.random.default_rng(decades)
    spread = 10.0 ** (-decades / 2 * np.arange(16) / 16)
    turn = np.linalg.qr(random.normal(size=(16, 16)))[0]
    x, y = (random.normal(size=(2, 60, 16)) * spread) @ turn
    expected, traces = _exact(x, 0.9 * y), float(x.var(0).sum() + y.var(0).sum())
    assert frechet_distance(x, 0.9 * y) == pytest.approx(expected, abs=1e-14 * traces)
    found = frechet_distance_from_statistics(*_moments(x), *_moments(0.9 * y))
    assert found == pytest.approx(expected, abs=1e-7 * traces)


def _moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x.mean(0), np.cov(x, rowvar=False)


@pytest.mark.parametrize(("n", "d"), [(9, 30), (30, 30), (90, 30), (2, 2048)])
def test_a_set_against_itself_is_exactly_zero(n: int, d: int) -> None:
    x, _ = _sets(n, n, 2, d)
    assert frechet_distance(x, x.copy()) == 0.0
    assert kernel_distance(x, x.copy(), paired=True) == 0.0
    assert frechet_distance_from_statistics(*_moments(x), *_moments(x)) == 0.0
    # In another order to rounding.
    assert frechet_distance(x, x[::-1]) <= 1e-13 * np.square(x).sum()


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_tensors_and_arrays_of_any_kind_give_one_number(distance) -> None:
    x, y = _sets(1, 20, 30, 12)
    x, y = x.astype(np.float32), y.astype(np.float32)
    expected = distance(x, y)
    read_only = x.copy()
    read_only.flags.writeable = False
    tensors = torch.from_numpy(x), torch.from_numpy(y).requires_grad_()
    others = [
        tensors, (x, tensors[1]), (read_only, y), (np.asfortranarray(x), y[::1]), (x.astype(">f4"), y),
        (tensors[0].double(), tensors[1].double()), (np.repeat(x, 2, axis=1)[:, ::2], y),
    ]  # fmt: skip
    for sides in others:
        assert distance(*sides) == pytest.approx(expected, rel=1e-14)
    halves = [side.half() for side in tensors]
    assert distance(*halves) == distance(*(side.double() for side in halves))
    whole = np.rint(10 * x).astype(np.int64)
    assert distance(whole, y) == distance(whole.astype(np.float64), y)


def test_frechet_of_one_dimension_and_from_statistics() -> None:
    x, y = _sets(9, 50, 60, 1)
    gap = (x.mean() - y.mean()) ** 2 + (x.std(ddof=1) - y.std(ddof=1)) ** 2
    assert frechet_distance(x, y) == pytest.approx(gap, rel=1e-12)
    for n, d in ((60, 10), (12, 24)):
        x, y = _sets(n, n, n + 5, d)
        found = frechet_distance_from_statistics(
            x.mean(0), np.cov(x, rowvar=False), y.mean(0), np.cov(y, rowvar=False)
        )
        assert found == pytest.approx(frechet_distance(x, y), rel=1e-6)


def test_small_sets_of_one_distribution_read_too_high_for_frechet_and_not_for_kernel() -> None:
    random = np.random.default_rng(0)
    sets = random.normal(size=(2, 40, 100))
    assert frechet_distance(*sets) > 20
    spread = [kernel_distance(*np.random.default_rng(seed).normal(size=(2, 40, 100))) for seed in range(40)]
    assert abs(np.mean(spread)) < 3 * np.std(spread) / np.sqrt(40)


def test_kernel_distance_is_the_sum_over_pairs() -> None:
    x, y = _sets(3, 6, 8, 4)

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return (float(a @ b) / 4 + 1) ** 3

    xx = np.mean([k(x[i], x[j]) for i in range(6) for j in range(6) if i != j])
    yy = np.mean([k(y[i], y[j]) for i in range(8) for j in range(8) if i != j])
    xy = np.mean([k(a, b) for a in x for b in y])
    assert kernel_distance(x, y) == pytest.approx(xx + yy - 2 * xy, rel=1e-10)


def test_kernel_distance_of_pairs_leaves_pairs_out() -> None:
    x, y = _sets(4, 7, 7, 4)

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return (float(a @ b) / 4 + 1) ** 3

    terms = [
        k(x[i], x[j]) + k(y[i], y[j]) - k(x[i], y[j]) - k(x[j], y[i])
        for i in range(7)
        for j in range(7)
        if i != j
    ]
    assert kernel_distance(x, y, paired=True) == pytest.approx(np.mean(terms), rel=1e-10)
    assert kernel_distance(x, x, paired=True) == pytest.approx(0.0, abs=1e-9)
    assert kernel_distance(x, x) < -1.0, "why pairs need a form of their own"
    with pytest.raises(MismatchError, match="7 and 6 feature vectors are not pairs"):
        kernel_distance(x, y[:6], paired=True)


def test_kernel_distance_of_more_rows_than_one_block() -> None:
    random = np.random.default_rng(1)
    x, y = random.normal(size=(2500, 3)), random.normal(size=(2100, 3)) + 0.1

    def mean_kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / 3 + 1) ** 3

    own = sum(
        (kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1))
        for kernel in (mean_kernel(x, x), mean_kernel(y, y))
    )
    assert kernel_distance(x, y) == pytest.approx(own - 2 * mean_kernel(x, y).mean(), abs=1e-10)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(2, 12), st.integers(1, 12))
def test_properties_of_any_two_sets(seed: int, n: int, m: int, d: int) -> None:
    x, y = _sets(seed, n, m, d)
    scale = np.square(x).sum() + np.square(y).sum()
    assert frechet_distance(x, y) >= 0
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), abs=1e-10 * scale)
    assert frechet_distance(x, x[::-1]) <= 1e-10 * scale
    assert frechet_distance(x + 3.0, y + 3.0) == pytest.approx(frechet_distance(x, y), abs=1e-9 * (scale + d))
    assert kernel_distance(x, y) == pytest.approx(kernel_distance(y, x), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_bad_features_are_named(distance) -> None:
    good = np.random.default_rng(0).normal(size=(5, 3))
    with pytest.raises(InputError, match=r"1 feature vector\(s\) of the truth"):
        distance(good, good[:1])
    with pytest.raises(InputError, match="not finite"):
        distance(good, np.where(good > 0, np.nan, good))
    with pytest.raises(MismatchError, match="3 and 2 dimensions"):
        distance(good, good[:, :2])
    with pytest.raises(InputError, match=r"\[N, D\]"):
        distance(good[None], good)
    with pytest.raises(InputError, match=r"0 feature vector\(s\) of the predictions"):
        distance(torch.zeros(0, 3), good)
    with pytest.raises(InputError, match="the features of the predictions hold values that are not finite"):
        distance(torch.full((5, 3), torch.inf), good)
    with pytest.raises(InputError, match="the truth hold values beyond"):
        distance(good, good * 1e200)  # its squares are infinite, and their difference nothing
    assert np.isfinite(distance(good * 1e44, -good * 1e44))
    with pytest.raises(InputError, match="real numbers, not complex128"):
        distance(good + 1j, good)
    with pytest.raises(InputError, match=r"real numbers, not torch\.bool"):
        distance(torch.ones(5, 3, dtype=torch.bool), good)
    with pytest.raises(MismatchError, match="predictions are on meta and the truth is on cpu"):
        distance(torch.ones(5, 3, device="meta"), torch.ones(5, 3))


def test_bad_statistics_are_named() -> None:
    mean, covariance = np.zeros(3), np.eye(3)
    with pytest.raises(MismatchError, match="do not belong together"):
        frechet_distance_from_statistics(mean, covariance, np.zeros(2), np.eye(2))
    with pytest.raises(InputError, match="not finite"):
        frechet_distance_from_statistics(mean, np.diag([1.0, np.inf, 1.0]), mean, covariance)
    with pytest.raises(InputError, match="beyond"):
        frechet_distance_from_statistics(mean, covariance * 1e200, mean, covariance)
    with pytest.raises(InputError, match="not symmetric"):
        frechet_distance_from_statistics(mean, covariance + np.triu(np.ones((3, 3)), 1), mean, covariance)
    with pytest.raises(MismatchError, match="do not belong together"):
        frechet_distance_from_statistics(np.float64(0.0), covariance, mean, covariance)

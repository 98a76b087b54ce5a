"""Intervals: coverage by simulation, determinism, scipy's bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from mcbench.errors import InputError
from mcbench.metrics.distribution import frechet_distance, kernel_distance
from mcbench.metrics.statistics import bootstrap_interval, jackknife_interval


def test_bootstrap_agrees_with_scipys_percentile_interval() -> None:
    means = np.random.default_rng(0).normal(10, 2, 30)
    low, high = bootstrap_interval(means, np.ones(30), draws=20_000)
    expected = scipy.stats.bootstrap(
        (means,), np.mean, n_resamples=20_000, method="percentile", random_state=1
    ).confidence_interval
    assert low == pytest.approx(expected.low, abs=0.03)
    assert high == pytest.approx(expected.high, abs=0.03)


def test_bootstrap_is_deterministic_and_follows_its_seed() -> None:
    sums, counts = np.random.default_rng(0).normal(size=20), np.ones(20)
    assert bootstrap_interval(sums, counts) == bootstrap_interval(sums, counts)
    assert bootstrap_interval(sums, counts, seed=1) != bootstrap_interval(sums, counts, seed=2)


def test_bootstrap_of_frames_weighs_videos_by_their_frames() -> None:
    # One long video of value 0, one short of value 10: draws of (long, long), mixed, (short, short).
    low, high = bootstrap_interval(np.array([0.0, 10.0]), np.array([99.0, 1.0]))
    assert (low, high) == (0.0, 10.0)
    many = bootstrap_interval(np.array([0.0] * 30 + [10.0]), np.array([99.0] * 30 + [1.0]))
    assert many is not None
    assert many[1] < 0.05


def test_bootstrap_covers_the_mean() -> None:
    random = np.random.default_rng(3)
    hits = 0
    for _ in range(200):
        values = random.normal(0, 1, 25)
        low, high = bootstrap_interval(values, np.ones(25), draws=1000)
        hits += low <= 0 <= high
    assert 0.87 <= hits / 200 <= 0.99


def test_a_single_video_has_no_interval() -> None:
    assert bootstrap_interval(np.array([3.0]), np.array([2.0])) is None
    assert jackknife_interval(1.0, 2, lambda _: 1.0) is None


@pytest.mark.parametrize(
    ("sums", "counts"),
    [([1.0, 2.0], [1.0]), ([1.0, np.nan], [1.0, 1.0]), ([1.0, 2.0], [1.0, 0.0]), ([[1.0]], [[1.0]])],
)
def test_bad_bootstrap_input_is_refused(sums: list, counts: list) -> None:
    with pytest.raises(InputError, match="bootstrap"):
        bootstrap_interval(np.array(sums), np.array(counts))


def test_jackknife_of_a_mean_is_students_interval() -> None:
    values = np.random.default_rng(1).normal(size=12)
    found = jackknife_interval(values.mean(), 12, lambda out: float(np.delete(values, out).mean()))
    expected = scipy.stats.t.interval(0.95, 11, loc=values.mean(), scale=scipy.stats.sem(values))
    assert found == pytest.approx(expected, rel=1e-12)


def test_jackknife_deals_many_videos_into_groups() -> None:
    seen: list[int] = []
    jackknife_interval(0.0, 103, lambda out: float(seen.extend(out.tolist()) or len(out)), groups=20)
    assert sorted(seen) == list(range(103))


def test_jackknife_covers_a_kernel_distance_between_videos() -> None:
    random = np.random.default_rng(5)

    def videos(shift: float) -> list[np.ndarray]:
        return [random.normal(shift, 1, 6) + random.normal(0, 0.3, (8, 6)) for _ in range(15)]

    truth = np.mean(
        [kernel_distance(np.concatenate(videos(1.0)), np.concatenate(videos(0.0))) for _ in range(80)]
    )
    hits = 0
    for _ in range(60):
        x, y = videos(1.0), videos(0.0)

        def without(out: np.ndarray, x: list = x, y: list = y) -> float:
            keep = [place for place in range(15) if place not in out]
            return kernel_distance(np.concatenate([x[k] for k in keep]), np.concatenate([y[k] for k in keep]))

        interval = jackknife_interval(kernel_distance(np.concatenate(x), np.concatenate(y)), 15, without)
        assert interval is not None
        hits += interval[0] <= truth <= interval[1]
    assert hits / 60 >= 0.8


def test_resampling_with_replacement_would_push_frechet_distances_up() -> None:
    """Why distances between distributions have the jackknife."""
    random = np.random.default_rng(2)
    x, y = random.normal(size=(2, 12, 64))
    draws = [frechet_distance(x[pick], y[pick]) for pick in random.integers(0, 12, (200, 12))]
    assert np.quantile(draws, 0.025) > frechet_distance(x, y)

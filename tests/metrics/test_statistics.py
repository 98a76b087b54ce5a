"""Intervals: coverage by simulation, determinism, scipy's bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from mcbench.errors import InputError
from mcbench.metrics.distribution import frechet_distance
from mcbench.metrics.distribution.subsets import FrechetSubsets
from mcbench.metrics.statistics import (
    bootstrap_interval,
    deal,
    is_mostly_bias,
    jackknife_error,
    jackknife_interval,
    random_state,
    reading_of_equals,
)


def test_bootstrap_agrees_with_scipys_percentile_interval() -> None:
    means = np.random.default_rng(0).normal(10, 2, 30)
    low, high = bootstrap_interval(means, np.ones(30), draws=20_000)
    # By hand: Student's 2.5 % point of 29 degrees of freedom is -2.04523, times sqrt(30/29) -2.08020, and
    # the normal distribution has 1.8754 % below that.
    expected = scipy.stats.bootstrap(
        (means,),
        np.mean,
        confidence_level=1 - 2 * 0.018754,
        n_resamples=20_000,
        method="percentile",
        random_state=1,
    ).confidence_interval
    assert low == pytest.approx(expected.low, abs=0.03)
    assert high == pytest.approx(expected.high, abs=0.03)


def test_the_percentiles_are_expanded_for_few_videos() -> None:
    """By hand for 5 videos: Student's t of 4 is -2.77645, times sqrt(5/4) -3.10416: 0.095410 % lie below."""
    means = np.random.default_rng(0).normal(10, 2, 5)
    draws = np.random.RandomState(7).randint(0, 5, size=(20_000, 5))
    expected = np.quantile(means[draws].mean(axis=1), [0.0009541, 1 - 0.0009541])
    assert bootstrap_interval(means, np.ones(5), draws=20_000, seed=7) == pytest.approx(tuple(expected))


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


@pytest.mark.parametrize("n_videos", [6, 10, 25])
def test_bootstrap_covers_the_mean(n_videos: int) -> None:
    random = np.random.default_rng(3)
    hits = 0
    for _ in range(400):
        low, high = bootstrap_interval(random.normal(0, 1, n_videos), np.ones(n_videos))
        hits += low <= 0 <= high
    assert hits / 400 == pytest.approx(0.95, abs=0.035)


def test_jackknife_covers_what_a_frechet_distance_of_as_many_videos_reads() -> None:
    """It covers the mean reading of 10 videos, which is far above the distance of very many."""
    random, names = np.random.default_rng(5), [f"v{k}" for k in range(10)]
    spread = np.sqrt(np.arange(1, 25) ** -1.37)
    found = []
    for _ in range(120):
        truth = spread * (random.normal(size=(10, 1, 24)) + 0.5 * random.normal(size=(10, 3, 24)))
        prediction = truth + 0.5 * spread * random.normal(size=(10, 1, 24))
        subsets = FrechetSubsets(list(prediction), list(truth))
        value = subsets.whole()
        found.append((value, *jackknife_interval(value, [subsets.without(g) for g in deal(names, 10, 0)])))
    values, lows, highs = np.array(found).T
    held = ((lows <= values.mean()) & (values.mean() <= highs)).mean()
    assert 0.9 <= held <= 1.0
    # And it is no wider than it must be: some two and a half times the spread that it estimates.
    assert np.mean(highs - lows) / 2 < 3.5 * values.std()


def test_a_single_video_has_no_interval() -> None:
    assert bootstrap_interval(np.array([3.0]), np.array([2.0])) is None


@pytest.mark.parametrize(
    ("sums", "counts"),
    [([1.0, 2.0], [1.0]), ([1.0, np.nan], [1.0, 1.0]), ([1.0, 2.0], [1.0, 0.0]), ([[1.0]], [[1.0]])],
)
def test_bad_bootstrap_input_is_refused(sums: list, counts: list) -> None:
    with pytest.raises(InputError, match="bootstrap"):
        bootstrap_interval(np.array(sums), np.array(counts))


def _replicates(values: np.ndarray, groups: list[list[int]]) -> list[float]:
    return [float(np.delete(values, group).mean()) for group in groups]


def test_jackknife_of_a_mean_is_students_interval() -> None:
    values = np.random.default_rng(1).normal(size=12)
    groups = deal([f"v{k}" for k in range(12)], 20, 0)
    found = jackknife_interval(values.mean(), _replicates(values, groups))
    expected = scipy.stats.t.interval(0.95, 11, loc=values.mean(), scale=scipy.stats.sem(values))
    assert found == pytest.approx(expected, rel=1e-12)


def test_the_error_is_the_known_formula() -> None:
    replicates = np.random.default_rng(2).normal(3, 1, 10)
    assert jackknife_error(replicates) == pytest.approx(9 / np.sqrt(10) * np.std(replicates, ddof=1))


def test_groups_of_unequal_size_have_the_right_spread() -> None:
    """30 videos in 20 groups: ten of two, ten of one."""
    groups = deal([f"v{k}" for k in range(30)], 20, 0)
    random = np.random.default_rng(3)
    found = [jackknife_error(_replicates(random.normal(size=30), groups)) ** 2 for _ in range(2000)]
    assert np.mean(found) == pytest.approx(1 / 30, rel=0.03)


@pytest.mark.parametrize("replicates", [[1.0], [], [1.0, np.inf], [[1.0, 2.0]]])
def test_bad_replicates_are_refused(replicates: list) -> None:
    with pytest.raises(InputError, match="jackknife"):
        jackknife_interval(1.0, np.array(replicates))


def test_every_video_is_dealt_once_into_groups_of_nearly_equal_size() -> None:
    groups = deal([f"v{k}" for k in range(103)], 20, 0)
    assert sorted(place for group in groups for place in group) == list(range(103))
    assert [len(group) for group in groups] == [6] * 3 + [5] * 17
    assert deal(["b", "a"], 20, 0) in ([[0], [1]], [[1], [0]])
    assert deal([], 20, 0) == []


@given(st.permutations([f"clip-{k}" for k in range(9)]), st.integers(0, 5))
def test_the_dealing_hangs_on_names_and_seed_alone(names: list[str], seed: int) -> None:
    reference = sorted(names)
    expected = [{reference[place] for place in group} for group in deal(reference, 4, seed)]
    assert [{names[place] for place in group} for group in deal(names, 4, seed)] == expected


def test_the_dealing_is_the_same_for_ever() -> None:
    """Score records are compared years later: replicates must pair up."""
    assert deal(["a", "b", "c", "d", "e"], 2, 0) == [[2, 1, 4], [3, 0]]
    assert random_state(0).randint(0, 1000, 4).tolist() == [684, 559, 629, 192]


def test_bad_dealings_are_refused() -> None:
    with pytest.raises(InputError, match="same name"):
        deal(["a", "a"], 2, 0)
    with pytest.raises(InputError, match="0 groups"):
        deal(["a", "b"], 0, 0)
    for seed in (-1, 2**32):
        with pytest.raises(InputError, match="seed"):
            random_state(seed)


def test_resampling_with_replacement_would_push_frechet_distances_up() -> None:
    """Why distances between distributions have the jackknife."""
    random = np.random.default_rng(2)
    x, y = random.normal(size=(2, 12, 64))
    draws = [frechet_distance(x[pick], y[pick]) for pick in random.integers(0, 12, (200, 12))]
    assert np.quantile(draws, 0.025) > frechet_distance(x, y)


def test_the_reading_of_equals_goes_on_as_it_went() -> None:
    assert reading_of_equals(30.0, 40.0) == pytest.approx(22.5)
    assert reading_of_equals(10.0, 40.0) == 5.0, "never faster than 1/N"
    assert reading_of_equals(30.0, 20.0) == 30.0, "never up"
    assert reading_of_equals(30.0, None) == reading_of_equals(30.0, 0.0) == 30.0


def test_mostly_bias_is_half_or_more_and_never_zero() -> None:
    assert is_mostly_bias(20.0, 10.0)
    assert not is_mostly_bias(20.1, 10.0)
    assert is_mostly_bias(0.01, 10.0)
    assert not is_mostly_bias(0.0, 10.0)
    assert not is_mostly_bias(0.0, 0.0)

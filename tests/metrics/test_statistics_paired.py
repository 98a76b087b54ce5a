"""Paired tests and tie groups: against scipy, brute force and simulation."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from mcbench.errors import InputError
from mcbench.metrics.statistics import holm, paired_jackknife, paired_means, sign_flip_test, tie_letters

values = st.lists(st.floats(-100, 100), min_size=1, max_size=9)


def _by_hand(differences: list[float]) -> float:
    """Every pattern of all signs, one after the other."""
    sums = [
        abs(sum(sign * one for sign, one in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(differences))
    ]
    tolerance = 1e-9 * sum(abs(one) for one in differences)
    return sum(one >= abs(sum(differences)) - tolerance for one in sums) / len(sums)


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=9))
def test_the_exact_test_counts_every_pattern(differences: list[int]) -> None:
    assert sign_flip_test(differences) == pytest.approx(_by_hand([float(one) for one in differences]))


def test_the_exact_test_agrees_with_scipys_permutation_test() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 11)) + [[0.6], [0.0]]
    expected = scipy.stats.permutation_test(
        (first, second), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=np.inf
    )
    assert paired_means(first, second).p == pytest.approx(expected.pvalue, rel=1e-12)


def test_twenty_one_videos_are_drawn_and_agree_with_all_patterns() -> None:
    differences = np.random.default_rng(1).normal(0.35, 1, 21)
    # All patterns of 21, from those of 20 and the two signs of the last.
    sums = np.array([0.0])
    for one in differences:
        sums = np.concatenate([sums + one, sums - one])
    exact = (np.abs(sums) >= abs(differences.sum()) - 1e-12).mean()
    drawn = sign_flip_test(differences)
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 100_000))
    assert drawn == sign_flip_test(differences)
    assert drawn != sign_flip_test(differences, seed=1)


def test_drawn_p_is_never_zero_and_says_how_many_were_drawn() -> None:
    assert sign_flip_test(np.ones(60), draws=999) == pytest.approx(1 / 1000)


def test_smallest_p_equal_methods_and_sides() -> None:
    assert sign_flip_test(np.ones(5)) == 2 / 2**5
    assert sign_flip_test(np.zeros(5)) == 1.0
    assert sign_flip_test([0.1, 0.2, 0.3]) == sign_flip_test([-0.1, -0.2, -0.3])


def test_rounding_parts_no_equal_sums() -> None:
    # 0.1 + 0.2 and 0.3 differ in the last place; every sum of three equal sizes must count alike.
    assert sign_flip_test([0.1 + 0.2, 0.3, -0.3]) == sign_flip_test([1.0, 1.0, -1.0])


@pytest.mark.parametrize("bad", [[], [np.nan, 1.0], [[1.0, 2.0]], [np.inf]])
def test_bad_differences_are_refused(bad: list) -> None:
    with pytest.raises(InputError, match="paired test"):
        sign_flip_test(np.array(bad))


def test_the_test_keeps_its_level_and_finds_what_is_there() -> None:
    random = np.random.default_rng(2)
    alike = [sign_flip_test(random.laplace(0, 1, 12)) <= 0.05 for _ in range(600)]
    apart = [sign_flip_test(random.laplace(1.5, 1, 12)) <= 0.05 for _ in range(100)]
    assert np.mean(alike) == pytest.approx(0.05, abs=0.03)
    assert np.mean(apart) > 0.8


def test_the_interval_of_a_difference_covers_it() -> None:
    random = np.random.default_rng(3)
    hits = 0
    for _ in range(200):
        videos = random.normal(0, 5, 18)  # videos differ much more than methods
        first, second = videos + random.normal(1, 1, 18), videos + random.normal(0, 1, 18)
        low, high = paired_means(first, second).interval
        hits += low <= 1 <= high
        assert high - low < 3, "pairing takes the spread of videos out"
    assert 0.87 <= hits / 200 <= 0.99


def test_frames_weigh_where_asked() -> None:
    found = paired_means([1.0, 5.0, 0.0], [0.0, 0.0, 0.0], [8.0, 1.0, 1.0])
    assert found.value == pytest.approx((8 + 5) / 10)
    assert found.p == sign_flip_test([8.0, 5.0])
    assert paired_means([2.0], [1.0]) == paired_means([3.0], [2.0])
    assert (paired_means([2.0], [1.0]).interval, paired_means([2.0], [1.0]).p) == (None, None)


@given(values, st.integers(0, 3))
def test_sides_change_the_sign_alone(first: list[float], seed: int) -> None:
    second = list(np.random.default_rng(seed).normal(size=len(first)))
    one, other = paired_means(first, second, seed=seed), paired_means(second, first, seed=seed)
    assert one.value == -other.value
    assert one.p == other.p
    if one.interval is not None:
        assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]), abs=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "weights"),
    [
        ([1.0], [1.0, 2.0], None),
        ([], [], None),
        ([1.0, np.nan], [1.0, 2.0], None),
        ([1.0, 2.0], [1.0, 2.0], [1.0, 0.0]),
        ([1.0, 2.0], [1.0, 2.0], [1.0]),
    ],
)
def test_bad_pairs_are_refused(first: list, second: list, weights: list | None) -> None:
    with pytest.raises(InputError):
        paired_means(first, second, weights)


def test_the_jackknife_of_a_difference_of_means_is_the_paired_t_test() -> None:
    first, second = np.random.default_rng(4).normal(size=(2, 9)) + [[0.5], [0.0]]
    replicates = [[np.delete(side, k).mean() for k in range(9)] for side in (first, second)]
    found = paired_jackknife(first.mean(), second.mean(), *replicates)
    expected = scipy.stats.ttest_rel(first, second)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.interval == pytest.approx(tuple(expected.confidence_interval(0.95)), rel=1e-9)


def test_a_jackknife_without_spread() -> None:
    assert paired_jackknife(3.0, 3.0, [1.0, 2.0, 4.0], [1.0, 2.0, 4.0]).p == 1.0
    apart = paired_jackknife(5.0, 3.0, [3.0, 4.0, 6.0], [1.0, 2.0, 4.0])
    assert (apart.value, apart.interval, apart.p) == (2.0, (2.0, 2.0), 0.0)
    few = paired_jackknife(5.0, 3.0, [3.0, 4.0], [1.0, 2.0])
    assert (few.value, few.interval, few.p) == (2.0, None, None)
    with pytest.raises(InputError, match="replicates"):
        paired_jackknife(5.0, 3.0, [3.0, 4.0, 5.0], [1.0, 2.0])


def test_holm_agrees_with_the_example_by_hand_and_keeps_order() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
    for bad in ([-0.1], [1.1], [np.nan]):
        with pytest.raises(InputError, match="0 to 1"):
            holm(bad)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_no_correction_and_bonferroni(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for p, found in zip(p_values, adjusted, strict=True):
        assert p <= found <= min(1.0, p * len(p_values)) or found == pytest.approx(p)
    by_p = [found for _, found in sorted(zip(p_values, adjusted, strict=True))]
    assert by_p == sorted(by_p)


def test_holm_keeps_the_chance_of_any_false_difference() -> None:
    random = np.random.default_rng(5)
    false = [min(holm(random.uniform(size=10))) <= 0.05 for _ in range(2000)]
    assert np.mean(false) <= 0.065


def test_letters_of_a_chain_of_ties() -> None:
    # a is level with b and b with c, but a and c differ: b has both letters.
    assert tie_letters(["a", "b", "c"], [("a", "c")]) == {"a": "a", "b": "ab", "c": "b"}
    assert tie_letters(["x", "y"], []) == {"x": "a", "y": "a"}
    assert tie_letters(["x", "y"], [("y", "x")]) == {"x": "a", "y": "b"}
    assert tie_letters([], []) == {}


def test_a_method_may_be_level_with_the_best_although_one_between_is_not() -> None:
    # The middle one differs from the best with little spread, the last does not, with much.
    assert tie_letters(["best", "steady", "wild"], [("best", "steady")]) == {
        "best": "a",
        "steady": "b",
        "wild": "ab",
    }


@given(
    st.integers(1, 7).flatmap(
        lambda n: st.tuples(st.just(n), st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))))
    )
)
def test_two_methods_share_a_letter_if_and_only_if_they_are_not_parted(made: tuple[int, set]) -> None:
    count, pairs = made
    names = [f"m{place}" for place in range(count)]
    parted = {(names[i], names[j]) for i, j in pairs if i != j}
    letters = tie_letters(names, parted)
    assert letters["m0"].startswith("a")
    for one, other in itertools.combinations(names, 2):
        apart = (one, other) in parted or (other, one) in parted
        assert bool(set(letters[one]) & set(letters[other])) != apart
    # No letter could be left away: each is a largest set.
    groups = {
        letter: {name for name in names if letter in letters[name]} for letter in "".join(letters.values())
    }
    assert not any(a != b and groups[a] <= groups[b] for a in groups for b in groups)


def test_many_letters_and_bad_names() -> None:
    names = [f"m{place:02d}" for place in range(30)]
    letters = tie_letters(names, list(itertools.combinations(names, 2)))
    assert (letters["m00"], letters["m25"], letters["m26"], letters["m29"]) == ("a", "z", "aa", "ad")
    with pytest.raises(InputError, match="same name"):
        tie_letters(["a", "a"], [])
    with pytest.raises(InputError, match="'c'"):
        tie_letters(["a", "b"], [("a", "c")])

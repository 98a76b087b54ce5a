from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.errors import InputError
from mcbench.metrics.people import (
    assign,
    identity_assignment_accuracy,
    identity_matches,
    identity_swaps,
    known_assignment,
    signatures,
)
from tests.metrics.people.making import crowd, noisy


def random_looks(seed: int, n_people: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0, 1, (n_people, 27))


@settings(max_examples=80)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(0, 2))
def test_assignment_is_the_best_of_all_permutations(seed: int, n_people: int, more: int) -> None:
    found, known = random_looks(seed, n_people), random_looks(seed + 1, n_people + more)
    chosen = assign(found, known)

    def total(order: tuple[int, ...]) -> float:
        return float(sum(np.linalg.norm(found[k] - known[one]) for k, one in enumerate(order)))

    best = min(itertools.permutations(range(n_people + more), n_people), key=total)
    assert total(tuple(chosen)) == pytest.approx(total(best), abs=1e-12)
    assert sorted(chosen) == sorted(set(chosen))


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.permutations(range(5)))
def test_renaming_people_renames_the_assignment(seed: int, order: list[int]) -> None:
    found, known = random_looks(seed, 5), random_looks(seed + 1, 5)
    renamed = assign(found[order], known[order])
    assert [order[place] for place in renamed] == assign(found, known)[order].tolist()
    assert identity_assignment_accuracy(found[order], known[order]) == identity_assignment_accuracy(
        found, known
    )
    np.testing.assert_array_equal(
        identity_matches(found, known)[order], identity_matches(found[order], known[order])
    )


@pytest.mark.parametrize("n_people", [2, 3, 5])
def test_everybody_is_himself_under_noise(n_people: int) -> None:
    frame, labels = crowd(n_people)
    known = signatures(frame, labels, n_people)
    for sigma in (0, 10, 30):
        found = signatures(noisy(frame, sigma), labels, n_people)
        assert identity_assignment_accuracy(found, known) == 1.0
        np.testing.assert_array_equal(identity_matches(found, known), 1.0)


def test_two_who_exchange_looks() -> None:
    frame, labels = crowd(4)
    known = signatures(frame, labels, 4)
    found = signatures(crowd(4, looks=[0, 2, 1, 3])[0], labels, 4)
    np.testing.assert_array_equal(assign(found, known), [0, 2, 1, 3])
    np.testing.assert_array_equal(identity_matches(found, known), [1, 0, 0, 1])
    assert identity_assignment_accuracy(found, known) == 0.0


def test_looks_of_somebody_hidden_are_noticed() -> None:
    frame, labels = crowd(3)
    known = signatures(frame, labels, 3)
    without_third = np.where(labels == 3, 0, labels).astype(np.uint8)
    found = signatures(crowd(3, looks=[2, 1, 0])[0], without_third, 3)
    np.testing.assert_array_equal(assign(found, known), [2, 1, -1])
    np.testing.assert_array_equal(identity_matches(found, known), [0, 1, np.nan])


def test_one_person_cannot_be_mistaken() -> None:
    known = random_looks(0, 3)
    alone = known.copy()
    alone[1:] = np.nan
    assert np.isnan(identity_assignment_accuracy(alone, known))
    assert np.isnan(identity_assignment_accuracy(known, alone))
    assert np.isnan(identity_assignment_accuracy(known[:1], known[:1]))
    assert np.isnan(identity_matches(alone, known)).all()
    np.testing.assert_array_equal(known_assignment(alone, known), [-1, -1, -1])


def test_more_people_than_identities() -> None:
    with pytest.raises(InputError, match="3 people cannot be matched one to one to 2"):
        assign(random_looks(0, 3), random_looks(1, 2))
    with pytest.raises(InputError, match="same people"):
        identity_matches(random_looks(0, 3), random_looks(1, 2))
    with pytest.raises(InputError, match="27"):
        identity_matches(np.zeros((2, 5)), np.zeros((2, 5)))


def swaps(*rows: list[int]) -> list[float]:
    table = np.array(rows) if rows else np.zeros((0, 2), dtype=np.int64)
    return identity_swaps(table).tolist()


def test_swaps_are_changes() -> None:
    nan = pytest.approx(float("nan"), nan_ok=True)
    assert swaps([0, 1], [0, 1], [0, 1]) == [nan, 0, 0]
    assert swaps([0, 1], [1, 0], [1, 0], [1, 0]) == [nan, 1, 0, 0], "staying wrong is no second swap"
    assert swaps([0, 1], [1, 0], [0, 1], [1, 0]) == [nan, 1, 1, 1]
    assert swaps([1, 0], [1, 0]) == [nan, 0], "wrong from the start is for identity accuracy to tell"


def test_swaps_look_back_over_gaps() -> None:
    nan = pytest.approx(float("nan"), nan_ok=True)
    assert swaps([0, 1], [-1, -1], [0, 1]) == [nan, nan, 0]
    assert swaps([0, 1], [-1, -1], [1, 0]) == [nan, nan, 1]
    assert swaps([0, 1, 2], [0, 1, -1], [0, 2, -1], [0, 2, 1]) == [nan, 0, 1, 1]
    assert swaps([0, 1, -1], [-1, -1, 2]) == [nan, nan]
    assert swaps() == []


@settings(max_examples=60)
@given(st.lists(st.permutations(range(3)), min_size=1, max_size=8), st.permutations(range(3)), st.booleans())
def test_swap_rate_by_its_definition(rows: list[list[int]], order: list[int], backwards: bool) -> None:
    table = np.array(rows)
    found = identity_swaps(table)
    for index in range(1, len(table)):
        assert found[index] == float((table[index] != table[index - 1]).any())
    renamed = table[:, order]
    np.testing.assert_array_equal(identity_swaps(renamed), found)
    if backwards:
        assert np.nansum(identity_swaps(table[::-1])) == np.nansum(found)


def test_bad_assignments() -> None:
    for wrong in (np.zeros((3, 2)), np.zeros(3, dtype=int)):
        with pytest.raises(InputError, match="assignments"):
            identity_swaps(wrong)

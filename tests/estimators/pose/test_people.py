"""People of a frame: OKS of pairs, doubles."""

from __future__ import annotations

import numpy as np
import pytest

from mcbench.estimators.pose.people import HEAD, People, nobody, similarity, together, without_doubles
from mcbench.estimators.similarity import SIGMAS
from tests.estimators.pose.walking import FIGURE, standing


def test_similarity_is_oks_with_the_larger_box() -> None:
    first, second = standing((100, 50)), standing((103, 50), (300, 50))
    area = 0.53 * float(np.ptp(FIGURE[:, 0]) * np.ptp(FIGURE[:, 1]))
    expected = np.mean(np.exp(-(3.0**2) / (2 * area * (2 * SIGMAS) ** 2)))
    found = similarity(first, second, 0.3)
    assert found.shape == (1, 2)
    assert found[0, 0] == pytest.approx(expected, rel=1e-5)
    assert found[0, 1] < 1e-6
    heads = np.mean(np.exp(-(3.0**2) / (2 * area * (2 * SIGMAS[list(HEAD)]) ** 2)))
    assert similarity(first, second, 0.3, HEAD)[0, 0] == pytest.approx(heads, rel=1e-5)


def test_two_common_points_say_nothing() -> None:
    few = standing((100, 50))
    few.confidence[0, 2:] = 0.1
    assert similarity(few, standing((100, 50)), 0.3)[0, 0] == 0
    few.confidence[0, 2] = 0.3
    assert similarity(few, standing((100, 50)), 0.3)[0, 0] == pytest.approx(1)


def test_of_doubles_the_surest_stays() -> None:
    people = standing((100, 50), (101, 50), (250, 50), (102, 50))
    people.scores[:] = 0.5, 0.8, 0.4, 0.6
    kept = without_doubles(people, 0.3, most_alike=0.7, most_alike_heads=0.7)
    np.testing.assert_array_equal(kept.scores, np.array([0.8, 0.4], np.float32))


def test_one_head_has_one_body() -> None:
    """The same head on a body that is elsewhere: OKS of the whole is low, of the head 1."""
    people = standing((100, 50), (100, 50))
    people.keypoints[1, [3, 4, 6, 7, 8, 9, 10, 11, 12, 13]] += 60
    assert similarity(people, people, 0.3)[0, 1] < 0.5
    assert len(without_doubles(people, 0.3, most_alike=0.5, most_alike_heads=0.5)) == 1
    assert len(without_doubles(people, 0.3, most_alike=0.5, most_alike_heads=1.0)) == 2


def test_nobody_is_no_trouble() -> None:
    assert len(without_doubles(nobody(), 0.3, most_alike=0.5, most_alike_heads=0.5)) == 0
    assert similarity(nobody(), standing((0, 0)), 0.3).shape == (0, 1)
    assert len(together([nobody(), standing((0, 0), (9, 9))])) == 2


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        People(*(np.zeros(shape, np.float32) for shape in ((1, 18, 2), (1, 17), (1, 4), (1,))))

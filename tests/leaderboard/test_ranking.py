from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from mcbench.leaderboard.ranking import mean_places, places, ranks

numbers = st.lists(st.integers(-5, 5).map(Decimal), min_size=1, max_size=12)


@given(numbers, st.booleans())
def test_places_are_competition_ranks(values: list[Decimal], higher_is_better: bool) -> None:
    sign = -1 if higher_is_better else 1
    expected = rankdata([sign * float(value) for value in values], method="min")
    assert places(values, higher_is_better) == list(expected)


def test_mean_place_of_two_metrics_is_exact() -> None:
    rows = [
        {"psnr": Decimal("20.00"), "lpips": Decimal("0.10")},
        {"psnr": Decimal("21.00"), "lpips": Decimal("0.20")},
        {"psnr": Decimal("19.00"), "lpips": Decimal("0.30")},
    ]
    means = mean_places(rows, {"psnr": True, "lpips": False})
    assert means == [Fraction(3, 2), Fraction(3, 2), Fraction(3)]
    assert ranks(means) == [1, 1, 3]


@given(st.lists(st.fractions(1, 9), min_size=1, max_size=10))
def test_ranks_follow_the_means(means: list[Fraction]) -> None:
    # Not by SciPy, whose floats make equals of fractions that differ.
    assert ranks(means) == [1 + sum(other < mean for other in means) for mean in means]

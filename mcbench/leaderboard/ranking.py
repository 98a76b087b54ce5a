"""Places and ranks on displayed values: what a reader cannot see parts nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction


def places(values: Sequence[Decimal], higher_is_better: bool) -> list[int]:
    """Return the place of each value, 1 for the best; equal values share a place and leave a gap after it."""
    return [1 + sum(other > one if higher_is_better else other < one for other in values) for one in values]


def mean_places(rows: Sequence[Mapping[str, Decimal]], directions: Mapping[str, bool]) -> list[Fraction]:
    """Return each row's mean place over the metrics of `directions` (metric -> whether higher is better).

    The mean is exact, so that ties do not hang on rounding. Every row must have every metric, and there must
    be a metric.
    """
    by_metric = [places([row[metric] for row in rows], higher) for metric, higher in directions.items()]
    return [
        Fraction(sum(column[index] for column in by_metric), len(by_metric)) for index in range(len(rows))
    ]


def ranks(means: Sequence[Fraction]) -> list[int]:
    """Return the rank of each mean place, 1 for the smallest; ties share a rank and leave a gap after it."""
    return [1 + sum(other < one for other in means) for one in means]

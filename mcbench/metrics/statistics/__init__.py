"""How sure a number is, and whether two methods differ: always over videos, never over single frames."""

from __future__ import annotations

from mcbench.metrics.statistics.bias import is_mostly_bias, reading_of_equals
from mcbench.metrics.statistics.draws import deal, random_state
from mcbench.metrics.statistics.intervals import (
    Interval,
    bootstrap_interval,
    jackknife_error,
    jackknife_interval,
)
from mcbench.metrics.statistics.paired import Difference, paired_jackknife, paired_means, sign_flip_test
from mcbench.metrics.statistics.several import holm, tie_letters

__all__ = [
    "Difference",
    "Interval",
    "bootstrap_interval",
    "deal",
    "holm",
    "is_mostly_bias",
    "jackknife_error",
    "jackknife_interval",
    "paired_jackknife",
    "paired_means",
    "random_state",
    "reading_of_equals",
    "sign_flip_test",
    "tie_letters",
]

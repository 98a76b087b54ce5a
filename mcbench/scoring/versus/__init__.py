"""Methods against each other, on the same videos: paired tests, ranks and tie groups."""

from __future__ import annotations

from mcbench.scoring.versus.compare import compare_methods
from mcbench.scoring.versus.results import Comparison, MetricComparison, PairTest, Standing

__all__ = ["Comparison", "MetricComparison", "PairTest", "Standing", "compare_methods"]

"""Scoring: protocols as data, pairing, one pass over the frames, records."""

from __future__ import annotations

from mcbench.scoring.checks import Consistency, consistency
from mcbench.scoring.engine import Compute
from mcbench.scoring.folders import compare, compare_under
from mcbench.scoring.many_protocols import SideBySide, as_markdown, as_text, number, side_by_side
from mcbench.scoring.protocols import (
    DEFAULT_PROTOCOLS,
    PROTOCOLS,
    Protocol,
    choose_protocols,
    describe_protocol,
    metric_key,
    protocol,
    protocol_difference,
)
from mcbench.scoring.run import find_runs, group_runs, score_path, score_run, score_runs
from mcbench.scoring.versus import compare_methods

__all__ = [
    "DEFAULT_PROTOCOLS",
    "PROTOCOLS",
    "Compute",
    "Consistency",
    "Protocol",
    "SideBySide",
    "as_markdown",
    "as_text",
    "choose_protocols",
    "compare",
    "compare_methods",
    "compare_under",
    "consistency",
    "describe_protocol",
    "find_runs",
    "group_runs",
    "metric_key",
    "number",
    "protocol",
    "protocol_difference",
    "score_path",
    "score_run",
    "score_runs",
    "side_by_side",
]

"""Scoring: protocols as data, pairing, one pass over the frames, records."""

from __future__ import annotations

from mcbench.scoring.checks import Consistency, consistency
from mcbench.scoring.engine import Compute
from mcbench.scoring.folders import compare, compare_under
from mcbench.scoring.protocols import (
    DEFAULT_PROTOCOLS,
    PROTOCOLS,
    Protocol,
    describe_protocol,
    metric_key,
    protocol,
    protocol_difference,
    protocols,
)
from mcbench.scoring.run import find_runs, group_runs, score_path, score_run, score_runs

__all__ = [
    "DEFAULT_PROTOCOLS",
    "PROTOCOLS",
    "Compute",
    "Consistency",
    "Protocol",
    "compare",
    "compare_under",
    "consistency",
    "describe_protocol",
    "find_runs",
    "group_runs",
    "metric_key",
    "protocol",
    "protocol_difference",
    "protocols",
    "score_path",
    "score_run",
    "score_runs",
]

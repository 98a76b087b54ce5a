"""Scoring: protocols as data, pairing, one pass over the frames, records."""

from __future__ import annotations

from mcbench.scoring.checks import Consistency, consistency
from mcbench.scoring.folders import compare
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
from mcbench.scoring.run import find_runs, score_path, score_run

__all__ = [
    "DEFAULT_PROTOCOLS",
    "PROTOCOLS",
    "Consistency",
    "Protocol",
    "compare",
    "consistency",
    "describe_protocol",
    "find_runs",
    "metric_key",
    "protocol",
    "protocol_difference",
    "protocols",
    "score_path",
    "score_run",
]

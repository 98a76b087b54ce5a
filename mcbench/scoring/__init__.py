"""Scoring: protocols as data, pairing, one pass over the frames, records."""

from __future__ import annotations

from mcbench.scoring.checks import Consistency, consistency
from mcbench.scoring.folders import compare
from mcbench.scoring.many_protocols import SideBySide, as_markdown, as_text, side_by_side
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
from mcbench.scoring.run import find_runs, score_path, score_run
from mcbench.scoring.versus import compare_methods

__all__ = [
    "DEFAULT_PROTOCOLS",
    "PROTOCOLS",
    "Consistency",
    "Protocol",
    "SideBySide",
    "as_markdown",
    "as_text",
    "choose_protocols",
    "compare",
    "compare_methods",
    "consistency",
    "describe_protocol",
    "find_runs",
    "metric_key",
    "protocol",
    "protocol_difference",
    "score_path",
    "score_run",
    "side_by_side",
]

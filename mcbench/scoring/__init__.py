"""Scoring: protocols as data, pairing, one pass over the frames, records.

What computes is imported when it is first used, since torch takes seconds; what only reads records or
protocols answers at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mcbench.scoring.checks import Consistency, consistency
from mcbench.scoring.compute import Compute
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
from mcbench.scoring.versus import compare_methods

if TYPE_CHECKING:
    from mcbench.scoring.folders import compare, compare_under
    from mcbench.scoring.run import find_runs, group_runs, score_path, score_run, score_runs

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
_HOMES = {"compare": "folders", "compare_under": "folders"} | dict.fromkeys(
    ("find_runs", "group_runs", "score_path", "score_run", "score_runs"), "run"
)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

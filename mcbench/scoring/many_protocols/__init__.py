"""The same predictions under several protocols: the numbers side by side, and why they differ."""

from __future__ import annotations

from mcbench.scoring.many_protocols.build import side_by_side
from mcbench.scoring.many_protocols.model import Cell, LeftOut, Reason, Row, SideBySide
from mcbench.scoring.many_protocols.render import as_markdown, as_text, number

__all__ = [
    "Cell",
    "LeftOut",
    "Reason",
    "Row",
    "SideBySide",
    "as_markdown",
    "as_text",
    "number",
    "side_by_side",
]

"""Numbers that papers printed: read and checked, put beside recomputed ones but never into their columns."""

from __future__ import annotations

from mcbench.leaderboard.published.families import Families, Family, read_families
from mcbench.leaderboard.published.inconsistencies import find_inconsistencies
from mcbench.leaderboard.published.rows import PublishedRow, read_published

__all__ = ["Families", "Family", "PublishedRow", "find_inconsistencies", "read_families", "read_published"]

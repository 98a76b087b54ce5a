"""Ranges of clip names: `00301..00340` stands for forty names."""

from __future__ import annotations

import re
from collections.abc import Iterable

_END = re.compile(r"(.*?)([0-9]+)")
_MOST = 100_000


def expand_ranges(names: Iterable[object]) -> tuple[object, ...]:
    """Return the names with each `A..B` replaced by all names from A to B; what is no text stays.

    A and B are the same text followed by numbers of the same number of digits.

    Raises:
        ValueError: A and B do not fit together.
    """
    expanded: list[object] = []
    for name in names:
        expanded.extend(_expand(name) if isinstance(name, str) and ".." in name else (name,))
    return tuple(expanded)


def _expand(text: str) -> list[str]:
    first, _, last = text.partition("..")
    begin, end = _END.fullmatch(first), _END.fullmatch(last)
    if not (begin and end and begin[1] == end[1] and len(begin[2]) == len(end[2])):
        raise ValueError(f"{text!r} is no range: write two names that differ in a number of equal length")
    low, high = int(begin[2]), int(end[2])
    if not low <= high < low + _MOST:
        raise ValueError(f"{text!r} is no range: it runs backwards, or over more than {_MOST:,} names")
    return [f"{begin[1]}{number:0{len(begin[2])}d}" for number in range(low, high + 1)]

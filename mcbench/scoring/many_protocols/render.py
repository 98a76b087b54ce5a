"""A page of several protocols as text for a terminal and as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from mcbench.scoring.many_protocols.model import Cell, LeftOut, Reason, Row, SideBySide

_NOT_HAD, _NO_SUCH = "left out", "-"
_MARKS = "\\`*_[]|~#"
_HOW_TO_READ = (
    "One row is one name in papers, one column one way to compute it, from the same frames. Numbers of two "
    "columns do not compare, whatever their name. ↑ higher is better, ↓ lower is better, "
    f"{_NO_SUCH} the protocol has no such metric; see ...: what is published under this name is that row."
)


def as_text(page: SideBySide, width: int = 100) -> str:
    """Return the page as plain text of at most `width` columns where the table's own width allows it."""
    lines = [*_wrapped(_headline(page), width), *_wrapped(_HOW_TO_READ, width), "", *_table(page), ""]
    lines += ["What each protocol makes of the frames"]
    for reason in page.frames:
        lines += _reason(reason, width, "  ")
    lines += ["", "Why the numbers of a row differ"]
    for row in page.rows:
        lines += _wrapped(f"{row.key}{_range(row)}", width, "  ")
        for reason in row.reasons:
            lines += _reason(reason, width, "    ")
    for one in page.left_out:
        lines += ["", *_wrapped(f"left out: {_keys(one)}: {one.reason}", width)]
        lines += _wrapped(f"to get it: {one.command}", width, "  ") if one.command else []
    return "\n".join(lines) + "\n"


def as_markdown(page: SideBySide) -> str:
    """Return the page as Markdown."""
    names = list(page.protocols)
    lines = [f"## {_escaped(_headline(page))}", "", _HOW_TO_READ, ""]
    lines += [_cells(["metric", *names]), _cells(["---", *("---:" for _ in names)])]
    lines += [_cells([_label(row), *(_shown(row, name) for name in names)]) for row in page.rows]
    lines += ["", "### What each protocol makes of the frames", ""]
    lines += [line for reason in page.frames for line in _markdown_reason(reason)]
    lines += ["", "### Why the numbers of a row differ", ""]
    for row in page.rows:
        lines += [f"**{_escaped(row.key)}**{_escaped(_range(row))}", ""]
        lines += [*(line for reason in row.reasons for line in _markdown_reason(reason)), ""]
    for one in page.left_out:
        how = f" To get it: {_escaped(one.command)}" if one.command else ""
        lines += [f"Left out: {_escaped(_keys(one))}: {_escaped(one.reason)}.{how}", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def number(value: float) -> str:
    """Return a metric's value with four decimals, two from 100 on, and with an exponent below 0.001."""
    if value != 0.0 and abs(value) < 1e-3:
        return f"{value:.3e}"
    return f"{value:.4f}" if abs(value) < 100 else f"{value:.2f}"


def _headline(page: SideBySide) -> str:
    title = f"{page.title}: " if page.title else ""
    return (
        f"{title}{page.n_frames} frames of {page.n_videos} videos under {len(page.protocols)} protocols, "
        f"{page.networks} networks"
    )


def _label(row: Row) -> str:
    return f"{row.key} {'↑' if row.higher_is_better else '↓'}"


def _range(row: Row) -> str:
    """Return how far apart a row's numbers are, or nothing where there are no two."""
    found = [(cell.value, name) for name, cell in row.cells.items() if cell is not None]
    low, high = min(found, default=(0.0, "")), max(found, default=(0.0, ""))
    if low[0] == high[0]:
        return ""
    return f": the same frames read {number(low[0])} ({low[1]}) to {number(high[0])} ({high[1]})"


def _shown(row: Row, name: str) -> str:
    if name not in row.cells:
        return f"see {row.elsewhere[name]}" if name in row.elsewhere else _NO_SUCH
    cell: Cell | None = row.cells[name]
    if cell is None:
        return _NOT_HAD
    return f"{number(cell.value)} {cell.unit}".rstrip()


def _table(page: SideBySide) -> list[str]:
    names = list(page.protocols)
    rows = [["metric", *names]]
    rows += [[_label(row), *(_shown(row, name) for name in names)] for row in page.rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(names) + 1)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return lines


def _by_words(reason: Reason) -> list[tuple[str, str]]:
    """Return (protocols, words), protocols that say the same together."""
    found: dict[str, list[str]] = {}
    for name, words in reason.words.items():
        found.setdefault(words, []).append(name)
    return [(", ".join(names), words) for words, names in found.items()]


def _reason(reason: Reason, width: int, indent: str) -> Iterator[str]:
    yield f"{indent}{reason.name}"
    for names, words in _by_words(reason):
        yield from _wrapped(f"{names}: {words}", width, f"{indent}  ")


def _markdown_reason(reason: Reason) -> Iterator[str]:
    yield f"- {_escaped(reason.name)}"
    for names, words in _by_words(reason):
        yield f"  - {_escaped(names)}: {_escaped(words)}"


def _keys(one: LeftOut) -> str:
    return "; ".join(f"{', '.join(keys)} of {name}" for name, keys in one.metrics.items())


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is, in a table cell too: a model may be named anything."""
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{character}" if character in _MARKS else character for character in text)

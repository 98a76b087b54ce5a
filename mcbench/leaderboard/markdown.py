"""The tables as `README.md`, in the Markdown that GitHub shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mcbench.leaderboard.tables import Cell, Column, Row, Table
from mcbench.leaderboard.text import link_target, markdown, markdown_code

_INTRODUCTION = """\
# Leaderboard

<!-- Written by `mcbench leaderboard` from score records: edit those, not this. -->

Numbers share a table only if they come from the same videos (source and hash of the data), under the same
protocol with the same settings, and from the same metric networks. ↑ higher is better, ↓ lower is better;
the best displayed value of a column is **bold**. Below a value stands its 95 % interval over videos.
[The page](./index.html) plays the predictions; [leaderboard.csv](./leaderboard.csv) has all digits.
"""


def render_markdown(tables: Sequence[Table], out: Path) -> str:
    """Return the Markdown of all tables; its links are relative to `out`."""
    lines = [_INTRODUCTION]
    split = None
    for table in tables:
        if table.split != split:
            split = table.split
            lines += [f"## {markdown(split)}", ""]
        lines += [*_table(table, out), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _table(table: Table, out: Path) -> Iterator[str]:
    yield (
        f"### {markdown(table.source)} source, {markdown(table.protocol)}, "
        f"{markdown(table.networks)} networks{markdown(table.variant)}"
    )
    yield ""
    yield f"Data `{table.data_sha256[:12]}`, protocol settings `{table.protocol_sha256[:12]}`."
    yield ""
    yield _line(["Rank", "Model", *(_head(column) for column in table.columns), "Coverage", "Made", "Links"])
    yield _line(["---:", "---", *("---:" for _ in table.columns), "---", "---", "---"])
    for row in table.rows:
        yield _line(_row(row, out))
    if table.has_noise_floor:
        floors = [column.noise_floor or " " for column in table.columns]
        yield _line([" ", "*noise floor: two halves of the true videos*", *floors, " ", " ", " "])
    yield ""
    for footnote in table.footnotes:
        command = f" {markdown_code(footnote.command)}" if footnote.command else ""
        yield f"- <sup>{footnote.number}</sup> {markdown(footnote.text)}{command}"
    for note in table.notes:
        yield f"- {markdown(note)}"


def _head(column: Column) -> str:
    unit = f" ({markdown(column.unit)})" if column.unit else ""
    marks = _marks(column.footnotes)
    return f"{markdown(column.label)}{marks}{unit} {column.arrow}".strip()


def _row(row: Row, out: Path) -> list[str]:
    name = markdown(row.name) + ("" if row.complete else " (incomplete)")
    links = [f"[score]({link_target(row.record, out)})"]
    if row.run is not None:
        links.append(f"[run]({link_target(row.run, out)})")
    made = f"{markdown(row.date)} {markdown(row.commit + row.commit_mark)}".strip()
    return [
        str(row.rank or "–"),
        name,
        *(_cell(cell) for cell in row.cells),
        markdown(row.coverage),
        made,
        ", ".join(links),
    ]


def _cell(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.best else cell.text
    text += _marks(cell.footnotes)
    if cell.interval:
        text += f"<br><sub>\\[{cell.interval}\\]</sub>"
    return text


def _marks(footnotes: Sequence[int]) -> str:
    return f"<sup>{', '.join(str(number) for number in footnotes)}</sup>" if footnotes else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

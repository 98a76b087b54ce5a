"""The board as `README.md`, in the Markdown that GitHub shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mcbench.leaderboard.notes import Footnote
from mcbench.leaderboard.tables import (
    Board,
    Cell,
    Column,
    PrintedCell,
    PrintedRow,
    PrintedTable,
    Row,
    Table,
)
from mcbench.leaderboard.text import link_target, markdown, markdown_code

_INTRODUCTION = """\
# Leaderboard

<!-- Written by `mcbench leaderboard` from score records and printed numbers: edit those, not this. -->

Numbers share a table only if they come from the same videos (source and hash of the data), under the same
protocol with the same settings, from the same metric networks, and are of one division: in the *closed* one
continuous integration has computed the metrics again from the predictions, in the *open* one they are
self-reported. ↑ higher is better, ↓ lower is better; the best displayed value of a column is **bold**. Below
a value stands its 95 % interval over videos. Numbers that papers printed are in tables of their own, one an
evaluator, with what speaks against them marked ⚠.
[The page](./index.html) plays the predictions; [leaderboard.csv](./leaderboard.csv) and
[leaderboard.json](./leaderboard.json) have all digits.
"""
_DIVISIONS = {"closed": "closed division: recomputed", "open": "open division: self-reported"}


def render_markdown(board: Board, out: Path) -> str:
    """Return the Markdown of a board; its links are relative to `out`."""
    lines = [_INTRODUCTION]
    for benchmark in dict.fromkeys([*board.benchmarks, *board.remarks]):
        lines += _benchmark(board, benchmark, out)
    return "\n".join(lines).rstrip("\n") + "\n"


def _benchmark(board: Board, benchmark: str, out: Path) -> Iterator[str]:
    split = None
    for table in board.tables:
        if table.benchmark != benchmark:
            continue
        if table.split != split:
            split = table.split
            yield f"## {markdown(split)}"
            yield ""
        yield from _table(table, out)
        yield ""
    printed = [table for table in board.printed if table.benchmark == benchmark]
    remarks = board.remarks.get(benchmark, ())
    if not printed and not remarks:
        return
    yield f"## {markdown(benchmark)}: published"
    yield ""
    for remark in remarks:
        yield f"- {markdown(remark)}."
        yield ""
    for one in printed:
        yield from _printed_table(one)
        yield ""


def _table(table: Table, out: Path) -> Iterator[str]:
    yield (
        f"### {markdown(table.source)} source, {markdown(table.protocol)}, "
        f"{markdown(table.networks)} networks{markdown(table.variant)}, {_DIVISIONS[table.division]}"
    )
    yield ""
    meaning = f"Test set: {markdown(table.test_set)}. " if table.test_set else ""
    yield f"{meaning}Data `{table.data_sha256[:12]}`, protocol settings `{table.protocol_sha256[:12]}`."
    yield ""
    group = ["Group"] if table.has_groups else []
    heads = [_head(column) for column in table.columns]
    yield _line(["Rank", *group, "Model", *heads, "Coverage", "Made", "Links"])
    yield _line(["---:", *("---" for _ in group), "---", *("---:" for _ in heads), "---", "---", "---"])
    for row in table.rows:
        yield _line(_row(row, table, out))
    blank = [" " for _ in group]
    if table.has_noise_floor:
        floors = [column.noise_floor or " " for column in table.columns]
        yield _line([" ", *blank, "*noise floor: two halves of the true videos*", *floors, " ", " ", " "])
    if table.has_truth_readings:
        readings = [column.truth_reading or " " for column in table.columns]
        yield _line([" ", *blank, "*the true frames themselves*", *readings, " ", " ", " "])
    yield ""
    yield from _footnotes(table.footnotes)
    for note in table.notes:
        yield f"- {markdown(note)}"


def _head(column: Column) -> str:
    unit = f" ({markdown(column.unit)})" if column.unit else ""
    marks = _marks(column.footnotes)
    return f"{markdown(column.label)}{marks}{unit} {column.arrow}".strip()


def _row(row: Row, table: Table, out: Path) -> list[str]:
    name = markdown(row.name) + (f" ({row.mark})" if row.mark else "")
    links = [f"[score]({link_target(row.record, out)})"]
    if row.run is not None:
        links.append(f"[run]({link_target(row.run, out)})")
    # An address was checked when it was read: it can hold nothing that ends a link.
    links += [f"[{what}]({address})" for what, address in row.links.items()]
    made = f"{markdown(row.date)} {markdown(row.commit + row.commit_mark)}".strip()
    return [
        str(row.rank or "–"),
        *([row.group or " "] if table.has_groups else []),
        name,
        *(_cell(cell, c) for cell, c in zip(row.cells, table.columns, strict=True)),
        markdown(row.coverage),
        made + (f" by {markdown(row.submitter)}" if row.submitter else ""),
        ", ".join(links),
    ]


def _cell(cell: Cell, column: Column) -> str:
    text = f"**{cell.text}**" if cell.best else cell.text
    if column.parted and cell.ties:
        text += f" *{cell.ties}*"
    text += _marks(cell.footnotes)
    if cell.interval:
        text += f"<br><sub>\\[{cell.interval}\\]</sub>"
    return text


def _printed_table(table: PrintedTable) -> Iterator[str]:
    yield f"### Published, {markdown(table.protocol)}"
    yield ""
    yield f"{markdown(table.about)}."
    if table.test_set:
        yield f"Test set: {markdown(table.test_set)}."
    yield "Not ranked: nobody has computed these numbers again."
    yield ""
    heads = [
        f"{markdown(c.label)}{f' ({markdown(c.unit)})' if c.unit else ''} {c.arrow}" for c in table.columns
    ]
    yield _line(["Method", *heads, "Source", "Read by"])
    yield _line(["---", *("---:" for _ in heads), "---", "---"])
    for row in table.rows:
        yield _line(_printed_row(row))
    yield ""
    yield from _footnotes(table.footnotes)


def _printed_row(row: PrintedRow) -> list[str]:
    source = row.paper if row.table == "not given" else f"{row.paper}, {row.table}"
    return [
        markdown(row.method) + _marks(row.notes),
        *(_printed_cell(cell) for cell in row.cells),
        markdown(source),
        markdown(row.checked),
    ]


def _printed_cell(cell: PrintedCell) -> str:
    if not cell.text:
        return " "
    return cell.text + (" ⚠" if cell.doubts else "") + _marks((*cell.notes, *cell.doubts))


def _footnotes(footnotes: Sequence[Footnote]) -> Iterator[str]:
    for footnote in footnotes:
        command = f" {markdown_code(footnote.command)}" if footnote.command else ""
        yield f"- <sup>{footnote.number}</sup> {markdown(footnote.text)}{command}"


def _marks(footnotes: Sequence[int]) -> str:
    return f"<sup>{', '.join(str(number) for number in footnotes)}</sup>" if footnotes else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

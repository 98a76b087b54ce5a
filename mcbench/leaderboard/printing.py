"""Printed numbers as tables: one a benchmark and evaluator, one row a method in a paper's table."""

from __future__ import annotations

import json
from collections.abc import Sequence

from mcbench.leaderboard.notes import Footnotes
from mcbench.leaderboard.published.metrics import COLUMN_PLACES, PRINTED_METRICS
from mcbench.leaderboard.standings import Item, tables_of
from mcbench.leaderboard.tables import PrintedCell, PrintedColumn, PrintedRow, PrintedTable


def make_printed(items: Sequence[Item]) -> tuple[PrintedTable, ...]:
    """Return the tables of printed numbers; rows of a table are in the order of their file.

    Args:
        items: the rows of the frame that hold printed numbers.
    """
    return tuple(_table(rows) for rows in tables_of([item for item in items if item["metric"]]))


def benchmark_remarks(items: Sequence[Item]) -> dict[str, tuple[str, ...]]:
    """Return benchmark -> why it has no printed numbers, for those of which that is known."""
    return {item["benchmark"]: (item["unavailable"],) for item in items if item["unavailable"]}


def _table(items: Sequence[Item]) -> PrintedTable:
    metrics = sorted({item["metric"] for item in items}, key=COLUMN_PLACES.__getitem__)
    columns = []
    for metric in metrics:
        known = PRINTED_METRICS[metric]
        units = {item["unit"] for item in items if item["metric"] == metric} - {""}
        columns.append(PrintedColumn(metric, known.label, known.higher_is_better, ", ".join(sorted(units))))
    by_row: dict[tuple[str, str, str], dict[str, Item]] = {}
    for item in items:
        by_row.setdefault((item["model"], item["paper"], item["paper_table"]), {})[item["metric"]] = item
    footnotes = Footnotes()
    first = items[0]
    return PrintedTable(
        id=first["table"],
        benchmark=first["benchmark"],
        protocol=first["protocol"],
        about=first["about"],
        test_set=first["test_set"],
        columns=tuple(columns),
        rows=tuple(_row(cells, metrics, footnotes) for cells in by_row.values()),
        footnotes=tuple(footnotes),
    )


def _row(cells: dict[str, Item], metrics: Sequence[str], footnotes: Footnotes) -> PrintedRow:
    first = next(iter(cells.values()))
    notes = {metric: [part.strip() for part in item["note"].split(";")] for metric, item in cells.items()}
    shared = [part for part in notes[first["metric"]] if part and all(part in one for one in notes.values())]
    return PrintedRow(
        method=first["model"],
        paper=first["paper"],
        table=first["paper_table"],
        checked=", ".join(sorted({item["checked"] for item in cells.values()})),
        notes=tuple(footnotes.add(part) for part in shared),
        cells=tuple(_cell(cells.get(m), notes.get(m, []), shared, footnotes) for m in metrics),
    )


def _cell(
    item: Item | None, notes: Sequence[str], shared: Sequence[str], footnotes: Footnotes
) -> PrintedCell:
    if item is None:
        return PrintedCell()
    return PrintedCell(
        text=item["printed"],
        value=item["value"],
        notes=tuple(footnotes.add(part) for part in notes if part and part not in shared),
        doubts=tuple(footnotes.add(f"computed here: {doubt}") for doubt in json.loads(item["doubts"])),
    )

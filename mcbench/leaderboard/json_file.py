"""The board as `leaderboard.json`, for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mcbench.leaderboard.tables import Board, Cell, Column, PrintedRow, PrintedTable, Row, Table
from mcbench.leaderboard.text import link_target, plain

SCHEMA_VERSION = 1


def render_json(board: Board, out: Path) -> str:
    """Return a board as JSON; links are relative to `out`, texts are on one line and of bounded length.

    `tables` holds the scores, `published` the printed numbers; both are in the order in which they are
    shown. A value that is null was not computed, or not printed; its footnotes say why.
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "tables": [_table(table, out) for table in board.tables],
        "published": [_printed(table) for table in board.printed],
        "remarks": {benchmark: list(texts) for benchmark, texts in board.remarks.items()},
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _table(table: Table, out: Path) -> dict[str, Any]:
    texts = {note.number: _footnote(note.text, note.command) for note in table.footnotes}
    return {
        "id": table.id,
        "benchmark": plain(table.benchmark),
        "split": plain(table.split),
        "source": plain(table.source),
        "data_sha256": table.data_sha256,
        "protocol": plain(table.protocol),
        "protocol_sha256": table.protocol_sha256,
        "networks": table.networks,
        "variant": plain(table.variant, 1000),
        "division": table.division,
        "test_set": plain(table.test_set, 1000),
        "metrics": [_column(column, texts) for column in table.columns],
        "rows": [_row(row, table, texts, out) for row in table.rows],
        "notes": [plain(note, 1000) for note in table.notes],
    }


def _column(column: Column, texts: dict[int, str]) -> dict[str, Any]:
    return {
        "metric": plain(column.metric),
        "label": plain(column.label),
        "unit": plain(column.unit),
        "higher_is_better": column.higher_is_better,
        "counted": column.counted,
        "noise_floor": column.noise_floor or None,
        "truth_reading": column.truth_reading or None,
        "footnotes": [texts[number] for number in column.footnotes],
    }


def _row(row: Row, table: Table, texts: dict[int, str], out: Path) -> dict[str, Any]:
    return {
        "model": plain(row.model),
        "name": plain(row.name),
        "rank": row.rank,
        "mean_place": None if row.mean_place is None else round(float(row.mean_place), 4),
        "group": row.group,
        "complete": row.complete,
        "sees_truth": row.sees_truth,
        "coverage": plain(row.coverage),
        "date": plain(row.date),
        "commit": plain(row.commit),
        "uncommitted_changes": row.dirty,
        "submitter": plain(row.submitter),
        "links": {"score": link_target(row.record, out), **row.links},
        "values": {
            plain(column.metric): _cell(cell, texts)
            for column, cell in zip(table.columns, row.cells, strict=True)
        },
    }


def _cell(cell: Cell, texts: dict[int, str]) -> dict[str, Any]:
    return {
        "value": cell.value,
        "shown": cell.text,
        "interval": cell.interval or None,
        "of": cell.counts,
        "best": cell.best,
        "ties": cell.ties,
        "footnotes": [texts[number] for number in cell.footnotes],
    }


def _footnote(text: str, command: str) -> str:
    return plain(f"{text}: {command}" if command else text, 1000)


def _printed(table: PrintedTable) -> dict[str, Any]:
    texts = {note.number: plain(note.text, 1000) for note in table.footnotes}
    return {
        "id": table.id,
        "benchmark": table.benchmark,
        "protocol": table.protocol,
        "about": table.about,
        "test_set": table.test_set,
        "rows": [_printed_row(row, table, texts) for row in table.rows],
    }


def _printed_row(row: PrintedRow, table: PrintedTable, texts: dict[int, str]) -> dict[str, Any]:
    return {
        "method": row.method,
        "paper": row.paper,
        "table": row.table,
        "checked": row.checked,
        "notes": [texts[number] for number in row.notes],
        "values": {
            column.metric: {
                "printed": cell.text,
                "value": cell.value,
                "notes": [texts[number] for number in cell.notes],
                "doubts": [texts[number] for number in cell.doubts],
            }
            for column, cell in zip(table.columns, row.cells, strict=True)
            if cell.text
        },
    }

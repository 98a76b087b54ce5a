"""The frame as `leaderboard.csv`: all digits, one metric of one record a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mcbench.leaderboard.tables import Table
from mcbench.leaderboard.text import link_target, spreadsheet


def render_csv(frame: pd.DataFrame, tables: Sequence[Table], out: Path) -> str:
    """Return the frame as CSV with the rank of each record and paths relative to `out`.

    No cell of text begins as a spreadsheet's formula does; numbers are written with all their digits.
    """
    places = {row.record: (table, row) for table in tables for row in table.rows}
    columns = ["table", "rank", "mean_place", *frame.columns]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for item in frame.to_dict("records"):
        table, row = places[Path(item["record_path"])]
        item |= {
            "table": table.id,
            "rank": row.rank,
            "mean_place": None if row.mean_place is None else round(float(row.mean_place), 4),
            "record_path": link_target(row.record, out),
            "run_path": None if row.run is None else link_target(row.run, out),
        }
        writer.writerow([_cell(item[column]) for column in columns])
    return stream.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return spreadsheet(value) if isinstance(value, str) else value

"""The frame as `leaderboard.csv`: all digits, one metric of one record, or one printed number, a line."""

from __future__ import annotations

import csv
import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from mcbench.leaderboard.text import link_target, spreadsheet

_PATHS = ("record_path", "run_path")


def render_csv(frame: pd.DataFrame, out: Path) -> str:
    """Return a frame of `collect` as CSV, with paths relative to `out`.

    No cell of text begins as a spreadsheet's formula does; numbers are written with all their digits.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(frame.columns)
    linked: dict[str, str] = {}
    columns = [frame[name].tolist() for name in frame.columns]
    for place, name in enumerate(frame.columns):
        if name in _PATHS:
            for path in {path for path in columns[place] if path is not None}:
                linked[path] = link_target(Path(path), out)
            columns[place] = [None if path is None else linked[path] for path in columns[place]]
    known: dict[str, str] = {}
    for row in zip(*columns, strict=True):
        writer.writerow([_cell(value, known) for value in row])
    return stream.getvalue()


def _cell(value: Any, known: dict[str, str]) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Fraction):
        return round(float(value), 4)
    if isinstance(value, str):
        # Most texts of a frame repeat in every line of a record.
        if value not in known:
            known[value] = spreadsheet(value)
        return known[value]
    return value

"""Reading `published/BENCHMARK.csv`: one printed number a line, checked before anything is made of it."""

from __future__ import annotations

import csv
import io
import unicodedata
from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import AfterValidator, Field

from mcbench import files
from mcbench.errors import FileFormatError
from mcbench.leaderboard.published.metrics import PRINTED_METRICS
from mcbench.records import Part

COLUMNS = (
    "benchmark", "protocol", "method", "metric", "value", "unit", "paper", "table", "checked", "note",
)  # fmt: skip
"""Columns of each file, in this order."""
_MOST_BYTES = 5_000_000
_HINT = "mend that line; leaderboard/published/README.md says what each column holds"


def _visible(text: str) -> str:
    if text != text.strip():
        raise ValueError("white space at an end")
    if hidden := next((c for c in text if unicodedata.category(c)[0] == "C"), None):
        raise ValueError(f"the invisible character {hidden!r}")
    return text


def _known_metric(metric: str) -> str:
    if metric not in PRINTED_METRICS:
        raise ValueError(f"no metric is called {metric!r}; known are {', '.join(PRINTED_METRICS)}")
    return metric


Text = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_visible)]
Note = Annotated[str, Field(max_length=600), AfterValidator(_visible)]


class PublishedRow(Part):
    """One number that a paper (or a released configuration) printed."""

    benchmark: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    protocol: Annotated[str, Field(pattern=r"^((own:)?[a-z0-9][a-z0-9-]{0,63}|[a-z-]{1,64}/[0-9]{1,3})$")]
    """A protocol of mcbench such as `disco/2` where the evaluator is the same, else `own:FAMILY`: a paper's
    own evaluator, comparable with nothing but itself."""
    method: Text
    metric: Annotated[str, AfterValidator(_known_metric)]
    value: Annotated[str, Field(pattern=r"^-?[0-9]{1,9}(\.[0-9]{1,9})?$")]
    """As printed: its digits tell how exact it is."""
    unit: Literal["", "dB"]
    paper: Text
    table: Text
    checked: Literal["ocr", "code", "person"]
    """How it was read: by character recognition, in released code, or by a person."""
    note: Note

    @property
    def number(self) -> float:
        """The value."""
        return float(self.value)

    @property
    def place(self) -> tuple[str, str, str, str, str]:
        """Where the row of the printed table is: benchmark, protocol, method, paper and table."""
        return self.benchmark, self.protocol, self.method, self.paper, self.table

    @property
    def notes(self) -> tuple[str, ...]:
        """The remarks that the note is made of."""
        return tuple(part.strip() for part in self.note.split(";") if part.strip())


def read_published(folder: Path) -> list[PublishedRow]:
    """Read every `BENCHMARK.csv` of a folder, in order of file name and line.

    Args:
        folder: may be absent; then there are none.

    Raises:
        FileFormatError: a file is not such a table, a line does not hold what its columns should, a number
            is not one its metric can have, or the same number is there twice. The message names the line.
    """
    rows: list[PublishedRow] = []
    for path in sorted(folder.glob("*.csv")):
        rows += _read_file(path)
    return rows


def _read_file(path: Path) -> list[PublishedRow]:
    if path.stat().st_size > _MOST_BYTES:
        raise FileFormatError(f"{path} has more than {_MOST_BYTES} bytes", "one file a benchmark is enough")
    reader = csv.reader(io.StringIO(files.read_text(path), newline=""), strict=True)
    rows: list[PublishedRow] = []
    seen: dict[tuple[str, ...], int] = {}
    try:
        head = next(reader, [])
        if tuple(head) != COLUMNS:
            raise FileFormatError(f"{path}: its head is not {','.join(COLUMNS)}", _HINT)
        for cells in reader:
            row = _read_line(path, reader.line_num, cells)
            where = (*row.place, row.metric)
            if where in seen:
                raise FileFormatError(
                    f"{path}, line {reader.line_num}: the same number as in line {seen[where]}: "
                    f"{row.metric} of {row.method} in {row.paper}, {row.table}",
                    _HINT,
                )
            seen[where] = reader.line_num
            rows.append(row)
    except csv.Error as error:
        raise FileFormatError(f"{path}, line {reader.line_num}: {error}", _HINT) from error
    return rows


def _read_line(path: Path, line: int, cells: list[str]) -> PublishedRow:
    if len(cells) != len(COLUMNS):
        raise FileFormatError(f"{path}, line {line}: {len(cells)} cells, not {len(COLUMNS)}", _HINT)
    try:
        row = PublishedRow.model_validate(dict(zip(COLUMNS, cells, strict=True)))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise FileFormatError(f"{path}, line {line}: {field}: {first['msg']}", _HINT) from error
    if row.benchmark != path.stem:
        raise FileFormatError(f"{path}, line {line}: it is about {row.benchmark}, the file is not", _HINT)
    known = PRINTED_METRICS[row.metric]
    if not known.lowest <= row.number <= known.highest:
        raise FileFormatError(
            f"{path}, line {line}: {row.metric} cannot be {row.value}; it lies within {known.lowest:g} to "
            f"{known.highest:g}",
            _HINT,
        )
    return row

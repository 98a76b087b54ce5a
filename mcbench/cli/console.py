"""What every command shares: options, tables, progress, JSON, and how each looks off a terminal.

Results go to standard output; progress and remarks go to standard error, so that output can be piped.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mcbench.progress import Progress

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.progress import Progress as RichBar
    from rich.progress import ProgressColumn, TaskID

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder of prepared data and weights (default: $MCBENCH_HOME, else the user's cache folder).",
        show_default=False,
    ),
]
SplitOption = Annotated[
    str, typer.Option("--split", help="BENCHMARK or BENCHMARK/SUBSET, such as multi-character/demo.")
]
SourceOption = Annotated[
    str | None,
    typer.Option("--source", help="Source of the benchmark (default: its own).", show_default=False),
]
ResultsOption = Annotated[Path, typer.Option("--out", help="Results folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
DeviceOption = Annotated[
    str, typer.Option("--device", help="Where networks run: auto, cpu, cuda, cuda:1, mps ...")
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Processes to use (default: one a core).", show_default=False),
]


def say(text: str) -> None:
    """Print a remark for a person, on standard error."""
    typer.echo(text, err=True)


def emit(text: str) -> None:
    """Print a line of the result, on standard output."""
    typer.echo(text)


def emit_json(value: BaseModel | Sequence[Any] | dict[str, Any]) -> None:
    """Print `value` (a record, or plain lists and dictionaries) as indented JSON on standard output."""
    typer.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def number(value: float | None) -> str:
    """Return a number as tables show it: four decimals, two from 100 up, powers of ten below 0.001."""
    from mcbench.scoring import number as shown

    return "" if value is None else shown(value)


def interval(low: float | None, high: float | None) -> str:
    """Return an interval as tables show it, or nothing where there is none."""
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def shortened(names: Sequence[str], most: int = 6) -> str:
    """Return the first names and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def width(most: int) -> int:
    """Return how many columns running text may take: those of the terminal, or `most`."""
    return min(most, shutil.get_terminal_size((most, 24)).columns)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: drawn by rich on a terminal, tab-separated lines otherwise.

    A column whose name starts with `>` is aligned to the right (the sign is not printed).
    """
    names = [name.removeprefix(">") for name in columns]
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        typer.echo(f"# {title}")
        for line in [names, *cells]:
            typer.echo("\t".join(line))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), title_justify="left")
    for column, name in zip(columns, names, strict=True):
        table.add_column(escape(name), justify="right" if column.startswith(">") else "left", overflow="fold")
    for row in cells:
        table.add_row(*(escape(cell) for cell in row))
    Console().print(table)


@contextmanager
def progress() -> Iterator[Progress]:
    """Yield a `Progress` for the block: bars with time left on a terminal, plain lines otherwise."""
    if not sys.stderr.isatty():
        yield _PlainProgress()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _speed_column(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        yield _BarProgress(bar)


def _speed_column() -> ProgressColumn:
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class SpeedColumn(ProgressColumn):
        """Units a second; nothing before the first has come."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else rate(task.description, speed))

    return SpeedColumn()


def rate(label: str, speed: float) -> str:
    """Return a speed as progress shows it, in the unit that a stage's label ends in, such as `(MiB)`."""
    unit = label.rpartition("(")[2].removesuffix(")") if label.endswith(")") else ""
    return f"{speed:.1f} {unit}/s" if unit else f"{speed:.1f}/s"


class _BarProgress:
    def __init__(self, bar: RichBar) -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def start(self, label: str, total: int) -> None:
        from rich.markup import escape

        self._task = self._bar.add_task(escape(label), total=total, note="")

    def advance(self, units: int = 1) -> None:
        if self._task is not None:
            self._bar.advance(self._task, units)

    def note(self, text: str) -> None:
        from rich.markup import escape

        if self._task is not None:
            self._bar.update(self._task, note=escape(text))

    def message(self, text: str) -> None:
        from rich.markup import escape

        self._bar.console.print(escape(text))


class _PlainProgress:
    """One line when a stage begins and one at each quarter: enough for a log file."""

    def __init__(self) -> None:
        self._label, self._total, self._done, self._quarter = "", 0, 0, 0
        self._begun = 0.0
        self._note = ""

    def start(self, label: str, total: int) -> None:
        self._label, self._total, self._done, self._quarter = label, total, 0, 0
        self._begun = time.monotonic()
        self._note = ""
        say(f"{label}: {total} to do")

    def advance(self, units: int = 1) -> None:
        self._done += units
        quarter = 4 * self._done // self._total if self._total else 4
        if quarter > self._quarter:
            self._quarter = quarter
            note = f", {self._note}" if self._note else ""
            say(f"{self._label}: {self._done} of {self._total}{self._pace()}{note}")

    def note(self, text: str) -> None:
        self._note = text

    def _pace(self) -> str:
        """Speed and time left of a download; other stages are told without."""
        seconds = time.monotonic() - self._begun
        if not self._label.endswith("(MiB)") or not seconds or not self._done:
            return ""
        speed = self._done / seconds
        left = max(0, self._total - self._done) / speed
        return f", {rate(self._label, speed)}, {left:.0f} s left"

    def message(self, text: str) -> None:
        say(text)


def _plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value

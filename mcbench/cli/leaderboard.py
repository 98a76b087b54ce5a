"""`mcbench leaderboard`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcbench.cli import console
from mcbench.errors import DataMissingError, InputError

if TYPE_CHECKING:
    import pandas as pd

    from mcbench.leaderboard import Stale, Table

_LOCAL = "local"
_MOST_LINES = 60
_DEFAULT_RESULTS = Path("results")


def leaderboard(
    results: Annotated[
        Path | None,
        typer.Option(
            "--results", help="Folder of scored runs (default: results, if it is there).", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option("--out", help="Folder to write to; OUT/submissions and OUT/published are read."),
    ] = Path("leaderboard"),
    submissions_only: Annotated[
        bool, typer.Option("--submissions-only", help="Leave runs out: only what OUT holds.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 and say what is stale.")
    ] = False,
    as_json: console.JsonOption = False,
) -> None:
    """Regenerate OUT/README.md, leaderboard.csv, leaderboard.json and index.html from score records.

    Runs on your own clips (local/...) stay out of it: mcbench report shows them.

    Example: mcbench leaderboard --results results/ --out leaderboard/
    """
    from mcbench.leaderboard import check as find_stale
    from mcbench.leaderboard import collect, make_board, write_leaderboard

    folders = _folders(results, submissions_only)
    frame = _without_local(collect(folders, out / "submissions", out / "published"), folders)
    if frame.empty:
        raise DataMissingError(
            f"no score was found in {results or _DEFAULT_RESULTS} or {out / 'submissions'}",
            "mcbench score results/ scores what `mcbench run` has made there; `mcbench demo` does all of it",
        )
    if check:
        if stale := find_stale(frame, out):
            _print_stale(stale)
            console.say(f"stale: write {out} again with the same command without --check")
            raise typer.Exit(1)
        console.say(f"{out} is up to date")
        return
    board = make_board(frame)
    paths = write_leaderboard(frame, out, board)
    if as_json:
        console.emit((out / "leaderboard.json").read_text(encoding="utf-8").rstrip("\n"))
    else:
        print_leaderboard(board.tables)
    for path in paths:
        console.say(f"written: {path}")


def print_leaderboard(tables: Sequence[Table]) -> None:
    """Print tables of `mcbench.leaderboard.make_tables`."""
    from mcbench.leaderboard.text import plain

    for table in tables:
        heads = [f">{c.label}{f' ({c.unit})' if c.unit else ''} {c.arrow}".rstrip() for c in table.columns]
        rows = [
            [
                row.rank or "-",
                plain(row.name),
                *(f"{c.text} [{c.interval}]" if c.interval else c.text for c in row.cells),
                plain(row.coverage),
                plain(row.date),
            ]
            for row in table.rows
        ]
        columns = [">rank", "model", *(plain(head) for head in heads), "coverage", "date"]
        console.print_table(plain(table.title, 300), columns, rows)
        for footnote in table.footnotes:
            mend = f" ({footnote.command})" if footnote.command else ""
            console.emit(f"- {plain(footnote.text + mend, 1000)}")
        for note in table.notes:
            console.emit(f"- {plain(note, 1000)}")


def _without_local(frame: pd.DataFrame, folders: Sequence[Path]) -> pd.DataFrame:
    """Return the frame without runs on the user's own clips, and say which were left out."""
    local = frame["benchmark"].str.partition("/")[0] == _LOCAL if len(frame) else frame["benchmark"].isna()
    if local.any():
        command = f"mcbench report {folders[0]}" if folders else "mcbench report RESULTS"
        splits = ", ".join(sorted(set(frame.loc[local, "split"])))
        console.say(f"left out, since nobody else has these clips: {splits}; {command} shows them")
    return frame[~local]


def _print_stale(stale: Sequence[Stale]) -> None:
    """Print which files are stale, and the difference of the one that people read."""
    for one in stale:
        if one.path.name == "README.md":
            for line in one.difference[:_MOST_LINES]:
                console.emit(line)
            if (more := len(one.difference) - _MOST_LINES) > 0:
                console.emit(f"and {more} more lines")
    for one in stale:
        state = "" if one.path.exists() else ", which is not there"
        console.emit(f"{one.path}{state}: {one.added} lines to add, {one.removed} to remove")


def _folders(results: Path | None, submissions_only: bool) -> list[Path]:
    if submissions_only:
        if results is not None:
            raise InputError("--results and --submissions-only exclude each other")
        return []
    if results is None:
        return [_DEFAULT_RESULTS] if _DEFAULT_RESULTS.is_dir() else []
    if not results.is_dir():
        raise InputError(
            f"--results {results} is no folder", "mcbench run --model ours --split multi-character"
        )
    return [results]

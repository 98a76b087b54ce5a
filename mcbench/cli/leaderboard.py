"""`mcbench leaderboard`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcbench.cli import console
from mcbench.errors import DataMissingError, InputError

if TYPE_CHECKING:
    from mcbench.leaderboard import Table

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
        bool, typer.Option("--check", help="Write nothing; exit 1 and show the difference if stale.")
    ] = False,
    as_json: console.JsonOption = False,
) -> None:
    """Regenerate OUT/README.md, leaderboard.csv, leaderboard.json and index.html from score records.

    Example: mcbench leaderboard --results results/ --out leaderboard/
    """
    from mcbench.leaderboard import check as difference_of
    from mcbench.leaderboard import collect, make_board, write_leaderboard

    frame = collect(_folders(results, submissions_only), out / "submissions", out / "published")
    if frame.empty:
        raise DataMissingError(
            f"no score was found in {results or _DEFAULT_RESULTS} or {out / 'submissions'}",
            "mcbench score results/ scores what `mcbench run` has made there; `mcbench demo` does all of it",
        )
    if check:
        if difference := difference_of(frame, out):
            console.emit(difference.rstrip("\n"))
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

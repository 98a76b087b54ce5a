"""`mcbench report` and `mcbench view`: the leaderboard's page for one's own runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcbench.cli import console
from mcbench.errors import DataMissingError, InputError

if TYPE_CHECKING:
    import pandas as pd

_TITLE = "mcbench report"
ResultsArgument = Annotated[Path, typer.Argument(help="Folder of scored runs.")]


def report(
    results: ResultsArgument = Path("results"),
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder to write to (default: RESULTS/report).", show_default=False),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write tables, plots and a side-by-side player of your own runs: one page, and the same as Markdown.

    The page plays the videos where they lie, so keep it beside the results, or move both together.

    Example: mcbench report results/ --open
    """
    from mcbench.leaderboard import write_leaderboard

    paths = write_leaderboard(_frame(results), out or results / "report", title=_TITLE)
    for path in paths:
        console.emit(str(path))
    if show:
        _open(next(path for path in paths if path.name == "index.html").absolute().as_uri())


def view(
    results: ResultsArgument = Path("results"),
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes any free one.")
    ] = 0,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Serve the page of your own runs on this machine alone (127.0.0.1), until Ctrl-C. Writes nothing.

    Example: mcbench view results/ --port 8000
    """
    from mcbench.leaderboard import render
    from mcbench.leaderboard.serving import PageServer

    with PageServer(results, render(_frame(results), results, title=_TITLE), port) as server:
        console.emit(server.address)
        console.say("Ctrl-C ends it")
        if show:
            _open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.say("ended")


def _frame(results: Path) -> pd.DataFrame:
    from mcbench.leaderboard import collect

    if not results.is_dir():
        raise InputError(f"{results} is no folder", "mcbench demo makes one: demo/results")
    frame = collect([results])
    if frame.empty:
        raise DataMissingError(f"no score was found in {results}", f"mcbench score {results}")
    return frame


def _open(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        console.say(f"no browser could be started; open {address}")

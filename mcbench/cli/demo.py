"""`mcbench demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mcbench.cli import console


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for results and leaderboard.")] = Path("demo"),
    device: console.DeviceOption = "auto",
    home: console.HomeOption = None,
) -> None:
    """Run the whole chain on the small embedded preset: prepare, run three models, score, leaderboard.

    Takes a few minutes on two cores and needs no download but LPIPS's AlexNet trunk, from the package index.

    Example: mcbench demo --out demo
    """
    from mcbench.cli.leaderboard import print_leaderboard
    from mcbench.demo import run_demo
    from mcbench.leaderboard import collect, make_tables

    with console.progress() as progress:
        result = run_demo(out, home=home, device=device, progress=progress)
    print_leaderboard(make_tables(collect([result.results])))
    for what, path in (
        ("page", result.leaderboard / "index.html"),
        ("Markdown", result.leaderboard / "README.md"),
        ("table", result.leaderboard / "leaderboard.csv"),
        ("videos", result.results),
    ):
        console.emit(f"{what:9} {path}")
    console.say(f"every metric of both protocols: mcbench score {result.results}")
    if not result.complete:
        console.say("not all was done; see the remarks above")
        raise typer.Exit(1)

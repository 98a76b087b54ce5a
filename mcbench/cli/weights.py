"""`mcbench weights`: the files of weights that metrics need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mcbench.cli import console
from mcbench.cli.data_files import OfflineOption
from mcbench.errors import McbenchError

app = typer.Typer(
    name="weights",
    help="Weights of metric networks: what there is, what is here, and how to get the rest.",
    no_args_is_help=True,
)

NameArgument = Annotated[str, typer.Argument(help="A name from `mcbench weights list`.")]


@app.command("list")
def list_weights(home: console.HomeOption = None, as_json: console.JsonOption = False) -> None:
    """List all weights: which are on this machine, and the command that gets each of the others.

    Example: mcbench weights list
    """
    from mcbench import weights

    states = weights.states(home)
    if as_json:
        console.emit_json(
            [
                {
                    "name": state.entry.name,
                    "file": state.entry.published_as[0],
                    "licence": state.entry.licence,
                    "description": state.entry.description,
                    "present": state.installed is not None,
                    "path": str(state.path) if state.installed else None,
                    "sha256": state.installed.sha256 if state.installed else None,
                    "proof": state.installed.proof if state.installed else None,
                    "get": state.entry.get_command,
                }
                for state in states
            ]
        )
        return
    rows = [
        (
            state.entry.name,
            f"here ({state.installed.proof})" if state.installed else "missing",
            f"{state.installed.n_bytes / 2**20:.0f}" if state.installed else "",
            state.installed.sha256[:12] if state.installed else "",
            state.entry.licence,
            state.entry.description if state.installed else state.entry.get_command,
        )
        for state in states
    ]
    columns = ("name", "state", ">MiB", "sha256", "licence", "what, or how to get it")
    console.print_table("weights of metric networks", columns, rows)


@app.command("fetch")
def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names from the list (default: all that can be fetched).")
    ] = None,
    offline: OfflineOption = False,
    home: console.HomeOption = None,
) -> None:
    """Fetch weights, check their sha256 and put them in place. A broken download is resumed.

    Example: mcbench weights fetch lpips-alex lpips-vgg
    """
    from mcbench import weights

    wanted = names or [
        name for name, item in weights.CATALOGUE.items() if not isinstance(item.source, weights.Manual)
    ]
    for name in wanted:
        weights.entry(name)  # an unknown name stops before anything is fetched
    failed: list[str] = []
    with console.progress() as progress:
        for name in wanted:
            try:
                installed = weights.fetch(name, home, offline=offline, progress=progress)
            except McbenchError as error:
                if len(wanted) == 1:
                    raise
                failed.append(name)
                progress.message(f"{name}: {error}")
            else:
                progress.message(f"{name}: here, sha256 {installed.sha256}")
    if failed:
        console.say(f"not fetched: {', '.join(failed)}")
        raise typer.Exit(1)


@app.command("add")
def add(
    name: NameArgument,
    file: Annotated[Path, typer.Argument(help="The file that you have; it is checked and copied.")],
    home: console.HomeOption = None,
) -> None:
    """Check a file of weights that you got by other means, and take a copy of it.

    Example: mcbench weights add i3d ~/Downloads/i3d_pretrained_400.pt
    """
    from mcbench import weights

    installed = weights.add(name, file, home)
    proof = "no digest has been published to check it by" if installed.proof == "unverified" else "checked"
    console.say(f"{name}: added ({proof}), sha256 {installed.sha256}")


@app.command("verify")
def verify(
    golden: Annotated[
        bool, typer.Option("--golden", help="Also run the networks and compare with known values.")
    ] = False,
    home: console.HomeOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Check that all weights that are here are whole and the ones meant.

    Exit code 1 if one is not; weights that are not here are no failure.

    Example: mcbench weights verify --golden
    """
    from mcbench import weights

    results: list[dict[str, str]] = []
    for state in weights.states(home):
        if state.installed is None:
            continue
        name = state.entry.name
        try:
            installed = weights.verify(name, home)
        except McbenchError as error:
            results.append({"name": name, "check": "file", "result": "FAILED", "detail": error.message})
            continue
        results.append({"name": name, "check": installed.proof, "result": "ok", "detail": installed.sha256})
        if golden:
            from mcbench.metrics.networks.golden import check_golden

            results += [
                {
                    "name": name,
                    "check": check.what,
                    "result": "ok" if check.holds else "FAILED",
                    "detail": f"{check.found:.6f}, expected {check.expected:.6f}",
                }
                for check in check_golden(name, home)
            ]
    if as_json:
        console.emit_json(results)
    else:
        rows = [tuple(result.values()) for result in results]
        console.print_table("weights on this machine", ("name", "check", "result", "detail"), rows)
        if not results:
            console.say("no weights are on this machine; see: mcbench weights list")
    if any(result["result"] != "ok" for result in results):
        raise typer.Exit(1)

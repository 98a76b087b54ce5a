"""The command line: parse, call, print. All that it does can be done from Python as well.

The files beside this one hold a command group each. They import nothing heavy at their top, so that
`mcbench --help` answers at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import mcbench
from mcbench.cli import (
    animate,
    baselines,
    cache,
    console,
    convert,
    data,
    demo,
    doctor,
    import_run,
    leaderboard,
    protocol,
    report,
    run,
    score,
    submit,
    train,
    versus,
    weights,
)
from mcbench.errors import McbenchError

app = typer.Typer(
    name="mcbench",
    help="Benchmark and evaluate human image animation, above all with several people in the picture.",
    epilog="Start with: mcbench demo, or compare two folders: mcbench compare predictions/ truth/",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_STOPPED = (130, 143)
"""Exit codes after Ctrl-C and SIGTERM."""


def _print_version(wanted: bool) -> None:
    if wanted:
        console.emit(f"mcbench {mcbench.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    del version


app.add_typer(data.app, name="data")
app.add_typer(baselines.app, name="baselines")
app.command("run")(run.run)
app.command("animate")(animate.animate)
app.command("import")(import_run.import_run)
app.command("score")(score.score)
app.command("compare")(score.compare)
app.add_typer(protocol.app, name="protocol")
app.command("versus")(versus.versus)
app.command("leaderboard")(leaderboard.leaderboard)
app.command("submit")(submit.submit)
app.command("report")(report.report)
app.command("view")(report.view)
app.command("demo")(demo.demo)
app.command("train")(train.train)
app.command("convert")(convert.convert)
app.add_typer(weights.app, name="weights")
app.add_typer(cache.app, name="cache")
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command line. Errors that the user can mend end it with exit code 2 and no traceback."""
    try:
        app()
    except McbenchError as error:
        console.say(f"error: {error.message}")
        if error.hint:
            console.say(f"hint:  {error.hint}")
        sys.exit(2)
    except SystemExit as ended:
        # typer turns Ctrl-C into an exit code, and says nothing.
        if ended.code in _STOPPED:
            console.say("stopped; the same command goes on from here")
        raise
    except BrokenPipeError:
        # The reader (such as `head`) has what it wanted.
        sys.stderr.close()
        sys.exit(0)

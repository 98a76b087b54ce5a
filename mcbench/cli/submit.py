"""`mcbench submit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mcbench.cli import console
from mcbench.errors import InputError

if TYPE_CHECKING:
    from mcbench.leaderboard.submit import Check

_TEXT = "pull-request.md"


def submit(
    run: Annotated[
        Path | None, typer.Argument(help="RESULTS/MODEL/SPLIT: a scored run.", show_default=False)
    ] = None,
    verify: Annotated[
        list[Path] | None,
        typer.Option(
            "--verify",
            help="Check this submission, or all below this folder, and compute closed ones again; may be "
            "repeated.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The leaderboard's folder.")] = Path("leaderboard"),
    protocol: Annotated[
        list[str] | None,
        typer.Option("--protocol", help="Submit this score alone; may be repeated (default: all)."),
    ] = None,
    closed: Annotated[
        bool,
        typer.Option("--closed", help="Send the predictions too, so that CI computes the metrics again."),
    ] = False,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            help="With --closed: https address where you will put predictions.zip (default: in the pull "
            "request).",
            show_default=False,
        ),
    ] = None,
    submitter: Annotated[str, typer.Option("--submitter", help="Your name.")] = "",
    paper: Annotated[str | None, typer.Option("--paper", help="Its address.", show_default=False)] = None,
    code: Annotated[str | None, typer.Option("--code", help="Its address.", show_default=False)] = None,
    page: Annotated[str | None, typer.Option("--page", help="Its address.", show_default=False)] = None,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Submit what uncommitted code has made; it is marked.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of a submission with other content.")
    ] = False,
    workers: console.WorkersOption = None,
    home: console.HomeOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Check a scored run, write its submissions and the text of a pull request; or verify submissions.

    Exit code 1: a submission did not pass --verify.

    Example: mcbench submit results/ours/multi-character/demo --submitter "A. Person"
    """
    if (run is None) == (not verify):
        raise InputError("give either a run to submit or --verify FILE", "mcbench submit --help")
    if verify:
        _verify(verify, home, workers, as_json)
        return
    assert run is not None
    if address is not None and not closed:
        raise InputError("--address is of predictions, which --closed sends", "add --closed")
    from mcbench import files
    from mcbench.leaderboard.submit import Wishes, submit_run

    given: dict[Literal["paper", "code", "page"], str | None] = {"paper": paper, "code": code, "page": page}
    links = {what: link for what, link in given.items() if link is not None}
    wishes = Wishes(closed, address, submitter, links, allow_dirty, replace)
    sent = submit_run(run, out, protocols=protocol or (), wishes=wishes, home=home)
    files.write_text(run / _TEXT, sent.text)
    if as_json:
        console.emit_json(
            {
                "paths": list(sent.paths),
                "unchanged": list(sent.unchanged),
                "replaced": {str(path): whose for path, whose in sent.replaced.items()},
                "archive": sent.archive,
                "checks": sent.checks,
            }
        )
    else:
        console.emit(sent.text.rstrip("\n"))
    for path in sent.paths:
        if path in sent.replaced:
            console.say(f"replaced: {path}, which was {sent.replaced[path]}")
        else:
            console.say(f"{'unchanged' if path in sent.unchanged else 'written'}: {path}")
    for path in (*([sent.archive] if sent.archive else []), run / _TEXT):
        console.say(f"written: {path}")
    if address is not None:
        console.say(f"now put {sent.archive} at {address}")


def _verify(paths: list[Path], home: Path | None, workers: int | None, as_json: bool) -> None:
    from mcbench.leaderboard.submit import find_submissions, verify_submission
    from mcbench.processes import default_workers

    found = []
    for path in find_submissions(paths):
        with console.progress() as progress:
            one = verify_submission(path, home=home, workers=workers or default_workers(), progress=progress)
        found.append(one)
        if not as_json:
            _print_checks(f"{path}: {'passed' if one.passed else 'failed'}", one.checks)
    if as_json:
        console.emit_json([one.model_dump(mode="json") | {"passed": one.passed} for one in found])
    console.say(f"{sum(one.passed for one in found)} of {len(found)} submissions passed")
    if not all(one.passed for one in found):
        raise typer.Exit(1)


def _print_checks(title: str, checks: tuple[Check, ...]) -> None:
    from mcbench.leaderboard.text import plain

    rows = [[check.state, check.name, plain(check.detail, 300), plain(check.hint, 300)] for check in checks]
    console.print_table(title, ["state", "check", "found", "what to do"], rows)

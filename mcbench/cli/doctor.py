"""`mcbench doctor`."""

from __future__ import annotations

import typer

from mcbench.cli import console


def doctor(home: console.HomeOption = None, as_json: console.JsonOption = False) -> None:
    """Show what works on this machine, and what to do about the rest.

    Exits with 1 if something is broken; what is merely missing (weights, data) is listed with its command.

    Example: mcbench doctor
    """
    from dataclasses import asdict

    from mcbench.doctor import examine

    findings = examine(home)
    if as_json:
        console.emit_json([asdict(finding) for finding in findings])
    else:
        rows = [(found.state, found.subject, found.detail, found.remedy) for found in findings]
        console.print_table("mcbench doctor", ("state", "what", "seen", "what to do"), rows)
    if any(found.state == "broken" for found in findings):
        raise typer.Exit(1)

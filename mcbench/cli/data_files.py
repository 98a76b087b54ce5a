"""`mcbench data fetch`, `links`, `check-manifest`: the files that benchmarks are made from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcbench.cli import console

if TYPE_CHECKING:
    from mcbench.data import LinkReport, SourceFetch
    from mcbench.data.links import FileState

SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source", help="Source of the clips (default: the benchmark's first).", show_default=False
    ),
]
OfflineOption = Annotated[
    bool, typer.Option("--offline", help="Open no connection; MCBENCH_OFFLINE=1 does the same.")
]
AcceptOption = Annotated[
    bool,
    typer.Option("--accept-licence", help="Accept the terms of the benchmark; asked for once."),
]
JobsOption = Annotated[int, typer.Option("--jobs", min=1, help="Downloads at a time.")]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="PATTERN",
        help="Fetch only files of such names, such as 'val*'; may be repeated.",
        show_default=False,
    ),
]


def fetch(
    benchmark: Annotated[
        str, typer.Argument(metavar="BENCHMARK", help="BENCHMARK, or the path of a manifest.")
    ],
    source: SourceOption = None,
    only: OnlyOption = None,
    jobs: JobsOption = 4,
    offline: OfflineOption = False,
    accept_licence: AcceptOption = False,
    home: console.HomeOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Download the files of a benchmark, check them and unpack them. Interrupted, it goes on later.

    Files that cannot be had are listed with the reason; the others come, and the exit code is 1.

    Example: mcbench data fetch dancetrack --accept-licence
    """
    from mcbench import data

    settle_terms(benchmark, source, home, accept=accept_licence, offline=offline)
    with console.progress() as progress:
        report = data.fetch(
            benchmark,
            source=source,
            only=only or (),
            jobs=jobs,
            offline=offline or None,
            home=home,
            progress=progress,
        )
    if as_json:
        console.emit_json(report)
    else:
        _print_fetch(report)
    if not report.complete:
        raise typer.Exit(1)


def links(
    benchmark: Annotated[
        str, typer.Argument(metavar="BENCHMARK", help="BENCHMARK, or the path of a manifest.")
    ],
    source: SourceOption = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Addresses at a time.")] = 8,
    offline: OfflineOption = False,
    home: console.HomeOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Ask every address of a benchmark whether it still gives its file, and keep the report.

    Nothing is downloaded. Exit code 1 if a file has no address left that gives it.

    Example: mcbench data links ted-talks
    """
    from mcbench import data

    with console.progress() as progress:
        report = data.check_links(
            benchmark, source=source, jobs=jobs, offline=offline or None, home=home, progress=progress
        )
    if as_json:
        console.emit_json(report)
    else:
        _print_links(report)
    if report.with_state("dead"):
        raise typer.Exit(1)


def check_manifest(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A manifest, TOML or JSON.")],
    as_json: console.JsonOption = False,
) -> None:
    """Check a manifest: what keeps it from being used, and what may be missing. Exit code 2 on problems.

    Example: mcbench data check-manifest my-benchmark.toml
    """
    from mcbench.data.manifest import check_manifest as check

    found = check(file)
    if as_json:
        console.emit_json(found)
    else:
        rows = [("problem", each.field, each.text) for each in found.problems]
        rows += [("warning", each.field, each.text) for each in found.warnings]
        console.print_table(f"{found.id or file}", ("", "field", "what"), rows)
        console.say(f"{found.path}: {'can' if found.valid else 'cannot'} be used")
    if not found.valid:
        raise typer.Exit(2)


def warn_of_manifests(home: Path | None) -> None:
    """Name the user's own manifests that cannot be used, on standard error."""
    from mcbench.data.manifest import broken_manifests

    for error in broken_manifests(home).values():
        console.say(f"warning: {error.in_one_line}")


def settle_terms(
    benchmark: str, source: str | None, home: Path | None, *, accept: bool, offline: bool
) -> None:
    """Record that the user accepts the terms, by the option or asked on a terminal; else do nothing."""
    from mcbench.data import licences
    from mcbench.data.places import resolve_source
    from mcbench.downloads import is_offline

    target = resolve_source(benchmark, source=source, home=home)
    terms = licences.terms_to_accept(target)
    if terms is None or licences.acceptance(target) is not None:
        return
    if not accept:
        if is_offline(offline) or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return  # what needs the terms says so
        console.say(f"{target.manifest.title}: {terms.summary}")
        console.say(terms.url or target.manifest.licence)
        if not typer.confirm("Do you accept these terms?", default=False, err=True):
            return
    licences.accept(target)


def _print_fetch(report: SourceFetch) -> None:
    rows = [
        (
            file.file,
            file.status,
            f"{file.n_bytes / 1e6:,.1f}" if file.n_bytes else "",
            file.proof,
            file.reason,
        )
        for file in report.files
    ]
    columns = ("file", "state", ">MB", "proof", "reason")
    console.print_table(f"{report.benchmark} (source {report.source})", columns, rows)
    done, skipped, failed = (report.with_status(status) for status in ("done", "skipped", "failed"))
    console.say(
        f"{len(done)} fetched, {len(skipped)} here already, {len(failed)} not to be had; in {report.folder}"
    )


def _print_links(report: LinkReport) -> None:
    rows: list[tuple[str, str, str, str, str]] = []
    for file in report.files:
        if file.state == "manual":
            rows.append((file.file, file.state, "", "", file.manual))
        elif file.state != "present":
            rows += [(file.file, file.state, link.url, link.state, link.reason) for link in file.links]
    columns = ("file", "state", "address", "answer", "reason")
    console.print_table(f"{report.benchmark} (source {report.source}): no sure link", columns, rows)
    states: tuple[FileState, ...] = ("present", "dead", "unknown", "manual")
    counts = ", ".join(f"{len(report.with_state(state))} {state}" for state in states)
    console.say(f"{len(report.files)} files: {counts}")

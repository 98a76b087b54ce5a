"""`mcbench data list`, `prepare`, `verify`, `status`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcbench.cli import console

if TYPE_CHECKING:
    from mcbench.data import PrepareReport

app = typer.Typer(
    name="data", help="Benchmarks: list them, prepare their clips, check what is there.", no_args_is_help=True
)

SplitArgument = Annotated[
    str, typer.Argument(metavar="BENCHMARK", help="BENCHMARK, BENCHMARK/SUBSET or local/NAME.")
]
SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source", help="Source of the clips (default: the benchmark's first).", show_default=False
    ),
]


@app.command("list")
def list_benchmarks(home: console.HomeOption = None, as_json: console.JsonOption = False) -> None:
    """List the benchmarks, their sources and subsets.

    Example: mcbench data list
    """
    from mcbench import data

    manifests = data.list_manifests(home)
    if as_json:
        console.emit_json(manifests)
        return
    rows = []
    for manifest in manifests:
        for source_name, source in manifest.sources.items():
            for subset_name, subset in source.subsets.items():
                name = f"{manifest.id}/NAME" if manifest.id == "local" else manifest.id
                mark = "" if source_name == manifest.default_source else f" --source {source_name}"
                tail = "" if subset_name == "default" else f"/{subset_name}"
                what = f"{source.description}: {subset.description}"
                rows.append((f"{name}{tail}{mark}", subset.videos, subset.frames, source.networks, what))
    console.print_table("benchmarks", ("benchmark", ">videos", ">frames", "networks", "what"), rows)


@app.command("prepare")
def prepare(
    benchmark: Annotated[
        str,
        typer.Argument(metavar="BENCHMARK", help="BENCHMARK, BENCHMARK/SUBSET, local, or a manifest's path."),
    ],
    source: SourceOption = None,
    from_path: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Folder of videos or frame folders, for a local source.", show_default=False
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="NAME in local/NAME (default: the folder's).", show_default=False),
    ] = None,
    clips: Annotated[
        list[str] | None,
        typer.Option("--clip", help="Only this clip; may be repeated.", show_default=False),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option("--fps", help="Frames a second of frame folders (default: 30).", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make clips anew that are there already.")] = False,
    workers: console.WorkersOption = None,
    home: console.HomeOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Prepare clips: render the generated ones, decode the videos of a folder. Killed, it goes on later.

    Example: mcbench data prepare multi-character/demo

    Example: mcbench data prepare local --from my_videos/ --name street
    """
    from mcbench import data
    from mcbench.processes import default_workers

    with console.progress() as progress:
        report = data.prepare(
            benchmark,
            clips=clips,
            source=source,
            from_path=from_path,
            name=name,
            fps=fps,
            home=home,
            workers=workers or default_workers(),
            force=force,
            progress=progress,
        )
    if as_json:
        console.emit_json(report)
    else:
        _print_report(report)
    if not report.complete:
        raise typer.Exit(1)


def _print_report(report: PrepareReport) -> None:
    rows = [(clip.clip, clip.status, clip.n_frames or None, clip.reason) for clip in report.clips]
    console.print_table(
        f"{report.name} (source {report.source})", ("clip", "state", ">frames", "reason"), rows
    )
    done, skipped, failed = (report.with_status(status) for status in ("done", "skipped", "failed"))
    frames = sum(clip.n_frames for clip in (*done, *skipped))
    console.say(
        f"{len(done)} prepared, {len(skipped)} there already, {len(failed)} failed; {frames:,} frames in "
        f"{report.folder}"
    )
    for note in report.shortfall:
        console.say(f"incomplete: {note}")
    if report.passed_over:
        console.say(f"passed over: {', '.join(report.passed_over)}")
    for clip in report.differing:
        console.say(f"{clip}: the pixels differ from the recorded hash; scores will not compare with others'")


@app.command("verify")
def verify(
    benchmark: SplitArgument,
    source: SourceOption = None,
    workers: console.WorkersOption = None,
    home: console.HomeOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Decode all that is prepared and compare it with the recorded hashes. Exits with 1 on any damage.

    Example: mcbench data verify multi-character/demo
    """
    from mcbench import data
    from mcbench.processes import default_workers

    with console.progress() as progress:
        report = data.verify(
            benchmark, source=source, home=home, workers=workers or default_workers(), progress=progress
        )
    if as_json:
        console.emit_json(report)
    else:
        rows = [(clip.clip, clip.status, clip.reason) for clip in report.clips]
        console.print_table(f"{report.name} (source {report.source})", ("clip", "state", "reason"), rows)
        for note in report.notes:
            console.say(f"note: {note}")
        damaged = " ".join(f"--clip {clip.clip}" for clip in report.with_status("damaged"))
        if damaged:
            console.say(f"to mend: {report.command} {damaged} --force")
        elif not report.complete:
            console.say(f"to prepare what is missing: {report.command}")
    if not report.complete:
        raise typer.Exit(1)


@app.command("status")
def status(home: console.HomeOption = None, as_json: console.JsonOption = False) -> None:
    """Show how much of each benchmark is prepared.

    Example: mcbench data status --json
    """
    from mcbench import data

    splits = data.status(home=home)
    if as_json:
        console.emit_json(splits)
        return
    rows = [
        (
            split.benchmark if split.subset == "default" else f"{split.benchmark}/{split.subset}",
            split.source,
            f"{split.prepared} of {split.expected}",
            split.frames,
            f"{split.bytes / 1e6:,.1f} MB",
            (split.data_sha256 or "")[:12],
            "; ".join((f"missing {_shortened(split.missing)}" if split.missing else "", *split.notes)).strip(
                "; "
            ),
        )
        for split in splits
    ]
    columns = ("benchmark", "source", ">clips", ">frames", ">on disk", "data hash", "remarks")
    console.print_table("prepared", columns, rows)


def _shortened(names: tuple[str, ...], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"

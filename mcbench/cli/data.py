"""`mcbench data`: `list`, `prepare`, `verify`, `status`; the other commands lie in files of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from mcbench.cli import conditions, console, data_files
from mcbench.cli.data_files import AcceptOption, JobsOption, OfflineOption, OnlyOption, SourceOption

if TYPE_CHECKING:
    from mcbench.data import ClipCheck, ClipOutcome, DownloadStatus, PrepareReport, SplitStatus

_MISSING_SHOWN = 20

Clip = TypeVar("Clip", "ClipOutcome", "ClipCheck")

app = typer.Typer(
    name="data",
    help="Benchmarks: list them, fetch their files, prepare their clips, check what is there.",
    no_args_is_help=True,
)
app.command("fetch")(data_files.fetch)
app.command("links")(data_files.links)
app.command("check-manifest")(data_files.check_manifest)
app.command("conditions", cls=conditions.OptionalNames)(conditions.conditions)

SplitArgument = Annotated[
    str, typer.Argument(metavar="BENCHMARK", help="BENCHMARK, BENCHMARK/SUBSET or local/NAME.")
]


@app.command("list")
def list_benchmarks(home: console.HomeOption = None, as_json: console.JsonOption = False) -> None:
    """List the benchmarks, their sources and subsets.

    Example: mcbench data list
    """
    from mcbench import data

    data_files.warn_of_manifests(home)
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
                videos = subset.videos or (len(subset.clips) if subset.clips else None)
                rows.append((f"{name}{tail}{mark}", videos, subset.frames, source.networks, what))
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
            "--from",
            metavar="DIR|ARCHIVE",
            help="What you have: stands for the downloads of a source of files.",
            show_default=False,
        ),
    ] = None,
    from_downloads: Annotated[
        bool, typer.Option("--from-downloads", help="Take the downloads again, after a --from.")
    ] = False,
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
    only: OnlyOption = None,
    jobs: JobsOption = 4,
    offline: OfflineOption = False,
    accept_licence: AcceptOption = False,
    workers: console.WorkersOption = None,
    home: console.HomeOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Prepare clips: render the generated ones, fetch and decode the videos of the others.

    Killed, it goes on later. What cannot be had is listed, the rest is prepared, and the exit code is 1.

    Example: mcbench data prepare multi-character/demo

    Example: mcbench data prepare tiktok/last-40 --from TikTok_dataset.zip

    Example: mcbench data prepare local --from my_videos/ --name street
    """
    from mcbench import data
    from mcbench.processes import default_workers

    if from_path is None and benchmark != "local":
        data_files.settle_terms(benchmark, source, home, accept=accept_licence, offline=offline)
    with console.progress() as progress:
        report = data.prepare(
            benchmark,
            clips=clips,
            source=source,
            from_path=from_path,
            from_downloads=from_downloads,
            name=name,
            fps=fps,
            only=only or (),
            jobs=jobs,
            offline=offline or None,
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
    rows = [
        (clip.clip, clip.status, clip.n_frames or None, clip.reason) for clip in _without_many(report.clips)
    ]
    console.print_table(
        f"{report.name} (source {report.source})", ("clip", "state", ">frames", "reason"), rows
    )
    done, skipped, failed = (report.with_status(status) for status in ("done", "skipped", "failed"))
    frames = sum(clip.n_frames for clip in (*done, *skipped))
    missing = len(report.with_status("missing"))
    console.say(
        f"{len(done)} prepared, {len(skipped)} there already, {len(failed)} failed"
        f"{f', {missing} missing' if missing else ''}; {frames:,} frames in {report.folder}"
    )
    for file, reason in report.not_fetched.items():
        console.say(f"not fetched: {file}: {reason}")
    for text in (*report.problems, *(f"{clip.clip}: {note}" for clip in report.clips for note in clip.notes)):
        console.say(f"note: {text}")
    for note in report.shortfall:
        console.say(f"incomplete: {note}")
    if report.passed_over:
        console.say(f"passed over: {', '.join(report.passed_over)}")
    if report.hint:
        console.say(report.hint)
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
        rows = [(clip.clip, clip.status, clip.reason) for clip in _without_many(report.clips)]
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
    """Show what is here of each benchmark: its files, dead links, prepared clips, their size.

    Example: mcbench data status --json
    """
    from mcbench import data

    data_files.warn_of_manifests(home)
    downloads, splits = data.download_status(home=home), data.status(home=home)
    if as_json:
        console.emit_json({"downloads": downloads, "prepared": splits})
        return
    _print_downloads(downloads)
    _print_splits(splits)


def _print_downloads(downloads: tuple[DownloadStatus, ...]) -> None:
    rows = [
        (
            each.benchmark,
            each.source,
            f"{each.present} of {each.known}",
            len(each.dead) if each.links_checked else "not checked",
            f"{each.bytes / 1e6:,.1f} MB",
            each.terms,
            _joined(
                missing=each.missing,
                by_hand=each.by_hand,
                dead=each.dead,
                notes=(*((f"{each.unverified} unverified",) if each.unverified else ()), *each.notes),
            ),
        )
        for each in downloads
    ]
    columns = ("benchmark", "source", ">files", ">dead links", ">on disk", "terms", "remarks")
    console.print_table("files", columns, rows)


def _print_splits(splits: tuple[SplitStatus, ...]) -> None:
    rows = [
        (
            split.benchmark if split.subset == "default" else f"{split.benchmark}/{split.subset}",
            split.source,
            f"{split.prepared} of {split.expected}",
            split.frames,
            f"{split.bytes / 1e6:,.1f} MB",
            (split.data_sha256 or "")[:12],
            "; ".join(
                (
                    *((f"missing {console.shortened(split.missing)}",) if split.missing else ()),
                    *((f"files from {split.origin}",) if split.origin else ()),
                    *split.notes,
                )
            ),
        )
        for split in splits
    ]
    columns = ("benchmark", "source", ">clips", ">frames", ">on disk", "data hash", "remarks")
    console.print_table("prepared", columns, rows)


def _without_many(clips: Sequence[Clip]) -> list[Clip]:
    """Return the clips without all but the first of those that are missing; says how many it left out."""
    missing = [clip for clip in clips if clip.status == "missing"]
    left_out = {clip.clip for clip in missing[_MISSING_SHOWN:]}
    if left_out:
        console.say(f"{len(missing)} clips are missing; {_MISSING_SHOWN} are shown, --json lists all")
    return [clip for clip in clips if clip.clip not in left_out]


def _joined(*, notes: tuple[str, ...], **named: tuple[str, ...]) -> str:
    """Return lists of names, each behind what it is a list of, and notes, as one remark."""
    lists = (f"{what.replace('_', ' ')} {console.shortened(names)}" for what, names in named.items() if names)
    return "; ".join((*lists, *notes))

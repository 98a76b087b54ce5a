"""`mcbench score` and `mcbench compare`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcbench import files
from mcbench.cli import console
from mcbench.errors import DataMissingError, InputError, McbenchError

if TYPE_CHECKING:
    from mcbench.records import MetricValue, ScoreRecord
    from mcbench.scoring import Compute, SideBySide


class Networks(StrEnum):
    """The families of feature networks."""

    reference = "reference"
    embedded = "embedded"


AllowMissingOption = Annotated[
    bool,
    typer.Option(
        "--allow-missing",
        help="Leave out, count and list what does not pair, is too short or unreadable, instead of stopping.",
    ),
]
WorkersOption = Annotated[
    int, typer.Option("--workers", min=1, help="Processes, each with its own networks; one uses all cores.")
]
FastOption = Annotated[
    bool,
    typer.Option("--fast", help="Run networks the quickest way that stays within 0.1 % of full precision."),
]
NoCacheOption = Annotated[
    bool, typer.Option("--no-cache", help="Compute everything anew, and keep nothing for the next time.")
]
MarkdownOption = Annotated[
    Path | None,
    typer.Option(
        "--markdown", help="With --protocol all: also write the page to this file.", show_default=False
    ),
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, max=2**32 - 1, help="Seed of intervals and noise floors.")
]


def score(
    results: Annotated[Path, typer.Argument(help="A run's folder, or a folder with runs below it.")] = Path(
        "results"
    ),
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            "--protocol",
            help="A name of mcbench protocol list; may be repeated (default: mcbench/1, disco/2; people/1 "
            "where there are masks). all: every one, side by side, with the reasons why they differ.",
            show_default=False,
        ),
    ] = None,
    networks: Annotated[
        Networks | None,
        typer.Option(
            "--networks",
            help="Feature networks: the field's, or mcbench's own (default: what the benchmark names).",
            show_default=False,
        ),
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option("--leave-out", metavar="METRIC", help="A metric not to compute; may be repeated."),
    ] = None,
    allow_missing: AllowMissingOption = False,
    seed: SeedOption = 0,
    device: console.DeviceOption = "auto",
    workers: WorkersOption = 1,
    fast: FastOption = False,
    no_cache: NoCacheOption = False,
    home: console.HomeOption = None,
    markdown: MarkdownOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Score every run found at or below a folder, into scores/ beside its frames.

    A metric whose network is not on this machine is left out, with the command that gets it, and the exit
    code is 1; so it is when a video failed or a run could not be scored.

    Example: mcbench score results/ --protocol disco/2
    """
    from mcbench import scoring
    from mcbench.records import RunRecord

    scoring.choose_protocols(protocol, with_people=True)
    together = _is_page(protocol, markdown)
    pages: list[scoring.SideBySide] = []
    records: list[ScoreRecord] = []
    runs = scoring.find_runs(results)
    failures: dict[Path, McbenchError] | None = None if len(runs) == 1 else {}
    for group in scoring.group_runs(runs, failures):
        with console.progress() as progress:
            progress.message(f"runs {', '.join(map(str, group))}")
            scored = scoring.score_runs(
                group,
                protocols=protocol or None,
                networks=networks.value if networks else None,
                leave_out=leave_out or (),
                home=home,
                compute=_compute(device, workers, fast, no_cache),
                allow_missing=allow_missing,
                seed=seed,
                failures=failures,
                progress=progress,
            )
        for folder, made in scored.items():
            records += made
            run = RunRecord.read(folder / "run.json")
            title = f"{run.model.display_name} on {run.split.name} ({run.split.source})"
            pages += [scoring.side_by_side(made, title)] if together else []
            if not as_json:
                print_scores(made, title, pages[-1] if together else None)
    failed = [f"{folder}: {error}" for folder, error in (failures or {}).items()]
    if as_json:
        console.emit_json(pages if together else records)
    if markdown is not None:
        _write_pages(pages, markdown)
    for line in failed:
        console.say(f"not scored: {line}")
    raise typer.Exit(1 if failed else exit_code(records, leave_out or ()))


def compare(
    predictions: Annotated[Path, typer.Argument(help="Videos or frame folders to judge, or one of either.")],
    ground_truth: Annotated[Path, typer.Argument(help="The true ones, under the same names.")],
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            help="A name of mcbench protocol list. all: every one, side by side, with the reasons why they "
            "differ.",
        ),
    ] = "mcbench/1",
    networks: Annotated[
        Networks, typer.Option("--networks", help="Feature networks: the field's, or mcbench's own.")
    ] = Networks.reference,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Also write the record, or the page, to this file.", show_default=False),
    ] = None,
    markdown: MarkdownOption = None,
    allow_missing: AllowMissingOption = False,
    seed: SeedOption = 0,
    device: console.DeviceOption = "auto",
    workers: WorkersOption = 1,
    fast: FastOption = False,
    no_cache: NoCacheOption = False,
    home: console.HomeOption = None,
) -> None:
    """Score any two folders of videos or frame folders, or one pair of them, against each other.

    No benchmark is involved. Videos pair by name, frames by number. A metric whose network is not on this
    machine is left out, with the command that gets it, and the exit code is 1.

    Example: mcbench compare predictions/ truth/ --protocol disco/2 --json scores.json
    """
    # Before the modules that take long to import.
    _check_there(predictions, "prediction")
    _check_there(ground_truth, "ground truth")
    from mcbench import scoring

    together = _is_page([protocol], markdown)
    with console.progress() as progress:
        records = scoring.compare_under(
            predictions,
            ground_truth,
            protocols=[protocol],
            networks=networks.value,
            home=home,
            compute=_compute(device, workers, fast, no_cache),
            allow_missing=allow_missing,
            seed=seed,
            progress=progress,
        )
    title = f"{predictions} against {ground_truth}"
    page = scoring.side_by_side(records, title) if together else None
    if json_file is not None:
        text = (page or records[0]).model_dump_json(indent=2)
        files.write_text(json_file, text + "\n")
    if page is not None and markdown is not None:
        _write_pages([page], markdown)
    print_scores(records, title, page)
    raise typer.Exit(exit_code(records))


def _check_there(path: Path, side: str) -> None:
    if path.exists():
        return
    folder = path.parent
    # Without suffixes, which would make any two videos alike.
    there = {entry.stem: entry for entry in folder.iterdir()} if folder.is_dir() else {}
    near = difflib.get_close_matches(path.stem, there, n=1)
    raise DataMissingError(
        f"the {side} {path} does not exist",
        f"did you mean {there[near[0]]}?"
        if near
        else "give a video, a folder of frames, or a folder of either; paths begin at the current folder",
    )


def _compute(device: str, workers: int, fast: bool, no_cache: bool) -> Compute:
    from mcbench.scoring import Compute

    return Compute(device=device, workers=workers, precision="fast" if fast else "fp32", cache=not no_cache)


def print_scores(records: Sequence[ScoreRecord], title: str, page: SideBySide | None = None) -> None:
    """Print a table for each record, or the page of all and a table for each record that is not on it."""
    from mcbench.scoring import as_text

    if page is not None:
        console.emit(as_text(page, console.width(100)))
    for record in records:
        if page is None or record.protocol not in page.protocols:
            print_score(record, title)


def _is_page(protocols: Sequence[str] | None, markdown: Path | None) -> bool:
    """Return whether the page of all protocols is asked for."""
    together = "all" in (protocols or ())
    if markdown is not None and not together:
        raise InputError("--markdown is the page of all protocols", "add --protocol all")
    return together


def _write_pages(pages: Sequence[SideBySide], path: Path) -> None:
    from mcbench.scoring import as_markdown

    files.write_text(path, "\n".join(as_markdown(page) for page in pages))


def print_score(record: ScoreRecord, title: str) -> None:
    """Print a record: the numbers, what is missing, and how the protocol's own check came out."""
    columns = (
        "metric",
        ">value",
        ">95% interval",
        ">videos",
        ">items",
        ">D",
        ">noise floor",
        ">with reference",
    )
    rows = [_row(key, value) for key, value in record.metrics.items()]
    # A protocol that has no noise floor, say, shows no column for it.
    shown = [place for place in range(len(columns)) if any(row[place] not in ("", None) for row in rows)]
    console.print_table(
        f"{title}, {record.protocol}, {record.networks} networks",
        [columns[place] for place in shown],
        [[row[place] for place in shown] for row in rows],
    )
    if record.slices:
        _print_parts(record)
    for key, value in record.metrics.items():
        if value.warning:
            console.say(f"{key}: {value.warning}")
    by_reason: dict[tuple[str, str], list[str]] = {}
    for key, missing in record.unavailable.items():
        by_reason.setdefault((missing.reason, missing.command), []).append(key)
    for (reason, command), keys in by_reason.items():
        console.say(f"left out: {', '.join(keys)}: {reason}")
        if command:
            console.say(f"  to get it: {command}")
    coverage = record.coverage
    if not coverage.complete or coverage.excluded:
        console.say(
            f"scored {coverage.videos_scored} of {coverage.videos_expected} videos and "
            f"{coverage.frames_scored} of {coverage.frames_expected} frames"
        )
    for name, reason in coverage.excluded.items():
        console.say(f"  left out: {name}: {reason}")
    for line in _consistency(record):
        console.say(line)


def _print_parts(record: ScoreRecord) -> None:
    """Print the values over parts of the frames, such as those with two people."""
    parts = sorted(record.slices, key=lambda part: (part.partition("=")[0], len(part), part))
    keys = list(dict.fromkeys(key for part in parts for key in record.slices[part]))
    rows = [
        [
            key,
            *(
                console.number(value.value) if (value := record.slices[part].get(key)) else ""
                for part in parts
            ),
        ]
        for key in keys
    ]
    console.print_table(
        "the same over parts of the frames", ["metric", *(f">{part}" for part in parts)], rows
    )


def exit_code(records: Sequence[ScoreRecord], left_out: Sequence[str] = ()) -> int:
    """Return 0 if all that was asked has been scored, else 1; a run's own limits are no failure."""
    whole = all(
        not record.coverage.excluded and {key.split("@")[0] for key in record.unavailable} <= set(left_out)
        for record in records
    )
    return 0 if whole else 1


def _row(key: str, value: MetricValue) -> tuple[object, ...]:
    arrow = "↑" if value.higher_is_better else "↓"
    return (
        f"{key} {arrow}" + (f" ({value.unit})" if value.unit else ""),
        console.number(value.value),
        console.interval(value.ci_low, value.ci_high),
        value.n_videos,
        value.n_items,
        value.dimensions,
        console.number(value.noise_floor),
        console.number(value.with_reference),
    )


def _consistency(record: ScoreRecord) -> list[str]:
    from mcbench.scoring import consistency

    check = consistency(record)
    if check is None:
        return []
    sign, word = "<=", "holds"
    if not check.holds:
        sign, word = ">", "does not hold: frames of very different quality (identical ones count 100 dB)"
    return [f"check H*W*L1 {sign} 255*10^(-PSNR/20): {check.left:.3f} {sign} {check.right:.3f}, {word}"]

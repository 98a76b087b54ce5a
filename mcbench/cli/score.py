"""`mcbench score` and `mcbench compare`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcbench.cli import console
from mcbench.errors import McbenchError

if TYPE_CHECKING:
    from mcbench.records import MetricValue, ScoreRecord
    from mcbench.scoring import Compute


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
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of the bootstrap.")]


def score(
    results: Annotated[Path, typer.Argument(help="A run's folder, or a folder with runs below it.")] = Path(
        "results"
    ),
    protocol: Annotated[
        list[str] | None,
        typer.Option("--protocol", help="mcbench/1 or disco/2; may be repeated (default: both)."),
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
    as_json: console.JsonOption = False,
) -> None:
    """Score every run found at or below a folder, into scores/ beside its frames.

    A metric whose network is not on this machine is left out, with the command that gets it, and the exit
    code is 1; so it is when a video failed or a run could not be scored.

    Example: mcbench score results/ --protocol disco/2
    """
    from mcbench import scoring
    from mcbench.records import RunRecord

    names = protocol or list(scoring.DEFAULT_PROTOCOLS)
    for name in names:
        scoring.protocol(name)
    records: list[ScoreRecord] = []
    runs = scoring.find_runs(results)
    failures: dict[Path, McbenchError] | None = None if len(runs) == 1 else {}
    for group in scoring.group_runs(runs, failures):
        with console.progress() as progress:
            progress.message(f"runs {', '.join(map(str, group))}")
            scored = scoring.score_runs(
                group,
                protocols=names,
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
            if not as_json:
                run = RunRecord.read(folder / "run.json")
                for record in made:
                    print_score(record, f"{run.model.display_name} on {run.split.name} ({run.split.source})")
    failed = [f"{folder}: {error}" for folder, error in (failures or {}).items()]
    if as_json:
        console.emit_json(records)
    for line in failed:
        console.say(f"not scored: {line}")
    raise typer.Exit(1 if failed else exit_code(records, leave_out or ()))


def compare(
    predictions: Annotated[Path, typer.Argument(help="Videos or frame folders to judge, or one of either.")],
    ground_truth: Annotated[Path, typer.Argument(help="The true ones, under the same names.")],
    protocol: Annotated[str, typer.Option("--protocol", help="mcbench/1 or disco/2.")] = "mcbench/1",
    networks: Annotated[
        Networks, typer.Option("--networks", help="Feature networks: the field's, or mcbench's own.")
    ] = Networks.reference,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write the record to this file.", show_default=False)
    ] = None,
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
    from mcbench.scoring import compare as run_compare

    with console.progress() as progress:
        record = run_compare(
            predictions,
            ground_truth,
            protocol=protocol,
            networks=networks.value,
            home=home,
            compute=_compute(device, workers, fast, no_cache),
            allow_missing=allow_missing,
            seed=seed,
            progress=progress,
        )
    if json_file is not None:
        record.write(json_file)
    print_score(record, f"{predictions} against {ground_truth}")
    raise typer.Exit(exit_code([record]))


def _compute(device: str, workers: int, fast: bool, no_cache: bool) -> Compute:
    from mcbench.scoring import Compute

    return Compute(device=device, workers=workers, precision="fast" if fast else "fp32", cache=not no_cache)


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

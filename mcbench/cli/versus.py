"""`mcbench versus`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcbench.cli import console
from mcbench.errors import DataMissingError, InputError

if TYPE_CHECKING:
    from mcbench.records import ScoreRecord
    from mcbench.scoring.versus import Comparison, MetricComparison, PairTest


def versus(
    results: Annotated[Path, typer.Argument(help="A folder with scored runs below it.")] = Path("results"),
    protocol: Annotated[str, typer.Option("--protocol", help="Whose scores to compare.")] = "mcbench/1",
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", help="Compare this metric alone; may be repeated (default: all)."),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option("--split", help="Take the runs on this split alone.", show_default=False),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            "--part", help="Compare a part of the frames, such as people=2 or overlap.", show_default=False
        ),
    ] = None,
    as_json: console.JsonOption = False,
) -> None:
    """Tell which methods differ: a paired test of every pair, video by video, and groups of ties.

    Reads the scores of all runs found below a folder; they must be of one split, over the same videos.
    Methods that share a letter are not told apart by the test.

    Example: mcbench versus results/ --protocol disco/2 --metric psnr --metric fvd
    """
    from mcbench.scoring.versus import compare_methods

    records = _records(results, protocol, split)
    comparison = compare_methods(list(records.values()), names=list(records), metrics=metric, part=part)
    if as_json:
        console.emit_json(comparison)
        return
    for one in comparison.metrics.values():
        _print_metric(one, comparison)


def _records(results: Path, protocol: str, split: str | None) -> dict[str, ScoreRecord]:
    """Return the score of every run, by a name that tells the runs apart."""
    from mcbench import scoring
    from mcbench.records import RunRecord, ScoreRecord

    scoring.protocol(protocol)
    runs = {folder: RunRecord.read(folder / "run.json") for folder in scoring.find_runs(results)}
    names = sorted({run.split.name for run in runs.values()})
    if split is not None:
        runs = {folder: run for folder, run in runs.items() if run.split.name == split}
        if not runs:
            raise DataMissingError(
                f"no run in {results} is on {split}", f"--split takes {' or '.join(names)}"
            )
    elif len(names) > 1:
        raise InputError(
            f"the runs in {results} are on {', '.join(names)}", f"choose one: --split {names[0]}"
        )
    unscored = [folder for folder in runs if not scoring.score_path(folder, protocol).is_file()]
    if unscored:
        more = f" and {len(unscored) - 1} more" if len(unscored) > 1 else ""
        raise DataMissingError(
            f"{unscored[0]}{more} has no score under {protocol}",
            f"mcbench score {results} --protocol {protocol}",
        )
    models = [run.model.id for run in runs.values()]
    return {
        _name(run.model.id, folder, results, models.count(run.model.id) > 1): ScoreRecord.read(
            scoring.score_path(folder, protocol)
        )
        for folder, run in runs.items()
    }


def _name(model: str, folder: Path, results: Path, ambiguous: bool) -> str:
    return f"{model} ({folder.relative_to(results).as_posix()})" if ambiguous else model


def _print_metric(found: MetricComparison, comparison: Comparison) -> None:
    arrow = "↑" if found.higher_is_better else "↓"
    unit = f" ({found.unit})" if found.unit else ""
    title = f"{found.metric} {arrow}{unit}, {comparison.split or 'folders'}, {comparison.protocol}"
    title += f", {comparison.part}" if comparison.part else ""
    columns = [">rank", "method", ">value", ">95% interval", "ties", ">p, best", ">p, one above"]
    by_video = found.test == "sign-flip"
    columns += [">videos won : lost, best"] if by_video else []
    rows = []
    names = [standing.method for standing in found.standings]
    for place, standing in enumerate(found.standings):
        best = found.pair(names[0], standing.method) if place else None
        above = found.pair(names[place - 1], standing.method) if place else None
        row = [
            standing.rank,
            standing.method,
            console.number(standing.value),
            console.interval(standing.ci_low, standing.ci_high),
            standing.ties,
            _p(best),
            _p(above),
        ]
        # From the row's own side, so that the best method's losses are its wins.
        rows.append(row + ([f"{best.losses} : {best.wins}" if best else ""] if by_video else []))
    console.print_table(title, columns, rows)
    for standing in found.standings:
        if standing.warning:
            console.say(f"{found.metric} of {standing.method}: {standing.warning}")
    if found.lacking:
        console.say(f"{found.metric} is not in the score of {', '.join(found.lacking)}")
    if found.note:
        console.say(f"{found.metric}: {found.note}")


def _p(pair: PairTest | None) -> str:
    if pair is None or pair.p_adjusted is None:
        return ""
    return "<0.001" if pair.p_adjusted < 0.001 else f"{pair.p_adjusted:.3f}"

"""`mcbench data conditions`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from mcbench.cli import console

if TYPE_CHECKING:
    from mcbench.conditions.prepare import ConditionsReport, PeopleFound

_AS_DEFAULT = "default"


class OptionalNames(TyperCommand):
    """A command whose options of conditions may stand without a name: `--flow` is `--flow default`.

    A word behind such an option is its value if it names an estimator, or if BENCHMARK is there without it:
    then the word is a mistyped name, and is told as such.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `default` behind an option of a condition that no estimator follows."""
        from mcbench.conditions.prepare import names_estimator
        from mcbench.conditions.store import OPTIONS

        kinds = {option: kind for kind, option in OPTIONS.items()}
        others = {
            name for each in self.params if not getattr(each, "is_flag", False) for name in each.opts
        } - set(kinds)
        plain, loose, taken = 0, [], False  # words that are BENCHMARK for sure, or may be it
        for position, argument in enumerate(args):
            before = args[position - 1] if position else ""
            if taken or argument.startswith("-"):
                taken = not taken and argument in others
            elif before not in kinds:
                plain += 1
            elif not names_estimator(kinds[before], argument):
                loose.append(position)
        benchmark = None if plain or not loose else self._likeliest(args, loose)
        filled: list[str] = []
        for position, argument in enumerate(args):
            filled.append(argument)
            following = args[position + 1] if position + 1 < len(args) else "-"
            if argument in kinds and (following.startswith("-") or position + 1 == benchmark):
                filled.append(_AS_DEFAULT)
        return super().parse_args(ctx, filled)

    @staticmethod
    def _likeliest(args: list[str], loose: list[int]) -> int:
        """Return which of the words is BENCHMARK: one that is written as a part of it, else the first."""
        return next((position for position in loose if "/" in args[position]), loose[0])


def conditions(
    benchmark: Annotated[
        str, typer.Argument(metavar="BENCHMARK", help="BENCHMARK, BENCHMARK/SUBSET or local/NAME.")
    ],
    poses: Annotated[
        str | None,
        typer.Option(
            "--pose",
            metavar="[NAME]",
            help="Poses: dwpose, blazepose, or dataset (files that came with the clips).",
            show_default=False,
        ),
    ] = None,
    depth: Annotated[
        str | None,
        typer.Option(
            "--depth",
            metavar="[NAME|DIR]",
            help="Inverse relative depth: depth-anything-v2-small, or the folder of a Depth Anything model.",
            show_default=False,
        ),
    ] = None,
    flow: Annotated[
        str | None,
        typer.Option("--flow", metavar="[NAME]", help="Flow: raft or dis.", show_default=False),
    ] = None,
    masks: Annotated[
        str | None,
        typer.Option(
            "--masks",
            metavar="[NAME]",
            help="Masks of people: from-pose or blazepose. They are made from poses.",
            show_default=False,
        ),
    ] = None,
    densepose: Annotated[
        str | None,
        typer.Option(
            "--densepose",
            metavar="COMMAND",
            help="DensePose drawings by a program of yours, such as 'draw.py {frames} {out}'; run without a "
            "shell.",
            show_default=False,
        ),
    ] = None,
    poses_by: Annotated[
        str | None,
        typer.Option("--from-poses", help="Whose poses masks are made from.", show_default=False),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Source of the clips (default: the benchmark's).", show_default=False),
    ] = None,
    clips: Annotated[
        list[str] | None,
        typer.Option("--clip", help="Only this clip; may be repeated.", show_default=False),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            "--sheet", help="Write a picture of the maps that models are shown.", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make anew what is there already.")] = False,
    device: console.DeviceOption = "auto",
    workers: console.WorkersOption = None,
    home: console.HomeOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Compute what models need to know of prepared clips, and keep it; or show what is kept.

    Without an estimator's name an option takes the field's own: dwpose, depth-anything-v2-small, raft,
    from-pose. Without any option all that is kept is listed. Killed, it goes on later.

    Example: mcbench data conditions local/clips --pose blazepose --flow dis --masks

    Example: mcbench data conditions local/clips --sheet maps.png
    """
    from mcbench.conditions import prepare, store

    asked: dict[store.ConditionKind, str] = {}
    values = {"poses": poses, "masks": masks, "depth": depth, "flow": flow, "densepose": densepose}
    for kind in store.KINDS:
        if (value := values[kind]) is not None:
            asked[kind] = prepare.default_estimator(kind) if value == _AS_DEFAULT else value
    report = None
    if asked:
        from mcbench import environment
        from mcbench.processes import default_workers

        chosen = environment.pick_device(device)
        # Several processes would share one accelerator's memory, and gain nothing.
        processes = workers or (default_workers() if chosen == "cpu" else 1)
        with console.progress() as progress:
            report = prepare.prepare_conditions(
                benchmark,
                asked,
                source=source,
                clips=clips,
                poses_by=poses_by,
                home=home,
                device=chosen,
                workers=processes,
                force=force,
                progress=progress,
            )
    if sheet is not None:
        from mcbench.conditions.sheet import write_sheet
        from mcbench.data import open_split

        split = open_split(benchmark, source=source, home=home)
        write_sheet([clip for clip in split.clips if clips is None or clip.record.id in clips], sheet)
        console.say(f"sheet: {sheet}")
    if report is not None:
        _show(report, as_json)
    elif sheet is None:
        _list(benchmark, source, home, as_json)


def _show(report: ConditionsReport, as_json: bool) -> None:
    if as_json:
        console.emit_json(report)
    else:
        rows = [
            (each.clip, each.kind, each.estimator, each.status, _people(each.people), each.reason)
            for each in report.conditions
        ]
        columns = ("clip", "kind", "estimator", "state", "people", "reason")
        console.print_table(f"conditions of {report.name} (source {report.source})", columns, rows)
    if not report.complete:
        raise typer.Exit(1)


def _list(benchmark: str, source: str | None, home: Path | None, as_json: bool) -> None:
    from mcbench.conditions import prepare, store

    listed = prepare.list_conditions(benchmark, source=source, home=home)
    if as_json:
        console.emit_json(listed)
        return
    if not listed:
        console.say(f"nothing is kept of {benchmark}; estimators by option:")
        for kind, option in store.OPTIONS.items():
            console.say(f"  {option}: {', '.join(prepare.estimators_of(kind))}")
        return
    rows = [(each.estimator, each.kind, f"{each.clips} of {each.of}") for each in listed]
    console.print_table(f"conditions of {benchmark}", ("estimator", "kind", ">clips"), rows)
    people = [(found.clip, each.estimator, _people(found)) for each in listed for found in each.people]
    if people:
        console.print_table("people in kept poses", ("clip", "estimator", "people"), people)


def _people(found: PeopleFound | None) -> str:
    """Return how many people were found, and in how many frames each."""
    if found is None:
        return ""
    if not found.frames:
        return "0"
    frames = ", ".join(map(str, found.frames))
    return f"{len(found.frames)}: found in {frames} of {found.n_frames} frames"

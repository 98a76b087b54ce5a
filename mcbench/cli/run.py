"""`mcbench run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcbench.cli import console
from mcbench.errors import InputError

if TYPE_CHECKING:
    from mcbench.records import RunRecord


def run(
    model: Annotated[
        str, typer.Option("--model", help="A name from `mcbench baselines list`, or a spec's .toml file.")
    ],
    split: console.SplitOption,
    out: console.ResultsOption = Path("results"),
    source: console.SourceOption = None,
    clips: Annotated[
        list[str] | None,
        typer.Option("--clip", help="Only this clip; may be repeated.", show_default=False),
    ] = None,
    limit_videos: Annotated[
        int | None, typer.Option("--limit-videos", min=1, help="Only the first N.")
    ] = None,
    limit_frames: Annotated[
        int | None, typer.Option("--limit-frames", min=1, help="Only the first N of each video.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            "--size", metavar="HxW", help="Size of the output (default: the model's own).", show_default=False
        ),
    ] = None,
    poses_by: Annotated[
        str | None,
        typer.Option(
            "--poses",
            help="Driving poses: exact, dwpose, blazepose, ... (default: the best that each clip has).",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the run.")] = 0,
    device: console.DeviceOption = "auto",
    option: Annotated[
        list[str] | None, typer.Option("--option", metavar="NAME=VALUE", help="An option of the model.")
    ] = None,
    config: Annotated[
        str | None,
        typer.Option(
            "--config",
            metavar="NAME",
            help="Configuration of `ours`, such as tiny; short for --option config=NAME.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another run in this place.")
    ] = False,
    home: console.HomeOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Generate each video of a split with a model, resumable video by video.

    Writes OUT/MODEL/SPLIT: run.json, frames/VIDEO/000000.png, previews/VIDEO.mp4. Stopped at any moment, the
    same command goes on where it was. A video that fails is listed, the others go on, and the exit code is 1.

    Example: mcbench run --model ours --split multi-character/demo
    """
    from mcbench.runs import RunRequest, run_folder, run_model, wanted_videos

    named = [f"config={config}"] if config is not None else []
    request = RunRequest(
        model=model,
        split=split,
        source=source,
        out=out,
        clips=tuple(clips) if clips else None,
        limit_videos=limit_videos,
        limit_frames=limit_frames,
        size=parse_size(size) if size else None,
        poses_by=poses_by,
        seed=seed,
        device=device,
        options=dict(parse_option(text) for text in [*(option or []), *named]),
        overwrite=overwrite,
        home=home,
    )
    with console.progress() as progress:
        record = run_model(request, progress)
    if as_json:
        console.emit_json(record)
    else:
        print_run(record, run_folder(out, record.model.id, record.split))
    wanted = wanted_videos(record.split, clips or None, limit_videos)
    done = {result.video for result in record.videos if result.status == "done"}
    left = [video for video in wanted if video not in done]
    if left:
        absent = [video for video in left if video in record.split.missing]
        if absent:
            console.say(f"not prepared: {console.shortened(absent)}")
        if len(left) > len(absent):
            console.say(f"not done: {', '.join(video for video in left if video not in absent)}")
        raise typer.Exit(1)


def print_run(record: RunRecord, folder: Path) -> None:
    """Print what came of each video, and where the files lie."""
    rows = [
        (
            result.video,
            result.status,
            result.n_frames,
            "x".join(str(side) for side in result.size) if result.size else "",
            f"{result.seconds:.1f}" if result.seconds is not None else "",
            f"{result.peak_memory_bytes / 2**30:.2f}" if result.peak_memory_bytes else "",
            result.reason,
        )
        for result in record.videos
    ]
    columns = ("video", "status", ">frames", "size", ">seconds", ">peak GiB", "reason")
    console.print_table(f"{record.model.display_name} on {record.split.name}", columns, rows)
    console.say(f"results: {folder}")


def parse_size(text: str) -> tuple[int, int]:
    """Return (height, width) of `HxW`.

    Raises:
        InputError: the text is of another form.
    """
    height, _, width = text.lower().partition("x")
    sides = [int(side) for side in (height, width) if side.isdecimal()]
    if len(sides) != 2 or not all(0 < side <= 16384 for side in sides):
        raise InputError(f"{text!r} is no size", "write height x width in pixels, such as 896x640")
    return sides[0], sides[1]


def parse_option(text: str) -> tuple[str, str | int | float | bool]:
    """Return the name and value of `NAME=VALUE`: a number or true/false where it reads as one.

    Raises:
        InputError: the text is of another form.
    """
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise InputError(f"{text!r} is no option of a model", "write NAME=VALUE, such as steps=20")
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value

"""`mcbench import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from mcbench.cli import console
from mcbench.errors import InputError

if TYPE_CHECKING:
    from mcbench.runs.importing import Resampling


def import_run(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The method's name, such as gen-2.")],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="VIDEO.mp4, or a folder VIDEO of pictures, for each clip.")
    ],
    split: console.SplitOption,
    out: console.ResultsOption = Path("results"),
    source: console.SourceOption = None,
    name: Annotated[
        str,
        typer.Option("--name", help="Name in tables (default: the spec's, or MODEL).", show_default=False),
    ] = "",
    licence: Annotated[
        str, typer.Option("--licence", help="Licence of the videos, for the record.", show_default=False)
    ] = "",
    fps: Annotated[
        float | None,
        typer.Option(
            "--fps", help="Frames a second of folders of pictures (default: the clip's).", show_default=False
        ),
    ] = None,
    resample: Annotated[
        list[str] | None,
        typer.Option("--resample", metavar="fps|size", help="Bring videos to their clips' rate or size."),
    ] = None,
    limit_frames: Annotated[
        int | None, typer.Option("--limit-frames", min=1, help="Only the first N of each video.")
    ] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Go on though clips have no video.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a run in this place.")] = False,
    home: console.HomeOption = None,
    as_json: console.JsonOption = False,
) -> None:
    """Take videos of a method that were made elsewhere as a run, to be scored and ranked like any other.

    Names, frame rates, shapes and coverage are checked first, and nothing is resampled unless asked.
    Tables mark the run as imported.

    Example: mcbench import gen-2 ~/gen-2-videos --split multi-character/demo --resample fps
    """
    from mcbench.cli.run import print_run
    from mcbench.runs import run_folder
    from mcbench.runs.importing import ImportRequest, Resampling
    from mcbench.runs.importing import import_run as import_videos

    chosen: list[Resampling] = [each for each in get_args(Resampling) if each in (resample or [])]
    unknown = sorted(set(resample or []) - set(chosen))
    if unknown:
        raise InputError(f"--resample {unknown[0]}: only fps and size can be resampled")
    request = ImportRequest(
        model=model,
        folder=folder,
        split=split,
        source=source,
        out=out,
        display_name=name,
        licence=licence,
        fps=fps,
        resample=tuple(chosen),
        limit_frames=limit_frames,
        partial=partial,
        overwrite=overwrite,
        home=home,
    )
    with console.progress() as progress:
        record = import_videos(request, progress)
    if as_json:
        console.emit_json(record)
    else:
        print_run(record, run_folder(out, record.model.id, record.split))

"""`mcbench train`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mcbench.cli import console


class Stage(StrEnum):
    """What `--stage` can be."""

    ONE = "1"
    TWO = "2"
    ALL = "all"


def train(
    config: Annotated[str, typer.Argument(help="Name of a configuration, such as tiny, or a TOML file.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for states, log and pipeline.")] = Path(
        "runs/train"
    ),
    stage: Annotated[
        str,
        typer.Option(
            "--stage", help="1: single frames; 2: clips, temporal layers; all: one after the other."
        ),
    ] = Stage.ALL,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the states in OUT.")] = False,
    steps1: Annotated[
        int | None,
        typer.Option(
            "--steps1", min=1, help="Steps of stage 1 [default: the configuration's].", show_default=False
        ),
    ] = None,
    steps2: Annotated[
        int | None,
        typer.Option(
            "--steps2", min=1, help="Steps of stage 2 [default: the configuration's].", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of weights, batches and noise.")] = 0,
    device: console.DeviceOption = "auto",
    clips: Annotated[
        Path | None,
        typer.Option("--clips", help="Cache of rendered clips [default: OUT/clips].", show_default=False),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=0, help="Processes that render clips ahead.")] = 1,
) -> None:
    """Train the reference model on generated clips, resumable to the step.

    Prints the folder of the trained pipeline, which mcbench run takes with --option checkpoint=FOLDER.

    Example: mcbench train tiny --out runs/tiny
    """
    from mcbench.environment import pick_device
    from mcbench.model.config import ModelConfig
    from mcbench.model.training import train as train_model

    with console.progress() as progress:
        pipeline = train_model(
            ModelConfig.load(config),
            out=out,
            stage=stage.value,
            steps1=steps1,
            steps2=steps2,
            seed=seed,
            device=pick_device(device),
            resume=resume,
            clips=clips,
            workers=workers,
            progress=progress,
        )
    console.emit(str(pipeline))

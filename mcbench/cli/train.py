"""`mcbench train`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mcbench.cli import console


class Stage(StrEnum):
    """The stages of training."""

    FIRST = "1"
    SECOND = "2"
    ALL = "all"


def train(
    config: Annotated[str, typer.Argument(help="A configuration's name (tiny) or a .toml file.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for states, log and the trained pipeline.")],
    stage: Annotated[
        Stage, typer.Option("--stage", help="1: single frames; 2: clips, from stage 1; all: both.")
    ] = Stage.ALL,
    resume: Annotated[bool, typer.Option("--resume", help="Go on exactly where OUT stands.")] = False,
    steps1: Annotated[
        int | None,
        typer.Option("--steps1", min=1, help="Steps of stage 1 (default: config's).", show_default=False),
    ] = None,
    steps2: Annotated[
        int | None,
        typer.Option("--steps2", min=1, help="Steps of stage 2 (default: config's).", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of weights, batches and noise.")] = 0,
    device: console.DeviceOption = "auto",
    clips: Annotated[
        Path | None,
        typer.Option("--clips", help="Cache of rendered clips (default: OUT/clips).", show_default=False),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Processes that render and prepare ahead; 0 for none.")
    ] = 1,
) -> None:
    """Train the reference model on generated clips; see docs/training.md.

    OUT/pipeline is what `mcbench run --model ours --option checkpoint=OUT/pipeline` takes.

    Example: mcbench train tiny --out trainings/tiny
    """
    from mcbench.environment import pick_device
    from mcbench.model.config import ModelConfig
    from mcbench.model.training import train as run_training

    loaded = ModelConfig.load(config)
    with console.progress() as progress:
        pipeline = run_training(
            loaded,
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
    console.say(f"the trained pipeline is {pipeline}")

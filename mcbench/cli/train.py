"""`mcbench train`."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mcbench.cli import console
from mcbench.errors import InputError


class Stage(StrEnum):
    """The stages of training."""

    FIRST = "1"
    SECOND = "2"
    ALL = "all"


def train(
    config: Annotated[str, typer.Argument(help="A configuration's name (tiny) or a .toml file.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for states, log and the trained pipeline (default: trainings/CONFIG).",
            show_default=False,
        ),
    ] = None,
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
    start: Annotated[
        Path | None,
        typer.Option(
            "--start",
            metavar="PIPELINE",
            help="Train on from these weights: a pipeline's folder, or tiny, which ships.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="BENCHMARK",
            help="Prepared clips to train on: BENCHMARK, BENCHMARK/SUBSET or local/NAME (default: generated "
            "clips, endlessly).",
            show_default=False,
        ),
    ] = None,
    without: Annotated[
        str | None,
        typer.Option(
            "--without",
            metavar="BENCHMARK/SUBSET",
            help="Clips of --data to leave out: those that you will test on.",
            show_default=False,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Source of --data (default: the benchmark's).", show_default=False),
    ] = None,
    clips: Annotated[
        Path | None,
        typer.Option("--clips", help="Cache of generated clips (default: OUT/clips).", show_default=False),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Processes that render and prepare ahead; 0 for none.")
    ] = 1,
) -> None:
    """Train the reference model on generated clips, or on prepared ones; see docs/training.md.

    OUT/pipeline (the last weights) and OUT/best (the best by validation) are what
    `mcbench run --model ours --option checkpoint=OUT/pipeline` takes. On several GPUs:
    accelerate launch --multi_gpu -m mcbench train CONFIG ... (--use_fsdp spreads weights over them).

    Example: mcbench train tiny --out trainings/tiny
    """
    from mcbench.environment import pick_device
    from mcbench.model.config import ModelConfig
    from mcbench.model.training import prepared_clips
    from mcbench.model.training import train as run_training

    loaded = ModelConfig.load(config)
    if data is None and (source is not None or without is not None):
        raise InputError("--source and --without are of --data, which is not given", "add --data BENCHMARK")
    prepared = None if data is None else prepared_clips(data, loaded, without=without, source=source)
    with console.progress() as progress:
        if prepared is not None and prepared.left_out:
            progress.message(f"{prepared.left_out} clips of {data} are too short or show nobody: left out")
        pipeline = run_training(
            loaded,
            out=out or Path("trainings") / loaded.name,
            stage=stage.value,
            steps1=steps1,
            steps2=steps2,
            seed=seed,
            device=pick_device(device),
            resume=resume,
            start=start,
            data=prepared,
            clips=clips,
            workers=workers,
            progress=progress,
        )
    if os.environ.get("RANK", "0") == "0":  # torchrun and accelerate number their processes
        console.say(f"the trained pipeline is {pipeline}")

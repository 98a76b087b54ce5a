"""What a stage starts from, and which of its parameters learn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from mcbench import files
from mcbench.errors import InputError, MismatchError
from mcbench.model.config import ModelConfig, StageConfig
from mcbench.model.loading import find_checkpoint, load_pipeline
from mcbench.model.networks import Networks, build_networks, temporal_parameter, with_motion_modules
from mcbench.model.pipeline import AnimationPipeline
from mcbench.model.pretrained import ConversionReport, start_from_pretrained
from mcbench.model.training.state import average_path, load_weights


def built_networks(config: ModelConfig, number: int) -> Networks:
    """Build a stage's networks with random weights, which a kept state is to replace."""
    networks = build_networks(config, temporal=False)
    return networks if number == 1 else with_motion_modules(networks, config)


def start_networks(
    config: ModelConfig, number: int, seed: int, stage1: Path, start: Path | None = None
) -> tuple[Networks, ConversionReport]:
    """Return the networks that a stage starts from, and the account of published weights in them.

    Args:
        config: of the model.
        number: of the stage. The second starts from the averaged weights of the first.
        seed: of what begins random.
        stage1: folder of the first stage's state.
        start: the folder of a pipeline with the same networks (or the name of a shipped one), in the place of
            random and published weights: the first stage begins with all but its motion modules, the second
            with those. Where it has none, the second begins as without it.

    Raises:
        InputError: the second stage is asked for, and there is no first one.
        WeightsMissingError: published weights, or the pipeline to start from, are not on this machine.
        FileFormatError, MismatchError: they do not fit; the message names keys or settings.
    """
    pipeline = None if start is None else _load(start, config)
    torch.manual_seed(seed)  # After loading, which draws weights that it replaces.
    networks = build_networks(config, temporal=False)
    if number == 2:
        path = average_path(stage1)
        if not path.exists():
            raise InputError(
                f"stage 2 starts from stage 1, which is not in {path.parent.parent}",
                "train stage 1 first: mcbench train ... --stage 1",
            )
        load_weights(path, networks)
        networks = with_motion_modules(networks, config)
        if pipeline is not None and not pipeline.networks().temporal:
            pipeline = None
    if pipeline is None:
        return networks, start_from_pretrained(config, networks, motion_only=number == 2)
    _fill(networks, pipeline, motion=number == 2)
    return networks, ConversionReport(source=f"start weights of {config.name}", parts=())


def weights_sha256(start: Path) -> str:
    """Return a hash of all weights of a pipeline: of its folder, or of a shipped one by its name.

    Raises:
        WeightsMissingError: there is no such pipeline.
    """
    paths = sorted(find_checkpoint(str(start)).glob("*/*.safetensors"))
    return files.sha256_text("".join(files.sha256_file(path) for path in paths))


def freeze(networks: Networks, stage: StageConfig) -> None:
    """Let only those parameters learn that a stage trains."""
    frozen = networks.frozen_parameters()
    for name, parameter in networks.named_parameters():
        learns = name not in frozen and (not stage.temporal_only or temporal_parameter(name))
        parameter.requires_grad_(learns)


def learning(networks: Networks) -> list[torch.nn.Parameter]:
    """Return the parameters that learn; spreading networks over processes replaces them by others."""
    return [parameter for parameter in networks.parameters() if parameter.requires_grad]


def _load(start: Path, config: ModelConfig) -> AnimationPipeline:
    """Load a pipeline to start from, and check that its weights mean the same in a configuration's networks.

    Raises:
        WeightsMissingError, FileFormatError: it is not there, or no pipeline of ours.
        MismatchError: it is of other networks; the message names the first difference.
    """
    pipeline = load_pipeline(find_checkpoint(str(start)))
    theirs = pipeline.networks()
    with torch.device("meta"):
        ours = build_networks(config, temporal=theirs.temporal)
    wanted, found = _meaning(AnimationPipeline.from_networks(ours, config)), _meaning(pipeline)
    different = [
        f"{name} = {found[name]} instead of {wanted[name]}"
        for name in wanted
        if name in found and wanted[name] != found[name]
    ]
    shapes = {name: value.shape for name, value in theirs.state_dict().items()}
    different += [name for name, value in ours.state_dict().items() if shapes.get(name) != value.shape]
    if different:
        raise MismatchError(
            f"{start} has other networks than {config.name} builds: {different[0]}",
            "give a pipeline that was trained with the same networks, or leave --start out",
        )
    return pipeline


def _fill(networks: Networks, pipeline: AnimationPipeline, *, motion: bool) -> None:
    """Give networks the motion modules of a pipeline, or all but them."""
    taken = {
        name: value
        for name, value in pipeline.networks().state_dict().items()
        if temporal_parameter(name) is motion
    }
    networks.load_state_dict(taken, strict=False)


def _meaning(pipeline: AnimationPipeline) -> dict[str, Any]:
    """Return the settings that decide what weights of one shape mean: the size is none of them."""
    settings: dict[str, Any] = {
        "latents": pipeline.latents_config.model_dump(mode="json"),
        "reference_pose_in_reference_net": pipeline.config.settings["reference_pose_in_reference_net"],
        "prediction_type": pipeline.scheduler.config.prediction_type,
        "denoiser": type(pipeline.denoiser).__name__,
    }
    for part in (pipeline.denoiser, pipeline.reference_net):
        settings |= {
            name: value
            for name, value in part.config.items()
            if not name.startswith("_") and name != "sample_size"
        }
    # Tuples become lists on their way through a file.
    told: dict[str, Any] = json.loads(json.dumps(settings))
    return told

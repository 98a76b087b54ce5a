"""The networks that a stage starts from, and what of them it trains."""

from __future__ import annotations

from pathlib import Path

import torch

from mcbench.errors import InputError
from mcbench.model.config import ModelConfig, StageConfig
from mcbench.model.networks import Networks, build_networks, temporal_parameter, with_motion_modules
from mcbench.model.pretrained import ConversionReport, start_from_pretrained
from mcbench.model.training.state import average_path, load_weights


def built_networks(config: ModelConfig, number: int) -> Networks:
    """Return the networks of a stage as they are built: with motion modules in the second."""
    networks = build_networks(config, temporal=False)
    return networks if number == 1 else with_motion_modules(networks, config)


def start_networks(
    config: ModelConfig, number: int, seed: int, stage1: Path
) -> tuple[Networks, ConversionReport]:
    """Return the networks that a stage starts from, and the account of published weights in them.

    Args:
        config: what to build, and which published weights to begin with.
        number: of the stage. The second starts from the averaged weights of the first.
        seed: of what begins random.
        stage1: folder of the first stage's state.

    Raises:
        InputError: the second stage is asked for, and there is no first one.
        WeightsMissingError: published weights are not on this machine.
        FileFormatError, MismatchError: weights are damaged, or of another configuration.
    """
    torch.manual_seed(seed)
    networks = build_networks(config, temporal=False)
    if number == 1:
        return networks, start_from_pretrained(config, networks)
    path = average_path(stage1)
    if not path.exists():
        raise InputError(
            f"stage 2 starts from stage 1, and {stage1} holds none",
            "train with --stage all, or --stage 1 first",
        )
    load_weights(path, networks)
    networks = with_motion_modules(networks, config)
    return networks, start_from_pretrained(config, networks, motion_only=True)


def trainable(networks: Networks, stage: StageConfig) -> list[torch.nn.Parameter]:
    """Freeze what a stage does not train, and return what it does."""
    frozen = networks.frozen_parameters()
    for name, parameter in networks.named_parameters():
        learns = name not in frozen and (not stage.temporal_only or temporal_parameter(name))
        parameter.requires_grad_(learns)
    return [parameter for parameter in networks.parameters() if parameter.requires_grad]

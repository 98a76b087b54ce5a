"""The networks that a stage starts from, and the frozen latent space beside them."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKL

from mcbench.errors import InputError
from mcbench.model.config import AutoencoderConfig, ModelConfig, StageConfig
from mcbench.model.latents import build_autoencoder
from mcbench.model.networks import Networks, build_networks, temporal_parameter, with_motion_modules
from mcbench.model.training.state import average_path, load_weights


def start_networks(config: ModelConfig, number: int, seed: int, stage1: Path) -> Networks:
    """Return the networks that a stage starts from.

    Args:
        config: what to build.
        number: of the stage. The second starts from the averaged weights of the first.
        seed: of what begins random.
        stage1: folder of the first stage's state.

    Raises:
        InputError: the second stage is asked for, and there is no first one.
        FileFormatError, MismatchError: its weights are damaged, or of another configuration.
    """
    torch.manual_seed(seed)
    networks = build_networks(config, temporal=False)
    if number == 1:
        return networks
    path = average_path(stage1)
    if not path.exists():
        raise InputError(
            f"stage 2 starts from stage 1, and {stage1} holds none",
            "train with --stage all, or --stage 1 first",
        )
    load_weights(path, networks)
    return with_motion_modules(networks, config)


def start_autoencoder(config: ModelConfig) -> AutoencoderKL | None:
    """Return the frozen autoencoder of a configuration; None where its latents need none."""
    if not isinstance(config.latents, AutoencoderConfig):
        return None
    autoencoder = build_autoencoder(config.latents)
    return autoencoder.eval().requires_grad_(False)


def trainable(networks: Networks, stage: StageConfig) -> list[torch.nn.Parameter]:
    """Freeze what a stage does not train, and return what it does."""
    frozen = networks.frozen_parameters()
    for name, parameter in networks.named_parameters():
        learns = name not in frozen and (not stage.temporal_only or temporal_parameter(name))
        parameter.requires_grad_(learns)
    return [parameter for parameter in networks.parameters() if parameter.requires_grad]

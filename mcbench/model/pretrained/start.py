"""What training starts from: the weights that a configuration names."""

from __future__ import annotations

from diffusers import AutoencoderKL
from transformers import CLIPVisionModelWithProjection

from mcbench.model.config import AutoencoderConfig, ModelConfig
from mcbench.model.latents import build_autoencoder
from mcbench.model.networks import Networks
from mcbench.model.pretrained.fitting import ConversionReport, KeyReport
from mcbench.model.pretrained.parts import (
    load_autoencoder,
    load_clip,
    load_motion_modules,
    load_stable_diffusion,
)


def start_from_pretrained(
    config: ModelConfig, networks: Networks, *, motion_only: bool = False
) -> ConversionReport:
    """Fill networks with the published weights of the section `pretrained`; what it does not name stays.

    Args:
        config: whose networks they are.
        networks: as `build_networks` made them; motion modules are filled where there are any.
        motion_only: fill the motion modules alone: what stage 2 adds to stage 1.

    Raises:
        WeightsMissingError: weights are not on this machine; the hint is the command that gets them.
        FileFormatError, MismatchError: they do not fit; the message names keys.
    """
    named = config.pretrained
    parts: list[KeyReport] = []
    if named.base is not None and not motion_only:
        parts += load_stable_diffusion(named.base, networks.reference_net, networks.denoiser)
    encoder = networks.image_encoder
    if (
        named.image_encoder is not None
        and isinstance(encoder, CLIPVisionModelWithProjection)
        and not motion_only
    ):
        parts.append(load_clip(named.image_encoder, encoder))
    if named.motion_modules is not None and networks.temporal:
        parts.append(load_motion_modules(named.motion_modules, networks.denoiser))
    return ConversionReport(source=f"start weights of {config.name}", parts=tuple(parts))


def start_autoencoder(config: ModelConfig) -> tuple[AutoencoderKL | None, KeyReport | None]:
    """Return a configuration's autoencoder with its published weights, frozen, and the account of its keys.

    Returns:
        Nothing where the latents need none. Without a name in `pretrained` its weights are random and there
        is no account.

    Raises:
        WeightsMissingError, FileFormatError, MismatchError: as `load_autoencoder`.
    """
    if not isinstance(config.latents, AutoencoderConfig):
        return None, None
    autoencoder = build_autoencoder(config.latents)
    name = config.pretrained.autoencoder or config.pretrained.base
    report = None if name is None else load_autoencoder(name, autoencoder)
    return autoencoder.eval().requires_grad_(False), report

"""Guiders: small convolutional encoders whose output is added to the features of the initial noise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.controlnets.controlnet import ControlNetConditioningEmbedding
from torch import nn

from mcbench.errors import FileFormatError, InputError, MismatchError
from mcbench.model.config import GuidersConfig
from mcbench.model.guider_kinds import find_guider

_GAUSSIAN_STD = 0.02


class Guider(nn.Module):
    """Encodes a condition map down to the denoiser's resolution; its output starts at zero.

    Args:
        in_channels: channels of the map.
        hidden_channels: channels after each halving of the resolution; their number sets the factor.
        out_channels: the denoiser's first width.
    """

    def __init__(self, in_channels: int, hidden_channels: tuple[int, ...], out_channels: int) -> None:
        super().__init__()
        self.encoder, channels = _halving(in_channels, hidden_channels)
        self.output = _zero_convolution(channels, out_channels)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return features [n, out_channels, H/f, W/f] of maps [n, in_channels, H, W] in 0 to 1."""
        features: torch.Tensor = self.output(self.encoder(maps))
        return features


class AnimateAnyoneGuider(nn.Module):
    """The pose guider that Animate Anyone's text describes: four convolutions, Gaussian init, zero output.

    Reconstructed. The paper gives 4x4 kernels, strides of 2 and 16, 32, 64 and 128 channels, which is a
    sixteenth of the picture, and wants the resolution of latents, an eighth: here a convolution that would go
    below the latents' resolution keeps it (3x3, stride 1). The standard deviation (0.02) and the
    activation (SiLU) are not told.

    Args:
        in_channels: channels of the map.
        hidden_channels: channels of the convolutions.
        out_channels: the denoiser's first width.
        factor: how many pixels make one latent position; a power of two.
    """

    def __init__(
        self, in_channels: int, hidden_channels: tuple[int, ...], out_channels: int, factor: int
    ) -> None:
        super().__init__()
        halvings = factor.bit_length() - 1
        self.encoder, channels = _halving(in_channels, hidden_channels[:halvings])
        for hidden in hidden_channels[halvings:]:
            self.encoder += nn.Sequential(nn.Conv2d(channels, hidden, kernel_size=3, padding=1), nn.SiLU())
            channels = hidden
        for layer in self.encoder:
            for parameter in layer.parameters():
                is_weight = parameter.dim() > 1
                (nn.init.normal_(parameter, std=_GAUSSIAN_STD) if is_weight else nn.init.zeros_(parameter))
        self.output = _zero_convolution(channels, out_channels)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return features [n, out_channels, H/factor, W/factor] of maps [n, in_channels, H, W] in 0 to 1."""
        features: torch.Tensor = self.output(self.encoder(maps))
        return features


def _controlnet(
    in_channels: int, hidden_channels: tuple[int, ...], out_channels: int, _factor: int
) -> nn.Module:
    embedding: nn.Module = ControlNetConditioningEmbedding(
        conditioning_embedding_channels=out_channels,
        conditioning_channels=in_channels,
        block_out_channels=hidden_channels,
    )
    return embedding


Encoder = Callable[[int, tuple[int, ...], int, int], nn.Module]
"""(map's channels, hidden channels, the denoiser's first width, latent factor) -> a network."""

ENCODERS: dict[str, Encoder] = {
    "halving": lambda channels, hidden, out, _factor: Guider(channels, hidden, out),
    "animate-anyone": AnimateAnyoneGuider,
    "controlnet": _controlnet,
}
"""Kinds of guider networks: ours, the one of Animate Anyone's text, and a ControlNet's conditioning
embedding, which is what Moore-AnimateAnyone has released. A kind of one's own is another entry."""


class GuiderSet(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """All guiders of a pipeline, by name; it may be empty.

    Args:
        guiders: {"name", "kind": of `ENCODERS`, "channels": of its map, "hidden_channels": a list} each, in
            the order in which their features are added.
        out_channels: the denoiser's first width.
        factor: side in pixels of one latent position.

    Raises:
        InputError: a kind of network is not known.
    """

    config_name = "config.json"

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, guiders: list[dict[str, Any]], out_channels: int, factor: int) -> None:
        super().__init__()
        self.names: tuple[str, ...] = tuple(told["name"] for told in guiders)
        for told in guiders:
            name = told["name"]
            if told["kind"] not in ENCODERS:
                raise InputError(
                    f"the guider {name!r} is of the unknown kind {told['kind']!r}",
                    f"use {', '.join(ENCODERS)}, or add it to mcbench.model.guiders.ENCODERS",
                )
            encode = ENCODERS[told["kind"]]
            self.add_module(
                name, encode(told["channels"], tuple(told["hidden_channels"]), out_channels, factor)
            )

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __getitem__(self, name: str) -> nn.Module:
        guider: nn.Module = self.get_submodule(name)
        return guider

    def without(self, names: Collection[str]) -> GuiderSet | None:
        """Return the guiders that are not named, with the same weights, or None where none is left."""
        kept = [told for told in self.config.guiders if told["name"] not in names]
        if not kept:
            return None
        left: GuiderSet = GuiderSet(kept, self.config.out_channels, self.config.factor)
        for told in kept:
            left.add_module(told["name"], self[told["name"]])
        return left

    def forward(self, maps: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
        """Return the sum of all guiders' features for some frames, [frames, C, h, w]; None without guiders.

        Args:
            maps: guider name -> maps in 0 to 1, [frames, channels, H, W]; all guiders must have theirs,
                maps without a guider are not looked at.

        Raises:
            MismatchError: a guider has no map.
        """
        total: torch.Tensor | None = None
        for name in self.names:
            if name not in maps:
                raise MismatchError(f"the guider {name!r} has no map", f"give {', '.join(self.names)}")
            features = self[name](maps[name])
            total = features if total is None else total + features
        return total


def build_guiders(config: GuidersConfig, out_channels: int, factor: int) -> GuiderSet:
    """Build the guiders of a configuration, with random weights from torch's generator.

    Args:
        config: section `guiders`.
        out_channels: the denoiser's first width.
        factor: side in pixels of one latent position.

    Raises:
        InputError: a kind of network is not known.
        FileFormatError: a guider's features are not of the latents' resolution.
    """
    guiders = [
        {
            "name": name,
            "kind": config.kinds.get(name, config.default_kind),
            "channels": find_guider(name).channels,
            "hidden_channels": list(config.hidden_channels.get(name, config.default_hidden_channels)),
        }
        for name in config.names
    ]
    made: GuiderSet = GuiderSet(guiders, out_channels, factor)
    side = 4 * factor
    for name in config.names:
        with torch.no_grad():
            features = made[name](torch.zeros(1, find_guider(name).channels, side, side))
        if features.shape[-2:] != (4, 4):
            raise FileFormatError(
                f"the guider {name!r} makes 1 position of {side // features.shape[-1]} pixels, latents are 1 "
                f"of {factor}",
                "change the number of its hidden_channels: each halves the resolution (but the first of a "
                "controlnet guider)",
            )
    return made


@contextmanager
def added_to_first_features(network: nn.Module, features: torch.Tensor | None) -> Iterator[None]:
    """Add features to the output of `network.conv_in` within the block; the network stays as it was.

    Args:
        network: a denoiser or ReferenceNet.
        features: [n, C, h, w] for n rows, or for every n of them in turn; None for nothing.
    """
    if features is None:
        yield
        return

    def add(_module: nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        # Without a copy for every video that shares them, as the two passes of guidance do.
        shared = output.reshape(-1, *features.shape) + features
        return shared.reshape(output.shape)

    handle = network.get_submodule("conv_in").register_forward_hook(add)
    try:
        yield
    finally:
        handle.remove()


def _halving(in_channels: int, hidden_channels: tuple[int, ...]) -> tuple[nn.Sequential, int]:
    layers: list[nn.Module] = []
    channels = in_channels
    for hidden in hidden_channels:
        layers += [nn.Conv2d(channels, hidden, kernel_size=4, stride=2, padding=1), nn.SiLU()]
        channels = hidden
    return nn.Sequential(*layers), channels


def _zero_convolution(in_channels: int, out_channels: int) -> nn.Conv2d:
    layer = nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1)
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer

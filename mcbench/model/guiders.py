"""Guiders: small convolutional encoders whose output is added to the features of the initial noise."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import nn

GUIDERS: dict[str, int] = {
    "pose": 3,
    "reference_pose": 3,
    "depth_order": 3,
    "flow": 3,
    "appearance": 8,
}
"""Guiders that the pipeline can have, and the channels of their maps.

The first four are the paper's. `appearance` is ours, for small networks: the reference (3), where its
people are (1), and its people carried into the frame's pose with coverage (4).
"""


class Guider(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Encodes a condition map down to the denoiser's resolution; its output starts at zero.

    Args:
        in_channels: channels of the map.
        hidden_channels: channels after each halving of the resolution; their number sets the factor.
        out_channels: the denoiser's first width.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, in_channels: int, hidden_channels: tuple[int, ...], out_channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = in_channels
        for hidden in hidden_channels:
            layers += [nn.Conv2d(channels, hidden, kernel_size=4, stride=2, padding=1), nn.SiLU()]
            channels = hidden
        self.encoder = nn.Sequential(*layers)
        self.output = nn.Conv2d(channels, out_channels, kernel_size=3, padding=1)
        for parameter in self.output.parameters():
            nn.init.zeros_(parameter)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return features [n, out_channels, H/f, W/f] of maps [n, in_channels, H, W] in 0 to 1."""
        features: torch.Tensor = self.output(self.encoder(maps))
        return features


class ReferenceTokens(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """A small stand-in for the CLIP image encoder: the reference picture as a grid of tokens.

    Args:
        dimension: of a token (the networks' cross-attention dimension).
        grid: rows and columns of tokens.
        hidden_channels: channels after each halving of the resolution.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, dimension: int, grid: tuple[int, int], hidden_channels: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for hidden in hidden_channels:
            layers += [nn.Conv2d(channels, hidden, kernel_size=4, stride=2, padding=1), nn.SiLU()]
            channels = hidden
        self.encoder = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(tuple(grid)))
        self.output = nn.Conv2d(channels, dimension, kernel_size=1)
        self.position = nn.Parameter(torch.randn(1, math.prod(grid), dimension) * 0.02)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return tokens [n, rows * columns, dimension] of pictures [n, 3, H, W] in -1 to 1."""
        grid: torch.Tensor = self.output(self.encoder(pictures))
        return grid.flatten(2).transpose(1, 2) + self.position


@contextmanager
def added_to_first_features(network: nn.Module, features: torch.Tensor | None) -> Iterator[None]:
    """Add features to the output of `network.conv_in` within the block; the network stays as it was.

    Args:
        network: a denoiser or ReferenceNet.
        features: [n, C, h, w], or None for nothing.
    """
    if features is None:
        yield
        return

    def add(_module: nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        return output + features

    handle = network.get_submodule("conv_in").register_forward_hook(add)
    try:
        yield
    finally:
        handle.remove()

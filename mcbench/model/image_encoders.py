"""What cross-attention sees of the reference: tokens of ours, or CLIP's embedding."""

from __future__ import annotations

import math
from typing import TypeAlias

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from torch import nn
from torch.nn import functional
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection
from transformers.image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD

from mcbench.errors import MismatchError
from mcbench.model.config import ClipConfig, TokensConfig


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


ImageEncoder: TypeAlias = ReferenceTokens | CLIPVisionModelWithProjection
"""Either keeps its settings under `config`."""


def image_tokens(encoder: ImageEncoder, pictures: torch.Tensor) -> torch.Tensor:
    """Return the tokens of pictures [n, 3, H, W] in -1 to 1: [n, tokens, dimension].

    CLIP sees the whole picture squeezed into its square, as Moore-AnimateAnyone shows it, so that nobody is
    cropped away; its projected embedding is the one token.
    """
    if isinstance(encoder, ReferenceTokens):
        tokens: torch.Tensor = encoder(pictures)
        return tokens
    embedding: torch.Tensor = encoder(clip_pixels(pictures, encoder.config.image_size)).image_embeds
    return embedding[:, None]


def clip_pixels(pictures: torch.Tensor, side: int) -> torch.Tensor:
    """Return pictures [n, 3, H, W] in -1 to 1 as CLIP wants them: [n, 3, side, side], normalised."""
    square = functional.interpolate(
        pictures.float(), (side, side), mode="bicubic", antialias=True, align_corners=False
    )
    mean, std = (
        torch.tensor(values, device=pictures.device)[:, None, None]
        for values in (OPENAI_CLIP_MEAN, OPENAI_CLIP_STD)
    )
    return (((square + 1) / 2).clamp(0, 1) - mean).div(std).to(pictures.dtype)


def empty_tokens(config: TokensConfig | ClipConfig, rows: int, dimension: int) -> torch.Tensor:
    """Return the tokens of no reference (zeros), [rows, tokens, dimension]."""
    count = math.prod(config.grid) if isinstance(config, TokensConfig) else 1
    return torch.zeros(rows, count, dimension)


def build_image_encoder(config: TokensConfig | ClipConfig, dimension: int) -> ImageEncoder:
    """Build an image encoder with random weights from torch's generator.

    Args:
        config: section `image_encoder`.
        dimension: of its tokens (the networks' cross-attention dimension).
    """
    if isinstance(config, TokensConfig):
        tokens: ImageEncoder = ReferenceTokens(dimension, config.grid, config.hidden_channels)
        return tokens
    clip: ImageEncoder = CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            image_size=config.image_size,
            patch_size=config.patch_size,
            projection_dim=dimension,
        )
    )
    return clip


def check_dimension(encoder: ImageEncoder, dimension: int) -> None:
    """Check that an encoder's tokens are as wide as cross-attention wants them.

    Raises:
        MismatchError: they are not.
    """
    config = encoder.config
    found = config.dimension if isinstance(encoder, ReferenceTokens) else config.projection_dim
    if found != dimension:
        raise MismatchError(
            f"the image encoder's tokens are {found} wide, cross-attention wants {dimension}",
            "use the image encoder that the networks were trained with",
        )

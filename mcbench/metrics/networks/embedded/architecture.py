"""The embedded networks: one residual trunk over frames, with or without convolutions in time."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

EmbeddedName = Literal["image", "clip", "motion"]
ARCHITECTURE_VERSION = 1
"""Goes up whenever weights of before no longer fit, or would give other features."""
DIMENSIONS = 64
"""Length of every embedded network's feature vector."""
_GRID = (4, 3)
_GRID_CHANNELS = 16
_TIME_PARTS = 5


@dataclass(frozen=True)
class Shape:
    """What decides an embedded network's layers.

    Attributes:
        input_size: (height, width) of the frames it takes.
        clip_length: frames in an item.
        channels: of the stem and of each of the three stages.
        inputs: planes a frame: its 3 colours, with 4 also where it changed since the frame before, with
            7 also by how much in each colour.
    """

    input_size: tuple[int, int]
    clip_length: int
    channels: tuple[int, int, int, int]
    inputs: Literal[3, 4, 7] = 3


SHAPES = MappingProxyType(
    {
        "image": Shape((168, 120), 1, (24, 48, 80, 112)),
        "clip": Shape((84, 60), 16, (16, 40, 80, 112), inputs=4),
        "motion": Shape((84, 60), 16, (16, 40, 80, 112), inputs=7),
    }
)
"""Shape of each network. All take 7:5 portrait frames, as the generated benchmark's are."""


class Encoding(NamedTuple):
    """What a trunk makes of a batch.

    Attributes:
        features: float [B, DIMENSIONS], not yet standardised.
        maps: float [B, channels[2], rows, columns], the second stage averaged over time; training
            hangs its dense tasks on it.
    """

    features: torch.Tensor
    maps: torch.Tensor


class EmbeddedTrunk(nn.Module):
    """A residual network of three stages whose pooled activations become a feature vector.

    Pooling keeps the mean and the spread of every stage (texture, blur and noise live in the early
    ones), a coarse grid of the last stage (where things are), and, for clips, its course in time.
    """

    feature_mean: torch.Tensor
    whitening: torch.Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        stem, first, second, third = shape.channels
        temporal = shape.clip_length > 1
        self.stem = nn.Sequential(
            nn.Conv2d(shape.inputs, stem, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(),
        )
        self.stages = nn.ModuleList(
            [ResidualStage(a, b, temporal) for a, b in ((stem, first), (first, second), (second, third))]
        )
        self.reduce = nn.Conv2d(third, _GRID_CHANNELS, 1)
        pooled = 2 * (stem + first + second + third) + _GRID_CHANNELS * _GRID[0] * _GRID[1]
        if temporal:
            pooled += _GRID_CHANNELS * _TIME_PARTS
        self.project = nn.Linear(pooled, DIMENSIONS)
        self.register_buffer("feature_mean", torch.zeros(DIMENSIONS))
        self.register_buffer("whitening", torch.eye(DIMENSIONS))

    def forward(self, batch: torch.Tensor) -> Encoding:
        """Encode a float batch [B, clip_length, height, width, 3] on the scale 0..255."""
        x, length = self._planes(batch)
        x = self.stem(x)
        pooled = [*_moments(x, length)]
        maps = x
        for index, stage in enumerate(self.stages):
            if index == 1 and length > 1:
                x, length = _average_triples(x, length)
            x = stage(x, length)
            pooled += _moments(x, length)
            if index == 1:
                maps = _clips(x, length).mean(dim=1)
        reduced = _clips(self.reduce(x), length)
        pooled.append(F.adaptive_avg_pool2d(reduced.mean(dim=1), _GRID).flatten(1))
        if length > 1:
            pooled.append(reduced.mean(dim=(3, 4)).flatten(1))
        return Encoding(self.project(torch.cat(pooled, dim=1)), maps)

    def standardised(self, batch: torch.Tensor) -> torch.Tensor:
        """Return features whose covariance over the training data is the identity, [B, DIMENSIONS]."""
        features: torch.Tensor = self(batch).features
        return (features - self.feature_mean) @ self.whitening

    def _planes(self, batch: torch.Tensor) -> tuple[torch.Tensor, int]:
        """Return frames (or frames and differences) as [B * length, channels, height, width], and length."""
        frames = batch.permute(0, 1, 4, 2, 3)
        if self.shape.inputs == 3:
            return frames.flatten(0, 1) / 127.5 - 1, self.shape.clip_length
        change = frames[:, 1:] - frames[:, :-1]
        brightness = change.mean(dim=2, keepdim=True)
        # Slow dances move by a few grey levels a frame; the saturating plane tells that from a frozen
        # picture, the linear ones tell a step from a jump.
        planes = [frames[:, 1:] / 127.5 - 1, brightness / (brightness.abs() + 2)]
        if self.shape.inputs == 7:
            planes.append(change / 32)
        return torch.cat(planes, dim=2).flatten(0, 1), self.shape.clip_length - 1


class ResidualStage(nn.Module):
    """Two 3x3 convolutions, the first of stride 2, with a convolution in time between them for clips."""

    def __init__(self, inputs: int, outputs: int, temporal: bool) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
        )
        self.time = TemporalMix(outputs) if temporal else None
        self.second = nn.Sequential(
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)
        )
        self.skip = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: torch.Tensor, length: int) -> torch.Tensor:
        """Return [N, outputs, rows / 2, columns / 2], sides rounded up."""
        y = self.first(x)
        if self.time is not None:
            y = self.time(y, length)
        skip = self.skip(F.avg_pool2d(x, 2, ceil_mode=True))
        return F.relu(self.second(y) + skip)


class TemporalMix(nn.Module):
    """A residual convolution over three neighbouring frames, at each place by itself."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, (3, 1), bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor, length: int) -> torch.Tensor:
        """Mix [N * length, channels, rows, columns] along time."""
        clips = _clips(x, length).flatten(3).transpose(1, 2)
        # The first and last frame are repeated: zeros would make the ends of every clip look like a jump.
        padded = F.pad(clips, (0, 0, 1, 1), mode="replicate")
        mixed = self.norm(self.mix(padded)).transpose(1, 2).reshape(x.shape)
        return F.relu(x + mixed)


def _clips(x: torch.Tensor, length: int) -> torch.Tensor:
    """Return [B * length, ...] as [B, length, ...]."""
    return x.reshape(-1, length, *x.shape[1:])


def _moments(x: torch.Tensor, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and spread of each channel over the places and frames of an item, each [B, channels]."""
    values = _clips(x, length).transpose(1, 2).flatten(2)
    mean = values.mean(dim=2)
    # The small constant keeps the gradient finite where a channel is dead.
    spread = ((values - mean[:, :, None]).square().mean(dim=2) + 1e-5).sqrt()
    return mean, spread


def _average_triples(x: torch.Tensor, length: int) -> tuple[torch.Tensor, int]:
    """Average every three neighbouring frames, so that all frames of a clip weigh the same."""
    clips = _clips(x, length)
    triples = (clips[:, 0::3] + clips[:, 1::3] + clips[:, 2::3]) / 3
    return triples.flatten(0, 1), length // 3

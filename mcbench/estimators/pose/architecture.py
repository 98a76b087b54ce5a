"""The embedded pose network: a residual encoder, a decoder to a quarter of the crop, one heat map a joint."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

ARCHITECTURE_VERSION = 1
"""Goes up whenever weights of before no longer fit, or would give other points."""
INPUT_SIZE = (128, 96)
"""(height, width) of the crop."""
MAP_SIZE = (32, 24)
MARGIN = 1.3
"""The crop's height or width as a multiple of the box's, whichever is the larger."""
ASPECT = INPUT_SIZE[1] / INPUT_SIZE[0]
JOINTS = 18
_CHANNELS = (24, 48, 80, 128)
_REACH = 2
"""Half the window, in cells of the map, over which a peak's place and weight are taken."""


class PoseNetwork(nn.Module):
    """Maps of 18 joints from a crop of 128x96 and a plane that is 1 inside the person's box.

    The plane tells whom the crop is about: neighbours often stand in it too.
    """

    def __init__(self) -> None:
        super().__init__()
        stem, first, second, third = _CHANNELS
        self.stem = nn.Sequential(_convolution(4, stem, 5, stride=2), nn.ReLU())
        self.first = Residual(stem, first)
        self.second = Residual(first, second)
        self.third = Residual(second, third)
        self.middle = nn.Sequential(_convolution(third, third, 3), nn.ReLU())
        self.up_second = Merge(third, second)
        self.up_first = Merge(second, first)
        self.heads = nn.Conv2d(first, JOINTS, 1)

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        """Return logits [B, 18, 32, 24] of planes [B, 4, 128, 96], colours on -1..1."""
        quarter = self.first(self.stem(planes))
        eighth = self.second(quarter)
        deep = self.third(eighth)
        deep = deep + self.middle(deep)
        logits: torch.Tensor = self.heads(self.up_first(self.up_second(deep, eighth), quarter))
        return logits


class Residual(nn.Module):
    """Two 3x3 convolutions, the first of stride 2, beside average pooling and a 1x1 convolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _convolution(inputs, outputs, 3, stride=2), nn.ReLU(), _convolution(outputs, outputs, 3)
        )
        self.skip = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return [B, outputs, rows / 2, columns / 2]."""
        return F.relu(self.body(x) + self.skip(F.avg_pool2d(x, 2)))


class Merge(nn.Module):
    """Doubles the sides of a coarse map and joins it with a finer one."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(coarse, fine, 1)
        self.join = nn.Sequential(_convolution(fine, fine, 3), nn.ReLU())

    def forward(self, coarse: torch.Tensor, fine: torch.Tensor) -> torch.Tensor:
        """Return [B, fine channels, rows, columns] of the finer map."""
        joined: torch.Tensor = self.join(F.interpolate(self.reduce(coarse), scale_factor=2.0) + fine)
        return joined


def peaks(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return where the maps peak, and how much of each lies there.

    The maps become probabilities by a softmax over all cells. Around the highest cell a window of 5x5 is
    taken: its mean place, weighted by the probabilities, is the point, and its sum the confidence.

    Args:
        logits: [B, 18, rows, columns].

    Returns:
        points float [B, 18, 2], (x, y) in parts of the map's width and height; confidence [B, 18], 0..1.
    """
    batch, joints, rows, columns = logits.shape
    chances = logits.flatten(2).softmax(dim=2)
    best = chances.argmax(dim=2)
    row, column = (best // columns)[..., None, None], (best % columns)[..., None, None]
    down = torch.arange(rows, device=logits.device)[:, None]
    across = torch.arange(columns, device=logits.device)[None, :]
    near = ((down - row).abs() <= _REACH) & ((across - column).abs() <= _REACH)
    window = chances.reshape(batch, joints, rows, columns) * near
    confidence = window.sum(dim=(2, 3))
    x = (window * (across + 0.5)).sum(dim=(2, 3)) / confidence / columns
    y = (window * (down + 0.5)).sum(dim=(2, 3)) / confidence / rows
    return torch.stack([x, y], dim=-1), confidence


def box_plane(box: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return float32 [128, 96], how much of each pixel lies inside a box in the crop's pixels."""
    height, width = INPUT_SIZE
    across = np.clip(np.minimum(np.arange(width) + 1, box[2]) - np.maximum(np.arange(width), box[0]), 0, 1)
    down = np.clip(np.minimum(np.arange(height) + 1, box[3]) - np.maximum(np.arange(height), box[1]), 0, 1)
    return np.asarray(down[:, None] * across[None, :], np.float32)


def _convolution(inputs: int, outputs: int, side: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, side, stride=stride, padding=side // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )

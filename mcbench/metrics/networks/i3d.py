"""I3D of TF-Hub `deepmind/i3d-kinetics-400/1`: the network of FVD.

Carreira and Zisserman, "Quo Vadis, Action Recognition?", 2017: Inception v1 inflated to three
dimensions. The names of the layers are those of the file `i3d_pretrained_400.pt`. Batch normalisation
has the epsilon of the TensorFlow original, 1e-3; several ports have torch's default of 1e-5 instead,
which gives other features from the same file. The last pooling is [2, 7, 7] as in the original's graph;
on 16 frames ports with [1, 7, 7] agree with it, on more than 16 they do not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from mcbench.errors import FileFormatError
from mcbench.metrics.networks.prepacked import PrepackedConvolution
from mcbench.metrics.networks.torch_network import FromFrames, ItemShape, TorchNetwork
from mcbench.weights.loading import load_strict, read_state

_EPSILON = 1e-3
_CLASSES = 400
Triple = tuple[int, int, int]
SHAPE = ItemShape(
    "i3d", dimensions=_CLASSES, input_size=(224, 224), clip_length=16, shortest_clip=9, longest_clip=1024
)
"""What goes in and out. Convolutions are padded by each clip's own length, as TensorFlow does."""

_BEFORE_MIXED: tuple[tuple[str, int, int, Triple, Triple], ...] = (
    ("Conv3d_1a_7x7", 3, 64, (7, 7, 7), (2, 2, 2)),
    ("Conv3d_2b_1x1", 64, 64, (1, 1, 1), (1, 1, 1)),
    ("Conv3d_2c_3x3", 64, 192, (3, 3, 3), (1, 1, 1)),
)
# Input channels, then output channels of the branches b0, b1a, b1b, b2a, b2b, b3b.
_MIXED: dict[str, tuple[int, ...]] = {
    "Mixed_3b": (192, 64, 96, 128, 16, 32, 32),
    "Mixed_3c": (256, 128, 128, 192, 32, 96, 64),
    "Mixed_4b": (480, 192, 96, 208, 16, 48, 64),
    "Mixed_4c": (512, 160, 112, 224, 24, 64, 64),
    "Mixed_4d": (512, 128, 128, 256, 24, 64, 64),
    "Mixed_4e": (512, 112, 144, 288, 32, 64, 64),
    "Mixed_4f": (528, 256, 160, 320, 32, 128, 128),
    "Mixed_5b": (832, 256, 160, 320, 32, 128, 128),
    "Mixed_5c": (832, 384, 192, 384, 48, 128, 128),
}
_POOL_BEFORE: dict[str, tuple[Triple, Triple]] = {
    "Conv3d_2b_1x1": ((1, 3, 3), (1, 2, 2)),
    "Mixed_3b": ((1, 3, 3), (1, 2, 2)),
    "Mixed_4b": ((3, 3, 3), (2, 2, 2)),
    "Mixed_5b": ((2, 2, 2), (2, 2, 2)),
}


class I3D(nn.Module):
    """From [B, 3, T, 224, 224] on -1..1 to logits of Kinetics-400 averaged over time, [B, 400]."""

    def __init__(self) -> None:
        super().__init__()
        for name, inputs, outputs, kernel, stride in _BEFORE_MIXED:
            self.add_module(name, _Unit(inputs, outputs, kernel, stride))
        for name, channels in _MIXED.items():
            self.add_module(name, _Mixed(*channels))
        self.logits = _Logits(1024, _CLASSES)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        values = clips
        for name, layer in self.named_children():
            if name in _POOL_BEFORE:
                values = _max_pool_same(values, *_POOL_BEFORE[name])
            if name == "logits":
                values = functional.avg_pool3d(values, (2, 7, 7), stride=1)
            values = layer(values)
        return values.mean(dim=(2, 3, 4))


class _Unit(nn.Module):
    """Convolution, batch normalisation, ReLU, padded as TensorFlow's SAME does."""

    def __init__(
        self, inputs: int, outputs: int, kernel: Triple = (1, 1, 1), stride: Triple = (1, 1, 1)
    ) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(inputs, outputs, kernel, stride, bias=False)
        self.bn = nn.BatchNorm3d(outputs, eps=_EPSILON)
        self._kernel, self._stride = kernel, stride

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        padded, padding = _same(values, self._kernel, self._stride)
        found = functional.conv3d(padded, self.conv3d.weight, None, self._stride, padding)
        return functional.relu(self.bn(found))


class _PrepackedUnit(nn.Module):
    def __init__(self, unit: _Unit) -> None:
        super().__init__()
        self.convolution = PrepackedConvolution(unit.conv3d, unit.bn, relu=True)
        self._kernel, self._stride = unit._kernel, unit._stride

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        padded, padding = _same(values, self._kernel, self._stride)
        found: torch.Tensor = self.convolution(padded, padding)
        return found


class _Mixed(nn.Module):
    """An Inception block of four branches."""

    def __init__(self, inputs: int, b0: int, b1a: int, b1b: int, b2a: int, b2b: int, b3b: int) -> None:
        super().__init__()
        self.b0 = _Unit(inputs, b0)
        self.b1a = _Unit(inputs, b1a)
        self.b1b = _Unit(b1a, b1b, (3, 3, 3))
        self.b2a = _Unit(inputs, b2a)
        self.b2b = _Unit(b2a, b2b, (3, 3, 3))
        self.b3b = _Unit(inputs, b3b)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        pooled = _max_pool_same(values, (3, 3, 3), (1, 1, 1))
        branches = (self.b0(values), self.b1b(self.b1a(values)), self.b2b(self.b2a(values)), self.b3b(pooled))
        return torch.cat(branches, dim=1)


class _Logits(nn.Module):
    def __init__(self, inputs: int, classes: int) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(inputs, classes, 1)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.conv3d(values)
        return logits


def _same(values: torch.Tensor, kernel: Triple, stride: Triple) -> tuple[torch.Tensor, Triple]:
    """Return values and padding that together are TensorFlow's SAME: odd padding has more behind."""
    behind: list[int] = []
    both: list[int] = []
    # Plain numbers, also while a model is traced for another back end.
    lengths = [int(length) for length in values.shape[2:]]
    for length, size, step in zip(lengths, kernel, stride, strict=True):
        total = max((-(-length // step) - 1) * step + size - length, 0)
        both.append(total // 2)
        behind.append(total % 2)
    if any(behind):
        values = functional.pad(values, [0, behind[2], 0, behind[1], 0, behind[0]])
    return values, (both[0], both[1], both[2])


def _max_pool_same(values: torch.Tensor, kernel: Triple, stride: Triple) -> torch.Tensor:
    # Padding with 0 equals leaving it out of the maximum, since all values are behind a ReLU.
    padded, padding = _same(values, kernel, stride)
    return functional.max_pool3d(padded, kernel, stride, padding)


class _Scripted(nn.Module):
    """The published TorchScript, asked for logits as FVD asks for them."""

    def __init__(self, script: Any) -> None:
        super().__init__()
        self.script = script

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.script(
            clips.contiguous(), rescale=False, resize=False, return_features=True
        )
        return found


def load_i3d(path: Path, device: str) -> TorchNetwork:
    """Load I3D from `i3d_pretrained_400.pt` (a state dict) or `i3d_torchscript.pt`.

    Raises:
        FileFormatError: the file is damaged, or its tensors do not fit.
    """
    body: nn.Module
    if "torchscript" in path.name:
        # A TorchScript file holds code; the store takes only the one whose digest is in the catalogue.
        try:
            body = _Scripted(torch.jit.load(str(path), map_location=device))  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise FileFormatError(f"{path} is not a readable TorchScript file: {error}") from error
    else:
        with torch.device("meta"):
            body = I3D()
        load_strict(body, read_state(path), str(path))
    return as_network(body, device)


def as_network(body: nn.Module, device: str) -> TorchNetwork:
    """Return a filled `I3D`, or what stands for one, as a metric network."""
    body.to(memory_format=torch.channels_last_3d)
    frames = FromFrames(body, scale=127.5, shift=(1.0, 1.0, 1.0))
    return TorchNetwork(SHAPE, frames, device, substitutes={_Unit: _PrepackedUnit})

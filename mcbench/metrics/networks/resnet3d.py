"""3D ResNet-50 trained on Kinetics-400: the network of FID-VID.

Hara, Kataoka, Satoh, "Can Spatiotemporal 3D CNNs Retrace the History of 2D CNNs and ImageNet?", 2018, in
its first release with projection shortcuts ("shortcut B"). The names of the layers are those of the file
`resnet-50-kinetics.pth`.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from mcbench.metrics.networks.prepacked import PrepackedConvolution
from mcbench.metrics.networks.torch_network import FromFrames, ItemShape, TorchNetwork
from mcbench.weights.loading import load_strict, read_state

SHAPE = ItemShape("resnet50-kinetics", dimensions=2048, input_size=(112, 112), clip_length=16)
"""What goes in and out."""

_CLASSES = 400
_MEAN = (114.7748, 107.7354, 99.4750)


class ResNet3D50(nn.Module):
    """From [B, 3, 16, 112, 112] to pooled features, [B, 2048]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(3, 64, 7, stride=(1, 2, 2), padding=3, bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        self.layer1 = _stage(64, 64, blocks=3, stride=1)
        self.layer2 = _stage(256, 128, blocks=4, stride=2)
        self.layer3 = _stage(512, 256, blocks=6, stride=2)
        self.layer4 = _stage(1024, 512, blocks=3, stride=2)
        # Not used for features; here so that every tensor of the file has its place.
        self.fc = nn.Linear(2048, _CLASSES)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Return the features before the classifier."""
        values = functional.relu(self.bn1(self.conv1(clips)))
        values = functional.max_pool3d(values, 3, stride=2, padding=1)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            values = stage(values)
        return values.mean(dim=(2, 3, 4))


class _Bottleneck(nn.Module):
    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * width
        self.conv1 = nn.Conv3d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = nn.Conv3d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv3d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm3d(outputs)
            )

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        shortcut = values if self.downsample is None else self.downsample(values)
        values = functional.relu(self.bn1(self.conv1(values)))
        values = functional.relu(self.bn2(self.conv2(values)))
        return functional.relu(self.bn3(self.conv3(values)) + shortcut)


class _PrepackedBottleneck(nn.Module):
    def __init__(self, block: _Bottleneck) -> None:
        super().__init__()
        self.conv1 = PrepackedConvolution(block.conv1, block.bn1, relu=True)
        self.conv2 = PrepackedConvolution(block.conv2, block.bn2, relu=True)
        self.conv3 = PrepackedConvolution(block.conv3, block.bn3, relu=False)
        self.downsample: nn.Module | None = None
        if isinstance(block.downsample, nn.Sequential):
            self.downsample = PrepackedConvolution(*block.downsample, relu=False)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        shortcut = values if self.downsample is None else self.downsample(values)
        return functional.relu(self.conv3(self.conv2(self.conv1(values))) + shortcut)


def _stage(inputs: int, width: int, blocks: int, stride: int) -> nn.Sequential:
    layers = [_Bottleneck(inputs, width, stride)]
    layers += [_Bottleneck(4 * width, width, 1) for _ in range(blocks - 1)]
    return nn.Sequential(*layers)


def load_resnet3d(path: Path, device: str) -> TorchNetwork:
    """Load the network from `resnet-50-kinetics.pth`.

    Raises:
        FileFormatError: the file is damaged, or its tensors do not fit.
    """
    with torch.device("meta"):
        model = ResNet3D50()
    load_strict(model, read_state(path), str(path))
    return as_network(model, device)


def as_network(model: ResNet3D50, device: str) -> TorchNetwork:
    """Return a filled network as a metric network."""
    model.to(memory_format=torch.channels_last_3d)
    frames = FromFrames(model, scale=1.0, shift=_MEAN)
    return TorchNetwork(SHAPE, frames, device, substitutes={_Bottleneck: _PrepackedBottleneck})

"""Inception v3 of 2015-12-05 as pytorch-fid has it: the network of FID and KID."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torchvision
from pytorch_fid import inception as pytorch_fid
from torch import nn
from torch.nn import functional
from torchvision.models.inception import BasicConv2d

from mcbench.metrics.networks.prepacked import PrepackedConvolution
from mcbench.metrics.networks.torch_network import FromFrames, ItemShape, TorchNetwork
from mcbench.weights.loading import load_strict, read_state

SHAPE = ItemShape("inception", dimensions=2048, input_size=(299, 299), clip_length=1)
"""What goes in and out."""


def build_inception() -> Any:
    """Return pytorch-fid's network with torch's initial weights.

    The package's own builder downloads its weights while building, so the network is put together here
    from torchvision's Inception and the package's blocks.
    """
    # torchvision's own initialisation takes half a minute, for weights that are replaced at once.
    with torch.random.fork_rng(devices=[]):
        model = torchvision.models.inception_v3(
            num_classes=1008, aux_logits=False, weights=None, init_weights=False
        )
        for name, pool in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
            inputs = {"Mixed_5b": 192, "Mixed_5c": 256, "Mixed_5d": 288}[name]
            setattr(model, name, pytorch_fid.FIDInceptionA(inputs, pool_features=pool))
        for name, width in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
            setattr(model, name, pytorch_fid.FIDInceptionC(768, channels_7x7=width))
        model.Mixed_7b = pytorch_fid.FIDInceptionE_1(1280)
        model.Mixed_7c = pytorch_fid.FIDInceptionE_2(2048)
    return model


class InceptionFeatures(nn.Module):
    """From [B, 3, 299, 299] on -1..1 to pooled features, [B, 2048]."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the features before the classifier."""
        values = images
        for name in ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3"):
            values = getattr(self.model, name)(values)
        values = functional.max_pool2d(values, 3, stride=2)
        for name in ("Conv2d_3b_1x1", "Conv2d_4a_3x3"):
            values = getattr(self.model, name)(values)
        values = functional.max_pool2d(values, 3, stride=2)
        for block in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"):
            values = getattr(self.model, f"Mixed_{block}")(values)
        return values.mean(dim=(2, 3))


def load_inception(path: Path, device: str) -> TorchNetwork:
    """Load the network from `pt_inception-2015-12-05-6726825d.pth`.

    Raises:
        FileFormatError: the file is damaged, or its tensors do not fit.
    """
    with torch.device("meta"):
        model = build_inception()
    load_strict(model, read_state(path), str(path))
    return as_network(model, device)


def as_network(model: nn.Module, device: str) -> TorchNetwork:
    """Return pytorch-fid's network, filled, as a metric network."""
    model.to(memory_format=torch.channels_last)
    frames = FromFrames(InceptionFeatures(model), scale=127.5, shift=(1.0, 1.0, 1.0), images=True)
    return TorchNetwork(SHAPE, frames, device, substitutes={BasicConv2d: _prepacked_unit})


def _prepacked_unit(unit: Any) -> nn.Module:
    return PrepackedConvolution(unit.conv, unit.bn, relu=True)

"""Reference networks with seeded weights, for machines that have not the public files.

Arithmetic takes the same time whatever the weights are. The weights are scaled so that activations stay
alive through all layers, as a trained network's do.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mcbench import weights
from mcbench.metrics.networks import i3d, inception, resnet3d
from mcbench.metrics.networks.lpips import LpipsNetwork, Trunk, build_lpips
from mcbench.metrics.networks.torch_network import TorchNetwork
from mcbench.records import WeightsUse


def fill(module: nn.Module, seed: int = 0) -> None:
    """Fill a module, which may be on no device yet, with seeded weights."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in module.state_dict().items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.zeros((), dtype=torch.long)
        elif value.ndim > 1:
            spread = math.sqrt(2.0 / math.prod(value.shape[1:]))
            state[name] = torch.randn(value.shape, generator=generator) * spread
        elif name.endswith(("running_var", "bn.weight", "bn1.weight", "bn2.weight", "bn3.weight")):
            state[name] = torch.rand(value.shape, generator=generator) * 0.5 + 0.75
        else:
            state[name] = torch.randn(value.shape, generator=generator) * 0.05
    module.load_state_dict(state, assign=True)


def seeded_network(name: str, device: str = "cpu") -> TorchNetwork:
    """Return `inception`, `i3d` or `resnet50-kinetics` with seeded weights."""
    if name == "inception":
        with torch.device("meta"):
            model = inception.build_inception()
        fill(model)
        return inception.as_network(model, device)
    if name == "i3d":
        with torch.device("meta"):
            body = i3d.I3D()
        fill(body)
        return i3d.as_network(body, device)
    with torch.device("meta"):
        resnet = resnet3d.ResNet3D50()
    fill(resnet)
    return resnet3d.as_network(resnet, device)


def seeded_lpips(trunk: Trunk, device: str = "cpu") -> LpipsNetwork:
    """Return LPIPS with its own heads and a seeded trunk."""
    model: Any = build_lpips(trunk)
    fill(model.net)
    return LpipsNetwork(trunk, WeightsUse(name=f"lpips-{trunk}", sha256="0" * 64), model, device)


def real_trunks(shared: Path | None, home: Path) -> bool:
    """Put the real trunks of LPIPS into a folder of weights, if there are any."""
    if shared is None:
        return False
    for name, file in (("lpips-alex", "alexnet"), ("lpips-vgg", "vgg16")):
        if not weights.is_present(name, home):
            weights.add(name, shared / "weights" / "lpips" / f"{file}_features_torchvision.pth", home)
    return True

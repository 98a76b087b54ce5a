"""Seeded weights and inputs for the tests of networks."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import nn

from mcbench.metrics.networks.contract import FeatureNetwork
from mcbench.metrics.networks.embedded import load_embedded
from mcbench.metrics.networks.i3d import load_i3d
from mcbench.metrics.networks.inception import load_inception
from mcbench.metrics.networks.lpips import LpipsNetwork, Trunk, build_lpips
from mcbench.metrics.networks.resnet3d import load_resnet3d
from mcbench.records import WeightsUse
from mcbench.weights.loading import load_strict


def seeded_state(module: nn.Module, seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights of a size that keeps activations alive through a deep network; no counts of batches."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in module.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        if value.ndim > 1:
            fan_in = value[0].numel()
            state[name] = torch.randn(value.shape, generator=generator) * (2.0 / fan_in) ** 0.5
        elif name.endswith(("running_var", "bn.weight")) or re.search(r"bn\d\.weight$", name):
            state[name] = torch.rand(value.shape, generator=generator) * 0.5 + 0.75
        else:
            state[name] = torch.randn(value.shape, generator=generator) * 0.05
    return state


def seeded_lpips(trunk: Trunk) -> LpipsNetwork:
    """LPIPS with its real heads and a seeded trunk."""
    model = build_lpips(trunk)
    load_strict(model.net, seeded_state(model.net), "seeded weights")
    return LpipsNetwork(trunk, WeightsUse(name=f"lpips-{trunk}", sha256="0" * 64), model, "cpu")


def load_by_name(name: str, request_file: Path | None) -> FeatureNetwork:
    """Load a reference network from a seeded file, or an embedded one."""
    loaders = {"inception": load_inception, "i3d": load_i3d, "resnet50-kinetics": load_resnet3d}
    return loaders[name](request_file, "cpu") if request_file is not None else load_embedded(name)  # type: ignore[arg-type]


def random_batch(network: FeatureNetwork, items: int, seed: int = 0) -> torch.Tensor:
    """Return uint8 items that a network takes, clips as short as may be."""
    shape = (items, network.shortest_clip, *network.input_size, 3)
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)

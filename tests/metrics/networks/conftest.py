"""Seeded weights in the formats of the public files, of which only LPIPS's trunks can be had here."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mcbench import weights
from mcbench.metrics.networks.i3d import I3D
from mcbench.metrics.networks.inception import build_inception
from mcbench.metrics.networks.resnet3d import ResNet3D50
from tests.metrics.networks.seeded import seeded_state


@pytest.fixture(scope="session")
def trunks_home(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the real trunks of LPIPS."""
    home = tmp_path_factory.mktemp("weights-home")
    for name, file in (("lpips-alex", "alexnet"), ("lpips-vgg", "vgg16")):
        weights.add(name, shared / "weights" / "lpips" / f"{file}_features_torchvision.pth", home)
    return home


@pytest.fixture(scope="session")
def inception_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As pytorch-fid's release has it: a bare state dict, without counts of batches."""
    path = tmp_path_factory.mktemp("inception") / "pt_inception-2015-12-05-6726825d.pth"
    torch.save(seeded_state(build_inception()), path)
    return path


@pytest.fixture(scope="session")
def i3d_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As converted from TF-Hub: batch normalisation has no scale there, so it is 1."""
    path = tmp_path_factory.mktemp("i3d") / "i3d_pretrained_400.pt"
    state = seeded_state(I3D())
    torch.save(
        {name: torch.ones_like(v) if name.endswith("bn.weight") else v for name, v in state.items()}, path
    )
    return path


@pytest.fixture(scope="session")
def resnet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As published: under `state_dict`, every name behind `module.`, beside training's own entries."""
    path = tmp_path_factory.mktemp("resnet") / "resnet-50-kinetics.pth"
    state = {f"module.{name}": value for name, value in seeded_state(ResNet3D50()).items()}
    torch.save({"epoch": 21, "arch": "resnet-50", "state_dict": state}, path)
    return path

"""Embedded networks as metric networks: weights from the package, features on demand."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import safetensors
import torch
from safetensors.torch import load_file
from torch import nn

from mcbench.errors import FileFormatError, InputError, WeightsMissingError
from mcbench.metrics.networks.embedded.architecture import (
    ARCHITECTURE_VERSION,
    DIMENSIONS,
    SHAPES,
    EmbeddedName,
    EmbeddedTrunk,
)
from mcbench.metrics.networks.torch_network import ItemShape, TorchNetwork

_REINSTALL = "install mcbench again: these weights are part of the package"


class _Standardised(nn.Module):
    """A trunk with its features standardised: mean 0 and spread 1 over the training data."""

    def __init__(self, trunk: EmbeddedTrunk) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        return self.trunk.standardised(frames)


def embedded_weights(name: EmbeddedName) -> Path:
    """Return the file of weights that the package ships for a network.

    Raises:
        InputError: there is no embedded network of that name.
        WeightsMissingError: the installed package lacks the file.
    """
    if name not in get_args(EmbeddedName):
        raise InputError(
            f"there is no embedded network {name!r}", f"choose one of: {', '.join(get_args(EmbeddedName))}"
        )
    path = Path(__file__).parent / f"{name}.safetensors"
    if not path.is_file():
        raise WeightsMissingError(f"the embedded weights {path} are missing", _REINSTALL)
    return path


def load_embedded(name: EmbeddedName, device: str = "cpu", *, path: Path | None = None) -> TorchNetwork:
    """Load an embedded network.

    Args:
        name: `image` (frames), `clip` (16 frames, what they show and how it moves) or `motion` (16
            frames, how they change).
        device: a torch device, such as `cpu` or `cuda`.
        path: weights of one's own training; the package's by default.

    Raises:
        InputError: there is no embedded network of that name.
        WeightsMissingError: the file is missing.
        FileFormatError: the file is damaged, or holds the weights of another network.
    """
    source = embedded_weights(name) if path is None else path
    if not source.is_file():
        raise WeightsMissingError(f"the embedded weights {source} are missing")
    hint = _REINSTALL if path is None else "train it again: python -m mcbench.metrics.networks.embedded.train"
    try:
        with safetensors.safe_open(source, framework="pt") as archive:
            metadata = archive.metadata() or {}
        tensors = load_file(source)
    except (safetensors.SafetensorError, OSError) as error:
        raise FileFormatError(f"cannot read embedded weights from {source}: {error}", hint) from error
    found = (metadata.get("network"), metadata.get("architecture"))
    if found != (name, str(ARCHITECTURE_VERSION)):
        raise FileFormatError(
            f"{source} holds the network {found[0]} of architecture {found[1]}, "
            f"not {name} of architecture {ARCHITECTURE_VERSION}",
            hint,
        )
    trunk = EmbeddedTrunk(SHAPES[name])
    try:
        trunk.load_state_dict(tensors)
    except RuntimeError as error:
        raise FileFormatError(f"{source} does not fit the network {name}: {error}", hint) from error
    shape = SHAPES[name]
    item = ItemShape(name, DIMENSIONS, input_size=shape.input_size, clip_length=shape.clip_length)
    trunk.to(memory_format=torch.channels_last)
    return TorchNetwork(item, _Standardised(trunk), device)

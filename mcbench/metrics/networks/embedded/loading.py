"""Embedded networks as metric networks: weights from the package, features on demand."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import safetensors
import torch
from safetensors.torch import load_file

from mcbench.errors import FileFormatError, InputError, WeightsMissingError
from mcbench.metrics.networks.embedded.architecture import (
    ARCHITECTURE_VERSION,
    SHAPES,
    EmbeddedName,
    EmbeddedTrunk,
)

_REINSTALL = "install mcbench again: these weights are part of the package"


class EmbeddedNetwork:
    """An embedded network in evaluation mode; a `FeatureNetwork`."""

    def __init__(self, name: EmbeddedName, trunk: EmbeddedTrunk, device: str) -> None:
        self._name = name
        self._device = torch.device(device)
        self._trunk = trunk.to(self._device).eval().requires_grad_(False)

    @property
    def name(self) -> str:
        """`image`, `clip` or `motion`."""
        return self._name

    @property
    def dimensions(self) -> int:
        """Length of a feature vector."""
        return int(self._trunk.feature_mean.numel())

    @property
    def input_size(self) -> tuple[int, int]:
        """(height, width) of the frames it takes."""
        return self._trunk.shape.input_size

    @property
    def clip_length(self) -> int:
        """Frames in an item; 1 for `image`."""
        return self._trunk.shape.clip_length

    def features(self, batch: torch.Tensor) -> torch.Tensor:
        """Return standardised features of a batch of clips.

        Args:
            batch: uint8 or floating [B, clip_length, *input_size, 3], RGB on the scale 0..255.

        Returns:
            float32 [B, dimensions], mean 0 and spread 1 over the training data.

        Raises:
            ValueError: the batch has another shape.
        """
        expected = (self.clip_length, *self.input_size, 3)
        if batch.ndim != 5 or tuple(batch.shape[1:]) != expected:
            raise ValueError(
                f"the embedded network {self._name!r} takes batches of {expected}, not {tuple(batch.shape)}"
            )
        with torch.inference_mode():
            return self._trunk.standardised(batch.to(self._device, torch.float32))


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


def load_embedded(name: EmbeddedName, device: str = "cpu", *, path: Path | None = None) -> EmbeddedNetwork:
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
    return EmbeddedNetwork(name, trunk, device)

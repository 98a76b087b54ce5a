"""What a training run keeps on disk so that it goes on exactly where it was: safetensors and JSON only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from mcbench import files
from mcbench.errors import FileFormatError, MismatchError
from mcbench.model.training.sharding import local, spread_like, whole_tensors
from mcbench.records import Environment, Record, Sha256

_STATE, _WEIGHTS, _AVERAGE, _OPTIMIZER = (
    "state.json", "weights.safetensors", "average.safetensors", "optimizer.safetensors",
)  # fmt: skip


class TrainingState(Record):
    """Where a stage of training stands."""

    stage: Literal[1, 2]
    step: Annotated[int, Field(ge=0)]
    """Steps done."""
    steps: Annotated[int, Field(ge=1)]
    """Steps that the stage is to take."""
    seed: int
    config: dict[str, Any]
    """The whole configuration."""
    config_sha256: Sha256
    data: str
    """Identity of the clips."""
    start_sha256: Sha256 | None = None
    """Of the weights of the pipeline that both stages started from."""
    environment: Environment
    """Versions, commit and device that it was written by."""
    seconds: Annotated[float, Field(ge=0)]
    """Time spent in this stage's steps."""
    best: float | None = None
    """The best number of a validation so far."""
    scaler: dict[str, float] = Field(default_factory=dict)
    """Of float16's gradients."""


class MovingAverage:
    """An exponential moving average of parameters, warmed up so that early weights fade fast.

    Not the `EMAModel` of diffusers: that one knows parameters by their order alone, leaves buffers out and
    counts its steps itself, while a state that is resumed from must be safetensors by name.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay = decay
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Take in the parameters after step `step` (counted from 1)."""
        decay = min(self._decay, (1 + step) / (10 + step))
        now = module.state_dict()
        floats = [name for name, average in self.values.items() if average.is_floating_point()]
        torch._foreach_lerp_(
            [local(self.values[name]) for name in floats], [local(now[name]) for name in floats], 1 - decay
        )
        for name in self.values.keys() - set(floats):
            self.values[name].copy_(now[name])


def state_tensors(
    module: nn.Module, average: MovingAverage, optimizer: torch.optim.Optimizer, keep: bool
) -> dict[str, dict[str, torch.Tensor]]:
    """Return all tensors that resuming needs, whole: by file, then by name.

    Every process must ask, since they may be spread over the processes; those that do not `keep` them get
    none.
    """
    every = {
        _WEIGHTS: module.state_dict(),
        _AVERAGE: average.values,
        _OPTIMIZER: _flat_optimizer(optimizer),
    }
    return {name: whole_tensors(tensors, keep) for name, tensors in every.items()}


def save_state(folder: Path, state: TrainingState, tensors: Mapping[str, dict[str, torch.Tensor]]) -> None:
    """Write everything that resuming needs, whole or not at all; `tensors` are those of `state_tensors`."""
    with files.atomic_folder(folder) as temporary:
        for name, content in tensors.items():
            save_file({key: value.cpu().contiguous() for key, value in content.items()}, temporary / name)
        state.write(temporary / _STATE)


def read_state(folder: Path) -> TrainingState | None:
    """Return the state kept in a folder, or None where nothing was kept.

    Raises:
        FileFormatError: it is damaged.
    """
    return TrainingState.read(folder / _STATE) if (folder / _STATE).exists() else None


def load_state(
    folder: Path, module: nn.Module, average: MovingAverage, optimizer: torch.optim.Optimizer
) -> None:
    """Put kept weights, averages and moments into place.

    Raises:
        FileFormatError: a file is damaged.
        MismatchError: the weights are of another network.
    """
    load_weights(folder / _WEIGHTS, module)
    now = average.values
    average.values = {
        name: spread_like(value.to(now[name].device), now[name])
        for name, value in _read(folder / _AVERAGE).items()
    }
    saved = _read(folder / _OPTIMIZER)
    parameters = [each for group in optimizer.param_groups for each in group["params"]]
    state: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in saved.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = spread_like(value, parameters[int(index)])
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def load_weights(path: Path, module: nn.Module) -> None:
    """Load a safetensors file into a module; every name must fit.

    Raises:
        FileFormatError: the file is missing or damaged.
        MismatchError: it holds the weights of another network.
    """
    try:
        own = module.state_dict()
        found = {name: spread_like(value, own.get(name, value)) for name, value in _read(path).items()}
        module.load_state_dict(found, strict=True)
    except RuntimeError as error:
        raise MismatchError(
            f"{path} holds the weights of another configuration: {str(error).splitlines()[1].strip()}",
            "use the configuration that it was trained with, or another --out",
        ) from error


def average_path(folder: Path) -> Path:
    """Return where a state keeps its averaged weights."""
    return folder / _AVERAGE


def _flat_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    state = optimizer.state_dict()["state"]
    return {
        f"{index}.{key}": torch.as_tensor(value)
        for index, each in state.items()
        for key, value in each.items()
    }


def _read(path: Path) -> dict[str, torch.Tensor]:
    try:
        loaded: dict[str, torch.Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise FileFormatError(f"cannot read {path}: {error}", "start again without --resume") from error
    return loaded

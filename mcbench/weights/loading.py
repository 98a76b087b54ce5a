"""Reading state dicts and filling networks with them, with every key accounted for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mcbench.errors import FileFormatError

# Files from before torch 0.4.1 lack it; it counts training steps and changes no output.
_OPTIONAL_SUFFIX = "num_batches_tracked"


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict of tensors from a safetensors or torch file, onto the CPU.

    A torch file may hold the dict itself or have it under `state_dict`, and its names may begin with
    `module.` throughout; both come from how training scripts save.

    Raises:
        FileFormatError: the file is missing, damaged, or holds anything but plain tensors.
    """
    content: Any = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not all(isinstance(v, torch.Tensor) for v in content.values()):
        raise FileFormatError(f"{path} holds no state dict of tensors")
    prefix = "module." if content and all(str(name).startswith("module.") for name in content) else ""
    return {str(name).removeprefix(prefix): value for name, value in content.items()}


def load_strict(network: nn.Module, state: Mapping[str, torch.Tensor], source: str) -> None:
    """Fill a network from a state dict: every tensor of either side must fit one of the other.

    The network may have been built on the `meta` device: its tensors are replaced, not copied into.

    Raises:
        FileFormatError: names or shapes differ, or a value is not finite; the message names some.
    """
    own = network.state_dict()
    missing = [name for name in own if name not in state and not name.endswith(_OPTIONAL_SUFFIX)]
    unexpected = [name for name in state if name not in own and not name.endswith(_OPTIONAL_SUFFIX)]
    other_shape = [
        f"{name} {tuple(state[name].shape)}, not {tuple(own[name].shape)}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    not_finite = [name for name, value in state.items() if not torch.isfinite(value).all()]
    problems = {
        "missing": missing,
        "unexpected": unexpected,
        "of another shape": other_shape,
        "not finite": not_finite,
    }
    told = [
        f"{len(names)} {problem} ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})"
        for problem, names in problems.items()
        if names
    ]
    if told:
        raise FileFormatError(f"the tensors of {source} do not fit the network: {'; '.join(told)}")
    absent = {name: torch.zeros_like(value, device="cpu") for name, value in own.items() if name not in state}
    filled = {name: value.to(own[name].dtype) for name, value in state.items() if name in own}
    network.load_state_dict({**absent, **filled}, assign=True)


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(str(path))
    except (SafetensorError, OSError) as error:
        raise FileFormatError(f"{path} is not a readable safetensors file: {error}") from error


def _read_torch(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for what is no file of its own
        raise FileFormatError(f"{path} is not a torch file of plain tensors: {error}") from error

"""Gradients, moments, averages and resting weights spread over processes: torch's `fully_shard`.

Asked for by accelerate's configuration (`accelerate launch --use_fsdp`, or `use_fsdp` in its file). Torch
does it, not accelerate, which spreads weights over GPUs alone: so two CPU processes can test what runs on
GPUs. All networks are one unit, whose weights are gathered for the forward and backward pass (ZeRO's
stage 2), since reference attention uses layers of a block from outside of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, TypeGuard

import torch
from accelerate import Accelerator
from torch import nn

from mcbench.errors import InputError

if TYPE_CHECKING:
    from torch.distributed.fsdp import FSDPModule
    from torch.distributed.tensor import DTensor

_ASKED = "ACCELERATE_USE_FSDP"


def sharding_is_asked_for() -> bool:
    """Whether accelerate's configuration asks for fully sharded data parallelism, over several processes."""
    return os.environ.get(_ASKED, "false").lower() == "true" and int(os.environ.get("WORLD_SIZE", "1")) > 1


@contextmanager
def hidden_from_accelerate() -> Iterator[None]:
    """Within the block, accelerate does not see that sharding is asked for."""
    asked = os.environ.pop(_ASKED, None)
    try:
        yield
    finally:
        if asked is not None:
            os.environ[_ASKED] = asked


def shard(module: nn.Module, networks: nn.Module, accelerator: Accelerator) -> None:
    """Spread the parameters of `networks` over the processes; `module`, which has them, runs forward.

    Parameters are `DTensor`s from here on, gathered while `module` runs: an optimizer must be made after.
    What else `module` holds stays whole.

    Raises:
        InputError: torch is too old.
    """
    try:
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard
    except ImportError as error:
        raise InputError(
            "spreading weights over processes needs torch 2.7 or later", "pip install --upgrade torch"
        ) from error
    mesh = init_device_mesh(accelerator.device.type, (accelerator.num_processes,))
    others = set(module.parameters()) - set(networks.parameters())
    fully_shard(module, mesh=mesh, reshard_after_forward=False, ignored_params=others)


def syncing(accelerator: Accelerator, module: nn.Module, last: bool) -> AbstractContextManager[None]:
    """Return the context of one part of a batch: processes exchange gradients after the last one alone."""
    if _is_sharded(module):
        module.set_requires_gradient_sync(last)
        return nullcontext()
    context: AbstractContextManager[None] = nullcontext() if last else accelerator.no_sync(module)
    return context


def local(tensor: torch.Tensor) -> torch.Tensor:
    """Return this process's part of a tensor, sharing its memory; a whole tensor as it is."""
    return tensor.to_local() if _is_spread(tensor) else tensor


def whole(tensor: torch.Tensor) -> torch.Tensor:
    """Return all of a tensor. Of a spread one every process must ask, and gets it on the CPU."""
    return tensor.full_tensor().cpu() if _is_spread(tensor) else tensor


def whole_tensors(tensors: Mapping[str, torch.Tensor], keep: bool) -> dict[str, torch.Tensor]:
    """Return whole tensors by name; every process must ask, and those that do not `keep` them get none."""
    found = {}
    for name, tensor in tensors.items():
        value = whole(tensor.detach())
        if keep:
            found[name] = value
    return found


def spread_like(value: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Return a tensor that every process has, spread as another one of its shape is; else as it is."""
    if not _is_spread(other) or value.shape != other.shape:
        return value
    from torch.distributed.tensor import distribute_tensor

    on_device = value.to(other.device)
    return distribute_tensor(on_device, other.device_mesh, other.placements, src_data_rank=None)


def _is_spread(tensor: torch.Tensor) -> TypeGuard[DTensor]:
    return hasattr(tensor, "full_tensor")


def _is_sharded(module: nn.Module) -> TypeGuard[FSDPModule]:
    return hasattr(module, "set_requires_gradient_sync")

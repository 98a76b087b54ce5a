"""What runs a network's module: torch as it is, torch with faster arithmetic, or OpenVINO."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from typing import Literal, Protocol

import torch
from torch import nn

Arithmetic = Literal["fp32", "tf32", "bf16"]


class Runner(Protocol):
    """Something that computes a module. Many threads may call it at once."""

    @property
    def backend(self) -> str:
        """Its name in records, such as `torch-fp32`."""

    def __call__(self, values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the module's outputs, float32, for float32 values, both on the module's device."""


class TorchRunner:
    """Runs a module by torch.

    Args:
        module: on `device`, in evaluation mode; returns a tensor or a tuple of them.
        device: where it runs.
        arithmetic: `fp32`; on CUDA also `tf32` (convolutions read their inputs with 10 bits of
            mantissa) or `bf16` (autocast). `fp32` on CUDA turns off TF32, which torch has on for
            convolutions unless told otherwise, and chooses algorithms that give the same bits each time.
    """

    def __init__(self, module: nn.Module, device: torch.device, arithmetic: Arithmetic = "fp32") -> None:
        self._module, self._device, self._arithmetic = module, device, arithmetic
        self.backend = f"torch-{arithmetic}"

    @torch.inference_mode()
    def __call__(self, values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the module's outputs."""
        with self._mode():
            found = self._module(values.to(self._device))
        outputs = (found,) if isinstance(found, torch.Tensor) else tuple(found)
        return tuple(output.float() for output in outputs)

    def _mode(self) -> AbstractContextManager[object]:
        stack = ExitStack()
        if self._device.type == "cuda":
            exact = self._arithmetic == "fp32"
            stack.enter_context(
                torch.backends.cudnn.flags(
                    enabled=True, benchmark=False, deterministic=exact, allow_tf32=not exact
                )
            )
            if self._arithmetic == "bf16":
                stack.enter_context(torch.autocast("cuda", torch.bfloat16))
        return stack

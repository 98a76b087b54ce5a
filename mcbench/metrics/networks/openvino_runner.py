"""Networks through OpenVINO, which is in the extra `fast`: quicker than torch on a CPU."""

from __future__ import annotations

import os
import queue
import threading
import warnings
from collections import OrderedDict
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from mcbench.errors import InputError
from mcbench.openvino_runtime import openvino_core

OpenVinoPrecision = Literal["f32", "bf16"]
_WHAT, _EXTRA = "the fast mode on a CPU", "fast"
_SHAPES_KEPT = 8


def has_bf16() -> bool:
    """Whether this CPU computes in bfloat16; elsewhere OpenVINO imitates it, slowly.

    Raises:
        InputError: OpenVINO is not installed.
    """
    core = openvino_core(_WHAT, _EXTRA)
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class OpenVinoRunner:
    """Runs a module by OpenVINO, compiled anew for each shape of its input.

    Every call is computed by one thread, so a value is the same whatever runs beside it; as many calls
    are computed at once as this process may use CPUs.

    Args:
        module: on the CPU, in evaluation mode; returns a tensor or a tuple of them.
        precision: `f32`, or `bf16` for inner arithmetic in bfloat16.
    """

    def __init__(self, module: nn.Module, precision: OpenVinoPrecision) -> None:
        self._core, self._module, self._precision = openvino_core(_WHAT, _EXTRA), module, precision
        self._compiled: OrderedDict[tuple[int, ...], _Compiled] = OrderedDict()
        self._lock = threading.Lock()
        self.backend = f"openvino-{precision}"

    def __call__(self, values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the module's outputs.

        Raises:
            InputError: OpenVINO cannot run the module.
        """
        return self._for_shape(values)(values)

    def _for_shape(self, values: torch.Tensor) -> _Compiled:
        shape = tuple(values.shape)
        with self._lock:
            if shape in self._compiled:
                self._compiled.move_to_end(shape)
            else:
                self._compiled[shape] = _Compiled(self._compile(values))
                if len(self._compiled) > _SHAPES_KEPT:
                    self._compiled.popitem(last=False)
            return self._compiled[shape]

    def _compile(self, example: torch.Tensor) -> Any:
        failures = _failures()
        try:
            model = _convert(self._module, example)
            model.reshape(list(example.shape))
            threads = (
                len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            )
            settings = {
                "INFERENCE_PRECISION_HINT": self._precision,
                "NUM_STREAMS": threads,
                "INFERENCE_NUM_THREADS": threads,
                "ENABLE_CPU_PINNING": False,
            }
            return self._core.compile_model(model, "CPU", settings)
        except failures as error:
            raise InputError(
                f"OpenVINO cannot run {type(self._module).__name__}: {error}", "leave the fast mode out"
            ) from error


class _Compiled:
    """A compiled model and the requests that wait for work; a request serves one call at a time."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def __call__(self, values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        try:
            request = self._idle.get_nowait()
        except queue.Empty:
            request = self._model.create_infer_request()
        given = np.ascontiguousarray(values.numpy())
        outputs = request.infer([given], share_inputs=True, share_outputs=True)
        # The request's memory is used again by the next call.
        found = tuple(torch.from_numpy(outputs[place].copy()) for place in range(len(outputs)))
        self._idle.put(request)
        return found


def _failures() -> tuple[type[Exception], ...]:
    """Return what OpenVINO raises; its own kinds have no common base of their own."""
    from openvino import frontend

    kinds = ("General", "Initialization", "NotImplemented", "OpConversion", "OpValidation")
    return (RuntimeError, *(getattr(frontend, f"{kind}Failure") for kind in kinds))


def _convert(module: nn.Module, example: torch.Tensor) -> Any:
    """Return OpenVINO's model of a module, traced on an example.

    The frontend is used by itself, since `openvino.convert_model` reports each use to its maker.
    """
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # tracing tells of sizes that become constants; they should
        decoder = TorchScriptPythonDecoder(module, example_input=example.clone())
        frontend = FrontEndManager().load_by_framework("pytorch")
        return frontend.convert(frontend.load(decoder))

"""Networks in .tflite files, run by OpenVINO on the CPU in float32."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import FileFormatError
from mcbench.openvino_runtime import openvino_core

INSTALL = "pip install 'mcbench[pose]'"
"""The line that brings what runs these networks."""


class OpenVinoNetwork:
    """A compiled network with one input; may be used by several threads at once."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._own = threading.local()

    def infer(self, planes: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return copies of all outputs for one input."""
        # A request that several threads share would mix their results.
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        result = self._own.request.infer([planes])
        return tuple(np.array(result[index], np.float32) for index in range(len(self._compiled.outputs)))


def load_openvino(
    path: Path, what: str, weights_name: str, shapes: Sequence[Sequence[int]]
) -> OpenVinoNetwork:
    """Load a network.

    Args:
        path: a .tflite file, or another that OpenVINO reads.
        what: the network's name for messages.
        weights_name: its name in the catalogue of weights.
        shapes: of the input and of the first outputs; the file may have further outputs.

    Raises:
        InputError: OpenVINO is not installed.
        FileFormatError: OpenVINO cannot read the file, or it holds another network.
    """
    core = openvino_core(what, "pose")
    fetch = f"mcbench weights fetch {weights_name}"
    try:
        model = core.read_model(path)
        found = [list(port.shape) for port in (*model.inputs, *model.outputs[: len(shapes) - 1])]
    except RuntimeError as error:
        raise FileFormatError(
            f"{path} is no network that OpenVINO can read: {str(error).splitlines()[0]}", fetch
        ) from error
    if found != [list(shape) for shape in shapes]:
        raise FileFormatError(f"{path} is not {what}: its input and outputs are {found}", fetch)
    # Left alone OpenVINO would compute in bfloat16 where the CPU can.
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    return OpenVinoNetwork(core.compile_model(model, "CPU", settings))

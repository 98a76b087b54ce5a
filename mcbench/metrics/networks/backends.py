"""The fast mode: the quickest back end that gives the metrics of fp32, or an error.

Which back ends are tried is decided by the machine alone, never by a stopwatch, so that the same machine
chooses the same one each time. On a CPU these are OpenVINO in bfloat16 where the CPU computes in it, then
OpenVINO in float32; on CUDA torch in bfloat16, then with TF32. The first is taken whose metrics on a few
items are within `LIMIT` of fp32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mcbench.errors import InputError
from mcbench.metrics.distribution import frechet_distance, kernel_distance, squared_distance
from mcbench.metrics.networks.contract import FeatureNetwork
from mcbench.metrics.networks.lpips import InputRange, LpipsNetwork
from mcbench.metrics.networks.openvino_runner import OpenVinoRunner, has_bf16
from mcbench.metrics.networks.probe import probe_frames, probe_items
from mcbench.metrics.networks.runners import Runner, TorchRunner
from mcbench.metrics.networks.torch_network import TorchNetwork

LIMIT = 1e-3
"""How far a metric of the fast mode may be from fp32, relative to its value."""
_INPUT_RANGES: tuple[InputRange, ...] = ("-1..1", "0..1")
Network = TypeVar("Network", TorchNetwork, LpipsNetwork)


@dataclass(frozen=True)
class Deviation:
    """How far a back end is from fp32 on some items.

    Attributes:
        backend: which one.
        items: |fast - fp32| / |fp32| (Euclidean norms) over all features, or all distances of frames.
        metrics: metric -> |fast - fp32| / |fp32|; infinite where only fp32 reads 0.
    """

    backend: str
    items: float
    metrics: dict[str, float]

    @property
    def worst(self) -> float:
        """The largest deviation of a metric; not a number where a metric is none."""
        return float(np.max(list(self.metrics.values())))

    @property
    def sound(self) -> bool:
        """Whether every metric is within `LIMIT`."""
        return self.worst <= LIMIT


def feature_deviation(
    reference: FeatureNetwork, fast: FeatureNetwork, prediction: torch.Tensor, truth: torch.Tensor
) -> Deviation:
    """Compare the features of two back ends, and what the metrics make of them.

    Args:
        reference: in fp32.
        fast: the same network through another back end.
        prediction: items, [N, T, H, W, 3] as the network takes them, N at least 2.
        truth: as many.

    Returns:
        Deviations of the Frechet, kernel and squared distance between prediction and truth.
    """
    sides = [
        [network.features(items).cpu() for items in (prediction, truth)] for network in (reference, fast)
    ]
    exact, quick = (torch.cat(side).double() for side in sides)
    metrics: dict[str, Callable[[torch.Tensor, torch.Tensor], float]] = {
        "frechet": frechet_distance,
        "kernel": kernel_distance,
        "squared": squared_distance,
    }
    return Deviation(
        fast.backend,
        float((quick - exact).norm() / exact.norm()),
        {name: _relative(metric(*sides[1]), metric(*sides[0])) for name, metric in metrics.items()},
    )


def lpips_deviation(
    reference: LpipsNetwork, fast: LpipsNetwork, prediction: NDArray[np.uint8], truth: NDArray[np.uint8]
) -> Deviation:
    """Compare the mean LPIPS of two back ends, for both ranges of input.

    Args:
        reference: in fp32.
        fast: the same network through another back end.
        prediction: frames, uint8 [N, H, W, 3].
        truth: as many.
    """
    values = [
        np.stack([network.distance(prediction, truth, fed) for fed in _INPUT_RANGES])
        for network in (reference, fast)
    ]
    exact, quick = values
    return Deviation(
        fast.backend,
        float(np.linalg.norm(quick - exact) / np.linalg.norm(exact)),
        {
            f"lpips {fed}": _relative(quick[place].mean(), exact[place].mean())
            for place, fed in enumerate(_INPUT_RANGES)
        },
    )


def fast_network(
    network: TorchNetwork, items: tuple[torch.Tensor, torch.Tensor] | None = None
) -> TorchNetwork:
    """Return a feature network through the quickest sound back end.

    Args:
        network: in fp32.
        items: predicted and true items to try it on; a few generated clips unless given.

    Raises:
        InputError: OpenVINO is needed and not installed, or no back end is sound.
    """
    candidates = candidate_runners(network.module, network.device)
    prediction, truth = probe_items(network) if items is None else items
    return _first_sound(network, candidates, lambda fast: feature_deviation(network, fast, prediction, truth))


def fast_lpips(
    network: LpipsNetwork, frames: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None
) -> LpipsNetwork:
    """Return LPIPS through the quickest sound back end.

    Args:
        network: in fp32.
        frames: predicted and true frames to try it on; a few generated ones unless given.

    Raises:
        InputError: OpenVINO is needed and not installed, or no back end is sound.
    """
    candidates = candidate_runners(network.module, torch.device(network.device))
    if frames is None:
        prediction, truth = (clips[:, ::8].reshape(-1, *clips.shape[2:]) for clips in probe_frames())
    else:
        prediction, truth = frames
    return _first_sound(network, candidates, lambda fast: lpips_deviation(network, fast, prediction, truth))


def candidate_runners(module: nn.Module, device: torch.device) -> list[Callable[[], Runner]]:
    """Return what may run a module on a device in the fast mode, the quickest first.

    Raises:
        InputError: OpenVINO is needed and not installed, or there is no fast mode for the device.
    """
    if device.type == "cpu":
        f32: list[Callable[[], Runner]] = [lambda: OpenVinoRunner(module, "f32")]
        return [lambda: OpenVinoRunner(module, "bf16"), *f32] if has_bf16() else f32
    if device.type == "cuda":
        return [
            lambda: TorchRunner(module, device, "bf16"),
            lambda: TorchRunner(module, device, "tf32"),
        ]
    raise InputError(f"there is no fast mode for the device {device}", "leave the fast mode out")


def _first_sound(
    network: Network, candidates: Sequence[Callable[[], Runner]], compare: Callable[[Network], Deviation]
) -> Network:
    tried = []
    for candidate in candidates:
        fast = network.through(candidate())
        deviation = compare(fast)
        if deviation.sound:
            return fast
        tried.append(f"{deviation.backend} is off by {100 * deviation.worst:.2g} %")
    raise InputError(
        f"no fast back end stays within {100 * LIMIT:g} % of fp32 on this machine: {'; '.join(tried)}",
        "leave the fast mode out",
    )


def _relative(found: float, expected: float) -> float:
    if found == expected:
        return 0.0
    return abs(found - expected) / abs(expected) if expected else math.inf

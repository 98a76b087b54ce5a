"""Known values of metric networks: does a file of weights, on this machine, still give them?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mcbench.metrics.distribution import frechet_distance, squared_distance
from mcbench.metrics.networks.lpips import load_lpips
from mcbench.metrics.networks.registry import LoadedNetwork, load_network_from

_AT_ONCE = 8
# By the port that belongs to the file; for i3d_pretrained_400.pt, which was converted from it, by TensorFlow.
_FLAT_FVD = {"i3d": 151.39244, "i3d-torchscript": 151.25648}


@dataclass(frozen=True)
class GoldenCheck:
    """One known value and what came out.

    Attributes:
        what: what was computed.
        expected: the known value.
        found: what came out here.
        tolerance: how far the two may differ.
    """

    what: str
    expected: float
    found: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether the value is the known one."""
        return abs(self.found - self.expected) <= self.tolerance


def check_golden(name: str, home: Path | None = None, device: str = "cpu") -> list[GoldenCheck]:
    """Compute the known values that belong to a file of weights; an empty list where none are known.

    Args:
        name: from the catalogue of weights; it must be here.
        home: mcbench's folder.
        device: where the network runs.

    Raises:
        WeightsMissingError, FileFormatError: the weights are not here, or do not fit.
    """
    if name == "lpips-vgg":
        vgg = load_lpips("vgg", home=home, device=device)
        black, white = _flat(96, 0), _flat(96, 255)
        mapped, unmapped = float(vgg.distance(black, white)[0]), float(vgg.distance(black, white, "0..1")[0])
        return [
            GoldenCheck("black against white, 96x96", 0.410522, mapped, 1e-5),
            GoldenCheck("the same fed 0..1", 0.494636, unmapped, 1e-5),
        ]
    if name == "lpips-alex":
        alex = load_lpips("alex", home=home, device=device)
        black, white = _flat(64, 0), _flat(64, 255)
        return [
            GoldenCheck("black against white, 64x64", 0.813954, float(alex.distance(black, white)[0]), 1e-5),
            GoldenCheck("mean of their map", 0.81404, float(alex.spatial(black, white).mean()), 1e-5),
        ]
    if name in ("i3d", "i3d-torchscript"):
        loaded = load_network_from("i3d", name, home=home, device=device)
        return [_flat_fvd(loaded, _FLAT_FVD[name]), _random_fvd(loaded)]
    return []


def _flat(side: int, level: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((1, side, side, 3), level, dtype=np.uint8)


def _flat_fvd(loaded: LoadedNetwork, expected: float) -> GoldenCheck:
    """FVD of black clips of 30 frames against white ones, in the README of common_metrics_on_video_quality.

    Equal clips have no spread, so it is the squared distance of two vectors of logits. The README says
    that its value may be off by 1 from one version of torch to another; 30 frames also tell whether time
    is pooled as published.
    """
    sides = [torch.full((1, 30, 224, 224, 3), level, dtype=torch.uint8) for level in (0, 255)]
    black, white = (loaded.network.features(side).cpu().numpy() for side in sides)
    return GoldenCheck("FVD of black against white clips", expected, squared_distance(black, white), 1.0)


def _random_fvd(loaded: LoadedNetwork) -> GoldenCheck:
    """FVD of two sets of 128 noise clips, as published with the TensorFlow original (10.13809).

    Takes about 10 minutes on one CPU core and 2.5 GB of memory.
    """
    sides = []
    for seed in (1, 2):
        # The published clips are drawn as one float64 array each, on 0..1, and fed without rescaling to
        # -1..1; the network here maps 0..255 to -1..1, hence the way back.
        random = np.random.RandomState(seed)
        features = []
        for _ in range(128 // _AT_ONCE):
            clips = random.rand(_AT_ONCE, 16, 224, 224, 3).astype(np.float32)
            batch = torch.from_numpy((clips + 1.0) * 127.5)
            features.append(loaded.network.features(batch).cpu().numpy())
        sides.append(np.concatenate(features))
    return GoldenCheck("FVD of noise clips", 10.13809, frechet_distance(sides[0], sides[1]), 1e-2)

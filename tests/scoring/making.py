"""Small real networks and small folders of frames for the tests of scoring."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

import lpips
import numpy as np
import torch
from torch import nn

from mcbench.estimators.pose import DETECTORS
from mcbench.metrics.networks.lpips import LpipsNetwork
from mcbench.records import NetworkFamily, Unavailable, WeightsUse
from mcbench.scoring.networks import NetworkRequest, Networks
from mcbench.scoring.protocols import PROTOCOLS
from mcbench.video import write_png

SIZE = (40, 28)


class TinyFeatures:
    """A `FeatureNetwork` of one random projection of an item that is shrunk first."""

    def __init__(self, name: str, clip_length: int, seed: int) -> None:
        self.name, self.clip_length = name, clip_length
        self.dimensions, self.input_size = 5, (16, 12)
        self.seen: list[torch.Tensor] = []
        self._projection = torch.randn(
            clip_length * 16 * 12 * 3, 5, generator=torch.Generator().manual_seed(seed)
        )

    def features(self, batch: torch.Tensor) -> torch.Tensor:
        """Return the projection, [B, 5]."""
        assert tuple(batch.shape[1:]) == (self.clip_length, 16, 12, 3)
        self.seen.append(batch)
        return (batch.float() / 255.0).flatten(1) @ self._projection / self._projection.shape[0] ** 0.5


def tiny_networks(*, with_lpips: bool = False, family: NetworkFamily = "reference") -> Networks:
    """Return networks for all roles; LPIPS with a random trunk, or none of it."""
    networks = Networks(NetworkRequest(family=family))
    digest = "0" * 64
    for setting in PROTOCOLS["mcbench/1"].features:
        name = setting.networks[family]
        network = TinyFeatures(name, setting.clip_length, seed=len(name))
        networks.loaded[name] = network
        networks.known[name] = WeightsUse(name=name, sha256=digest)
    for detector in DETECTORS:
        networks.unavailable[detector] = Unavailable(reason="not here", command="fetch it")
    for trunk in ("alex", "vgg"):
        if with_lpips and trunk == "alex":
            networks.known["lpips-alex"] = WeightsUse(name="x", sha256=digest)
            networks.loaded["lpips-alex"] = LpipsNetwork(
                "alex", networks.known["lpips-alex"], random_lpips(), "cpu"
            )
        else:
            networks.unavailable[f"lpips-{trunk}"] = Unavailable(reason="not here", command="fetch it")
    return networks


def random_lpips() -> nn.Module:
    """Return LPIPS with its real heads and a seeded random AlexNet."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package asks torchvision in an old way
        torch.manual_seed(0)
        model: nn.Module = lpips.LPIPS(net="alex", pnet_rand=True, verbose=False)
    return model


def clip(seed: int, n_frames: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Return uint8 [n_frames, *size, 3]: soft coloured blobs that move."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[: size[0], : size[1]]
    frames = np.zeros((n_frames, *size, 3))
    for _ in range(5):
        place, speed = random.uniform(0, 1, 2) * size, random.normal(0, 1, 2)
        colour, width = random.uniform(40, 255, 3), random.uniform(3, 9)
        for index in range(n_frames):
            at = (place + speed * index) % size
            blob = np.exp(-((rows - at[0]) ** 2 + (columns - at[1]) ** 2) / width**2)
            frames[index] += blob[..., None] * colour
    return np.clip(np.rint(frames), 0, 255).astype(np.uint8)


def noisy(frames: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    """Return the frames with Gaussian noise."""
    random = np.random.default_rng(seed)
    return np.clip(np.rint(frames + random.normal(0, sigma, frames.shape)), 0, 255).astype(np.uint8)


def write_folder(folder: Path, videos: Mapping[str, np.ndarray], *, first: int = 0) -> Path:
    """Write videos as frame folders, numbered from `first`."""
    for name, frames in videos.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index, frame in enumerate(frames, start=first):
            write_png(folder / name / f"{index:06d}.png", frame)
    return folder

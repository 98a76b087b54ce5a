"""What the figures of score_speed.py share: frames on disk, the reference networks, one whole scoring."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from seeded_networks import real_trunks, seeded_lpips, seeded_network

from mcbench.data import generated
from mcbench.errors import McbenchError
from mcbench.metrics.networks.lpips import load_lpips
from mcbench.metrics.networks.openvino_runner import OpenVinoRunner
from mcbench.records import NetworkFamily, WeightsUse
from mcbench.scoring import Compute, pairing, protocol
from mcbench.scoring.engine import walk_pairings
from mcbench.scoring.networks import NetworkRequest, Networks
from mcbench.scoring.scores import score_records
from mcbench.video import write_png

LEFT_OUT = ("psnr_uint8", "lpips_vgg", "lpips_alex")
"""What `disco/2` computes besides the seven metrics of the published tables."""
FEATURES = ("inception", "resnet50-kinetics", "i3d")
Size = tuple[int, int]


@dataclass(frozen=True)
class Footage:
    """Folders of videos, each a folder of PNG frames: the truth and what two methods made."""

    truth: Path
    methods: tuple[Path, Path]

    def frames(self, side: Path) -> list[list[Path]]:
        """Return the frames of each video of a side, in order."""
        return [sorted(video.iterdir()) for video in sorted(side.iterdir())]


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    figure: str
    value: str
    goal: str
    compared: str


def make_footage(folder: Path, videos: int, frames: int, size: Size) -> Footage:
    """Write rendered clips of several people with a camera's noise; methods add noise of their own."""
    footage = Footage(folder / "truth", (folder / "first", folder / "second"))
    random = np.random.default_rng(0)
    for place in range(videos):
        specs = generated.test_clips()
        scene = generated.build_scene(specs[place % len(specs)])
        for index in range(frames):
            clean = scene.render(index, size).image.astype(np.float64)
            for side, sigma in ((footage.truth, 1.5), (footage.methods[0], 4.0), (footage.methods[1], 6.0)):
                noisy = np.clip(np.rint(clean + random.normal(0.0, sigma, clean.shape)), 0, 255)
                path = side / f"v{place:04d}" / f"{index:06d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_png(path, noisy.astype(np.uint8))
    return footage


def repeat_footage(footage: Footage, folder: Path, videos: int) -> Footage:
    """Return footage of more videos: hard links of the frames under other names."""
    repeated = Footage(folder / "truth", (folder / "first", folder / "second"))
    for side, target in zip(
        (footage.truth, *footage.methods), (repeated.truth, *repeated.methods), strict=True
    ):
        sources = footage.frames(side)
        for place in range(videos):
            video = target / f"v{place:04d}"
            video.mkdir(parents=True)
            for frame in sources[place % len(sources)]:
                os.link(frame, video / frame.name)
    return repeated


def reference_networks(home: Path, shared: Path | None = None, *, fast: bool = False) -> Networks:
    """Return the reference networks of the seven metrics with seeded weights, real LPIPS where it is at hand.

    The fast mode is OpenVINO in float32, which every CPU has.
    """
    request = NetworkRequest(family="reference", left_out=LEFT_OUT, precision="fast" if fast else "fp32")
    networks = Networks(request)
    real = real_trunks(shared, home)
    lpips = load_lpips("vgg", home=home) if real else seeded_lpips("vgg")
    networks.loaded["lpips-vgg"] = lpips.through(OpenVinoRunner(lpips.module, "f32")) if fast else lpips
    for name in FEATURES:
        network = seeded_network(name)
        networks.loaded[name] = network.through(OpenVinoRunner(network.module, "f32")) if fast else network
    for place, name in enumerate(networks.loaded):
        networks.known[name] = WeightsUse(name=name, sha256=f"{place:064d}")
    return networks


def score(
    predictions: Mapping[str, Path],
    truth: Path,
    networks: Networks,
    *,
    name: str = "disco/2",
    cache: Path | None = None,
    threads: int | None = None,
) -> float:
    """Score methods against the truth, from folders to records; return the seconds it took."""
    start = time.perf_counter()
    chosen = [protocol(name)]
    pairs = {method: pairing.pair_folders(folder, truth) for method, folder in predictions.items()}
    compute = Compute(precision=networks.request.precision, threads=threads)
    found = walk_pairings(pairs, chosen, networks, compute=compute, cache=cache)
    for method, scored in found.items():
        if isinstance(scored, McbenchError):
            raise scored
        score_records(scored, pairs[method], chosen, networks, allow_missing=False, seed=0, cache=cache)
    return time.perf_counter() - start


def describe(networks: Networks) -> str:
    """Return the family of networks and what runs them."""
    family: NetworkFamily = networks.request.family
    backends = sorted({networks.backend(name) for name in networks.known})
    return f"{family} networks, {' and '.join(backends)}"

"""Distances over embedded features rise with the strength of what is done to clips of other people.

The clips come from the demo and test splits, whose people, dances and backdrops no training clip shares; the
distortions are written here anew, act before the resize, and share no code with training.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from mcbench.data.generated import build_scene, demo_clips
from mcbench.data.generated import test_clips as benchmark_clips
from mcbench.metrics.distribution import frechet_distance
from mcbench.metrics.networks.contract import FeatureNetwork
from mcbench.metrics.networks.embedded import load_embedded

Video = NDArray[np.uint8]
SIZE = (224, 160)
FRAMES = 32
WINDOW_STEP = 8
MARGIN = 1.05


class Pair(NamedTuple):
    """A clip, and the same clip with everybody in another one's looks."""

    own: Video
    exchanged: Video


def blur(pair: Pair, sigma: float, random: np.random.Generator) -> Video:
    return np.stack([cv2.GaussianBlur(f, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE) for f in pair.own])


def noise(pair: Pair, sigma: float, random: np.random.Generator) -> Video:
    noisy = pair.own + sigma * random.standard_normal(pair.own.shape, np.float32)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def shuffle(pair: Pair, share: float, random: np.random.Generator) -> Video:
    """Show a share of the frames in each other's places: a random cycle, so that each of them moves."""
    cycle = random.permutation(FRAMES)[: max(2, round(share * FRAMES))]
    order = np.arange(FRAMES)
    order[cycle] = np.roll(cycle, 1)
    return pair.own[order]


def freeze(pair: Pair, share: float, random: np.random.Generator) -> Video:
    """Stop at a frame and show it to the end."""
    last = max(0, round((1 - share) * FRAMES) - 1)
    return pair.own[np.minimum(np.arange(FRAMES), last)]


def swap(pair: Pair, share: float, random: np.random.Generator) -> Video:
    """Exchange identities for the last part of every 16 frames, from an ever earlier frame on."""
    exchanged = np.arange(FRAMES) % 16 >= 16 - round(16 * share)
    return np.where(exchanged[:, None, None, None], pair.exchanged, pair.own)


def lasting_swap(pair: Pair, share: float, random: np.random.Generator) -> Video:
    """Exchange identities from some time on, to the end."""
    start = round((1 - share) * FRAMES)
    return np.concatenate([pair.own[:start], pair.exchanged[start:]])


class Distortion(NamedTuple):
    """What is done, how strongly, and which networks should see it."""

    apply: Callable[[Pair, float, np.random.Generator], Video]
    strengths: tuple[float, float, float, float, float]
    networks: tuple[str, ...] = ("image", "clip", "motion")
    random: bool = False


DISTORTIONS = {
    "blur": Distortion(blur, (1.0, 1.6, 2.6, 4.2, 6.8)),
    "noise": Distortion(noise, (4, 8, 16, 32, 64), random=True),
    "shuffle": Distortion(shuffle, (0.06, 0.12, 0.25, 0.5, 1.0), ("clip", "motion"), random=True),
    "freeze": Distortion(freeze, (0.1, 0.25, 0.45, 0.7, 0.95)),
    "swap": Distortion(swap, (0.06, 0.2, 0.4, 0.6, 0.8)),
    "lasting swap": Distortion(lasting_swap, (0.06, 0.15, 0.3, 0.5, 0.75)),
}
CASES = [(name, seed) for name, entry in DISTORTIONS.items() for seed in ((0, 1) if entry.random else (0,))]


@pytest.fixture(scope="module")
def networks() -> dict[str, FeatureNetwork]:
    torch.set_num_threads(1)
    return {name: load_embedded(name) for name in ("image", "clip", "motion")}  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    rendered = []
    for spec in (*demo_clips(), *benchmark_clips()[:2]):
        scene = build_scene(spec)
        looks = [*range(1, spec.n_people), 0]
        own = np.stack([scene.render(k, SIZE).image for k in range(FRAMES)])
        exchanged = np.stack([scene.render(k, SIZE, looks=looks).image for k in range(FRAMES)])
        rendered.append(Pair(own, exchanged))
    return rendered


@pytest.fixture(scope="module")
def real(networks: dict[str, FeatureNetwork], pairs: list[Pair]) -> dict[str, NDArray[np.float32]]:
    return features(networks, [pair.own for pair in pairs])


def features(networks: dict[str, FeatureNetwork], videos: list[Video]) -> dict[str, NDArray[np.float32]]:
    """Features of all networks: stills for `image`, windows of 16 frames for the others."""
    rows: dict[str, list[torch.Tensor]] = {name: [] for name in networks}
    for video in videos:
        planes = torch.from_numpy(video).permute(0, 3, 1, 2).float()
        sized = {
            size: F.interpolate(planes, size, mode="bicubic", antialias=True).permute(0, 2, 3, 1)
            for size in {network.input_size for network in networks.values()}
        }
        for name, network in networks.items():
            frames, length = sized[network.input_size], network.clip_length
            # Stills are the odd frames, the last among them, so that a change of the last frame shows.
            starts = range(1, FRAMES, 2) if length == 1 else range(0, FRAMES - length + 1, WINDOW_STEP)
            rows[name].append(network.features(torch.stack([frames[s : s + length] for s in starts])))
    return {name: torch.cat(row).numpy() for name, row in rows.items()}


def measured(
    distortion: str,
    seed: int,
    networks: dict[str, FeatureNetwork],
    pairs: list[Pair],
    real: dict[str, NDArray[np.float32]],
) -> dict[str, list[float]]:
    """Distances between the real clips and the distorted ones, a list over strengths for each network."""
    apply, strengths = DISTORTIONS[distortion][:2]
    distances: dict[str, list[float]] = {name: [] for name in networks}
    for strength in strengths:
        videos = [apply(pair, strength, np.random.default_rng([seed, i])) for i, pair in enumerate(pairs)]
        for name, rows in features(networks, videos).items():
            distances[name].append(frechet_distance(rows, real[name]))
    return distances


@pytest.mark.parametrize(("distortion", "seed"), CASES)
def test_distances_rise_with_strength(
    distortion: str,
    seed: int,
    networks: dict[str, FeatureNetwork],
    pairs: list[Pair],
    real: dict[str, NDArray[np.float32]],
) -> None:
    seen = {name: networks[name] for name in DISTORTIONS[distortion].networks}
    distances = measured(distortion, seed, seen, pairs, real)
    for name, row in distances.items():
        assert row[0] > 0, (name, distortion, row)
        assert all(b > MARGIN * a for a, b in pairwise(row)), (name, distortion, row)


def test_a_distance_over_single_frames_cannot_see_order(
    networks: dict[str, FeatureNetwork], pairs: list[Pair]
) -> None:
    image = networks["image"]
    frames = torch.from_numpy(pairs[0].own).permute(0, 3, 1, 2).float()
    sized = F.interpolate(frames, image.input_size, mode="bicubic", antialias=True).permute(0, 2, 3, 1)
    order = torch.from_numpy(np.random.default_rng(0).permutation(FRAMES))
    before, after = (image.features(shown[:, None]).numpy() for shown in (sized, sized[order]))
    assert frechet_distance(after, before) < 1e-6


def test_a_set_is_no_distance_from_itself(real: dict[str, NDArray[np.float32]]) -> None:
    for rows in real.values():
        assert frechet_distance(rows, rows) < 1e-6

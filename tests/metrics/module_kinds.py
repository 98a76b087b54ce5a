"""The metric classes by kind, made on tiny networks, and items to feed them."""

from __future__ import annotations

import functools

import torch

from mcbench import metrics
from mcbench.metrics.networks.lpips import LpipsNetwork
from mcbench.records import WeightsUse
from tests.scoring.making import TinyFeatures, random_lpips

FRAME_CLASSES = {
    metrics.MeanAbsoluteError: metrics.mae,
    metrics.L1PerPixel: metrics.l1_per_pixel,
    metrics.PeakSignalNoiseRatio: metrics.psnr,
    metrics.PeakSignalNoiseRatioUint8: metrics.psnr_uint8,
    metrics.StructuralSimilarity: lambda a, b: metrics.ssim_gaussian(a, b, data_range=255.0),
    metrics.StructuralSimilarityGray: metrics.ssim_gray_uniform,
}
EIGHT_BIT = (metrics.PeakSignalNoiseRatioUint8, metrics.StructuralSimilarityGray)
IMAGE_CLASSES = (metrics.FrechetInceptionDistance, metrics.KernelInceptionDistance)
CLIP_CLASSES = (
    metrics.FrechetVideoResNetDistance, metrics.FrechetVideoDistance, metrics.KernelVideoDistance,
)  # fmt: skip
ALL = (*FRAME_CLASSES, metrics.LearnedPerceptualSimilarity, *IMAGE_CLASSES, *CLIP_CLASSES)


def some_frames(seed: int, *shape: int) -> torch.Tensor:
    return torch.randint(
        0, 256, (*shape, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8
    )


@functools.cache
def tiny_lpips() -> LpipsNetwork:
    return LpipsNetwork("alex", WeightsUse(name="x", sha256="0" * 64), random_lpips(), "cpu")


def make(kind: type, **options: object):
    if kind is metrics.LearnedPerceptualSimilarity:
        return kind(network=tiny_lpips(), **options)
    if kind in IMAGE_CLASSES:
        return kind(network=TinyFeatures("image", 1, 3), **options)
    if kind in CLIP_CLASSES:
        return kind(network=TinyFeatures("motion", 16, 3), **options)
    return kind(**options)


def some_items(kind: type, seed: int, count: int) -> torch.Tensor:
    return some_frames(seed, count, 16, 20, 18) if kind in CLIP_CLASSES else some_frames(seed, count, 40, 44)

"""Metrics: pure functions on frames and features, the networks that make features, and the same as classes.

Every metric is a function (`psnr`, `frechet_distance`, ...) and a `torchmetrics.Metric`
(`PeakSignalNoiseRatio`, `FrechetVideoDistance`, ...); `mcbench.metrics.modules` has the table. Names are
imported when they are first used, since torch and torchmetrics take seconds.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcbench.metrics.distribution import (
        frechet_distance,
        frechet_distance_from_statistics,
        kernel_distance,
    )
    from mcbench.metrics.frame import (
        l1_per_pixel,
        luma_uint8,
        mae,
        psnr,
        psnr_uint8,
        ssim_gaussian,
        ssim_gray_uniform,
    )
    from mcbench.metrics.modules import (
        FrechetInceptionDistance,
        FrechetVideoDistance,
        FrechetVideoResNetDistance,
        KernelInceptionDistance,
        KernelVideoDistance,
        L1PerPixel,
        LearnedPerceptualSimilarity,
        MeanAbsoluteError,
        PeakSignalNoiseRatio,
        PeakSignalNoiseRatioUint8,
        StructuralSimilarity,
        StructuralSimilarityGray,
    )
    from mcbench.metrics.networks.lpips import load_lpips
    from mcbench.metrics.networks.registry import load_network

__all__ = [
    "FrechetInceptionDistance",
    "FrechetVideoDistance",
    "FrechetVideoResNetDistance",
    "KernelInceptionDistance",
    "KernelVideoDistance",
    "L1PerPixel",
    "LearnedPerceptualSimilarity",
    "MeanAbsoluteError",
    "PeakSignalNoiseRatio",
    "PeakSignalNoiseRatioUint8",
    "StructuralSimilarity",
    "StructuralSimilarityGray",
    "frechet_distance",
    "frechet_distance_from_statistics",
    "kernel_distance",
    "l1_per_pixel",
    "load_lpips",
    "load_network",
    "luma_uint8",
    "mae",
    "psnr",
    "psnr_uint8",
    "ssim_gaussian",
    "ssim_gray_uniform",
]

_HOMES = {
    "distribution": ("frechet_distance", "frechet_distance_from_statistics", "kernel_distance"),
    "frame": (
        "l1_per_pixel",
        "luma_uint8",
        "mae",
        "psnr",
        "psnr_uint8",
        "ssim_gaussian",
        "ssim_gray_uniform",
    ),
    "networks.lpips": ("load_lpips",),
    "networks.registry": ("load_network",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_HOME_OF.get(name, 'modules')}")
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)

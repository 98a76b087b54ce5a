"""Metrics of one frame against another: pure functions of arrays, results in float64."""

from __future__ import annotations

from mcbench.metrics.frame.error import l1_per_pixel, mae
from mcbench.metrics.frame.psnr import psnr, psnr_uint8
from mcbench.metrics.frame.ssim import (
    luma_uint8,
    ssim_gaussian,
    ssim_gaussian_map,
    ssim_gaussian_padded,
    ssim_gray_uniform,
)

__all__ = [
    "l1_per_pixel",
    "luma_uint8",
    "mae",
    "psnr",
    "psnr_uint8",
    "ssim_gaussian",
    "ssim_gaussian_map",
    "ssim_gaussian_padded",
    "ssim_gray_uniform",
]

"""`mcbench/1`: what mcbench would rather report."""

from __future__ import annotations

from mcbench.scoring.protocols.model import DistributionMetric, FrameMetric, FrameSetting, Protocol
from mcbench.scoring.protocols.parts import WRAPPED, three_roles

MCBENCH_1 = Protocol(
    name="mcbench/1",
    title="whole frames, one antialiased resize, true PSNR, intervals over videos",
    frames=FrameSetting(
        crop="none", size=None, short_side=256, resize="bilinear-antialias", aspect_tolerance=0.02
    ),
    reference_frame="excluded",
    average="videos",
    frame_metrics=(
        FrameMetric(key="l1", function="mae", higher_is_better=False),
        FrameMetric(key="psnr", function="psnr", higher_is_better=True, unit="dB", cap=100.0),
        FrameMetric(key="psnr_uint8", function="psnr_uint8", higher_is_better=True, unit="dB", note=WRAPPED),
        FrameMetric(key="ssim", function="ssim_gaussian", higher_is_better=True),
        FrameMetric(key="lpips", function="lpips", trunk="alex", higher_is_better=False),
        FrameMetric(key="lpips_vgg", function="lpips", trunk="vgg", higher_is_better=False),
    ),
    distribution_metrics=(
        DistributionMetric(key="fid", distance="frechet", role="image"),
        DistributionMetric(key="kid", distance="kernel-paired", role="image"),
        DistributionMetric(key="fid_vid", distance="frechet", role="clip"),
        DistributionMetric(key="fvd", distance="frechet", role="motion"),
        DistributionMetric(key="kvd", distance="kernel-paired", role="motion"),
    ),
    features=three_roles(
        resize_image="bicubic-antialias", stride=16, equal_per_video=True, skip_reference=True
    ),
)

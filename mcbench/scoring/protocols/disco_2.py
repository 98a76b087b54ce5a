"""`disco/2`: what DisCo's evaluator (tool/metrics, commit c4fa48a) computes on PNG frames."""

from __future__ import annotations

from mcbench.scoring.protocols.model import DistributionMetric, FrameMetric, FrameSetting, Protocol
from mcbench.scoring.protocols.parts import WRAPPED, three_roles

DISCO_2 = Protocol(
    name="disco/2",
    title="DisCo's evaluator on PNG frames: the scale of most published tables",
    frames=FrameSetting(
        crop="centre-square",
        size=(256, 256),
        short_side=None,
        resize="pil-bilinear-uint8",
        aspect_tolerance=0.02,
    ),
    reference_frame="included",
    average="frames",
    frame_metrics=(
        FrameMetric(key="l1", function="l1_per_pixel", higher_is_better=False, unit="levels/px"),
        FrameMetric(key="psnr", function="psnr", higher_is_better=True, unit="dB"),
        FrameMetric(key="psnr_uint8", function="psnr_uint8", higher_is_better=True, unit="dB", note=WRAPPED),
        FrameMetric(key="ssim", function="ssim_gray_uniform", higher_is_better=True),
        FrameMetric(
            key="lpips",
            function="lpips",
            trunk="vgg",
            input_range="0..1",
            higher_is_better=False,
            note="VGG fed 0..1 where it expects -1..1, as the published numbers were",
        ),
        FrameMetric(key="lpips_vgg", function="lpips", trunk="vgg", higher_is_better=False),
        FrameMetric(key="lpips_alex", function="lpips", trunk="alex", higher_is_better=False),
    ),
    distribution_metrics=(
        DistributionMetric(key="fid", distance="frechet", role="image"),
        DistributionMetric(key="fid_vid", distance="frechet", role="clip"),
        DistributionMetric(key="fvd", distance="frechet", role="motion"),
    ),
    features=three_roles(resize_image="bilinear", stride=1, equal_per_video=False, skip_reference=False),
)

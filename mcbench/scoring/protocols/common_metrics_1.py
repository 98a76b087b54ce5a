"""`common-metrics/1`: JunyaoHu's common_metrics_on_video_quality (commit 5f75173)."""

from __future__ import annotations

from mcbench.scoring.protocols.model import (
    DistributionMetric,
    FeatureSetting,
    FrameMetric,
    FrameSetting,
    Protocol,
)

COMMON_METRICS_1 = Protocol(
    name="common-metrics/1",
    title="common_metrics_on_video_quality: frames of the truth's own size, FVD of whole videos",
    frames=FrameSetting(
        crop="none",
        size=None,
        short_side=None,
        size_from="truth",
        resize="bilinear-antialias",
        aspect_tolerance=0.02,
    ),
    reference_frame="included",
    average="frames",
    frame_metrics=(
        FrameMetric(key="psnr", function="psnr", higher_is_better=True, unit="dB", cap=100.0),
        FrameMetric(key="ssim", function="ssim_gaussian", higher_is_better=True),
        FrameMetric(key="lpips", function="lpips_spatial", trunk="alex", higher_is_better=False),
    ),
    distribution_metrics=(
        DistributionMetric(key="fvd", distance="frechet", role="motion"),
        DistributionMetric(
            key="logit_distance",
            distance="squared",
            role="motion",
            note="what the tool prints as FVD for a single video: no distribution is compared",
        ),
    ),
    features=(
        FeatureSetting(
            role="motion",
            # The embedded networks take clips of 16 frames alone.
            networks={"reference": "i3d"},
            resize={"reference": "bilinear"},
            clip_length=10,
            stride=1,
            equal_per_video=False,
            skip_reference=False,
            prefixes=(10, 16, 24, 32, 48, 64, 128),
            prefix_use="separate",
            fit="cover",
        ),
    ),
    notes=(
        "A video is one item, so the number of items of FVD is that of the videos, and FVD of few videos is "
        "mostly bias. The tool takes videos of one length; here the shortest one's length is taken of each.",
        "The tool can print FVD for every number of frames from 10 on. Here it is computed for some of them, "
        "which stand beside the headline; the headline is that of all frames, as the tool's users quote it.",
        "FVD of a single video has no spread and is left out; logit_distance is what the tool prints then.",
        "The tool refuses predictions of another size than the truth; here they are resized to it.",
    ),
)

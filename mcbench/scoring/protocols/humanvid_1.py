"""`humanvid/1`: HumanVid's evaluator (metrics/, commit 28ff734), which SteadyDancer and others follow."""

from __future__ import annotations

from mcbench.scoring.protocols.model import (
    DistributionMetric,
    FeatureSetting,
    FrameMetric,
    FrameSetting,
    Protocol,
)

_SHAPES = 0.05

HUMANVID_1 = Protocol(
    name="humanvid/1",
    title="HumanVid's evaluator: frames of the prediction's size, no Frechet distance of videos",
    frames=FrameSetting(
        crop="none",
        size=None,
        short_side=None,
        size_from="prediction",
        resize="pil-bilinear-uint8",
        aspect_tolerance=_SHAPES,
    ),
    reference_frame="included",
    average="videos",
    frame_metrics=(
        FrameMetric(key="psnr", function="psnr", higher_is_better=True, unit="dB"),
        FrameMetric(key="ssim", function="ssim_gaussian_padded", higher_is_better=True),
        FrameMetric(
            key="lpips",
            function="lpips",
            trunk="vgg",
            input_range="0..1",
            higher_is_better=False,
            note="VGG fed 0..1 where it expects -1..1, as the published numbers were",
        ),
    ),
    distribution_metrics=(
        DistributionMetric(key="fid", distance="frechet", role="image"),
        DistributionMetric(
            key="logit_distance",
            distance="squared",
            role="motion",
            note="published as FVD: squared distance of two videos' logits, no distribution is compared",
            published_as="fvd",
        ),
    ),
    features=(
        FeatureSetting(
            role="image",
            networks={"reference": "inception", "embedded": "image"},
            resize={"reference": "bilinear", "embedded": "bicubic-antialias"},
            clip_length=1,
            stride=1,
            equal_per_video=False,
            skip_reference=False,
            frames=FrameSetting(
                crop="none",
                size=(768, 768),
                short_side=None,
                resize="pil-bilinear-uint8",
                aspect_tolerance=_SHAPES,
            ),
        ),
        FeatureSetting(
            role="motion",
            # The embedded networks take clips of 16 frames alone.
            networks={"reference": "i3d"},
            resize={"reference": "bilinear"},
            clip_length=10,
            stride=1,
            equal_per_video=False,
            skip_reference=False,
            prefixes=tuple(range(10, 25)),
            fit="cover",
        ),
    ),
    notes=(
        "The evaluator scores SSIM, PSNR and LPIPS on one frame of each video, drawn without a seed. The "
        "mean over all frames of a video is the expectation of that draw, and can be repeated.",
        "The evaluator pairs 24 predicted frames with every third frame of a truth of more than 72 frames. "
        "Here frames pair as they are given: take every third frame when the clips are made.",
        "A frame without any error is infinite decibels in the evaluator; here it counts 100.",
        "The evaluator stretches truths of any shape to the prediction's; here shapes may differ by 5 %.",
        "Its CLIP similarity of a video's own frames compares nothing with the truth and is left out.",
    ),
)

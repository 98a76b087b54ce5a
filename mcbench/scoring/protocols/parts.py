"""Settings that several protocols share."""

from __future__ import annotations

from mcbench.scoring.protocols.model import FeatureSetting, ResizeOperator, Role

WRAPPED = "8-bit arithmetic that wraps, as old evaluators had it: to read old tables by, not a PSNR"


def three_roles(
    *, resize_image: ResizeOperator, stride: int, equal_per_video: bool, skip_reference: bool
) -> tuple[FeatureSetting, ...]:
    """Return the settings of the networks of FID, FID-VID and FVD: frames, and clips of 16 frames."""
    networks: dict[Role, str] = {"image": "inception", "clip": "resnet50-kinetics", "motion": "i3d"}
    settings = []
    for role, reference in networks.items():
        image = role == "image"
        settings.append(
            FeatureSetting(
                role=role,
                networks={"reference": reference, "embedded": role},
                resize={
                    "reference": resize_image if image else "bicubic-antialias",
                    "embedded": "bicubic-antialias",
                },
                clip_length=1 if image else 16,
                stride=1 if image else stride,
                equal_per_video=not image and equal_per_video,
                # A clip keeps it: a first clip begins where the video does.
                skip_reference=image and skip_reference,
            )
        )
    return tuple(settings)

"""The protocols: every setting that decides a number, as data, with a hash over all of it."""

from __future__ import annotations

import difflib
import json
from typing import Annotated, Literal

from pydantic import Field

from mcbench import files
from mcbench.errors import InputError
from mcbench.records import NetworkFamily, Part, Size

ResizeOperator = Literal["pil-bilinear-uint8", "bilinear-antialias", "bicubic-antialias", "bilinear"]
"""`pil-bilinear-uint8`: Pillow's antialiased BILINEAR on 8-bit frames. The others work in floating
point, are not clipped and put pixel centres at half-integers; `bilinear` is without antialiasing."""
FrameFunction = Literal[
    "l1_per_pixel", "mae", "psnr", "psnr_uint8", "ssim_gray_uniform", "ssim_gaussian", "lpips"
]
Role = Literal["image", "clip", "motion"]
"""What a feature network looks at: single frames, clips as FID-VID does, clips as FVD does."""


class FrameSetting(Part):
    """From a decoded frame to the frame that metrics see."""

    crop: Literal["none", "centre-square"]
    """`centre-square`: the middle square of the shorter side; of a 604x1080 frame rows 238 to 841."""
    size: Size | None
    """Fixed size, or None where `short_side` rules."""
    short_side: int | None
    """Length of the truth's shorter side after the resize; the longer one follows, rounded to even."""
    resize: ResizeOperator
    aspect_tolerance: Annotated[float, Field(ge=0)]
    """How far the two sides' width-to-height ratios may differ, relative to the truth's."""


class FrameMetric(Part):
    """A metric of one frame against another."""

    key: str
    function: FrameFunction
    higher_is_better: bool
    unit: str = ""
    trunk: Literal["", "alex", "vgg"] = ""
    input_range: Literal["-1..1", "0..1"] = "-1..1"
    """What LPIPS is fed."""
    cap: float | None = None
    """The highest PSNR of a frame; None leaves 100 for identical frames alone."""
    note: str = ""


class PeopleMetric(Part):
    """A metric of every person of a frame, or of the people of a frame together; needs their masks."""

    key: str
    function: str
    """Name in `mcbench.scoring.people.FUNCTIONS`."""
    higher_is_better: bool
    unit: str = ""
    trunk: Literal["", "alex", "vgg"] = ""
    note: str = ""


class DistributionMetric(Part):
    """A distance between the features of all predictions and those of all truths."""

    key: str
    distance: Literal["frechet", "kernel-paired"]
    """`kernel-paired`: items of one frame or clip of both sides are not compared with each other."""
    role: Role


class FeatureSetting(Part):
    """How one role's features are taken."""

    role: Role
    networks: dict[NetworkFamily, str]
    """Family -> name in the registry of networks."""
    resize: dict[NetworkFamily, ResizeOperator]
    """From the protocol's frame, stretched, to the network's input."""
    clip_length: int
    """Frames in an item; 1 for images."""
    stride: int
    """From the first frame of a clip to that of the next."""
    equal_per_video: bool
    """Take as many clips of each video as the shortest one has, evenly spread."""
    skip_reference: bool
    """Leave the reference frame out."""
    prefixes: tuple[int, ...] = ()
    """Where given, the items are the video's first L frames for each L, and not clips of one length."""


class Protocol(Part):
    """How two sets of videos are compared."""

    name: str
    title: str
    frames: FrameSetting
    reference_frame: Literal["included", "excluded"]
    """Whether frame 0, which the model is shown, counts in the frame metrics."""
    average: Literal["frames", "videos"]
    """`frames`: mean over all frames; `videos`: mean of each video, then over videos."""
    frame_metrics: tuple[FrameMetric, ...]
    distribution_metrics: tuple[DistributionMetric, ...]
    features: tuple[FeatureSetting, ...]
    people_metrics: tuple[PeopleMetric, ...] = ()
    confidence: float = 0.95
    bootstrap_draws: int = 1000
    """Resamples of the videos for the interval of a frame metric."""
    jackknife_groups: int = 20
    """Groups of videos that are left out in turn for the interval of a distribution metric."""
    noise_floor_splits: int = 5
    """Random halvings of the true videos whose distances are averaged."""

    @property
    def sha256(self) -> str:
        """Hash of all settings.

        Kinds of settings that came later count only where a protocol uses them, so that the hash of a
        protocol stays when mcbench learns another kind.
        """
        settings = self.model_dump(mode="json")
        if not self.people_metrics:
            del settings["people_metrics"]
        for feature in settings["features"]:
            if not feature["prefixes"]:
                del feature["prefixes"]
        return files.sha256_text(json.dumps(settings, sort_keys=True))

    def feature_setting(self, role: Role) -> FeatureSetting:
        """Return the setting of a role."""
        return next(setting for setting in self.features if setting.role == role)


def _features(
    *, resize_image: ResizeOperator, stride: int, equal_per_video: bool, skip_reference: bool
) -> tuple[FeatureSetting, ...]:
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


_WRAPPED = "8-bit arithmetic that wraps, as old evaluators had it: to read old tables by, not a PSNR"

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
        FrameMetric(key="psnr_uint8", function="psnr_uint8", higher_is_better=True, unit="dB", note=_WRAPPED),
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
    features=_features(resize_image="bilinear", stride=1, equal_per_video=False, skip_reference=False),
)

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
        FrameMetric(key="psnr_uint8", function="psnr_uint8", higher_is_better=True, unit="dB", note=_WRAPPED),
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
    features=_features(
        resize_image="bicubic-antialias", stride=16, equal_per_video=True, skip_reference=True
    ),
)

PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol for protocol in (DISCO_2, MCBENCH_1)}


def protocol(name: str) -> Protocol:
    """Return a protocol by name.

    Raises:
        InputError: there is none of that name.
    """
    try:
        return PROTOCOLS[name]
    except KeyError:
        near = difflib.get_close_matches(name, PROTOCOLS, n=2, cutoff=0.3) or list(PROTOCOLS)
        raise InputError(f"no protocol is called {name!r}", f"use --protocol {' or '.join(near)}") from None


def metric_key(key: str, family: NetworkFamily) -> str:
    """Return the key of a distribution metric: networks other than the field's own are named in it."""
    return key if family == "reference" else f"{key}@{family}"

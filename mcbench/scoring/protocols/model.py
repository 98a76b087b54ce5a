"""What a protocol is made of: every setting that decides a number, with a hash over all of them."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import Field

from mcbench import files
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

"""What a protocol is made of: every setting that decides a number, with a hash over all of them."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from mcbench import files
from mcbench.errors import InputError
from mcbench.records import NetworkFamily, Part, Size

ResizeOperator = Literal["pil-bilinear-uint8", "bilinear-antialias", "bicubic-antialias", "bilinear"]
"""`pil-bilinear-uint8`: Pillow's antialiased BILINEAR on 8-bit frames. The others work in floating
point, are not clipped and put pixel centres at half-integers; `bilinear` is without antialiasing."""
FrameFunction = Literal[
    "l1_per_pixel",
    "mae",
    "psnr",
    "psnr_uint8",
    "ssim_gray_uniform",
    "ssim_gaussian",
    "ssim_gaussian_padded",
    "lpips",
    "lpips_spatial",
]
"""Names of functions of `mcbench.metrics.frame`, and the two forms of LPIPS: `lpips_spatial` is the mean
over the pixels of the map that each layer's distances are interpolated to."""
Role = Literal["image", "clip", "motion"]
"""What a feature network looks at: single frames, clips as FID-VID does, clips as FVD does."""


class FrameSetting(Part):
    """From a decoded frame to the frame that metrics see."""

    crop: Literal["none", "centre-square"]
    """`centre-square`: the middle square of the shorter side; of a 604x1080 frame rows 238 to 841."""
    size: Size | None
    """Fixed size, or None where `short_side` rules, or `size_from` if that is None as well."""
    short_side: int | None
    """Length of the truth's shorter side after the resize; the longer one follows, rounded to even."""
    size_from: Literal["truth", "prediction"] = "truth"
    """Whose own size both sides are brought to where neither `size` nor `short_side` is given."""
    resize: ResizeOperator
    aspect_tolerance: Annotated[float, Field(ge=0)]
    """How far the two sides' width-to-height ratios may differ, relative to the truth's."""
    later: ClassVar[frozenset[str]] = frozenset({"size_from"})


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
    distance: Literal["frechet", "kernel-paired", "squared"]
    """`kernel-paired`: items of one frame or clip of both sides are not compared with each other.
    `squared`: the mean over items of the squared distance of an item's two feature vectors."""
    role: Role
    note: str = ""
    published_as: str = ""
    """Key under which readers look for it, where its evaluator publishes it under another name."""
    later: ClassVar[frozenset[str]] = frozenset({"note", "published_as"})


Metric = FrameMetric | DistributionMetric | PeopleMetric


class FeatureSetting(Part):
    """How one role's features are taken."""

    role: Role
    networks: dict[NetworkFamily, str]
    """Family -> name in the registry of networks; a family that has none for the role is not named."""
    resize: dict[NetworkFamily, ResizeOperator]
    """From the protocol's frame to the network's input."""
    clip_length: int
    """Frames in an item; 1 for images. Where `prefixes` are given, the fewest frames of an item."""
    stride: int
    """From the first frame of a clip to that of the next."""
    equal_per_video: bool
    """Take as many clips of each video as the shortest one has, evenly spread."""
    skip_reference: bool
    """Leave the reference frame out."""
    prefixes: tuple[int, ...] = ()
    """Where given, the items are the video's first L frames for each L, and not clips of one length."""
    prefix_use: Literal["pooled", "separate"] = "pooled"
    """`pooled`: items of every length go into one value. `separate`: each length has a value of its own, over
    all videos; the shortest video's whole length is added to the lengths and gives the headline."""
    fit: Literal["stretch", "cover"] = "stretch"
    """`cover`: the frame keeps its shape, is resized until it covers the network's input, and its centre is
    taken; for a square input the shorter side becomes the input's."""
    frames: FrameSetting | None = None
    """Where given, features are those of the decoded frames brought to this, not of the protocol's frames."""
    later: ClassVar[frozenset[str]] = frozenset({"prefixes", "prefix_use", "fit", "frames"})

    def prefix_lengths(self, n_frames: int, shortest: int) -> tuple[int, ...]:
        """Return the lengths of the items of a video, rising.

        Args:
            n_frames: of this video.
            shortest: the fewest frames of any video that is scored.

        Returns:
            Each L of `prefixes` that the video has; where they are separate, each that all videos have, and
            `shortest` itself. Empty where even the fewest frames are not there.

        Raises:
            InputError: the setting has no prefixes.
        """
        if not self.prefixes:
            raise InputError(f"the features of the role {self.role} are of clips, not of prefixes")
        if self.prefix_use == "pooled":
            return tuple(length for length in self.prefixes if length <= n_frames)
        lengths = {length for length in self.prefixes if length < shortest} | {shortest}
        return tuple(sorted(length for length in lengths if length >= self.clip_length))


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
    notes: tuple[str, ...] = ()
    """What a reader must know besides the settings: source, and where mcbench departs from it."""
    confidence: float = 0.95
    bootstrap_draws: int = 1000
    """Resamples of the videos for the interval of a frame metric."""
    jackknife_groups: int = 20
    """Groups of videos that are left out in turn for the interval of a distribution metric."""
    noise_floor_splits: int = 5
    """Random halvings of the true videos whose distances are averaged."""
    later: ClassVar[frozenset[str]] = frozenset({"people_metrics", "notes"})

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All metrics."""
        return (*self.frame_metrics, *self.distribution_metrics, *self.people_metrics)

    @property
    def sha256(self) -> str:
        """Hash of all settings.

        Kinds of settings that came later (`later`) count only where a protocol uses them, so that the hash
        of a protocol stays when mcbench learns another kind.
        """
        return files.sha256_text(json.dumps(_settings(self), sort_keys=True))

    def feature_setting(self, role: Role) -> FeatureSetting:
        """Return the setting of a role."""
        return next(setting for setting in self.features if setting.role == role)


def _settings(value: Any) -> Any:
    """Return a part as plain data, without later settings that have their default."""
    if isinstance(value, Part):
        later: frozenset[str] = getattr(value, "later", frozenset())
        fields = type(value).model_fields
        kept = {name: getattr(value, name) for name in fields}
        return {
            name: _settings(one)
            for name, one in kept.items()
            if name not in later or one != fields[name].default
        }
    if isinstance(value, dict):
        return {name: _settings(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [_settings(one) for one in value]
    return value

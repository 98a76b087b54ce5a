"""A protocol in plain words, and what sets two of them apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcbench import weights
from mcbench.metrics.networks.registry import network_entry
from mcbench.records import NetworkFamily
from mcbench.scoring.protocols.model import (
    DistributionMetric,
    FeatureSetting,
    FrameFunction,
    FrameMetric,
    FrameSetting,
    Metric,
    PeopleMetric,
    Protocol,
    ResizeOperator,
)

_ABSENT = "not part of it"
_RESIZE: dict[ResizeOperator, str] = {
    "pil-bilinear-uint8": "Pillow's antialiased BILINEAR on 8-bit frames",
    "bilinear-antialias": "antialiased bilinear in floating point, not clipped",
    "bicubic-antialias": "antialiased bicubic in floating point, not clipped",
    "bilinear": "bilinear in floating point without antialiasing",
}
_FUNCTION: dict[FrameFunction, str] = {
    "l1_per_pixel": "mean absolute difference in levels of 0..255, divided once more by the number of pixels",
    "mae": "mean absolute difference, from 0 for equal frames to 1 for black against white",
    "psnr": "20 log10(255 / root mean square difference) of each frame",
    "psnr_uint8": "the formula of PSNR on 8-bit differences and squares that wrap at 256",
    "ssim_gray_uniform": "SSIM of 8-bit gray frames, flat window of 7x7, sample covariance",
    "ssim_gaussian": "SSIM, mean of R, G, B; Gaussian window of 11x11, where it lies inside the frame",
    "ssim_gaussian_padded": "SSIM, mean of R, G, B; Gaussian window of 11x11, at every pixel, black outside",
    "lpips": "LPIPS: the mean over a layer's places, added up over layers",
    "lpips_spatial": "LPIPS: layers' maps stretched to the frame and added up, mean over pixels",
}
_TRUNK = {"alex": "AlexNet", "vgg": "VGG16"}
_DISTANCE = {
    "frechet": "Frechet distance of Gaussians fitted to both sides' features (covariances over N-1)",
    "kernel-paired": "kernel distance (cubic polynomial, unbiased); an item is not compared with its own "
    "counterpart",
    "squared": "mean squared distance of an item's two feature vectors: not a Frechet distance",
}


@dataclass(frozen=True)
class Aspect:
    """One thing that a protocol settles.

    Attributes:
        name: such as `crop` or `network`.
        words: what it settles.
    """

    name: str
    words: str


@dataclass(frozen=True)
class Group:
    """What belongs together: the frames, the averages, or one metric.

    Attributes:
        name: `frames`, `averages` or the key of a metric.
        aspects: in order.
    """

    name: str
    aspects: tuple[Aspect, ...]


@dataclass(frozen=True)
class Difference:
    """One thing that two protocols settle differently.

    Attributes:
        group: `frames`, `averages` or the key of a metric.
        name: of the aspect; empty where one protocol lacks the whole metric.
        first: the first protocol's words.
        second: the second's.
    """

    group: str
    name: str
    first: str
    second: str


def describe_protocol(protocol: Protocol) -> tuple[Group, ...]:
    """Return all settings of a protocol in words, in the order in which they take effect."""
    groups = [Group("frames", frame_aspects(protocol.frames)), Group("averages", average_aspects(protocol))]
    groups += [Group(metric.key, metric_aspects(protocol, metric)) for metric in protocol.metrics]
    return tuple(groups)


def protocol_difference(first: Protocol, second: Protocol) -> tuple[Difference, ...]:
    """Return what two protocols settle differently, in words; empty for two of equal settings."""
    sides = [
        {group.name: {one.name: one.words for one in group.aspects} for group in describe_protocol(protocol)}
        for protocol in (first, second)
    ]
    found = []
    for group in dict.fromkeys([*sides[0], *sides[1]]):
        a, b = sides[0].get(group), sides[1].get(group)
        if a is None or b is None:
            words = [_ABSENT if side is None else next(iter(side.values())) for side in (a, b)]
            found.append(Difference(group, "", words[0], words[1]))
            continue
        for name in dict.fromkeys([*a, *b]):
            if a.get(name) != b.get(name):
                found.append(Difference(group, name, a.get(name, "-"), b.get(name, "-")))
    return tuple(found)


def frame_aspects(setting: FrameSetting) -> tuple[Aspect, ...]:
    """Return what is done to a frame."""
    crops = {"none": "the whole frame", "centre-square": "the centre square of its shorter side"}
    return (
        Aspect("crop", crops[setting.crop]),
        Aspect("size", _size_words(setting)),
        Aspect("resize", _RESIZE[setting.resize]),
        Aspect("shapes", f"width to height of the two sides may differ by {setting.aspect_tolerance:.0%}"),
    )


def average_aspects(protocol: Protocol) -> tuple[Aspect, ...]:
    """Return how frames become one number, and how its certainty is told."""
    reference = {
        "included": "counts as any other",
        "excluded": "left out of frame metrics (the value with it stands beside)",
    }
    average = {"frames": "all frames count alike", "videos": "mean of each video, then of the videos"}
    return (
        Aspect("reference frame", reference[protocol.reference_frame]),
        Aspect("average", average[protocol.average]),
        Aspect(
            "intervals",
            f"{protocol.confidence:.0%} over videos: {protocol.bootstrap_draws} bootstrap draws; for "
            f"distances of distributions a jackknife over at most {protocol.jackknife_groups} groups",
        ),
        Aspect("noise floor", f"mean of {protocol.noise_floor_splits} random halvings of the true videos"),
    )


def metric_aspects(
    protocol: Protocol, metric: Metric, families: Sequence[NetworkFamily] = ("reference", "embedded")
) -> tuple[Aspect, ...]:
    """Return how a protocol defines one of its metrics, with the networks of the families asked for."""
    if isinstance(metric, FrameMetric):
        found = [*_frame_metric(protocol, metric)]
    elif isinstance(metric, DistributionMetric):
        found = [*_distribution_metric(protocol, metric, families)]
    else:
        found = [Aspect("definition", metric.note or metric.function)]
        found += [Aspect("network", f"LPIPS v0.1 with {_TRUNK[metric.trunk]}")] if metric.trunk else []
    higher = not isinstance(metric, DistributionMetric) and metric.higher_is_better
    found.append(Aspect("better", "higher" if higher else "lower"))
    unit = "" if isinstance(metric, DistributionMetric) else metric.unit
    found += [Aspect("unit", unit)] if unit else []
    if metric.note and not isinstance(metric, PeopleMetric):
        found.append(Aspect("note", metric.note))
    return tuple(found)


def network_words(name: str) -> str:
    """Return a feature network with the files that it can be loaded from."""
    entry = network_entry(name)
    files = [published for one in entry.weights for published in weights.entry(one).published_as]
    source = " or ".join(files) if files else "comes with mcbench"
    return f"{name} ({source}), {entry.dimensions} dimensions"


def _size_words(setting: FrameSetting) -> str:
    if setting.size is not None:
        return f"{setting.size[0]}x{setting.size[1]} (height x width)"
    if setting.short_side is not None:
        return (
            f"shorter side {setting.short_side}, the longer in proportion and even, after the "
            f"{setting.size_from}'s shape"
        )
    return f"the {setting.size_from}'s own; the other side is resized to it"


def _frame_metric(protocol: Protocol, metric: FrameMetric) -> Iterator[Aspect]:
    yield Aspect("definition", _FUNCTION[metric.function])
    size = protocol.frames.size
    if metric.function == "l1_per_pixel" and size is not None:
        yield Aspect(
            "scale",
            f"a difference of 1 level of 255 reads {1 / (size[0] * size[1]):.2e} at {size[0]}x{size[1]}, a "
            "quarter of that at twice the side",
        )
    if metric.function == "mae":
        yield Aspect("scale", f"a difference of 1 level of 255 reads {1 / 255:.2e} at any size")
    if metric.trunk:
        files = weights.entry(f"lpips-{metric.trunk}").published_as[0]
        yield Aspect("network", f"LPIPS v0.1 with {_TRUNK[metric.trunk]} ({files})")
        wrong = metric.input_range == "0..1"
        yield Aspect("input", "frames on 0..1, where it expects -1..1" if wrong else "frames on -1..1")
    if metric.function in ("psnr", "psnr_uint8"):
        capped = f"every frame counts {metric.cap:g} at most" if metric.cap else ""
        yield Aspect("identical frames", capped or "count 100; other frames may count more")


def _distribution_metric(
    protocol: Protocol, metric: DistributionMetric, families: Sequence[NetworkFamily]
) -> Iterator[Aspect]:
    setting = protocol.feature_setting(metric.role)
    yield Aspect("definition", _DISTANCE[metric.distance])
    yield Aspect("items", _items_words(setting))
    if setting.frames is not None:
        words = ", ".join(aspect.words for aspect in frame_aspects(setting.frames)[:3])
        yield Aspect("frames", f"from the decoded frames anew: {words}")
    for family in families:
        label = "" if family == "reference" else f"{family} "
        name = setting.networks.get(family)
        if name is None:
            yield Aspect(f"{label}network", "none takes such items")
            continue
        size = network_entry(name).input_size
        how = {"stretch": "stretched to", "cover": "shape kept, until it covers, then the centre"}[
            setting.fit
        ]
        yield Aspect(f"{label}network", network_words(name))
        yield Aspect(
            f"into the {label}network", f"{_RESIZE[setting.resize[family]]}; {how} {size[0]}x{size[1]}"
        )


def _items_words(setting: FeatureSetting) -> str:
    if setting.prefixes and setting.prefix_use == "pooled":
        first, last = setting.prefixes[0], setting.prefixes[-1]
        return f"the first {first}, {first + 1} ... {last} frames of each video, all in one value"
    if setting.prefixes:
        others = ", ".join(map(str, setting.prefixes))
        return (
            "each video once, as many frames as the shortest has (beside it also the value of the first "
            f"{others} frames)"
        )
    if setting.clip_length == 1:
        return "every frame but the reference" if setting.skip_reference else "every frame"
    how_many = "as many of each video as the shortest has" if setting.equal_per_video else "all of each video"
    return (
        f"clips of {setting.clip_length} frames, stride {setting.stride} (a clip begins at every "
        f"{_ordinal(setting.stride)}frame), {how_many}"
    )


def _ordinal(stride: int) -> str:
    return "" if stride == 1 else f"{stride}th "

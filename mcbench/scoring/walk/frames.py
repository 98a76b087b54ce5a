"""What is done with a few frames at once: decode, bring to each size, compare, run networks over images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.metrics import frame as frame_metrics
from mcbench.metrics.networks.lpips import Activations, LpipsNetwork
from mcbench.metrics.resize import resize_cover, resize_float
from mcbench.scoring.items import Item
from mcbench.scoring.networks import Networks
from mcbench.scoring.people.collector import PeopleCollector
from mcbench.scoring.protocols import FrameMetric
from mcbench.scoring.transforms import to_protocol
from mcbench.scoring.walk.work import TRUTH, Base, Function, Stream, Work
from mcbench.video import Frame

Array = NDArray[Any]
Watches = Mapping[tuple[str, str], tuple[Base, PeopleCollector]]
"""(run, protocol) -> what looks at the people, and at which frames."""
Compare = Callable[[Array, Array], NDArray[np.float64]]


@dataclass
class Batch:
    """A few frames of all sides, and what came of them.

    Attributes:
        indices: of the frames.
        frames: side -> decoded frames.
        values: (run, function) -> float64 [n].
        features: (side, stream) -> (items, float32 [n, D]) of networks over single frames.
        inputs: (side, stream) -> float32 [n, H, W, 3] for networks over clips.
    """

    indices: Sequence[int]
    frames: dict[str, list[Frame]]
    values: dict[tuple[str, Function], NDArray[np.float64]] = field(default_factory=dict)
    features: dict[tuple[str, Stream], tuple[list[Item], NDArray[np.float32]]] = field(default_factory=dict)
    inputs: dict[tuple[str, Stream], torch.Tensor] = field(default_factory=dict)


def work_on(batch: Batch, work: Work, watches: Watches, networks: Networks) -> Batch:
    """Fill a batch whose frames are decoded.

    Args:
        batch: with frames of every side that the work needs.
        work: what to compute.
        watches: what looks at the people.
        networks: loaded.

    Returns:
        The same batch; frames already brought to a size are shared by all that look at this size.
    """
    bases: dict[tuple[str, Base], Array] = {}

    def base(side: str, wanted: Base) -> Array:
        if (side, wanted) not in bases:
            frames = [to_protocol(frame, wanted.setting, wanted.target) for frame in batch.frames[side]]
            bases[side, wanted] = np.stack(frames)
        return bases[side, wanted]

    _compare(batch, work, base, networks)
    for side, streams in work.items.items():
        for stream, items in streams.items():
            if items:
                _feed(batch, side, stream, items, base(side, stream.base), networks)
    for (run, _), (wanted, collector) in watches.items():
        sides = base(run, wanted), base(TRUTH, wanted)
        for place, index in enumerate(batch.indices):
            collector.add(index, sides[0][place], sides[1][place])
    return batch


def _compare(batch: Batch, work: Work, base: Callable[[str, Base], Array], networks: Networks) -> None:
    activations: dict[Function, Any] = {}
    for run, functions in work.functions.items():
        for function in sorted(functions, key=lambda one: one.metric.trunk):
            prediction, truth = base(run, function.base), base(TRUTH, function.base)
            if function.metric.trunk:
                network = networks.lpips(function.metric.trunk)
                if function not in activations:  # one walk through the trunk serves every run
                    activations[function] = network.activations(truth, function.metric.input_range)
                between = network.between if function.metric.function == "lpips" else _spatial_mean(network)
                found = between(
                    network.activations(prediction, function.metric.input_range), activations[function]
                )
            else:
                found = frame_function(function.metric)(prediction, truth)
            batch.values[run, function] = found


def _feed(
    batch: Batch, side: str, stream: Stream, items: set[Item], frames: Array, networks: Networks
) -> None:
    network = networks.features(stream.network)
    wanted = [place for place, index in enumerate(batch.indices) if (index, 1) in items]
    over_clips = any(length > 1 for _, length in items)
    places = list(range(len(batch.indices))) if over_clips else wanted
    if not places:
        return
    resize = resize_cover if stream.fit == "cover" else resize_float
    # One by one: a frame's values must not depend on those beside it.
    resized = torch.stack(
        [
            resize(torch.from_numpy(frames[place]).double(), stream.operator, network.input_size).float()
            for place in places
        ]
    )
    if over_clips:
        batch.inputs[side, stream] = resized.to(networks.request.device)
        return
    found = network.features(resized[:, None]).float().cpu().numpy()
    batch.features[side, stream] = [(batch.indices[place], 1) for place in places], found


def _spatial_mean(network: LpipsNetwork) -> Callable[[Activations, Activations], NDArray[np.float64]]:
    def between(prediction: Activations, truth: Activations) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = network.spatial_between(prediction, truth).mean(axis=(1, 2))
        return mean

    return between


def frame_function(metric: FrameMetric) -> Compare:
    """Return the function of a frame metric that needs no network, on [N, H, W, 3] of 0..255."""
    functions: dict[str, Compare] = {
        "l1_per_pixel": frame_metrics.l1_per_pixel,
        "mae": frame_metrics.mae,
        "psnr": lambda prediction, truth: frame_metrics.psnr(prediction, truth, cap=metric.cap),
        "psnr_uint8": lambda prediction, truth: frame_metrics.psnr_uint8(_bytes(prediction), _bytes(truth)),
        "ssim_gray_uniform": frame_metrics.ssim_gray_uniform,
        "ssim_gaussian_padded": lambda prediction, truth: frame_metrics.ssim_gaussian_padded(
            prediction, truth, data_range=255.0
        ),
        "ssim_gaussian": lambda prediction, truth: frame_metrics.ssim_gaussian(
            prediction, truth, data_range=255.0
        ),
    }
    return functions[metric.function]


def _bytes(frames: Array) -> NDArray[np.uint8]:
    if frames.dtype == np.uint8:
        return frames
    return np.asarray(np.clip(np.rint(frames), 0, 255), dtype=np.uint8)

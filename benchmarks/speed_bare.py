"""The bare forwards of metric networks on batches ready in memory: the least that a scoring can take."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from speed_setting import FEATURES, Footage

from mcbench.metrics.networks.openvino_runner import OpenVinoRunner
from mcbench.metrics.networks.torch_network import TorchNetwork
from mcbench.metrics.resize import resize_float
from mcbench.processes import default_workers
from mcbench.scoring.networks import Networks
from mcbench.scoring.protocols import PROTOCOLS
from mcbench.scoring.transforms import to_protocol
from mcbench.scoring.walk.video import one_thread_a_task
from mcbench.video import open_frames

_DISCO = PROTOCOLS["disco/2"]
_BATCHES = {"lpips-vgg": 8, "inception": 16, "resnet50-kinetics": 8, "i3d": 4}


@dataclass(frozen=True)
class Ready:
    """What networks are fed, of both sides, in memory.

    Attributes:
        frames: uint8 [n, 256, 256, 3] of the prediction, then of the truth.
        images: float32 [n, 1, 299, 299, 3] of both sides.
        clips: network -> float32 views [n, 16, H, W, 3], one tensor a video of either side.
    """

    frames: tuple[NDArray[np.uint8], NDArray[np.uint8]]
    images: torch.Tensor
    clips: dict[str, list[torch.Tensor]]


@dataclass(frozen=True)
class Forwards:
    """Time of one network on everything.

    Attributes:
        seconds: by the clock, in the quicker of two ways.
        cpu: of the processor in that way.
        way: which it was.
        items: frames or clips.
    """

    seconds: float
    cpu: float
    way: str
    items: int


def make_ready(footage: Footage, networks: Networks) -> Ready:
    """Decode and resize what networks will be fed."""
    setting = _DISCO.frames
    sides, images = [], []
    clips: dict[str, list[torch.Tensor]] = {name: [] for name in FEATURES[1:]}
    for side in (footage.methods[0], footage.truth):
        base = []
        for video in sorted(side.iterdir()):
            source = open_frames(video)
            frames = np.stack(
                [to_protocol(source[place], setting, (256, 256)) for place in range(source.n_frames)]
            )
            base.append(frames)
            exact = torch.from_numpy(frames).double()
            images.append(resize_float(exact, "bilinear", (299, 299)).float()[:, None])
            for name, views in clips.items():
                resized = resize_float(exact, "bicubic-antialias", networks.features(name).input_size).float()
                views.append(resized.unfold(0, 16, 1).permute(0, 4, 1, 2, 3))
        sides.append(np.concatenate(base))
    return Ready((sides[0], sides[1]), torch.cat(images), clips)


def measure(ready: Ready, networks: Networks) -> dict[str, Forwards]:
    """Return the time of each network, in the quicker of two ways.

    One is item by item, on a thread a core. The other is whole batches: in torch one after another with all
    cores inside each operator, in OpenVINO on a thread a core (its own mode for throughput).
    """
    fast = networks.request.precision == "fast"
    lpips = networks.lpips("vgg")
    predicted, true = ready.frames
    mapped = [torch.from_numpy(frames).float() / 255.0 for frames in ready.frames]
    batches = [batch for side in mapped for batch in side.split(_BATCHES["lpips-vgg"])]
    found = {
        "lpips-vgg": _quicker(
            lambda: lpips.distance(predicted, true, "0..1"),
            _whole(lpips.module, batches, fast),
            2 * len(true),
        )
    }
    for name in FEATURES:
        network = networks.features(name)
        assert isinstance(network, TorchNetwork)
        lots = [ready.images] if name == "inception" else ready.clips[name]
        batches = [batch for lot in lots for batch in lot.split(_BATCHES[name])]

        def one_by_one(network: TorchNetwork = network, lots: Sequence[torch.Tensor] = lots) -> None:
            for lot in lots:
                network.features(lot)

        found[name] = _quicker(one_by_one, _whole(network.module, batches, fast), sum(map(len, lots)))
    return found


def _whole(module: torch.nn.Module, batches: Sequence[torch.Tensor], fast: bool) -> Callable[[], object]:
    if not fast:

        def one_after_another() -> None:
            with torch.inference_mode():
                for batch in batches:
                    module(batch)

        with torch.inference_mode():
            module(batches[0])
        return one_after_another
    runner = OpenVinoRunner(module, "f32")
    for shape in {batch.shape: batch for batch in batches}.values():
        runner(shape)  # compiled before it is timed

    def at_once() -> None:
        with one_thread_a_task(), ThreadPoolExecutor(default_workers()) as pool:
            list(pool.map(runner, batches))

    return at_once


def _quicker(items: Callable[[], object], batches: Callable[[], object], count: int) -> Forwards:
    timed = []
    for way, call in (("item by item", items), ("batches", batches)):
        start, start_cpu = time.perf_counter(), time.process_time()
        call()
        timed.append(Forwards(time.perf_counter() - start, time.process_time() - start_cpu, way, count))
    return min(timed, key=lambda one: one.seconds)


def warm_up(networks: Networks) -> None:
    """Run every network in the shape that scoring uses, so that what they prepare once is not timed."""
    frame = np.zeros((1, 256, 256, 3), np.uint8)
    networks.lpips("vgg").distance(frame, frame, "0..1")
    for name in FEATURES:
        network = networks.features(name)
        network.features(torch.zeros((2 * default_workers(), network.clip_length, *network.input_size, 3)))


def seconds_of_parts(footage: Footage, networks: Networks) -> dict[str, float]:
    """Return the processor seconds of one pass's decoding and resizing, one frame at a time on one thread."""
    setting, parts = _DISCO.frames, dict.fromkeys(("decode", "resize to 256", "resize for networks"), 0.0)
    with one_thread_a_task():
        for side in (footage.methods[0], footage.truth):
            for video in sorted(side.iterdir()):
                source = open_frames(Path(video))
                for place in range(source.n_frames):
                    times = [time.thread_time()]
                    frame = source[place]
                    times.append(time.thread_time())
                    base = to_protocol(frame, setting, (256, 256))
                    times.append(time.thread_time())
                    exact = torch.from_numpy(base).double()
                    for name in FEATURES:
                        operator = "bilinear" if name == "inception" else "bicubic-antialias"
                        resize_float(exact, operator, networks.features(name).input_size).float()
                    times.append(time.thread_time())
                    for part, (begin, end) in zip(parts, itertools.pairwise(times), strict=True):
                        parts[part] += end - begin
    return parts

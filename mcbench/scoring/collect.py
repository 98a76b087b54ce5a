"""The pass over one video: each pair of frames goes in once, per-frame values and features come out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.metrics import frame as frame_metrics
from mcbench.metrics.networks.registry import LoadedNetwork
from mcbench.records import Size
from mcbench.scoring.networks import Networks
from mcbench.scoring.protocols import FeatureSetting, FrameMetric, Protocol, Role
from mcbench.scoring.transforms import resize_float, to_protocol

Array = NDArray[Any]
_FRAMES_AT_ONCE = 8
_CLIPS_AT_ONCE = 4


@dataclass(frozen=True)
class Features:
    """Features of one video, float32 [N, D] on either side, and the first frame of each item."""

    prediction: NDArray[np.float32]
    truth: NDArray[np.float32]
    starts: tuple[int, ...]


@dataclass(frozen=True)
class VideoValues:
    """What the pass over one video found under one protocol.

    Attributes:
        name: of the video.
        indices: index of each scored frame; 0 is the reference.
        frames: metric -> float64 [number of frames].
        features: role -> features.
    """

    name: str
    indices: NDArray[np.int64]
    frames: dict[str, NDArray[np.float64]]
    features: dict[Role, Features]


class VideoPass:
    """Collects the values of one video under one protocol; keeps features, not frames."""

    def __init__(
        self,
        name: str,
        protocol: Protocol,
        networks: Networks,
        target: Size,
        clip_starts: dict[Role, frozenset[int]],
    ) -> None:
        self._name, self._setting, self._target = name, protocol.frames, target
        self._frames = _FrameCollector(protocol.frame_metrics, networks)
        self._features = {
            setting.role: _FeatureCollector(setting, loaded, networks, clip_starts.get(setting.role))
            for setting in protocol.features
            if (loaded := networks.of(setting)) is not None
        }

    def add(self, index: int, prediction: NDArray[np.uint8], truth: NDArray[np.uint8]) -> None:
        """Take in the decoded frames of one index; indices rise."""
        pair = tuple(to_protocol(side, self._setting, self._target) for side in (prediction, truth))
        self._frames.add(index, pair[0], pair[1])
        for collector in self._features.values():
            collector.add(index, pair[0], pair[1])

    def finish(self) -> VideoValues:
        """Compute what is still waiting and return everything."""
        indices, values = self._frames.finish()
        features = {role: collector.finish() for role, collector in self._features.items()}
        return VideoValues(self._name, indices, values, features)


class _FrameCollector:
    def __init__(self, metrics: Sequence[FrameMetric], networks: Networks) -> None:
        self._functions = {
            metric.key: function
            for metric in metrics
            if (function := frame_function(metric, networks)) is not None
        }
        self._waiting: list[tuple[Array, Array]] = []
        self._indices: list[int] = []
        self._values: dict[str, list[NDArray[np.float64]]] = {key: [] for key in self._functions}

    def add(self, index: int, prediction: Array, truth: Array) -> None:
        self._indices.append(index)
        self._waiting.append((prediction, truth))
        if len(self._waiting) == _FRAMES_AT_ONCE:
            self._flush()

    def finish(self) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
        if self._waiting:
            self._flush()
        values = {key: np.concatenate(parts) for key, parts in self._values.items()}
        return np.asarray(self._indices, dtype=np.int64), values

    def _flush(self) -> None:
        prediction, truth = (np.stack(side) for side in zip(*self._waiting, strict=True))
        self._waiting.clear()
        for key, function in self._functions.items():
            self._values[key].append(function(prediction, truth))


def frame_function(
    metric: FrameMetric, networks: Networks
) -> Callable[[Array, Array], NDArray[np.float64]] | None:
    """Return the function of a frame metric on [N, H, W, 3] of 0..255.

    None where its network is not here or the metric is left out.
    """
    if metric.key in networks.left_out:
        return None
    if metric.function == "lpips":
        assert metric.trunk
        network = networks.lpips.get(metric.trunk)
        if network is None:
            return None
        return lambda prediction, truth: network.distance(prediction, truth, metric.input_range)
    functions: dict[str, Callable[[Array, Array], NDArray[np.float64]]] = {
        "l1_per_pixel": frame_metrics.l1_per_pixel,
        "mae": frame_metrics.mae,
        "psnr": lambda prediction, truth: frame_metrics.psnr(prediction, truth, cap=metric.cap),
        "psnr_uint8": lambda prediction, truth: frame_metrics.psnr_uint8(_bytes(prediction), _bytes(truth)),
        "ssim_gray_uniform": frame_metrics.ssim_gray_uniform,
        "ssim_gaussian": lambda prediction, truth: frame_metrics.ssim_gaussian(
            prediction, truth, data_range=255.0
        ),
    }
    return functions[metric.function]


class _FeatureCollector:
    """Cuts one role's items out of the stream of frames and runs the network on batches of them."""

    def __init__(
        self,
        setting: FeatureSetting,
        loaded: LoadedNetwork,
        networks: Networks,
        starts: frozenset[int] | None,
    ) -> None:
        self._setting, self._network = setting, loaded.network
        self._operator = setting.resize[networks.family]
        self._starts = starts
        self._recent: deque[tuple[int, torch.Tensor, torch.Tensor]] = deque(maxlen=setting.clip_length)
        self._waiting: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._found: list[int] = []
        self._features: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
        self._at_once = _FRAMES_AT_ONCE if setting.clip_length == 1 else _CLIPS_AT_ONCE

    def add(self, index: int, prediction: Array, truth: Array) -> None:
        if self._setting.skip_reference and index == 0:
            return
        if self._recent and self._recent[-1][0] != index - 1:
            self._recent.clear()  # a clip never spans a gap
        self._recent.append((index, self._resized(prediction), self._resized(truth)))
        start = index - self._setting.clip_length + 1
        if len(self._recent) < self._setting.clip_length or not self._is_wanted(start):
            return
        self._found.append(start)
        self._waiting.append(
            (
                torch.stack([frame[1] for frame in self._recent]),
                torch.stack([frame[2] for frame in self._recent]),
            )
        )
        if len(self._waiting) == self._at_once:
            self._flush()

    def finish(self) -> Features:
        if self._waiting:
            self._flush()
        empty = np.zeros((0, self._network.dimensions), dtype=np.float32)
        sides = list(zip(*self._features, strict=True)) or [(empty,), (empty,)]
        return Features(np.concatenate(sides[0]), np.concatenate(sides[1]), tuple(self._found))

    def _is_wanted(self, start: int) -> bool:
        return self._starts is None or start in self._starts

    def _resized(self, frame: Array) -> torch.Tensor:
        return resize_float(
            torch.from_numpy(frame).double(), self._operator, self._network.input_size
        ).float()

    def _flush(self) -> None:
        prediction, truth = (torch.stack(side) for side in zip(*self._waiting, strict=True))
        self._waiting.clear()
        both = self._network.features(torch.cat([prediction, truth])).float().cpu().numpy()
        self._features.append((both[: len(prediction)], both[len(prediction) :]))


def _bytes(frames: Array) -> NDArray[np.uint8]:
    if frames.dtype == np.uint8:
        return frames
    return np.asarray(np.clip(np.rint(frames), 0, 255), dtype=np.uint8)

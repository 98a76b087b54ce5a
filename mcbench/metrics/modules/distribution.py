"""Distances between the features of all predictions and those of all truths: FID, KID, FID-VID, FVD, KVD."""

from __future__ import annotations

import functools
import math
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import torch

from mcbench.errors import InputError
from mcbench.metrics.distribution import frechet_distance, kernel_distance
from mcbench.metrics.modules.base import VideoMetric
from mcbench.metrics.modules.inputs import ValueRange, check_frames, levels
from mcbench.metrics.modules.loading import NetworkSource
from mcbench.metrics.networks.contract import FeatureNetwork
from mcbench.metrics.networks.registry import load_network
from mcbench.metrics.resize import resize_float

FloatResize = Literal["bilinear", "bilinear-antialias", "bicubic-antialias"]
_FRAMES_AT_ONCE = 16


class FeatureDistance(VideoMetric):
    """A distance between two sets of features; a base class.

    The states are the features, float32 [N, D] of either side, not sums of their products: a covariance of
    fewer items than dimensions cannot give back what it lost. N items of D dimensions take 4*N*D bytes a
    side, on the metric's device. Metrics of one network and resize share them in a
    `torchmetrics.MetricCollection`.

    `forward` (calling the metric) also computes the distance of the batch alone, which needs two items; in a
    loop call `update`, then `compute` once.

    Attributes:
        network: its name.
        resize: the operator from the frames given to the network's input.
        clip_length: frames in an item, 1 for images.
    """

    of_clips = False

    def __init__(
        self,
        network: str | FeatureNetwork,
        resize: FloatResize,
        home: Path | None,
        value_range: ValueRange,
        **options: Any,
    ) -> None:
        super().__init__(value_range, **options)
        given = None if isinstance(network, str) else network
        name = network if isinstance(network, str) else network.name
        self._source = NetworkSource(given, functools.partial(_load, name, home))
        loaded = self._source.on(self.device)
        if (loaded.clip_length > 1) is not self.of_clips:
            raise InputError(
                f"{type(self).__name__} needs a network over {'clips' if self.of_clips else 'images'}, and "
                f"{name} takes items of {loaded.clip_length} frame(s)"
            )
        self.network, self.resize, self.clip_length = name, resize, loaded.clip_length
        self._dimensions = loaded.dimensions
        resize_float(
            torch.zeros(1, 1, 3), resize, (2, 2)
        )  # an unknown operator is told here, not after an epoch
        self._sides = {side: self.state_name(side, name, resize) for side in ("prediction", "truth")}
        for state in self._sides.values():
            self.add_state(state, [], dist_reduce_fx="cat")
        self._begin(self._sides.values())

    def update(self, prediction: torch.Tensor | None = None, truth: torch.Tensor | None = None) -> None:
        """Take in items of either side or both; the two sides need not be of one number or size.

        Args:
            prediction: [N, H, W, 3] for images, [N, T, H, W, 3] for clips; uint8, or floating on
                `value_range`.
            truth: the same.

        Raises:
            InputError: neither is given, another layout, length or type, or values outside the range or not
                finite.
        """
        given = {"prediction": prediction, "truth": truth}
        found = {side: self._features(items, side) for side, items in given.items() if items is not None}
        if not found:
            raise InputError("update needs predictions, truth or both")
        for side, features in found.items():
            getattr(self, self._sides[side]).append(features)

    def compute(self) -> torch.Tensor:
        """Return the distance between all items seen of either side, a float64 scalar.

        Raises:
            InputError: fewer than two items on a side.
        """
        return self._result(self._distance(self._seen("prediction"), self._seen("truth")))

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self._begin(self._sides.values())

    def reset_predictions(self) -> None:
        """Forget the predictions and keep the features of the truth, for the next epoch."""
        truth = self._seen("truth")
        self.reset()
        getattr(self, self._sides["truth"]).append(truth)

    @abstractmethod
    def _distance(self, prediction: torch.Tensor, truth: torch.Tensor) -> float:
        """Return the distance between the features of two sides, [N, D] and [M, D]."""

    def _begin(self, states: Any) -> None:
        # A process that has seen nothing must take part in the gathering with a tensor of the right width.
        for state in states:
            getattr(self, state).append(torch.zeros(0, self._dimensions, device=self.device))

    def _seen(self, side: str) -> torch.Tensor:
        state = getattr(self, self._sides[side])
        return state if isinstance(state, torch.Tensor) else torch.cat(state)

    def _features(self, items: torch.Tensor, side: str) -> torch.Tensor:
        shape = "[N, height, width, 3], RGB frames"
        if self.of_clips:
            shape = f"[N, {self.clip_length}, height, width, 3], RGB clips"
        check_frames(items, side, shape, 5 if self.of_clips else 4)
        if self.of_clips and items.shape[1] != self.clip_length:
            raise InputError(
                f"the {side} must be {shape}, not {list(items.shape)}",
                f"cut videos into clips of {self.clip_length} frames",
            )
        network = self._source.on(self.device)
        clips = items if self.of_clips else items[:, None]
        found = [
            network.features(batch).float().to(self.device) for batch in self._batches(clips, side, network)
        ]
        return torch.cat(found).clone()  # outside of the network's inference mode

    def _batches(self, clips: torch.Tensor, side: str, network: FeatureNetwork) -> Iterator[torch.Tensor]:
        at_once = max(1, _FRAMES_AT_ONCE // self.clip_length)
        for start in range(0, len(clips), at_once):
            frames = levels(clips[start : start + at_once], side, self.value_range).double()
            yield resize_float(frames, self.resize, network.input_size).float()


class _FrechetDistance(FeatureDistance):
    higher_is_better = False
    bounds = (0.0, math.inf)

    def _distance(self, prediction: torch.Tensor, truth: torch.Tensor) -> float:
        return frechet_distance(prediction, truth)


class _KernelDistance(FeatureDistance):
    higher_is_better = False
    bounds = (-math.inf, math.inf)

    def __init__(self, *settings: Any, paired: bool, **options: Any) -> None:
        super().__init__(*settings, **options)
        self.paired = paired

    def _distance(self, prediction: torch.Tensor, truth: torch.Tensor) -> float:
        return kernel_distance(prediction, truth, paired=self.paired)


class FrechetInceptionDistance(_FrechetDistance):
    """FID: |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)) of Inception's features of frames.

    The default is pytorch-fid's recipe: 299x299 by bilinear resize without antialiasing, the network of
    2015-12-05, 2048 dimensions, covariances over N - 1. `torchmetrics`' class of this name has resized with
    antialiasing since 1.8. Small sets read too high: docs/protocols.md.

    Args:
        network: a name in the registry (`inception`; `image` is small and comes with mcbench, its values
            compare with no published number), or a `FeatureNetwork` over images.
        resize: operator from the frames given to the network's input; protocol `mcbench/1` has
            `bicubic-antialias`.
        home: mcbench's folder, where weights lie.
        value_range: (black, white) of floating frames; uint8 is 0..255.
        options: of `torchmetrics.Metric`.

    Shapes: [N, H, W, 3] a side; the result is a float64 scalar, 0 for equal sets.

    Raises:
        WeightsMissingError: the network's file is not on this machine; the hint is the command that gets it.

    Source: Heusel et al. 2017; pytorch-fid 0.3.0. Function: `mcbench.metrics.distribution.frechet_distance`.

    Example:
        >>> import torch
        >>> from mcbench.metrics import FrechetInceptionDistance
        >>> frames = torch.rand(6, 64, 48, 3, generator=torch.Generator().manual_seed(0))
        >>> metric = FrechetInceptionDistance(network="image", resize="bicubic-antialias")
        >>> metric.update(prediction=frames[:3], truth=frames)
        >>> metric.update(prediction=frames[3:])
        >>> float(metric.compute())
        0.0
    """

    def __init__(
        self,
        network: str | FeatureNetwork = "inception",
        *,
        resize: FloatResize = "bilinear",
        home: Path | None = None,
        value_range: ValueRange = (0.0, 1.0),
        **options: Any,
    ) -> None:
        super().__init__(network, resize, home, value_range, **options)


class KernelInceptionDistance(_KernelDistance):
    """KID: the unbiased squared maximum mean discrepancy of Inception's features, kernel (x.y / D + 1)^3.

    Over all pairs of items, not a mean over random subsets as in other packages: the same expectation, less
    spread, no seed. Without the factor 1000 that some tables have. A single value may be negative.

    Args:
        network: as for `FrechetInceptionDistance`.
        resize: operator from the frames given to the network's input.
        paired: whether row i of the predictions was made after row i of the truth, as in every protocol of
            mcbench; such pairs are then left out. Both sides must be given in step.
        home: mcbench's folder, where weights lie.
        value_range: (black, white) of floating frames; uint8 is 0..255.
        options: of `torchmetrics.Metric`.

    Shapes: [N, H, W, 3] a side; the result is a float64 scalar.

    Raises:
        WeightsMissingError: the network's file is not on this machine; the hint is the command that gets it.

    Source: Binkowski et al. 2018. Function: `mcbench.metrics.distribution.kernel_distance`.

    Example:
        >>> import torch
        >>> from mcbench.metrics import KernelInceptionDistance
        >>> dark, bright = torch.full((4, 64, 48, 3), 0.1), torch.full((4, 64, 48, 3), 0.9)
        >>> metric = KernelInceptionDistance(network="image", resize="bicubic-antialias")
        >>> metric.update(prediction=dark, truth=bright)
        >>> float(metric.compute()) > 1.0
        True
    """

    def __init__(
        self,
        network: str | FeatureNetwork = "inception",
        *,
        resize: FloatResize = "bilinear",
        paired: bool = False,
        home: Path | None = None,
        value_range: ValueRange = (0.0, 1.0),
        **options: Any,
    ) -> None:
        super().__init__(network, resize, home, value_range, paired=paired, **options)


class FrechetVideoResNetDistance(_FrechetDistance):
    """FID-VID: the Frechet distance of a 3D ResNet-50's features of 16-frame clips.

    Kinetics-400, Hara et al., 112x112, RGB on 0..255 minus a mean, pooled over space and time to 2048
    dimensions. Not the "VFID" of try-on papers, which is a 3D ResNeXt-101.

    Args:
        network: a name in the registry (`resnet50-kinetics`; `clip` is small and comes with mcbench, its
            values compare with no published number), or a `FeatureNetwork` over clips.
        resize: operator from the frames given to the network's input, not clipped.
        home: mcbench's folder, where weights lie.
        value_range: (black, white) of floating frames; uint8 is 0..255.
        options: of `torchmetrics.Metric`.

    Shapes: [N, 16, H, W, 3] a side; the result is a float64 scalar, 0 for equal sets.

    Raises:
        WeightsMissingError: the network's file is not on this machine; the hint is the command that gets it.

    Source: DisCo, tool/metrics (commit c4fa48a). Function: `mcbench.metrics.distribution.frechet_distance`.

    Example:
        >>> import torch
        >>> from mcbench.metrics import FrechetVideoResNetDistance
        >>> clips = torch.rand(2, 16, 84, 60, 3, generator=torch.Generator().manual_seed(0))
        >>> metric = FrechetVideoResNetDistance(network="clip")
        >>> metric.update(prediction=clips, truth=clips)
        >>> float(metric.compute())
        0.0
    """

    of_clips = True

    def __init__(
        self,
        network: str | FeatureNetwork = "resnet50-kinetics",
        *,
        resize: FloatResize = "bicubic-antialias",
        home: Path | None = None,
        value_range: ValueRange = (0.0, 1.0),
        **options: Any,
    ) -> None:
        super().__init__(network, resize, home, value_range, **options)


class FrechetVideoDistance(_FrechetDistance):
    """FVD: the Frechet distance of I3D's logits of 16-frame clips.

    Kinetics-400, TF-Hub's i3d-kinetics-400/1 (batch normalisation with epsilon 1e-3), 224x224 on -1..1,
    logits averaged over time to 400 dimensions. Ports with epsilon 1e-5 read other values.

    Args:
        network: a name in the registry (`i3d`; `motion` is small and comes with mcbench, its values compare
            with no published number), or a `FeatureNetwork` over clips.
        resize: operator from the frames given to the network's input, not clipped.
        home: mcbench's folder, where weights lie.
        value_range: (black, white) of floating frames; uint8 is 0..255.
        options: of `torchmetrics.Metric`.

    Shapes: [N, 16, H, W, 3] a side; the result is a float64 scalar, 0 for equal sets.

    Raises:
        WeightsMissingError: the network's file is not on this machine; the hint is the command that gets it.

    Source: Unterthiner et al. 2018. Function: `mcbench.metrics.distribution.frechet_distance`.

    Example:
        >>> import torch
        >>> from mcbench.metrics import FrechetVideoDistance
        >>> clips = torch.rand(4, 16, 84, 60, 3, generator=torch.Generator().manual_seed(0))
        >>> metric = FrechetVideoDistance(network="motion")
        >>> metric.update(prediction=clips.flip(1), truth=clips)  # backwards
        >>> float(metric.compute()) > 0.0
        True
    """

    of_clips = True

    def __init__(
        self,
        network: str | FeatureNetwork = "i3d",
        *,
        resize: FloatResize = "bicubic-antialias",
        home: Path | None = None,
        value_range: ValueRange = (0.0, 1.0),
        **options: Any,
    ) -> None:
        super().__init__(network, resize, home, value_range, **options)


class KernelVideoDistance(_KernelDistance):
    """KVD: the unbiased squared maximum mean discrepancy of I3D's logits of clips, kernel (x.y / D + 1)^3.

    Clips of 16 frames. Unlike FVD it has no bias for small sets. A single value may be negative.

    Args:
        network: as for `FrechetVideoDistance`.
        resize: operator from the frames given to the network's input, not clipped.
        paired: whether clip i of the predictions was made after clip i of the truth, as in every protocol of
            mcbench; such pairs are then left out. Both sides must be given in step.
        home: mcbench's folder, where weights lie.
        value_range: (black, white) of floating frames; uint8 is 0..255.
        options: of `torchmetrics.Metric`.

    Shapes: [N, 16, H, W, 3] a side; the result is a float64 scalar.

    Raises:
        WeightsMissingError: the network's file is not on this machine; the hint is the command that gets it.

    Source: Unterthiner et al. 2018 (KVD), Binkowski et al. 2018 (kernel). Function:
    `mcbench.metrics.distribution.kernel_distance`.

    Example:
        >>> import torch
        >>> from mcbench.metrics import KernelVideoDistance
        >>> clips = torch.rand(2, 16, 84, 60, 3, generator=torch.Generator().manual_seed(0))
        >>> metric = KernelVideoDistance(network="motion", paired=True)
        >>> metric.update(prediction=clips, truth=clips)
        >>> float(metric.compute())
        0.0
    """

    of_clips = True

    def __init__(
        self,
        network: str | FeatureNetwork = "i3d",
        *,
        resize: FloatResize = "bicubic-antialias",
        paired: bool = False,
        home: Path | None = None,
        value_range: ValueRange = (0.0, 1.0),
        **options: Any,
    ) -> None:
        super().__init__(network, resize, home, value_range, paired=paired, **options)


def _load(name: str, home: Path | None, device: str) -> FeatureNetwork:
    return load_network(name, home=home, device=device).network

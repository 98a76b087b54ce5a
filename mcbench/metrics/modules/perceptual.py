"""LPIPS as a metric of a training loop."""

from __future__ import annotations

import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.metrics.modules.frames import FrameMean
from mcbench.metrics.modules.inputs import ValueRange
from mcbench.metrics.modules.loading import NetworkSource

if TYPE_CHECKING:
    from mcbench.metrics.networks.lpips import InputRange, LpipsNetwork, Trunk


class LearnedPerceptualSimilarity(FrameMean):
    """Mean LPIPS v0.1 over frames: sum over layers of a weighted mean of (f(prediction) - f(truth))^2.

    f are the trunk's activations of a layer, each position scaled to length 1; the weights are LPIPS's linear
    heads. The network works in float32, the mean is float64.

    Args:
        trunk: `alex` or `vgg`.
        input_range: what black to white is mapped to before the network. LPIPS was made for -1..1; 0..1 is an
            error of some evaluators whose numbers have been published (protocol `disco/2`).
        network: a loaded one of that trunk, which stays on its device; by default the trunk's file is looked
            for among the weights and loaded where the metric is.
        home: mcbench's folder, where weights lie.
        value_range: (black, white) of floating frames; uint8 is 0..255.
        options: of `torchmetrics.Metric`.

    Shapes: [..., H, W, 3] on both sides; the result is a float64 scalar.

    Raises:
        WeightsMissingError: the trunk is not on this machine; the hint is the command that gets it.

    Source: Zhang et al. 2018, through the package lpips. Function:
    `mcbench.metrics.networks.lpips.LpipsNetwork.distance`.

    Example:
        >>> import torch
        >>> from mcbench.metrics import LearnedPerceptualSimilarity
        >>> metric = LearnedPerceptualSimilarity(trunk="alex")
        >>> metric.update(torch.zeros(1, 64, 64, 3), torch.ones(1, 64, 64, 3))
        >>> round(float(metric.compute()), 4)
        0.814
    """

    higher_is_better = False
    bounds = (0.0, math.inf)

    def __init__(
        self,
        trunk: Trunk = "alex",
        *,
        input_range: InputRange = "-1..1",
        network: LpipsNetwork | None = None,
        home: Path | None = None,
        value_range: ValueRange = (0.0, 1.0),
        **options: Any,
    ) -> None:
        super().__init__(value_range, (trunk, input_range), **options)
        self.trunk, self.input_range = trunk, input_range
        self._source = NetworkSource(network, functools.partial(_load, trunk, home))

    def _values(self, prediction: torch.Tensor, truth: torch.Tensor) -> NDArray[np.float64]:
        a, b = (side.reshape(-1, *side.shape[-3:]) for side in (prediction, truth))
        return self._source.on(self.device).distance(a, b, self.input_range)


def _load(trunk: Trunk, home: Path | None, device: str) -> LpipsNetwork:
    # The package lpips takes seconds to import, which the other metrics need not wait for.
    from mcbench.metrics.networks.lpips import load_lpips

    return load_lpips(trunk, home=home, device=device)

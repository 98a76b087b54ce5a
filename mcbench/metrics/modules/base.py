"""What all metrics of this room have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import nn
from torchmetrics import Metric

from mcbench import files
from mcbench.metrics.modules.inputs import ValueRange, checked_range


class VideoMetric(Metric):
    """A metric whose states follow to another device and never to another precision.

    Attributes:
        unit: of the value; empty for a plain number.
        bounds: the lowest and highest value there can be.
        value_range: (black, white) of floating frames.
    """

    unit: ClassVar[str] = ""
    bounds: ClassVar[tuple[float, float]]
    is_differentiable = False
    full_state_update = False

    def __init__(self, value_range: ValueRange, **options: Any) -> None:
        super().__init__(**options)
        self.value_range = checked_range(value_range)

    def state_name(self, what: str, *settings: object) -> str:
        """Return a name for a state that differs where the settings do.

        `torchmetrics.MetricCollection` updates only one of several metrics whose states have the same names
        and, after the first batch, the same values. Two metrics can agree on one batch and differ
        afterwards.
        """
        return f"{what}_{files.sha256_text(repr((settings, self.value_range)))[:12]}"

    def _apply(
        self, fn: Callable[[torch.Tensor], torch.Tensor], exclude_state: Sequence[str] = ""
    ) -> nn.Module:
        # `Module.to(torch.half)` reaches a metric's states, other than `Module.half()`; half a sum is no sum.
        def moved(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.to(fn(tensor.new_empty(0)).device)

        module: nn.Module = super()._apply(moved, exclude_state)
        return module

    def _result(self, value: float) -> torch.Tensor:
        return torch.tensor(value, dtype=torch.float64, device=self.device)

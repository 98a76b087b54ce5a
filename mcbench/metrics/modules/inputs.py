"""What the metrics of a training loop are given: layout and range, checked and brought to 0..255."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.errors import InputError

ValueRange = tuple[float, float]
"""(black, white) of floating frames."""


def checked_range(value_range: ValueRange) -> ValueRange:
    """Return a range as two floats.

    Raises:
        InputError: not two finite numbers that rise.
    """
    low, high = (float(end) for end in value_range)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InputError(f"value_range must be (black, white) with black below white, not {value_range}")
    return low, high


def check_frames(frames: torch.Tensor, side: str, shape: str, dimensions: int | None) -> None:
    """Check that a tensor holds frames or clips, channels last.

    Args:
        frames: to check.
        side: `prediction` or `truth`, for the message.
        shape: what is wanted, for the message.
        dimensions: how many the tensor must have; None for any from 3 up.

    Raises:
        InputError: it does not.
    """
    if not isinstance(frames, torch.Tensor):
        raise InputError(
            f"the {side} must be a tensor, not {type(frames).__name__}", "torch.from_numpy(array)"
        )
    fits = frames.ndim >= 3 if dimensions is None else frames.ndim == dimensions
    if not fits or frames.shape[-1] != 3 or frames.numel() == 0:
        hint = ""
        if frames.ndim >= 3 and frames.shape[-3] == 3:
            hint = "put the channels last: tensor.movedim(-3, -1)"
        elif frames.ndim == 5 and frames.shape[1] == 3:
            hint = "put the channels last: tensor.movedim(1, -1)"
        raise InputError(f"the {side} must be {shape}, not {list(frames.shape)}", hint)
    if frames.dtype != torch.uint8 and not frames.is_floating_point():
        raise InputError(f"the {side} must be uint8 or floating, not {frames.dtype}")


def check_uint8(frames: torch.Tensor, side: str) -> None:
    """Check that frames are 8-bit ones, for a metric that is defined on these alone.

    Raises:
        InputError: they are not.
    """
    if frames.dtype != torch.uint8:
        raise InputError(
            f"the {side} must be uint8, not {frames.dtype}: the metric is defined on 8-bit frames",
            "round on 0..255: tensor.mul(255).round().clamp(0, 255).byte() for frames on 0..1",
        )


def levels(frames: torch.Tensor, side: str, value_range: ValueRange) -> torch.Tensor:
    """Return frames on 0..255, without gradient: uint8 as they are, floating ones in float64.

    Raises:
        InputError: a value is not finite or outside the range.
    """
    frames = frames.detach()
    if frames.dtype == torch.uint8:
        return frames
    low, high = value_range
    smallest, largest = (float(end) for end in torch.aminmax(frames))
    if not (math.isfinite(smallest) and math.isfinite(largest)):
        raise InputError(f"the {side} holds values that are not finite")
    if smallest < low or largest > high:
        raise InputError(
            f"the {side} has values from {smallest:.6g} to {largest:.6g}, outside the range {low:g} to "
            f"{high:g} that the metric was told",
            "clamp them, or make the metric with the range of your frames: value_range=(black, white)",
        )
    return (frames.double() - low) * (255.0 / (high - low))


def array(frames: torch.Tensor) -> NDArray[Any]:
    """Return a tensor as an array on the CPU."""
    return np.asarray(frames.cpu().numpy())

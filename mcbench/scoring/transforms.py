"""From decoded frames to what metrics see: crop and resize, as a protocol declares them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from mcbench.errors import MismatchError
from mcbench.metrics.resize import resize_float
from mcbench.records import Size
from mcbench.scoring.protocols import FrameSetting

_NARROWEST = 16
__all__ = ["check_shapes", "resize_float", "target_size", "to_protocol"]


def target_size(setting: FrameSetting, truth: Size, prediction: Size) -> Size:
    """Return the size (height, width) that both sides are brought to.

    Where the setting gives none, that is the truth's or the prediction's own, as the setting says.
    """
    if setting.size is not None:
        return setting.size
    own = truth if setting.size_from == "truth" else prediction
    if setting.short_side is None:
        return own
    height, width = own
    long_side = 2 * round(setting.short_side * max(height, width) / min(height, width) / 2)
    return (long_side, setting.short_side) if height >= width else (setting.short_side, long_side)


def check_shapes(setting: FrameSetting, prediction: Size, truth: Size, what: str) -> None:
    """Check that resizing the prediction to the truth's target does not distort it.

    Where the protocol crops to a square, a prediction that is square already counts as cropped.

    Raises:
        MismatchError: the aspect ratios differ by more than the protocol allows, or the frames are so
            narrow that a shorter side of the protocol's length would make them huge.
    """
    if setting.crop == "none" and setting.short_side is not None and max(truth) > _NARROWEST * min(truth):
        raise MismatchError(
            f"{what}: frames of {truth[0]}x{truth[1]} (height x width) are too narrow: one side is at most "
            f"{_NARROWEST} times the other, else a shorter side of {setting.short_side} would fill the memory"
        )
    if setting.crop == "centre-square" and prediction[0] == prediction[1]:
        return
    ratio = (prediction[1] / prediction[0]) / (truth[1] / truth[0])
    if abs(ratio - 1.0) > setting.aspect_tolerance:
        raise MismatchError(
            f"{what}: the prediction is {prediction[0]}x{prediction[1]} and the truth {truth[0]}x{truth[1]} "
            f"(height x width); their shapes differ by {abs(ratio - 1.0):.1%}, the protocol allows "
            f"{setting.aspect_tolerance:.0%}",
            "crop or pad one side to the shape of the other before comparing",
        )


def to_protocol(frame: NDArray[np.uint8], setting: FrameSetting, target: Size) -> NDArray[Any]:
    """Crop and resize a decoded frame.

    Args:
        frame: uint8 [H, W, 3].
        setting: the protocol's.
        target: (height, width) from `target_size`.

    Returns:
        [*target, 3] on 0..255: uint8 for `pil-bilinear-uint8`, else float64.
    """
    if setting.crop == "centre-square":
        frame = _centre_square(frame)
    if setting.resize == "pil-bilinear-uint8":
        picture = Image.fromarray(frame).resize((target[1], target[0]), Image.Resampling.BILINEAR)
        return np.array(picture, dtype=np.uint8)
    if frame.shape[:2] == target:
        return frame.astype(np.float64)
    return resize_float(torch.from_numpy(frame).double(), setting.resize, target).numpy()


def _centre_square(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = frame.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(frame[top : top + side, left : left + side])

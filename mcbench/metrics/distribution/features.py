"""What every distance takes and checks: two sets of features, as NumPy arrays or torch tensors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.errors import InputError, MismatchError

Features = NDArray[Any] | torch.Tensor
"""[N, D], one row an item; integer or floating."""
LARGEST = 1e45
"""Of a feature; the cube of a product of two, summed over many, is still a number."""


def checked_features(prediction: Features, truth: Features) -> tuple[torch.Tensor, torch.Tensor]:
    """Return both sets in float64, on the device of the tensors; arrays go to the other side's device.

    Args:
        prediction: [N, D] with N >= 2.
        truth: [M, D] with M >= 2.

    Raises:
        MismatchError: the dimensions or the devices differ.
        InputError: not matrices, fewer than two vectors on a side, not real numbers, or values that are
            not finite or beyond `LARGEST`.
    """
    for side, features in (("predictions", prediction), ("truth", truth)):
        if features.ndim != 2 or features.shape[1] == 0:
            raise InputError(f"the features of the {side} must be [N, D], not {tuple(features.shape)}")
        if len(features) < 2:
            raise InputError(
                f"{len(features)} feature vector(s) of the {side} have no spread; a distance needs at least 2"
            )
    if prediction.shape[1] != truth.shape[1]:
        raise MismatchError(f"features of {prediction.shape[1]} and {truth.shape[1]} dimensions")
    device = _common_device(prediction, truth)
    x, y = float64_tensor(prediction, device), float64_tensor(truth, device)
    for side, values in (("predictions", x), ("truth", y)):
        largest = max(abs(float(end)) for end in torch.aminmax(values))  # NaN where there is one
        if not math.isfinite(largest):
            raise InputError(f"the features of the {side} hold values that are not finite")
        if largest > LARGEST:
            raise InputError(f"the features of the {side} hold values beyond {LARGEST:g}: products overflow")
    return x, y


def float64_tensor(values: Features, device: torch.device) -> torch.Tensor:
    """Return numbers as a float64 tensor on a device, without gradient.

    Raises:
        InputError: they are not real numbers.
    """
    if isinstance(values, torch.Tensor):
        if values.is_complex() or values.dtype == torch.bool:
            raise InputError(f"features must be real numbers, not {values.dtype}")
        return values.detach().to(device, torch.float64)
    if values.dtype.kind not in "fiu":
        raise InputError(f"features must be real numbers, not {values.dtype}")
    # torch shares the memory of an array and wants it contiguous and writable, as a mapped file is not.
    return torch.from_numpy(np.require(values, np.float64, ("C", "W"))).to(device)


def _common_device(prediction: Features, truth: Features) -> torch.device:
    devices = [side.device for side in (prediction, truth) if isinstance(side, torch.Tensor)]
    if len(set(devices)) > 1:
        raise MismatchError(
            f"the predictions are on {devices[0]} and the truth is on {devices[1]}",
            "move one side with .to()",
        )
    return devices[0] if devices else torch.device("cpu")

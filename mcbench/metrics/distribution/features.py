"""The check that every distance makes of its two sets of features."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError, MismatchError

Matrix = NDArray[np.float64]


def checked_features(prediction: NDArray[Any], truth: NDArray[Any]) -> tuple[Matrix, Matrix]:
    """Return both sets in float64.

    Args:
        prediction: [N, D] with N >= 2.
        truth: [M, D] with M >= 2.

    Raises:
        MismatchError: the dimensions differ.
        InputError: not matrices, fewer than two vectors on a side, or values that are not finite.
    """
    for side, features in (("predictions", prediction), ("truth", truth)):
        if features.ndim != 2 or features.shape[1] == 0:
            raise InputError(f"the features of the {side} must be [N, D], not {features.shape}")
        if len(features) < 2:
            raise InputError(
                f"{len(features)} feature vector(s) of the {side} have no spread; a distance needs at least 2"
            )
        if not np.isfinite(features).all():
            raise InputError(f"the features of the {side} hold values that are not finite")
    if prediction.shape[1] != truth.shape[1]:
        raise MismatchError(f"features of {prediction.shape[1]} and {truth.shape[1]} dimensions")
    return prediction.astype(np.float64), truth.astype(np.float64)

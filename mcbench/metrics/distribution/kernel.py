"""Kernel distance between two sets of features (KID, KVD)."""

from __future__ import annotations

import torch

from mcbench.errors import MismatchError
from mcbench.metrics.distribution.features import Features, checked_features

_ROWS_AT_ONCE = 2048


def kernel_distance(prediction: Features, truth: Features, *, paired: bool = False) -> float:
    """Return the unbiased estimate of the squared maximum mean discrepancy, kernel (x.y / D + 1)^3.

    All pairs count: no random subsets, so nothing to seed. Its expectation is 0 for two samples of one
    distribution at any size, hence a single value may be negative. Float64, on the tensors' device.

    Args:
        prediction: [N, D], N >= 2, array or tensor.
        truth: [M, D], M >= 2, array or tensor.
        paired: whether row i of the predictions was made after row i of the truth. Such rows are not
            independent and are left out of the mean between the sets, as a row is left out against
            itself within one; with them the estimate is too low by about 2/N of the kernel's spread
            (and negative for equal sets, where it now is 0).

    Returns:
        The estimate, without the factor 1000 that some tables have; exactly 0 for equal paired sets.

    Raises:
        MismatchError, InputError: see `checked_features`; or paired sets of two lengths.

    Source: Gretton et al. 2012 (equation 3, and the U-statistic of lemma 6 for paired sets); Binkowski
    et al. 2018 (kernel).
    """
    x, y = checked_features(prediction, truth)
    if paired and len(x) != len(y):
        raise MismatchError(f"{len(x)} and {len(y)} feature vectors are not pairs")
    if paired:
        if torch.equal(x, y):
            return 0.0
        own = cubic_kernel((x * y).sum(dim=1), x.shape[1]).sum()
        cross = (_kernel_sum(x, y) - own) / (len(x) * (len(x) - 1))
    else:
        cross = _kernel_sum(x, y) / (len(x) * len(y))
    return float(_mean_of_distinct_pairs(x) + _mean_of_distinct_pairs(y) - 2.0 * cross)


def _mean_of_distinct_pairs(features: torch.Tensor) -> torch.Tensor:
    own = cubic_kernel(features.square().sum(dim=1), features.shape[1]).sum()
    count = len(features)
    return (_kernel_sum(features, features) - own) / (count * (count - 1))


def _kernel_sum(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    starts = range(0, len(x), _ROWS_AT_ONCE)
    blocks = [cubic_kernel(x[start : start + _ROWS_AT_ONCE] @ y.T, x.shape[1]).sum() for start in starts]
    return torch.stack(blocks).sum()


def cubic_kernel(products: torch.Tensor, dimensions: int) -> torch.Tensor:
    """Return the kernel of inner products of features of so many dimensions, of any shape."""
    shifted = products / dimensions + 1.0
    return shifted * shifted * shifted

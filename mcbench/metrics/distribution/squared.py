"""Mean squared distance of paired features: what some evaluators print as FVD."""

from __future__ import annotations

import torch

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.distribution.features import Features, float64_tensor


def squared_distance(prediction: Features, truth: Features) -> float:
    """Return the mean over rows of |x_i - y_i|^2, in float64.

    This is no distance of distributions: row i is compared with row i. A Frechet distance of one vector a
    side, whose covariances are taken as 0, is this number; evaluators that call "FVD" with one video a
    side publish it under that name.

    Args:
        prediction: [N, D], N >= 1, array or tensor.
        truth: the same shape; row i is what row i of the predictions was made after.

    Returns:
        The mean, 0 or above; 0 for equal sides.

    Raises:
        MismatchError: the shapes differ.
        InputError: not [N, D], empty, or values that are not finite real numbers.

    Source: the branch for one video in `frechet_distance` of StyleGAN-V's port of FVD, as HumanVid
    (commit 28ff734) and common_metrics_on_video_quality (commit 5f75173) have it.
    """
    if tuple(prediction.shape) != tuple(truth.shape):
        raise MismatchError(f"features of {tuple(prediction.shape)} and {tuple(truth.shape)} are not pairs")
    if truth.ndim != 2 or 0 in truth.shape:
        raise InputError(f"features must be [N, D], not {tuple(truth.shape)}")
    device = next((side.device for side in (truth, prediction) if isinstance(side, torch.Tensor)), None)
    x, y = (float64_tensor(side, device or torch.device("cpu")) for side in (prediction, truth))
    if not bool(torch.isfinite(x).all() and torch.isfinite(y).all()):
        raise InputError("the features hold values that are not finite")
    return float((x - y).square().sum(dim=1).mean())

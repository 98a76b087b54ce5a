"""Frechet distance between Gaussians fitted to two sets of features (FID, FID-VID, FVD)."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.distribution.features import Matrix, checked_features


def frechet_distance(prediction: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)), with covariances over N - 1.

    With A and B the centred features over sqrt(N - 1), the trace of the root is the nuclear norm of
    A B^T, so no D x D matrix is formed and rank-deficient sets (fewer vectors than dimensions) are
    exact. A set with more vectors than dimensions is first replaced by the triangular factor of its
    QR decomposition, which has the same covariance.

    Args:
        prediction: [N, D], N >= 2.
        truth: [M, D], M >= 2.

    Returns:
        The distance, at least 0; 0 for equal sets up to rounding. Small sets read too high: see
        docs/protocols.md.

    Raises:
        MismatchError, InputError: see `checked_features`.

    Source: Heusel et al. 2017; Dowson and Landau 1982 for the formula.
    """
    x, y = checked_features(prediction, truth)
    difference = x.mean(axis=0) - y.mean(axis=0)
    a, b = _factor(x), _factor(y)
    root_trace = scipy.linalg.svdvals(a @ b.T, check_finite=False).sum()
    distance = difference @ difference + np.square(a).sum() + np.square(b).sum() - 2.0 * root_trace
    return max(0.0, float(distance))


def frechet_distance_from_statistics(
    mean_1: Matrix, covariance_1: Matrix, mean_2: Matrix, covariance_2: Matrix
) -> float:
    """Return the Frechet distance from stored means and covariances.

    Args:
        mean_1, mean_2: [D].
        covariance_1, covariance_2: symmetric [D, D].

    Returns:
        The distance, at least 0.

    Raises:
        MismatchError: the shapes do not belong together.
        InputError: a value is not finite.
    """
    shapes = [np.shape(part) for part in (mean_1, covariance_1, mean_2, covariance_2)]
    dimensions = np.size(mean_1)
    if shapes != [(dimensions,), (dimensions, dimensions)] * 2:
        raise MismatchError(f"means and covariances of shapes {shapes} do not belong together")
    if not all(np.isfinite(part).all() for part in (mean_1, covariance_1, mean_2, covariance_2)):
        raise InputError("means or covariances hold values that are not finite")
    values, vectors = np.linalg.eigh(np.asarray(covariance_1, dtype=np.float64))
    half = vectors * np.sqrt(np.clip(values, 0.0, None))
    inner = half.T @ np.asarray(covariance_2, dtype=np.float64) @ half
    root_trace = np.sqrt(np.clip(np.linalg.eigvalsh((inner + inner.T) / 2.0), 0.0, None)).sum()
    difference = np.asarray(mean_1, dtype=np.float64) - np.asarray(mean_2, dtype=np.float64)
    traces = np.trace(covariance_1) + np.trace(covariance_2)
    return max(0.0, float(difference @ difference + traces - 2.0 * root_trace))


def _factor(features: Matrix) -> Matrix:
    """Return a matrix F of at most D rows with F^T F the covariance of the features."""
    centred: Matrix = (features - features.mean(axis=0)) / np.sqrt(len(features) - 1)
    if len(centred) <= centred.shape[1]:
        return centred
    triangular: Matrix = scipy.linalg.qr(centred, mode="r", check_finite=False)[0][: centred.shape[1]]
    return triangular

"""Frechet distance between Gaussians fitted to two sets of features (FID, FID-VID, FVD)."""

from __future__ import annotations

import math

import torch

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.distribution.features import LARGEST, Features, checked_features, float64_tensor


def frechet_distance(prediction: Features, truth: Features) -> float:
    """Return |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)), with covariances over N - 1.

    With A and B the centred features over sqrt(N - 1), the trace of the root is the nuclear norm of
    A B^T, so no D x D matrix is formed and rank-deficient sets (fewer vectors than dimensions) are
    exact. A set with more vectors than dimensions is first replaced by the triangular factor of its
    QR decomposition, which has the same covariance. All of it is float64, on the tensors' device.

    That factor is taken rather than the covariance and its eigenvalues because it is as exact as the
    other case (errors of 1e-16 of the traces, where covariances cost 1e-9 to 1e-7 once their
    eigenvalues span six orders or more) and takes no more than a quarter longer at D = 2048.

    Args:
        prediction: [N, D], N >= 2, array or tensor.
        truth: [M, D], M >= 2, array or tensor.

    Returns:
        The distance, 0 or above. Exactly 0 for a set against itself; for the same vectors in another
        order 0 up to rounding, some 1e-16 of Tr(S1 + S2). Small sets read too high: see
        docs/protocols.md.

    Raises:
        MismatchError, InputError: see `checked_features`.

    Source: Heusel et al. 2017; Dowson and Landau 1982 for the formula.
    """
    x, y = checked_features(prediction, truth)
    if torch.equal(x, y):
        return 0.0
    difference = x.mean(dim=0) - y.mean(dim=0)
    a, b = _factor(x), _factor(y)
    n, m = len(x) - 1, len(y) - 1
    root_trace = torch.linalg.svdvals(a @ b.T).sum() / math.sqrt(n * m)
    return _assemble(difference, _squares(a) / n + _squares(b) / m, root_trace)


def frechet_distance_from_statistics(
    mean_1: Features, covariance_1: Features, mean_2: Features, covariance_2: Features
) -> float:
    """Return the Frechet distance from stored means and covariances.

    With S1 = H1 H1^T and S2 = H2 H2^T by symmetric eigendecomposition, the trace of the root is the
    nuclear norm of H1^T H2. Features are the better thing to store: what is lost in forming a covariance
    of fewer vectors than dimensions does not come back (relative errors up to about 1e-6).

    Args:
        mean_1, mean_2: [D], arrays or tensors.
        covariance_1, covariance_2: symmetric [D, D].

    Returns:
        The distance, 0 or above; exactly 0 for equal statistics.

    Raises:
        MismatchError: the shapes do not belong together.
        InputError: a value is not finite or is too large, or a covariance is not symmetric.
    """
    given = (mean_1, covariance_1, mean_2, covariance_2)
    shapes = [tuple(part.shape) for part in given]
    dimensions = mean_1.shape[0] if mean_1.ndim else 0
    if shapes != [(dimensions,), (dimensions, dimensions)] * 2:
        raise MismatchError(f"means and covariances of shapes {shapes} do not belong together")
    device = next((part.device for part in given if isinstance(part, torch.Tensor)), torch.device("cpu"))
    mu_1, s_1, mu_2, s_2 = (float64_tensor(part, device) for part in given)
    if not all(bool(torch.isfinite(part).all()) for part in (mu_1, s_1, mu_2, s_2)):
        raise InputError("means or covariances hold values that are not finite")
    if max(float(part.abs().max()) for part in (mu_1, s_1, mu_2, s_2)) > LARGEST**2:
        raise InputError(f"means or covariances hold values beyond {LARGEST**2:g}: products overflow")
    if torch.equal(mu_1, mu_2) and torch.equal(s_1, s_2):
        return 0.0
    root_trace = torch.linalg.svdvals(_symmetric_root(s_1).T @ _symmetric_root(s_2)).sum()
    return _assemble(mu_1 - mu_2, s_1.trace() + s_2.trace(), root_trace)


def _factor(features: torch.Tensor) -> torch.Tensor:
    """Return a matrix F of at most D rows with F^T F the covariance of the features times N - 1."""
    centred: torch.Tensor = features - features.mean(dim=0)
    if len(centred) <= centred.shape[1]:
        return centred
    triangular: torch.Tensor = torch.linalg.qr(centred, mode="r")[1]
    return triangular


def _squares(matrix: torch.Tensor) -> torch.Tensor:
    values = matrix.reshape(-1)
    return values @ values


def _symmetric_root(covariance: torch.Tensor) -> torch.Tensor:
    """Return H with H H^T the covariance; eigenvalues below 0, which only rounding makes, count 0."""
    if not torch.allclose(covariance, covariance.T, rtol=1e-6, atol=1e-9 * float(covariance.abs().max())):
        raise InputError("a covariance is not symmetric")
    values, vectors = torch.linalg.eigh((covariance + covariance.T) / 2.0)
    root: torch.Tensor = vectors * values.clamp(min=0.0).sqrt()
    return root


def _assemble(difference: torch.Tensor, traces: torch.Tensor, root_trace: torch.Tensor) -> float:
    return max(0.0, float(difference @ difference + traces - 2.0 * root_trace))

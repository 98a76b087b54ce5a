"""Distances between two sets of feature vectors."""

from __future__ import annotations

from mcbench.metrics.distribution.frechet import frechet_distance, frechet_distance_from_statistics
from mcbench.metrics.distribution.kernel import kernel_distance
from mcbench.metrics.distribution.squared import squared_distance

__all__ = ["frechet_distance", "frechet_distance_from_statistics", "kernel_distance", "squared_distance"]

"""What makes two estimates comparable: the estimator's name, version, weights and settings."""

from __future__ import annotations

from pydantic import Field

from mcbench.records import Part, WeightsUse

Setting = str | int | float | bool


class EstimatorIdentity(Part):
    """An estimator as records know it; equal identities give equal estimates of equal frames."""

    name: str
    version: int = 1
    """Raised when the code around the network changes what comes out."""
    weights: tuple[WeightsUse, ...] = ()
    settings: dict[str, Setting] = Field(default_factory=dict)

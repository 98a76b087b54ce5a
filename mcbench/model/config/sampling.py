"""How a configuration samples."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mcbench.model.config.section import Positive, Section


class SamplingConfig(Section):
    """Defaults of sampling."""

    steps: Positive = 6
    guidance: Annotated[float, Field(ge=0)] = 1.0
    window: Positive = 16
    overlap: Annotated[int, Field(ge=0)] = 4
    noise: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Scale of the noise that sampling starts from. In a single step noise can only leave traces: 0."""
    least_difference: Annotated[float, Field(ge=0, le=255)] = 0.0
    """Levels of 255 that a difference to a first guess must have to be added to it; smaller ones fade out.
    Training knows nothing of it: where nothing comes through, nothing could be learned."""

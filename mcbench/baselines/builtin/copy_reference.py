"""`copy-reference`: every frame is the reference image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mcbench.baselines.builtin.common import fit
from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.records import ModelDescription


class CopyReference:
    """What standing still scores. Any method has to beat it."""

    def describe(self) -> ModelDescription:
        """Return its description: no weights, nothing to sample."""
        return ModelDescription(
            id="copy-reference", display_name="copy-reference", kind="builtin", licence="Apache-2.0"
        )

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield the reference `request.n_frames` times, resized only if a size was asked for."""
        frame = fit(request.reference, request.size)
        for _ in range(request.n_frames):
            yield frame


def load(device: str, options: Options) -> CopyReference:
    """Return the method; it takes no options and needs no device."""
    del device, options
    return CopyReference()

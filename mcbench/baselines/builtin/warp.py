"""`warp`: the reference image, cut along the skeleton and moved to where the driving pose has each limb.

A baseline of ours without weights; how it moves people is `mcbench.conditions.Carrier`. All that it is told
about depth is the order of the reference frame.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mcbench.baselines.builtin.common import fit
from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.conditions import Carrier
from mcbench.errors import DataMissingError
from mcbench.records import ModelDescription


class Warp:
    """The pose-driven piecewise warp of the reference image."""

    def describe(self) -> ModelDescription:
        """Return its description: no weights, nothing to sample."""
        return ModelDescription(
            id="warp", display_name="warp", kind="builtin", licence="Apache-2.0", inputs=("poses",)
        )

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield the warped reference for each driving pose.

        Raises:
            DataMissingError: the request has no poses.
        """
        if request.poses is None:
            raise DataMissingError(f"{request.video} has no driving poses, and warp moves limbs by them")
        reference = fit(request.reference, request.size)
        poses = request.poses.resized((reference.shape[0], reference.shape[1]))
        carrier = Carrier(reference, poses.keypoints[0], poses.visibility[0])
        for index in range(request.n_frames):
            frame, _ = carrier.carry(poses.keypoints[index], poses.visibility[index], poses.depth[0])
            yield np.clip(np.rint(frame), 0, 255).astype(np.uint8)


def load(device: str, options: Options) -> Warp:
    """Return the method; it takes no options and runs on the CPU."""
    del device, options
    return Warp()

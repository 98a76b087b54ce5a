"""`nearest-frame`: for each driving pose, the true frame in the nearest pose among a few known ones.

Every N-th frame of the clip, from the reference on, counts as known: this is retrieval, and says how far a
method gets that only ever repeats what it has seen of the very clip. It is shown the truth, so run records
say so and no leaderboard ranks it. A method that knows the reference alone can only be `copy-reference`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mcbench.baselines.builtin.common import fit, true_frame, whole_number
from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.data.truth import Poses
from mcbench.errors import DataMissingError, InputError, MismatchError
from mcbench.records import ModelDescription

_FARTHEST = 0.5
"""Picture heights that a joint counts at most, and what one counts that is known in one frame only."""


class NearestFrame:
    """Retrieval among known frames of the clip itself.

    Args:
        every: frames 0, every, 2 * every, ... are known.
    """

    def __init__(self, every: int) -> None:
        self._every = every

    def describe(self) -> ModelDescription:
        """Return its description: it is shown the truth."""
        return ModelDescription(
            id="nearest-frame",
            display_name="nearest-frame",
            kind="builtin",
            licence="Apache-2.0",
            sampler={"every": self._every},
            inputs=("poses", "truth"),
        )

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield, for each frame, the known one with the smallest `pose_distance`.

        Of equally near ones it is the nearest in time, and of these the earlier.

        Raises:
            DataMissingError: the request has no poses or does not show the truth.
            MismatchError: there are fewer poses than frames asked for.
        """
        poses = request.poses
        if poses is None:
            raise DataMissingError(f"{request.video} has no driving poses, and nearest-frame looks for them")
        if poses.n_frames < request.n_frames:
            raise MismatchError(
                f"{request.n_frames} frames of {request.video} are asked for, and there are poses of "
                f"{poses.n_frames}"
            )
        known = range(0, request.n_frames, self._every)
        for index in range(request.n_frames):
            best = min(known, key=lambda one: (pose_distance(poses, index, one), abs(one - index), one))
            yield fit(true_frame(request, "nearest-frame", best), request.size)


def pose_distance(poses: Poses, one: int, other: int) -> float:
    """Return how far the poses of two frames are from each other, in picture heights; 0 for the same pose.

    The mean, over all joints of all people that are known in either frame, of the joint's way, which counts
    0.5 at most and 0.5 where the joint is known in one frame only. 0 if no joint is known in either.
    """
    seen_one, seen_other = poses.visibility[one] > 0, poses.visibility[other] > 0
    either = seen_one | seen_other
    if not either.any():
        return 0.0
    ways = np.linalg.norm(poses.keypoints[one] - poses.keypoints[other], axis=-1) / poses.size[0]
    counted = np.where(seen_one & seen_other, np.minimum(ways, _FARTHEST), _FARTHEST)
    return float(counted[either].mean())


def load(device: str, options: Options) -> NearestFrame:
    """Return the method; `options` has `every`.

    Raises:
        InputError: `every` is no whole number above 0.
    """
    del device
    every = whole_number(options, "every", 10)
    if every < 1:
        raise InputError(f"every={every} leaves no frame known", "give every=1 or more")
    return NearestFrame(every)

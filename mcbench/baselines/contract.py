"""What every method is to mcbench: a light spec, and an animator that turns a request into frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from mcbench.data.truth import Poses
from mcbench.records import ModelDescription, Size

Kind = Literal["ours", "builtin"]
Need = Literal["poses"]
Options = Mapping[str, str | int | float | bool]


@dataclass(frozen=True)
class Spec:
    """What is known of a method without importing it.

    Attributes:
        id: the name for `--model`.
        display_name: the name in tables.
        kind: how it runs.
        factory: `module:attribute` of a callable `(device: str, options: Options) -> Animator`.
        description: one sentence.
        paper: citation, or empty.
        licence: of the code and weights that run.
        needs: what a clip must have besides its reference image.
        options: names of the options it takes and their defaults.
    """

    id: str
    display_name: str
    kind: Kind
    factory: str
    description: str
    paper: str = ""
    licence: str = "Apache-2.0"
    needs: tuple[Need, ...] = ()
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class AnimationRequest:
    """What a method is shown of a clip: never its frames beyond the reference.

    Attributes:
        video: the clip's id.
        reference: uint8 [height, width, 3], RGB: the clip's first frame.
        poses: the driving poses of all frames, `poses.keypoints[0]` being the reference's own; None
            where the clip has none (then `spec.needs` must not name them).
        n_frames: how many frames to make; frame 0 shows the reference's pose.
        fps: frames a second of the clip.
        size: (height, width) asked for, or None for the method's own choice.
        seed: seed of this video, from a hash of the run's seed, the model and the video.
    """

    video: str
    reference: NDArray[np.uint8]
    poses: Poses | None
    n_frames: int
    fps: float
    size: Size | None
    seed: int


class Animator(Protocol):
    """A loaded method."""

    def describe(self) -> ModelDescription:
        """Return what a run record says of the method: weights' hashes, sampler, licence."""

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield exactly `request.n_frames` frames, uint8 [height, width, 3] RGB, all of one size.

        The frames depend on the request alone: not on the frames or videos made before.
        """

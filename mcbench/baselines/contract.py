"""What every method is to mcbench once it is loaded: an animator that turns a request into frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mcbench.data.truth import Poses
from mcbench.records import ModelDescription, Size

Options = Mapping[str, str | int | float | bool]
Picture = Callable[[int, Size], NDArray[np.uint8]]
"""(index of the frame, (height, width)) -> uint8 [height, width, 3] RGB; masks [height, width]."""


@dataclass(frozen=True)
class WholeBodies:
    """Points of whole bodies, in pixels of the clip's own size.

    Attributes:
        keypoints: float32 [frames, people, 134, 2] (see `mcbench.estimators.pose.People`), NaN where a person
            was not found.
        confidence: float32 [frames, people, 134].
    """

    keypoints: NDArray[np.float32]
    confidence: NDArray[np.float32]


@dataclass(frozen=True)
class AnimationRequest:
    """What a method is shown of a clip: what its spec names as `inputs`, and nothing else.

    Attributes:
        video: the clip's id.
        reference: uint8 [height, width, 3], RGB: the clip's first frame.
        poses: the driving poses of all frames, `poses.keypoints[0]` being the reference's own; None
            where the spec does not ask for poses.
        n_frames: how many frames to make; frame 0 shows the reference's pose.
        fps: frames a second of the clip.
        size: (height, width) asked for, or None for the method's own choice.
        seed: seed of this video, from a hash of the run's seed, the model and the video.
        true_frame: index -> the clip's own frame, uint8 [height, width, 3]; only for `driving-frames` (the
            self-reenactment way) and `truth`.
        pictures: `pose-drawings`, `dwpose-drawings`, `densepose` and `masks`, those that the spec asks for.
        whole_bodies: of the poses, where they have them.
        prompt: a text, where the spec asks for one.
    """

    video: str
    reference: NDArray[np.uint8]
    poses: Poses | None
    n_frames: int
    fps: float
    size: Size | None
    seed: int
    true_frame: Callable[[int], NDArray[np.uint8]] | None = None
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    whole_bodies: WholeBodies | None = None
    prompt: str | None = None

    @property
    def reference_size(self) -> Size:
        """(height, width) of the reference."""
        return self.reference.shape[0], self.reference.shape[1]


@runtime_checkable
class TellsFacts(Protocol):
    """An animator that has something to say of a video once it is made."""

    def facts(self) -> dict[str, str | int | float | bool]:
        """Return what is worth recording of the last video."""


class Animator(Protocol):
    """A loaded method."""

    def describe(self) -> ModelDescription:
        """Return what a run record says of the method: weights' hashes, sampler, licence."""

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield exactly `request.n_frames` frames, uint8 [height, width, 3] RGB, all of one size.

        The frames depend on the request alone: not on the frames or videos made before.
        """

"""The camera: where it is and looks in every frame, and where points land in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcbench.data.generated.arithmetic import Floats, Random, across, cosine, cross, fixed, sine, unit, vector
from mcbench.data.generated.specs import CANONICAL_SIZE, SceneSpec

FOCAL = 1.2
"""Focal length in picture heights."""
_ASPECT = CANONICAL_SIZE[0] / CANONICAL_SIZE[1]
_DISTANCE = {2: 3.1, 3: 3.45, 4: 3.8, 5: 4.1}


@dataclass(frozen=True)
class Camera:
    """A pinhole camera over time.

    Attributes:
        place: [T, 3] in the world.
        axes: [T, 3, 3]: rows right, down and ahead, in the world.
        still: whether it never moves.
    """

    place: Floats
    axes: Floats
    still: bool

    def to_camera(self, points: Floats, frame: int | slice) -> Floats:
        """Return points [..., 3] in the camera's axes (right, down, ahead).

        For a slice of frames the points' first axis is time.
        """
        axes, place = self.axes[frame], self.place[frame]
        extra = points.ndim - place.ndim
        shape = (*place.shape[:-1], *([1] * extra), 3)
        offset = points - place.reshape(shape)
        rows = [axes[..., k, :].reshape(shape) for k in range(3)]
        return np.stack(
            [
                offset[..., 0] * r[..., 0] + offset[..., 1] * r[..., 1] + offset[..., 2] * r[..., 2]
                for r in rows
            ],
            axis=-1,
        )

    def directions(self, directions: Floats, frame: int) -> Floats:
        """Return directions [..., 3] in the camera's axes."""
        return self.to_camera(directions + self.place[frame], frame)


def focal_lengths(size: tuple[int, int]) -> tuple[float, float]:
    """Return the focal lengths (across, down) in pixels; every size shows the same field of view."""
    return FOCAL * _ASPECT * size[1], FOCAL * size[0]


def place_camera(spec: SceneSpec) -> Camera:
    """Return the camera of a clip: still, or panning, tracking, going closer, or held by hand."""
    random = Random(spec.seed, "camera")
    count = spec.n_frames + 1
    seconds = np.arange(count, dtype=np.float64) / spec.fps
    distance = _DISTANCE[spec.n_people] + random.uniform(-0.1, 0.25)
    place = vector(seconds * 0.0 + random.uniform(-0.15, 0.15), random.uniform(1.15, 1.6), -distance)
    target = vector(seconds * 0.0, 0.93, 0.0)
    kind = random.choice(("still", "still", "pan", "track", "dolly", "hand"))
    if spec.split != "train":  # few clips: let every kind come up
        kind = ("still", "pan", "track", "dolly", "hand")[(2 * spec.index + spec.index // 5) % 5]
    phase, speed = random.uniform(), random.uniform(0.1, 0.2)
    swing = sine(seconds * speed + phase)
    if kind == "pan":
        target[:, 0] += 0.16 * swing
    elif kind == "track":
        place[:, 0] += 0.35 * swing
    elif kind == "dolly":
        place[:, 2] += 0.3 * swing
    elif kind == "hand":
        for axis, size in enumerate((0.03, 0.02, 0.02)):
            place[:, axis] += size * sine(seconds * (0.31 + 0.13 * axis) + phase * axis)
            target[:, axis] += 0.6 * size * cosine(seconds * (0.43 + 0.17 * axis) + phase)
    place, target = fixed(place), fixed(target)
    ahead = unit(target - place)
    right = across(cross(vector(0.0, 1.0, 0.0), ahead), ahead)
    down = unit(cross(ahead, right)) * -1.0
    return Camera(place, fixed(np.stack([right, down, ahead], axis=1)), kind == "still")

"""Generated clips whose people can be left out, moved, exchanged or painted in another order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.data.generated import RenderedFrame, Scene, SceneSpec, build_scene
from mcbench.data.generated.choreography import Joints

Image = NDArray[np.uint8]
_FAR = np.array([0.0, 0.0, -1000.0])
_DIRECTIONS = ("pelvis_axes", "chest_axes", "head_axes", "feet")


class Stage:
    """A generated clip at one size: its true frames, and pictures that are wrong in a known way."""

    def __init__(self, spec: SceneSpec, size: tuple[int, int] = (256, 184)) -> None:
        self.spec, self.size, self.n_people = spec, size, spec.n_people
        self._scene = build_scene(spec)
        self._alone = [_with_people(spec, {person}) for person in range(spec.n_people)]
        self._empty = _with_people(spec, set())
        self._without = [
            _with_people(spec, set(range(spec.n_people)) - {person}) for person in range(spec.n_people)
        ]
        self.frame = cache(lambda index: self._scene.render(index, size))

    def without(self, index: int, person: int) -> Image:
        """The frame as it is when one person has not come."""
        return self._without[person].render(index, self.size).image

    def looks(self, index: int, looks: Sequence[int]) -> Image:
        """The frame in which people wear each other's looks."""
        return self._scene.render(index, self.size, looks=looks).image

    def alone(self, index: int, person: int) -> RenderedFrame:
        """One person, whole, in the empty scene."""
        return self._alone[person].render(index, self.size)

    def painted(self, index: int, order: Sequence[int]) -> Image:
        """The people painted over each other in an order, whoever is nearer; the last one is on top."""
        image = self._empty.render(index, self.size).image.copy()
        for person in order:
            alone = self.alone(index, person)
            image[alone.masks > 0] = alone.image[alone.masks > 0]
        return image

    def far_to_near(self, index: int) -> list[int]:
        """The people from the farthest to the nearest."""
        return [int(person) for person in np.argsort(-self.frame(index).person_depth)]

    def with_extra(self, index: int, person: int) -> Image:
        """The true frame with one person painted once more, where he covers the fewest true pixels."""
        frame, alone = self.frame(index), self.alone(index, person)
        shifts = range(-self.size[1] // 2, self.size[1] // 2, 2)
        inside = alone.masks > 0
        seen = {shift: np.count_nonzero(moved(inside, shift) & (frame.masks == 0)) for shift in shifts}
        best = max(seen, key=lambda shift: seen[shift])
        image = frame.image.copy()
        place = moved(inside, best) & (frame.masks == 0)
        image[place] = moved(alone.image, best)[place]
        return image


def moved(image: NDArray[Any], shift: int) -> NDArray[Any]:
    """Move a picture to the right; what comes in is 0."""
    result = np.zeros_like(image)
    if shift >= 0:
        result[:, shift:] = image[:, : image.shape[1] - shift]
    else:
        result[:, :shift] = image[:, -shift:]
    return result


def _with_people(spec: SceneSpec, people: set[int]) -> Scene:
    scene = build_scene(spec)
    scene._joints = tuple(
        joints if person in people else _away(joints) for person, joints in enumerate(scene._joints)
    )
    return scene


def _away(joints: Joints) -> Joints:
    """Move somebody far behind the camera."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(joints):
        value = getattr(joints, field.name)
        if field.name in _DIRECTIONS:
            continue
        changes[field.name] = tuple(one + _FAR for one in value) if isinstance(value, tuple) else value + _FAR
    return dataclasses.replace(joints, **changes)

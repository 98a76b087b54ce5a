"""A clip as something that can be rendered, frame by frame in any order, with its exact truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcbench.data.generated import raster
from mcbench.data.generated.arithmetic import Floats
from mcbench.data.generated.backdrop import Seen, choose_backdrop, look
from mcbench.data.generated.camera import focal_lengths, place_camera
from mcbench.data.generated.canvas import Canvas
from mcbench.data.generated.choreography import choreograph, keypoints
from mcbench.data.generated.flow import backdrop_flow, parts_flow
from mcbench.data.generated.light import set_light
from mcbench.data.generated.parts import Parts, build_parts, join
from mcbench.data.generated.people import draw_people
from mcbench.data.generated.picture import compose, floor_shadows, lamp_of
from mcbench.data.generated.props import place_props
from mcbench.data.generated.specs import SceneSpec
from mcbench.data.truth import Poses
from mcbench.errors import InputError

# Joints lie inside limbs and trunk; nose and eyes lie on the head, ears on it too but often under hair.
_SUNK = np.array([0.03, *[0.13] * 13, 0.03, 0.03, 0.07, 0.07])


@dataclass(frozen=True)
class RenderedFrame:
    """One frame and its truth.

    Attributes:
        image: uint8 [H, W, 3], RGB.
        masks: uint8 [H, W]: 0 background, k the k-th person.
        depth: uint16 [H, W]: distance along the axis of view in millimetres. (The walls close every scene,
            so 65535, nothing, does not occur.)
        flow: float32 [H, W, 2]: where what is seen at a pixel's centre goes by the next frame, in pixels
            to the right and down.
        background_flow: float32 [H, W, 2]: the same without the people, whom it looks through: the
            camera's motion.
        keypoints: float32 [people, 18, 2], (x, y) in pixels; pixel centres are at half-integers.
        visibility: uint8 [people, 18]: 0 outside the picture, 1 covered, 2 visible.
        person_depth: float32 [people], metres: the mean depth of a person's key points.
    """

    image: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    depth: NDArray[np.uint16]
    flow: NDArray[np.float32]
    background_flow: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    visibility: NDArray[np.uint8]
    person_depth: NDArray[np.float32]


class Scene:
    """A clip's people, dances, camera, light and backdrop, worked out once.

    Frames do not depend on which others were rendered before. A scene keeps what it prepares for the
    latest picture size, so render one size after the other.
    """

    def __init__(self, spec: SceneSpec) -> None:
        self.spec = spec
        self._bodies, self._looks = draw_people(spec)
        self._joints = choreograph(spec, self._bodies)
        self._camera = place_camera(spec)
        self._light = set_light(spec)
        self._backdrop = choose_backdrop(spec)
        self._props, self._prop_shadows = place_props(spec, self._backdrop.distance)
        self._keypoints = np.stack(
            [keypoints(j, b) for j, b in zip(self._joints, self._bodies, strict=True)], axis=1
        )
        self._parts: dict[tuple[int, ...], Parts] = {}
        self._canvases: tuple[float, Canvas, Canvas] | None = None
        self._grid: raster.Grid | None = None
        self._still: Seen | None = None

    def render(
        self, index: int, size: tuple[int, int], *, looks: Sequence[int] | None = None
    ) -> RenderedFrame:
        """Render one frame.

        Args:
            index: frame, from 0 to `spec.n_frames` - 1.
            size: (height, width) in pixels.
            looks: which person's appearance each person wears, a permutation of 0 .. people - 1; None
                leaves everybody himself.

        Raises:
            InputError: an index, size or permutation that this clip does not have.
        """
        self._check(index, size, looks)
        parts = self._parts_of(tuple(looks) if looks is not None else tuple(range(self.spec.n_people)))
        grid = self._prepare(size)
        frames = [self._frames(parts, i) for i in (index, index + 1)]
        placed = raster.place(frames[0], parts.shape)
        drawn = raster.draw(placed, grid)
        seen = self._seen(index, grid)
        lamp = lamp_of(self._light, self._camera, index)
        shadows = [
            *self._prop_shadows,
            *floor_shadows(self._joints, self._light.towards[index].tolist(), index),
        ]
        image = compose(drawn, parts.surface, seen, lamp, shadows)
        backdrop = backdrop_flow(seen, self._camera, index, grid)
        flow, background_flow = parts_flow(drawn, frames[1], parts.owner, backdrop)
        height, width = size
        centre = drawn.part[0, :height, :width]
        masks = np.where(centre >= 0, parts.owner.astype(np.uint8)[centre], np.uint8(0))
        metres = np.where(centre >= 0, drawn.depth[0, :height, :width], seen.depth)
        millimetres = np.minimum(metres * np.float32(1000.0) + np.float32(0.5), np.float32(65534.0))
        points, visibility, person_depth = self._pose(index, parts, size)
        return RenderedFrame(
            image=image,
            masks=masks,
            depth=millimetres.astype(np.uint16),
            flow=flow,
            background_flow=background_flow,
            keypoints=points,
            visibility=visibility,
            person_depth=person_depth,
        )

    def poses(self, size: tuple[int, int]) -> Poses:
        """Return the poses of all frames; visibility does not depend on the size.

        Args:
            size: (height, width) in pixels that the coordinates refer to.
        """
        self._check(0, size, None)
        parts = self._parts_of(tuple(range(self.spec.n_people)))
        frames = [self._pose(index, parts, size) for index in range(self.spec.n_frames)]
        points, visibility, depth = (np.stack(column) for column in zip(*frames, strict=True))
        return Poses(points, visibility, depth, size)

    def _check(self, index: int, size: tuple[int, int], looks: Sequence[int] | None) -> None:
        if not 0 <= index < self.spec.n_frames:
            raise InputError(f"{self.spec.id} has frames 0 to {self.spec.n_frames - 1}, not {index}")
        if not all(16 <= side <= 4096 for side in size):
            raise InputError(f"cannot render {size[0]}x{size[1]}", "ask for 16 to 4096 pixels a side")
        if looks is not None and sorted(looks) != list(range(self.spec.n_people)):
            raise InputError(
                f"looks {list(looks)} is no permutation of the {self.spec.n_people} people of {self.spec.id}",
                f"use each of 0 to {self.spec.n_people - 1} once",
            )

    def _frames(self, parts: Parts, index: int) -> Floats:
        """Return the parts' O, U, V and W [parts, 4, 3] in the camera's axes."""
        frames = parts.frames[index]
        axes = self._camera.directions(frames[:, 1:], index)
        return np.concatenate([self._camera.to_camera(frames[:, :1], index), axes], axis=1)

    def _parts_of(self, looks: tuple[int, ...]) -> Parts:
        if looks not in self._parts:
            people = build_parts(self._joints, self._bodies, tuple(self._looks[k] for k in looks))
            self._parts[looks] = join(people, self._props) if self._props else people
        return self._parts[looks]

    def _prepare(self, size: tuple[int, int]) -> raster.Grid:
        """Return the rays of a size."""
        if self._grid is None or self._grid.size != size:
            self._grid, self._still = raster.Grid.of(size), None
        return self._grid

    def _seen(self, index: int, grid: raster.Grid) -> Seen:
        """Return the empty scene; it is worked out once where the camera stands still."""
        if self._camera.still and self._still is not None:
            return self._still
        # A wall is about 6 metres away: a metre of it should be as many pixels on the canvas.
        density = focal_lengths(grid.size)[1] / 5.6
        if self._canvases is None or self._canvases[0] != density:
            self._canvases = (density, *self._backdrop.paint(density))
        height, width = grid.size
        seen = look(
            self._canvases[1], self._canvases[2], self._backdrop.distance,
            self._camera.place[index], self._camera.axes[index],
            grid.across[0, :, :width], grid.down[0, :height, :],
        )  # fmt: skip
        if self._camera.still:
            self._still = seen
        return seen

    def _pose(
        self, index: int, parts: Parts, size: tuple[int, int]
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
        """Return key points [P, 18, 2], visibility [P, 18] and depth [P] of a frame."""
        people = self.spec.n_people
        world = self._keypoints[index]
        points = self._camera.to_camera(world.reshape(-1, 3), index)
        fx, fy = focal_lengths((1, 1))  # places in parts of the picture do not depend on its size
        x = points[:, 0] / points[:, 2] * fx + 0.5
        y = points[:, 1] / points[:, 2] * fy + 0.5
        inside = (x >= 0.0) & (x < 1.0) & (y >= 0.0) & (y < 1.0)
        placed = raster.place(self._frames(parts, index), parts.shape)
        owner = np.repeat(np.arange(1, people + 1), 18)
        hidden = raster.covered(placed, points, owner, parts.owner, np.tile(_SUNK, people))
        visibility = np.where(inside, np.where(hidden, 1, 2), 0).astype(np.uint8)
        depth = points[:, 2].reshape(people, 18)
        total = depth[:, 0]
        for k in range(1, 18):
            total = total + depth[:, k]
        return (
            np.stack([x * size[1], y * size[0]], axis=-1).reshape(people, 18, 2).astype(np.float32),
            visibility.reshape(people, 18),
            (total / 18.0).astype(np.float32),
        )


def build_scene(spec: SceneSpec) -> Scene:
    """Return the scene of a spec."""
    return Scene(spec)

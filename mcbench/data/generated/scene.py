"""A clip as something that can be rendered, frame by frame in any order, with its exact truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcbench.data.generated import raster
from mcbench.data.generated.arithmetic import Floats
from mcbench.data.generated.backdrop import Canvas, Seen, choose_backdrop, look
from mcbench.data.generated.camera import focal_lengths, place_camera
from mcbench.data.generated.choreography import choreograph, keypoints
from mcbench.data.generated.light import set_light
from mcbench.data.generated.parts import Parts, build_parts, join
from mcbench.data.generated.people import draw_people
from mcbench.data.generated.props import place_props
from mcbench.data.generated.shade import Lamp, encode, light_backdrop, locate, shade
from mcbench.data.generated.specs import SceneSpec
from mcbench.data.truth import Poses
from mcbench.errors import InputError

_FACE_POINTS = (0, 14, 15, 16, 17)


@dataclass(frozen=True)
class RenderedFrame:
    """One frame and its truth.

    Attributes:
        image: uint8 [H, W, 3], RGB.
        masks: uint8 [H, W]: 0 background, k the k-th person.
        depth: uint16 [H, W]: distance along the axis of view in millimetres, 65535 where nothing is.
        flow: float32 [H, W, 2]: where what is seen at a pixel's centre goes by the next frame, in pixels
            to the right and down.
        background_flow: float32 [H, W, 2]: the same of the empty scene: the camera's motion.
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
        depth, part = raster.draw(placed, grid)
        seen = self._seen(index)
        height, width = size
        centre = part[0, :height, :width]
        covered = centre >= 0
        masks = np.where(covered, parts.owner.astype(np.uint8)[centre], np.uint8(0))
        metres = np.where(covered, depth[0, :height, :width], seen.depth)
        background_flow = self._background_flow(index, seen, grid)
        flow = self._flow(frames[1], parts.owner, placed, part[0], depth[0], background_flow, grid)
        image = self._picture(index, parts, placed, part, depth, seen, grid)
        points, visibility, person_depth = self._pose(index, parts, size)
        return RenderedFrame(
            image, masks, np.minimum(metres * np.float32(1000.0) + np.float32(0.5), np.float32(65534.0)).astype(np.uint16),
            flow, background_flow, points, visibility, person_depth,
        )  # fmt: skip

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
        """Return the rays of a size, and paint the backdrop finely enough for it."""
        if self._grid is None or self._grid.size != size:
            self._grid, self._still = raster.Grid.of(size), None
            # A wall is about 6 metres away; a metre of it should be as many pixels on the canvas.
            density = focal_lengths(size)[1] / 5.6
            if self._canvases is None or self._canvases[0] != density:
                self._canvases = (density, *self._backdrop.paint(density))
        return self._grid

    def _seen(self, index: int) -> Seen:
        """Return the empty scene; it is worked out once where the camera stands still."""
        if self._camera.still and self._still is not None:
            return self._still
        assert self._grid is not None and self._canvases is not None
        height, width = self._grid.size
        seen = look(
            self._canvases[1], self._canvases[2], self._backdrop.distance,
            self._camera.place[index], self._camera.axes[index],
            self._grid.across[0, :, :width], self._grid.down[0, :height, :],
        )  # fmt: skip
        if self._camera.still:
            self._still = seen
        return seen

    def _background_flow(self, index: int, seen: Seen, grid: raster.Grid) -> NDArray[np.float32]:
        height, width = grid.size
        flow = np.zeros((height, width, 2), dtype=np.float32)
        if self._camera.still:
            return flow
        # Steps are taken from slopes as differences of the two cameras, so that nothing large cancels.
        place, axes = self._camera.place[index + 1], self._camera.axes[index + 1]
        away = [p.astype(np.float64) - float(place[k]) for k, p in enumerate(seen.points)]
        coordinates = [away[0] * r[0] + away[1] * r[1] + away[2] * r[2] for r in axes]
        fx, fy = focal_lengths(grid.size)
        flow[..., 0] = (coordinates[0] / coordinates[2] - grid.across[0, :, :width]) * fx
        flow[..., 1] = (coordinates[1] / coordinates[2] - grid.down[0, :height, :]) * fy
        return flow

    def _flow(
        self, later: Floats, owner: NDArray[np.int64], placed: raster.Placed, part: NDArray[np.int16], depth: NDArray[np.float32],
        background: NDArray[np.float32], grid: raster.Grid,
    ) -> NDArray[np.float32]:  # fmt: skip
        """Return where each seen point is a frame later: the same point of the same part.

        Where things of the scene are seen, `background` is set to their flow.
        """
        height, width = grid.size
        rows, columns = np.nonzero(part[:height, :width] >= 0)
        across = grid.across[0, 0].astype(np.float32)[columns]
        down = grid.down[0, :, 0].astype(np.float32)[rows]
        which = part[rows, columns]
        points = locate(placed, which, depth[rows, columns], across, down)
        frame = later.astype(np.float32)
        u, v, s = points.local
        x, y, z = (
            frame[which, 0, k] + u * frame[which, 1, k] + v * frame[which, 2, k] + s * frame[which, 3, k]
            for k in range(3)
        )
        fx, fy = focal_lengths(grid.size)
        moved = np.stack([(x / z - across) * np.float32(fx), (y / z - down) * np.float32(fy)], axis=-1)
        props = owner[which] == 0
        background[rows[props], columns[props]] = moved[props]
        flow = background.copy()
        flow[rows, columns] = moved
        return flow

    def _picture(
        self, index: int, parts: Parts, placed: raster.Placed, part: NDArray[np.int16],
        depth: NDArray[np.float32], seen: Seen, grid: raster.Grid,
    ) -> NDArray[np.uint8]:  # fmt: skip
        """Return the picture: centres everywhere, and corners too where parts meet within a pixel."""
        height, width = grid.size
        lamp = self._lamp(index)
        image = encode(light_backdrop(seen, lamp, self._blobs(index)))
        table = parts.surface
        centre, corner = part[0, :height, :width], part[1]
        corners = (corner[:-1, :-1], corner[:-1, 1:], corner[1:, :-1], corner[1:, 1:])
        uneven = np.zeros((height, width), dtype=bool)
        for other in corners:
            uneven |= other != centre
        wanted = np.zeros((2, height + 1, width + 1), dtype=bool)
        wanted[0, :height, :width] = centre >= 0
        for rows, columns in ((slice(0, -1), slice(0, -1)), (slice(0, -1), slice(1, None)),
                              (slice(1, None), slice(0, -1)), (slice(1, None), slice(1, None))):  # fmt: skip
            wanted[1, rows, columns] |= uneven
        wanted[1] &= corner >= 0
        kind, rows, columns = np.nonzero(wanted)
        points = locate(
            placed, part[kind, rows, columns], depth[kind, rows, columns],
            grid.across[:, 0].astype(np.float32)[kind, columns], grid.down[:, :, 0].astype(np.float32)[kind, rows],
        )  # fmt: skip
        colours = encode(shade(points, placed, table, depth[0], lamp, grid))
        inside = kind == 0
        background = image.copy()
        image[rows[inside], columns[inside]] = colours[inside]
        at_corner = np.zeros((height + 1, width + 1, 3), dtype=np.float32)
        outside = ~inside
        at_corner[rows[outside], columns[outside]] = colours[outside]
        y, x = np.nonzero(uneven)
        total = image[y, x] * np.float32(4.0)
        for down in (0, 1):
            for right in (0, 1):
                empty = corner[y + down, x + right] < 0
                total += np.where(empty[:, None], background[y, x], at_corner[y + down, x + right])
        image[y, x] = total * np.float32(0.125)
        return (image + np.float32(0.5)).astype(np.uint8)

    def _lamp(self, index: int) -> Lamp:
        directions = np.stack([self._light.towards[index], np.array([0.0, 1.0, 0.0])])
        towards, up = self._camera.directions(directions, index).tolist()
        colour, around = self._light.lamp[index].tolist(), self._light.around[index].tolist()
        return Lamp(tuple(towards), tuple(up), tuple(colour), tuple(around))

    def _blobs(self, index: int) -> NDArray[np.float32]:
        """Return the soft shadows on the floor: close under the feet, wide along the lamp's light."""
        lamp = self._light.towards[index].tolist()
        rows = list(self._prop_shadows)
        for joints in self._joints:
            for ankle in joints.ankles:
                x, y, z = ankle[index].tolist()
                rows.append((x, z - 0.04, 0.17 + 0.3 * y, 0.75 / (1.0 + 8.0 * max(0.0, y - 0.08))))
            for point, radius, dark in (
                (joints.knees[0], 0.2, 0.3), (joints.knees[1], 0.2, 0.3), (joints.pelvis, 0.34, 0.6),
                (joints.chest, 0.32, 0.55), (joints.head, 0.24, 0.45),
            ):  # fmt: skip
                x, y, z = point[index].tolist()
                rows.append((x - lamp[0] / lamp[1] * y, z - lamp[2] / lamp[1] * y, radius, dark))
        return np.array(rows, dtype=np.float32)

    def _pose(
        self, index: int, parts: Parts, size: tuple[int, int]
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
        """Return key points [P, 18, 2], visibility [P, 18] and depth [P] of a frame."""
        people = self.spec.n_people
        world = self._keypoints[index]
        points = self._camera.to_camera(world.reshape(-1, 3), index)
        fx, fy = focal_lengths(size)
        x = points[:, 0] / points[:, 2] * fx + 0.5 * size[1]
        y = points[:, 1] / points[:, 2] * fy + 0.5 * size[0]
        inside = (x >= 0.0) & (x < size[1]) & (y >= 0.0) & (y < size[0])
        placed = raster.place(self._frames(parts, index), parts.shape)
        owner = np.repeat(np.arange(1, people + 1), 18)
        hidden = raster.covered(placed, points, owner, parts.owner)
        visibility = np.where(inside, np.where(hidden, 1, 2), 0).astype(np.uint8)
        depth = points[:, 2].reshape(people, 18)
        total = depth[:, 0]
        for k in range(1, 18):
            total = total + depth[:, k]
        return (
            np.stack([x, y], axis=-1).reshape(people, 18, 2).astype(np.float32),
            visibility.reshape(people, 18),
            (total / 18.0).astype(np.float32),
        )


def build_scene(spec: SceneSpec) -> Scene:
    """Return the scene of a spec."""
    return Scene(spec)

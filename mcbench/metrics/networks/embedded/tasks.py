"""What the networks learn to tell of clean footage: numbers and maps computed from the exact truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcbench.metrics.networks.embedded.distortions import Timeline
from mcbench.metrics.networks.embedded.footage import MAX_PEOPLE, Footage

GRID = (4, 3)
"""Rows and columns over which occupancy and flow are averaged."""
JOINTS = 18
# Mirroring a picture makes a left arm a right one.
_MIRRORED_JOINTS = np.array([0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16])
_PERSON_COLUMNS = 11
_X, _U = 0, 0
_FLOW_SCALE = 100.0


class ContentTasks:
    """Targets of footage under any timeline.

    A target vector holds, for the first and the last frame shown: place, extent, distance and the colours
    of the upper and lower half of every person from left to right; how full the cells of a grid are; mean
    and spread of the background's colour. For clips it also holds the flow (mean and speed in the cells of
    the grid, of the background, of every person). NaN stands for what does not exist or cannot be told.
    """

    def __init__(self, footage: Footage) -> None:
        self._footage = footage
        self._people = np.full((len(footage), 2, footage.masks.shape[2], MAX_PEOPLE, _PERSON_COLUMNS), np.nan)
        self._scene = np.empty((len(footage), 2, footage.masks.shape[2], GRID[0] * GRID[1] + 6))
        for clip in range(len(footage)):
            for looks in range(2):
                self._describe(clip, looks)
        self._flows = [(self._flow(clip, False), self._flow(clip, True)) for clip in range(len(footage))]

    def vector(self, clip: int, timeline: Timeline, mirrored: bool) -> NDArray[np.float32]:
        """Return the targets of a clip shown along a timeline, float32 with NaN."""
        parts = []
        for place in dict.fromkeys((0, len(timeline.frames) - 1)):
            frame, looks = int(timeline.frames[place]), int(timeline.looks[place])
            parts += [*self._frame(clip, looks, frame, mirrored)]
        if len(timeline.frames) > 1:
            flow = self._flows[clip][mirrored]
            parts.append(flow if timeline.ordered else np.full_like(flow, np.nan))
        return np.concatenate([part.ravel() for part in parts]).astype(np.float32)

    def maps(
        self, clip: int, timeline: Timeline, mirrored: bool, size: tuple[int, int]
    ) -> NDArray[np.float32]:
        """Return where the joints and the people are, averaged over time, float32 [19, *size] in 0..1."""
        shown, looks = timeline.frames, timeline.looks
        points = self._footage.keypoints[clip, shown].copy()
        points[~self._footage.visible[clip, shown]] = np.nan
        masks = self._footage.masks[clip, looks, shown] > 0
        if mirrored:
            points[..., 0] = 1 - points[..., 0]
            points = points[:, :, _MIRRORED_JOINTS]
            masks = masks[:, :, ::-1]
        vertical = _bumps(points[..., 1], size[0])
        horizontal = _bumps(points[..., 0], size[1])
        joints = np.zeros((JOINTS, *size))
        for person in range(MAX_PEOPLE):
            product = np.einsum("tjr,tjc->jrc", vertical[:, person], horizontal[:, person]) / len(shown)
            joints = np.maximum(joints, product)
        occupied = _cells(masks.mean(axis=0), size)
        return np.concatenate([joints, occupied[None]]).astype(np.float32)

    def _describe(self, clip: int, looks: int) -> None:
        footage = self._footage
        rows, columns = footage.masks.shape[-2:]
        y, x = np.mgrid[:rows, :columns]
        for frame in range(footage.masks.shape[2]):
            mask = footage.masks[clip, looks, frame]
            picture = footage.frames[clip, looks, frame]
            # 2x2 means bring the picture to the masks' grid.
            picture = picture.reshape(rows, 2, columns, 2, 3).mean(axis=(1, 3)) / 127.5 - 1
            for person in range(MAX_PEOPLE):
                place = mask == person + 1
                if place.sum() < 6:
                    continue
                middle = y[place].mean()
                upper, lower = place & (y <= middle), place & (y >= middle)
                self._people[clip, looks, frame, person] = (
                    (x[place].mean() + 0.5) / columns,
                    (middle + 0.5) / rows,
                    place.mean() * 4,
                    y[place].std() / rows * 4,
                    1 / footage.depth[clip, frame, person],
                    *picture[upper].mean(axis=0),
                    *picture[lower].mean(axis=0),
                )
            bare = mask == 0
            background = picture[bare] if bare.any() else picture.reshape(-1, 3)
            occupied = _cells((~bare).astype(np.float64), GRID)
            self._scene[clip, looks, frame] = np.concatenate(
                [occupied.ravel(), background.mean(axis=0), background.std(axis=0)]
            )

    def _frame(
        self, clip: int, looks: int, frame: int, mirrored: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        people = self._people[clip, looks, frame].copy()
        scene = self._scene[clip, looks, frame].copy()
        if mirrored:
            people[:, _X] = 1 - people[:, _X]
            cells = scene[: GRID[0] * GRID[1]].reshape(GRID)[:, ::-1]
            scene[: GRID[0] * GRID[1]] = cells.ravel()
        return people[np.argsort(people[:, _X])], scene

    def _flow(self, clip: int, mirrored: bool) -> NDArray[np.float64]:
        flow = self._footage.flow[clip, :-1].astype(np.float64) * _FLOW_SCALE
        background = self._footage.background_flow[clip, :-1].mean(axis=0) * _FLOW_SCALE
        speed = np.hypot(flow[..., 0], flow[..., 1]).mean(axis=0)
        mean = flow.mean(axis=0)
        relative = flow - self._footage.background_flow[clip, :-1, None, None] * _FLOW_SCALE
        people = np.full((MAX_PEOPLE, 4), np.nan)
        for person in range(MAX_PEOPLE):
            place = self._footage.masks[clip, 0, :-1] == person + 1
            if place.sum() >= 30:
                own = relative[place]
                people[person] = (
                    self._people[clip, 0, 0, person, _X],
                    *own.mean(axis=0),
                    np.hypot(own[:, 0], own[:, 1]).mean(),
                )
        if mirrored:
            speed, mean = speed[:, ::-1], mean[:, ::-1] * (-1, 1)
            background = background * (-1, 1)
            people = people * (-1, -1, 1, 1)
        people = people[np.argsort(people[:, 0])][:, 1:]
        grids = [_cells(plane, GRID).ravel() for plane in (speed, mean[..., 0], mean[..., 1])]
        # Speeds span orders of magnitude between frame rates; the root keeps slow dances apart.
        grids[0] = np.sqrt(grids[0])
        return np.concatenate([*grids, background, people.ravel()])


def _cells(plane: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.float64]:
    """Average a plane over the cells of a coarser grid."""
    rows = np.linspace(0, plane.shape[0], size[0] + 1).astype(int)
    columns = np.linspace(0, plane.shape[1], size[1] + 1).astype(int)
    sums = np.add.reduceat(np.add.reduceat(plane.astype(np.float64), rows[:-1], axis=0), columns[:-1], axis=1)
    return np.asarray(sums / np.outer(np.diff(rows), np.diff(columns)))


def _bumps(position: NDArray[np.float32], cells: int) -> NDArray[np.float64]:
    """Return Gaussian bumps (sigma 0.7 cells) at positions in 0..1 along one axis; nothing where NaN."""
    centres = np.arange(cells) + 0.5
    bumps = np.exp(-0.5 * ((position[..., None].astype(np.float64) * cells - centres) / 0.7) ** 2)
    return np.nan_to_num(bumps, nan=0.0)

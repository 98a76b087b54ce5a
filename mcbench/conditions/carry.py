"""The people of a reference picture, cut along their skeletons and moved to where other poses have each limb.

Inverse linear-blend skinning in the picture plane. Each bone gives a map from the driving frame back to
the reference (two end points fix rotation and length; the width follows the person's scale). A pixel near
the driving skeleton takes the blend of the maps of the bones around it and samples the reference there.
What lies behind the reference's people is filled in from their surroundings. People are painted far to
near.

Two things are made of it: the baseline `warp`, and the first guess that small models correct (it is no part
of the paper's method; see docs/training.md). It is in the spirit of the part-wise affine motion of FOMM
and MRAA without their learning, and follows no published code.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.conditions.skeleton import check_people
from mcbench.errors import MismatchError
from mcbench.records import Size

# (start, end, radius): key points in COCO-18 order, or _PELVIS and _CROWN which are made from them; the
# radius of what moves with the bone is in torso lengths.
_PELVIS, _CROWN = 18, 19
_BONES = (
    (1, _PELVIS, 0.30), (1, 8, 0.20), (1, 11, 0.20), (1, _CROWN, 0.25),
    (1, 2, 0.14), (2, 3, 0.12), (3, 4, 0.12), (1, 5, 0.14), (5, 6, 0.12), (6, 7, 0.12),
    (8, 9, 0.18), (9, 10, 0.15), (11, 12, 0.18), (12, 13, 0.15),
)  # fmt: skip
_HAND_OR_FOOT = {(3, 4), (6, 7), (9, 10), (12, 13)}
_OVERSHOOT = 1.3
"""Forearms and shins are lengthened by this, so that hands and feet move with them."""
_STRETCH_LIMIT = 3.0
_FEATHER = 0.25
"""Part of the radius over which the cut fades out."""

_MAP_HEIGHT = 300

Points = NDArray[np.float32]


@dataclass(frozen=True)
class _Bone:
    """One bone in the driving frame and its map back to the reference: x -> linear @ x + offset."""

    start: Points
    end: Points
    radius: float
    source_start: Points
    source_end: Points
    source_radius: float
    linear: Points
    offset: Points


@dataclass(frozen=True)
class _Grid:
    """Points inside a rectangle of the picture, `step` pixels apart, each in the middle of its square."""

    rows: slice
    columns: slice
    x: Points
    y: Points
    step: int

    def fill(self, values: Points) -> Points:
        """Return the values at every pixel of the rectangle, interpolated between the points."""
        shape = (self.rows.stop - self.rows.start, self.columns.stop - self.columns.start)
        if self.step == 1:
            return values
        whole = (values.shape[1] * self.step, values.shape[0] * self.step)
        enlarged: Points = cv2.resize(values, whole, interpolation=cv2.INTER_LINEAR)
        return enlarged[: shape[0], : shape[1]]


class Carrier:
    """Carries the people of one reference picture into other poses.

    Args:
        reference: uint8 [H, W, 3], RGB.
        keypoints: float32 [people, 18, 2], the reference's own poses, (x, y) in its pixels.
        visibility: uint8 [people, 18], 0 for unknown.

    Raises:
        MismatchError: the arrays do not fit each other.
    """

    def __init__(
        self, reference: NDArray[np.uint8], keypoints: Points, visibility: NDArray[np.uint8]
    ) -> None:
        check_people(keypoints, visibility)
        self._reference = reference
        self._people = [_with_extra(*each) for each in zip(keypoints, visibility, strict=True)]
        self.empty_scene = _without_people(reference, self._people)
        """The reference without its people, filled in from what is around them: float32 [H, W, 3]."""

    def carry(
        self, keypoints: Points, visibility: NDArray[np.uint8], depth: NDArray[np.float32]
    ) -> tuple[Points, Points]:
        """Return a frame with the people in other poses, and how far each of its pixels was carried there.

        Args:
            keypoints: float32 [people, 18, 2], the same people in the same order.
            visibility: uint8 [people, 18].
            depth: float32 [people]: nearer people are painted over farther ones; where any is NaN, the
                order is that of the feet in the reference, the lowest in front.

        Returns:
            float32 [H, W, 3], 0 to 255, and its coverage by people, float32 [H, W], 0 to 1.

        Raises:
            MismatchError: they are not as many people as in the reference.
        """
        check_people(keypoints, visibility)
        if len(keypoints) != len(self._people) or depth.shape != (len(self._people),):
            raise MismatchError(
                f"{len(self._people)} people in the reference, {len(keypoints)} in the frame, "
                f"{depth.size} depths",
                "the reference and every frame must list the same people",
            )
        frame = self.empty_scene.copy()
        coverage = np.zeros(frame.shape[:2], dtype=np.float32)
        for person in self._far_to_near(depth):
            bones = _bones(self._people[person], _with_extra(keypoints[person], visibility[person]))
            if bones:
                _paint(frame, coverage, self._reference, bones)
        return frame, coverage

    def _far_to_near(self, depth: NDArray[np.float32]) -> list[int]:
        if np.isfinite(depth).all():
            return [int(person) for person in np.argsort(-depth, kind="stable")]
        lowest = [np.nanmax(points[:18, 1], initial=-np.inf) for points in self._people]
        return [int(person) for person in np.argsort(lowest, kind="stable")]


def _with_extra(keypoints: Points, visibility: NDArray[np.uint8]) -> Points:
    """Return one person, float32 [20, 2]: the key points, the pelvis and the crown; NaN where unknown."""
    points = np.full((20, 2), np.nan, dtype=np.float32)
    known = visibility > 0
    points[:18][known] = keypoints[known]
    points[_PELVIS] = (points[8] + points[11]) / 2
    points[_CROWN] = points[1] + 1.6 * (points[0] - points[1])
    return points


def _torso_length(points: Points) -> float:
    """Return a person's size in pixels; a turned or bent torso is made up for by the shoulders."""
    lengths = [
        float(np.linalg.norm(points[1] - points[_PELVIS])),
        2.0 * float(np.linalg.norm(points[2] - points[5])) / 1.4,
        float(np.linalg.norm(points[1] - points[_CROWN])) * 1.1,
    ]
    known = [length for length in lengths if np.isfinite(length)]
    return max(known) if known else 0.0


def _bones(source: Points, target: Points) -> list[_Bone]:
    source_size, target_size = _torso_length(source), _torso_length(target)
    if source_size < 1.0 or target_size < 1.0:
        return []
    width_scale = float(np.clip(source_size / target_size, 1 / _STRETCH_LIMIT, _STRETCH_LIMIT))
    bones = []
    for start, end, radius in _BONES:
        ends = np.stack([source[start], source[end], target[start], target[end]])
        if not np.isfinite(ends).all():
            continue
        if (start, end) in _HAND_OR_FOOT:
            ends[1] = ends[0] + _OVERSHOOT * (ends[1] - ends[0])
            ends[3] = ends[2] + _OVERSHOOT * (ends[3] - ends[2])
        linear, offset = _bone_map(ends, width_scale)
        bones.append(
            _Bone(
                ends[2], ends[3], radius * target_size, ends[0], ends[1], radius * source_size, linear, offset
            )
        )
    return bones


def _bone_map(ends: Points, width_scale: float) -> tuple[Points, Points]:
    """Return the map that takes the target's bone (rows 2, 3) to the source's (rows 0, 1)."""
    source, target = ends[1] - ends[0], ends[3] - ends[2]
    source_length = max(float(np.linalg.norm(source)), 1e-3)
    target_length = max(float(np.linalg.norm(target)), 1e-3)
    along = float(np.clip(source_length / target_length, 1 / _STRETCH_LIMIT, _STRETCH_LIMIT))
    a, b = source / source_length, target / target_length
    across_a, across_b = np.array([-a[1], a[0]]), np.array([-b[1], b[0]])
    linear = (along * np.outer(a, b) + width_scale * np.outer(across_a, across_b)).astype(np.float32)
    middle_source, middle_target = (ends[0] + ends[1]) / 2, (ends[2] + ends[3]) / 2
    return linear, (middle_source - linear @ middle_target).astype(np.float32)


def _distance(x: Points, y: Points, start: Points, end: Points) -> Points:
    """Return the distance of each pixel (x, y) to a segment, in pixels."""
    dx, dy = float(end[0] - start[0]), float(end[1] - start[1])
    square = max(dx * dx + dy * dy, 1e-6)
    along = np.clip(((x - start[0]) * dx + (y - start[1]) * dy) / square, 0.0, 1.0)
    distance: Points = np.hypot(x - start[0] - along * dx, y - start[1] - along * dy).astype(np.float32)
    return distance


def _pixel_grid(bones: list[_Bone], size: Size, step: int = 1) -> _Grid | None:
    """Return the grid around the person that the bones are of, or None where none of it is in the picture."""
    ends = np.concatenate([np.stack([bone.start, bone.end]) for bone in bones])
    margin = max(bone.radius for bone in bones)
    left, top = np.floor(ends.min(axis=0) - margin).astype(int)
    right, bottom = np.ceil(ends.max(axis=0) + margin).astype(int)
    rows = slice(max(top, 0), min(bottom, size[0]))
    columns = slice(max(left, 0), min(right, size[1]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    y, x = np.mgrid[rows.start : rows.stop : step, columns.start : columns.stop : step].astype(np.float32)
    return _Grid(rows, columns, x + np.float32(step / 2), y + np.float32(step / 2), step)


def _paint(frame: Points, coverage: Points, reference: NDArray[np.uint8], bones: list[_Bone]) -> None:
    """Paint one person into `frame` (float32 [H, W, 3]) and `coverage` (float32 [H, W]), in place."""
    # The maps are smooth: in a large picture they are computed at every second or third pixel only.
    step = max(1, round(frame.shape[0] / _MAP_HEIGHT))
    grid = _pixel_grid(bones, (frame.shape[0], frame.shape[1]), step)
    if grid is None:
        return
    x, y = grid.x, grid.y
    total = np.zeros_like(x)
    source_x, source_y, alpha = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for bone in bones:
        relative = _distance(x, y, bone.start, bone.end) / bone.radius
        # A steep fall-off keeps each limb nearly rigid and blends only around the joints.
        weight = 1.0 / (relative * relative + 0.02) ** 3
        (a, b), (c, d) = bone.linear
        source_x += weight * (a * x + b * y + bone.offset[0])
        source_y += weight * (c * x + d * y + bone.offset[1])
        total += weight
        np.maximum(alpha, np.clip((1.0 - relative) / _FEATHER, 0.0, 1.0), out=alpha)
    source_x /= total
    source_y /= total
    # Only what belongs to the person in the reference may be carried along.
    nearest = np.full_like(x, np.inf)
    for bone in bones:
        np.minimum(
            nearest,
            _distance(source_x, source_y, bone.source_start, bone.source_end) / bone.source_radius,
            out=nearest,
        )
    alpha *= np.clip((1.15 - nearest) / _FEATHER, 0.0, 1.0)
    sampled = cv2.remap(
        reference,
        grid.fill(source_x - 0.5),
        grid.fill(source_y - 0.5),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    opacity = grid.fill(alpha)
    patch = frame[grid.rows, grid.columns]
    patch += opacity[..., None] * (sampled.astype(np.float32) - patch)
    covered = coverage[grid.rows, grid.columns]
    np.maximum(covered, opacity, out=covered)


def _without_people(reference: NDArray[np.uint8], people: list[Points]) -> Points:
    """Return the reference with its people filled in from what is around them, float32 [H, W, 3]."""
    size: Size = (reference.shape[0], reference.shape[1])
    covered = np.zeros(size, dtype=np.uint8)
    for points in people:
        bones = _bones(points, points)
        grid = _pixel_grid(bones, size) if bones else None
        if grid is None:
            continue
        for bone in bones:
            inside = _distance(grid.x, grid.y, bone.start, bone.end) <= 1.1 * bone.radius
            covered[grid.rows, grid.columns][inside] = 255
    # The fill is smooth, so it is made at a small size, where it costs little, and enlarged.
    scale = min(1.0, 200 / max(size))
    small_size = (max(round(size[1] * scale), 1), max(round(size[0] * scale), 1))
    small = cv2.resize(reference, small_size, interpolation=cv2.INTER_AREA)
    small_mask = (cv2.resize(covered, small_size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    filled = cv2.inpaint(small, small_mask, 5, cv2.INPAINT_TELEA)
    large = cv2.resize(filled, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)
    blend = (cv2.GaussianBlur(covered, (0, 0), max(size) / 200) / 255.0).astype(np.float32)[..., None]
    blend = np.maximum(blend, (covered > 0).astype(np.float32)[..., None])
    background: Points = reference + blend * (large.astype(np.float32) - reference)
    return background

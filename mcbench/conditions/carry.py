"""The reference's looks carried along the skeletons: each body part moved to where the target pose has it.

A map for models, not an animation method: it is rigid a part, knows nothing of surfaces that the
reference does not show, and says by its fourth channel where it has nothing to say. It is no part of the
paper's method; small models take it as one more guider, since they cannot learn to carry looks from
little training (see docs/training.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.conditions.bodies import body_scale
from mcbench.conditions.depth_order import depth_ranks
from mcbench.conditions.skeleton import check_people
from mcbench.errors import MismatchError

Points = NDArray[np.float32]

# OpenCV's remap takes pictures of less than 32768 pixels a side.
_REMAP_LIMIT = 30000
_FILL_RADIUS = 3

COVERAGE_VISIBLE, COVERAGE_HIDDEN = 255, 128


@dataclass(frozen=True)
class _Part:
    """A body part: the joints whose means are its ends, its half width and reach, in body scales."""

    start: tuple[int, ...]
    end: tuple[int, ...]
    radius: float
    reach: float = 0.0
    handicap: float = 0.0
    """Added to the distance from this part, so that slimmer parts win where they lie in front of it."""
    mirror: int | None = None
    """Index of the part on the other side, which stands in where the reference does not show this one."""
    width: tuple[int, int] | None = None
    """Two joints whose distance across the part tells its width and which way it faces."""


_PARTS: tuple[_Part, ...] = (
    _Part((1,), (8, 11), 0.30, 0.20, handicap=0.55, width=(2, 5)),
    _Part((1,), (0, 14, 15, 16, 17), 0.30, 0.10, handicap=0.1),
    _Part((2,), (3,), 0.16, 0.05, mirror=3),
    _Part((5,), (6,), 0.16, 0.05, mirror=2),
    _Part((3,), (4,), 0.15, 0.30, mirror=5),
    _Part((6,), (7,), 0.15, 0.30, mirror=4),
    _Part((8,), (9,), 0.22, 0.05, handicap=0.2, mirror=7),
    _Part((11,), (12,), 0.22, 0.05, handicap=0.2, mirror=6),
    _Part((9,), (10,), 0.20, 0.28, handicap=0.2, mirror=9),
    _Part((12,), (13,), 0.20, 0.28, handicap=0.2, mirror=8),
)


@dataclass(frozen=True)
class _Segment:
    """A part as it lies in one picture: from `start` along `along` for `length`, half as wide as `radius`."""

    start: Points
    along: Points
    length: float
    scale: float
    radius: float
    sidedness: float
    seen: int


def carried_reference(
    reference: NDArray[np.uint8],
    reference_keypoints: Points,
    reference_visibility: NDArray[np.uint8],
    keypoints: Points,
    visibility: NDArray[np.uint8],
    depth: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """Return the people of the reference moved, part by part, into the poses of another frame.

    Each pixel near a body takes the reference's pixel at the same place of the same part (the nearest
    part by distance relative to its width); people are painted far to near.

    Args:
        reference: uint8 [height, width, 3], RGB.
        reference_keypoints: float32 [people, 18, 2], (x, y) in its pixels.
        reference_visibility: uint8 [people, 18].
        keypoints: float32 [people, 18, 2], the poses to carry to, in pixels of the same size.
        visibility: uint8 [people, 18].
        depth: float32 [people]: who is painted over whom.

    Returns:
        uint8 [height, width, 4]: RGB and coverage: 255 carried, 128 carried from a part that is covered in
        the reference, 0 (with black) where nothing was carried.

    Raises:
        MismatchError: the arrays do not fit each other.
    """
    check_people(keypoints, visibility)
    check_people(reference_keypoints, reference_visibility)
    if keypoints.shape != reference_keypoints.shape or depth.shape != keypoints.shape[:1]:
        raise MismatchError(
            f"{len(reference_keypoints)} people in the reference, {len(keypoints)} in the frame, "
            f"{len(depth)} depths",
            "the reference and every frame must list the same people",
        )
    canvas = np.zeros((*reference.shape[:2], 4), dtype=np.uint8)
    for person in np.argsort(-depth_ranks(depth), kind="stable"):
        _carry_person(
            canvas,
            reference,
            _segments(reference_keypoints[person], reference_visibility[person]),
            _segments(keypoints[person], visibility[person]),
        )
    return canvas


def empty_scene(
    reference: NDArray[np.uint8], keypoints: Points, visibility: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return the reference without its people: where they are, colours are filled in from around them.

    Args:
        reference: uint8 [height, width, 3], RGB.
        keypoints: float32 [people, 18, 2], (x, y) in its pixels.
        visibility: uint8 [people, 18].

    Returns:
        uint8 [height, width, 3].
    """
    nobody_nearer = np.zeros(len(keypoints), dtype=np.float32)
    itself = carried_reference(reference, keypoints, visibility, keypoints, visibility, nobody_nearer)
    people = cv2.dilate((itself[..., 3] > 0).astype(np.uint8), np.ones((3, 3), dtype=np.uint8))
    filled = cv2.inpaint(reference, people, _FILL_RADIUS, cv2.INPAINT_TELEA)
    return np.asarray(filled, dtype=np.uint8)


def _segments(points: Points, seen: NDArray[np.uint8]) -> list[_Segment | None]:
    scale = body_scale(points, seen)
    return [_segment(part, points, seen, scale) if scale > 0 else None for part in _PARTS]


def _segment(part: _Part, points: Points, seen: NDArray[np.uint8], scale: float) -> _Segment | None:
    starts = [joint for joint in part.start if seen[joint]]
    ends = [joint for joint in part.end if seen[joint]]
    if not starts or not ends:
        return None
    start = points[starts].mean(axis=0)
    axis = points[ends].mean(axis=0) - start
    length = float(np.linalg.norm(axis))
    along = axis / length if length > 1e-3 else np.array([0.0, 1.0], dtype=np.float32)
    half_width, sidedness = part.radius, 1.0
    if part.width is not None and all(seen[joint] for joint in part.width):
        across = np.array([-along[1], along[0]], dtype=np.float32)
        signed = float((points[part.width[1]] - points[part.width[0]]) @ across) / (2 * scale)
        half_width = max(abs(signed) + 0.06, 0.2)
        sidedness = -1.0 if signed > 0 else 1.0
    return _Segment(
        start.astype(np.float32),
        along.astype(np.float32),
        length,
        scale,
        half_width * scale,
        sidedness,
        int(min(seen[starts].max(), seen[ends].max())),
    )


def _source(index: int, reference: list[_Segment | None]) -> tuple[_Segment, bool] | None:
    """Return the reference's segment for a part, and whether it is the mirrored one."""
    own, mirror = reference[index], _PARTS[index].mirror
    other = reference[mirror] if mirror is not None else None
    if other is not None and (own is None or other.seen > own.seen):
        return other, True
    return (own, False) if own is not None else None


def _carry_person(
    canvas: NDArray[np.uint8],
    reference: NDArray[np.uint8],
    reference_segments: list[_Segment | None],
    target_segments: list[_Segment | None],
) -> None:
    height, width = canvas.shape[:2]
    best = np.full((height, width), 1.0, dtype=np.float32)
    source_xy = np.zeros((height, width, 2), dtype=np.float32)
    coverage = np.zeros((height, width), dtype=np.uint8)
    for index, target in enumerate(target_segments):
        source = _source(index, reference_segments)
        if target is None or source is None:
            continue
        part = _PARTS[index]
        rows, columns = _region(target, part, (height, width))
        if rows.stop <= rows.start or columns.stop <= columns.start:
            continue
        distance, origin = _place(target, *source, part, rows, columns)
        nearer = distance < best[rows, columns]
        best[rows, columns][nearer] = distance[nearer]
        source_xy[rows, columns][nearer] = origin[nearer]
        coverage[rows, columns][nearer] = COVERAGE_VISIBLE if source[0].seen == 2 else COVERAGE_HIDDEN
    inside = coverage > 0
    if not inside.any():
        return
    # OpenCV has pixel centres at integers, poses at half-integers.
    wanted = source_xy[inside][None] - 0.5
    moved = [
        cv2.remap(reference, chunk, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
        for chunk in np.array_split(wanted, wanted.shape[1] // _REMAP_LIMIT + 1, axis=1)
    ]
    canvas[inside, :3] = np.concatenate(moved)
    canvas[inside, 3] = coverage[inside]


def _region(segment: _Segment, part: _Part, size: tuple[int, int]) -> tuple[slice, slice]:
    reach = segment.radius + part.reach * segment.scale + 1
    ends = np.stack([segment.start, segment.start + segment.along * segment.length])
    low = np.floor(ends.min(axis=0) - reach)
    high = np.ceil(ends.max(axis=0) + reach)
    x0, y0 = (int(value) for value in np.clip(low, 0, (size[1], size[0])))
    x1, y1 = (int(value) for value in np.clip(high, 0, (size[1], size[0])))
    return slice(y0, y1), slice(x0, x1)


def _place(
    target: _Segment, source: _Segment, mirrored: bool, part: _Part, rows: slice, columns: slice
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return, for the pixels of a region, the relative distance from the part and the reference's (x, y)."""
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] + 0.5 - target.start[1]
    x = np.arange(columns.start, columns.stop, dtype=np.float32)[None, :] + 0.5 - target.start[0]
    along = x * target.along[0] + y * target.along[1]
    across = y * target.along[0] - x * target.along[1]
    on_axis = np.clip(along, 0.0, target.length)
    beyond = along - on_axis
    past_reach = np.maximum(beyond - part.reach * target.scale, 0.0) + np.minimum(beyond, 0.0)
    distance = np.hypot(across, past_reach) / target.radius
    # Handicapped parts fill their whole width, but give way to slimmer ones near their middle.
    distance = part.handicap + (1.0 - part.handicap) * distance

    zoom = source.scale / target.scale
    source_along = on_axis * (source.length / max(target.length, 1e-3)) + beyond * zoom
    side = source.sidedness * target.sidedness * (-1.0 if mirrored else 1.0)
    source_across = across * (side * source.radius / target.radius)
    origin = np.stack(
        [
            source.start[0] + source_along * source.along[0] - source_across * source.along[1],
            source.start[1] + source_along * source.along[1] + source_across * source.along[0],
        ],
        axis=-1,
    )
    return distance.astype(np.float32), origin.astype(np.float32)

"""A picture of the maps that models are shown, a row a clip: to be looked at before a long run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench import files
from mcbench.conditions.clip import ClipConditions
from mcbench.conditions.driving import driving_poses
from mcbench.conditions.store import find_condition
from mcbench.data.clips import Clip
from mcbench.errors import DataMissingError, InputError
from mcbench.records import Size

COLUMNS = (
    "reference", "reference pose", "frame", "pose", "depth order", "flow (training)", "flow (inference)",
)  # fmt: skip
_HEIGHT, _HEADER, _GAP = 320, 18, 2


def clip_row(clip: Clip, size: Size, index: int | None = None) -> list[NDArray[np.uint8]]:
    """Return the pictures of one clip, in the order of `COLUMNS`, uint8 [height, width, 3] each.

    Args:
        clip: a prepared clip with poses.
        size: (height, width) of each picture.
        index: the driving frame; the middle one if None.

    Raises:
        DataMissingError: the clip has no poses; the hint is the command that makes them.
    """
    middle = clip.record.n_frames // 2 if index is None else index
    conditions = ClipConditions(driving_poses(clip).poses, size)
    still = conditions.frame(middle)
    moving = conditions.frame(middle, _background_flow(clip, middle, size))
    frames = [
        np.asarray(cv2.resize(clip.frame(at), size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
        for at in (0, middle)
    ]
    maps = [still.pose, still.depth_order, moving.flow, still.flow]
    return [frames[0], conditions.reference_pose(), frames[1], *maps]


def write_sheet(clips: Sequence[Clip], path: Path) -> None:
    """Write the sheet of some clips as a picture; its suffix says the format.

    Raises:
        InputError: there are no clips, or the suffix is of no picture.
        DataMissingError: a clip has no poses; the hint is the command that makes them.
    """
    if not clips:
        raise InputError("there is no clip to show", "mcbench data status")
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise InputError(f"{path} is no picture", "give a name that ends in .png, .jpg or .webp")
    rows = []
    for clip in clips:
        height, width = clip.record.size
        size = (_HEIGHT, max(1, round(_HEIGHT * width / height)))
        rows.append(np.concatenate([_with_gap(picture) for picture in clip_row(clip, size)], axis=1))
    widest = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, _GAP), (0, widest - row.shape[1]), (0, 0))) for row in rows]
    _save(_with_header(np.concatenate(padded), rows[0].shape[1] // len(COLUMNS)), path)


def _background_flow(clip: Clip, index: int, size: Size) -> NDArray[np.float32] | None:
    try:
        flow = np.nan_to_num(find_condition(clip, "flow").flow(index), nan=0.0)
    except DataMissingError:
        return None
    height, width = clip.record.size
    scale = np.array([size[1] / width, size[0] / height], np.float32)
    return np.asarray(cv2.resize(flow, size[::-1], interpolation=cv2.INTER_AREA) * scale, np.float32)


def _with_gap(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.pad(picture, ((0, 0), (0, _GAP), (0, 0)), constant_values=255)


def _with_header(sheet: NDArray[np.uint8], column: int) -> NDArray[np.uint8]:
    header = np.full((_HEADER, sheet.shape[1], 3), 255, np.uint8)
    for position, name in enumerate(COLUMNS):
        cv2.putText(
            header, name, (position * column + 4, _HEADER - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1,
            cv2.LINE_AA,
        )  # fmt: skip
    return np.concatenate([header, sheet])


def _save(sheet: NDArray[np.uint8], path: Path) -> None:
    from PIL import Image

    with files.atomic_file(path) as temporary:
        Image.fromarray(sheet).save(temporary, quality=85)

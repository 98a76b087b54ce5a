"""Previews of the truth and of the driving poses, for the page that plays them beside predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench import video
from mcbench.conditions import draw_poses, find_condition
from mcbench.data import Clip
from mcbench.data.truth import Poses
from mcbench.errors import DataMissingError, FileFormatError
from mcbench.progress import Progress
from mcbench.records import SplitRecord

POSE_PREVIEW_HEIGHT = 448
"""Pose drawings are made at this height at most; a preview need not be larger."""


def truth_preview_folder(results: Path, split: SplitRecord) -> Path:
    """Return where the previews of a split's truth lie below a results folder."""
    return results / "_truth" / split.name / f"{split.source}-{split.data_sha256[:12]}"


def write_truth_previews(
    split: SplitRecord, clips: Sequence[Clip], results: Path, progress: Progress
) -> None:
    """Write `VIDEO.mp4` and, where poses are known, `VIDEO.pose.mp4` of each clip that has none yet."""
    folder = truth_preview_folder(results, split)
    todo = [clip for clip in clips if not (folder / f"{clip.record.id}.mp4").exists()]
    if not todo:
        return
    progress.start(f"previews of the truth of {split.name}", len(todo))
    for clip in todo:
        try:
            _write(clip, folder)
        except FileFormatError as error:
            # The page does without; that the clip is damaged is told where its frames count.
            progress.message(f"no preview of {clip.record.id}: {error.message}")
        progress.advance()


def _write(clip: Clip, folder: Path) -> None:
    try:
        poses = find_condition(clip, "poses").poses()
    except DataMissingError:
        poses = None  # the page shows the truth alone
    if poses is not None:
        video.write_preview(folder / f"{clip.record.id}.pose.mp4", _pose_drawings(poses), clip.record.fps)
    video.write_preview(folder / f"{clip.record.id}.mp4", clip.frames(), clip.record.fps)


def _pose_drawings(poses: Poses) -> Iterator[NDArray[np.uint8]]:
    height, width = poses.size
    scale = min(1.0, POSE_PREVIEW_HEIGHT / height)
    size = (round(height * scale), round(width * scale))
    shown = poses.resized(size)
    for keypoints, visibility in zip(shown.keypoints, shown.visibility, strict=True):
        yield draw_poses(keypoints, visibility, size)

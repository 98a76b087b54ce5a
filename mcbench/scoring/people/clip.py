"""The exact truth about a prepared clip's people, brought to the size that a protocol compares at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.conditions import body_masks
from mcbench.data.clips import Clip, load_clip
from mcbench.data.truth import Poses
from mcbench.errors import FileFormatError
from mcbench.records import Size
from mcbench.scoring.protocols import FrameSetting
from mcbench.scoring.transforms import to_protocol


class PeopleTruth:
    """Masks, bodies and depth order of a clip's people at one size.

    Attributes:
        clip: the prepared clip; it has masks, and says how many people it has.
        n_people: number of people, visible or not.
        target: (height, width) of everything that is returned.
    """

    def __init__(self, folder: Path, setting: FrameSetting, target: Size) -> None:
        """Open a clip.

        Args:
            folder: of the prepared clip.
            setting: crop and resize of the protocol.
            target: (height, width) that frames are brought to.

        Raises:
            DataMissingError, FileFormatError: the folder holds no whole clip, or its truth is damaged.
        """
        self.clip, self.target, self._setting = load_clip(folder), target, setting
        self.n_people = self.clip.record.n_people or 0
        self._window = _window(self.clip.record.size, setting)
        self._poses = _poses(self.clip) if "poses" in self.clip.record.truth else None

    def frame(self, index: int) -> NDArray[Any]:
        """Return the true frame as the protocol shows it to metrics.

        Raises:
            FileFormatError, IndexError: see `Clip.frame`.
        """
        return to_protocol(self.clip.frame(index), self._setting, self.target)

    def labels(self, index: int) -> NDArray[np.uint8]:
        """Return the instance mask, cropped as the protocol has it and resized by nearest neighbour.

        Raises:
            DataMissingError, FileFormatError, IndexError: see `Clip.masks`; or the mask is of another size
                than the clip, or has more people.
        """
        mask = self.clip.masks(index)
        if mask.shape != tuple(self.clip.record.size) or int(mask.max()) > self.n_people:
            size = self.clip.record.size
            raise FileFormatError(
                f"the mask of frame {index} of {self.clip.folder} is {mask.shape[0]}x{mask.shape[1]} with "
                f"{int(mask.max())} people; the clip is {size[0]}x{size[1]} with {self.n_people}",
                "prepare the clip again",
            )
        top, left, height, width = self._window
        cut = np.ascontiguousarray(mask[top : top + height, left : left + width])
        resized = cv2.resize(cut, self.target[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
        return np.asarray(resized, dtype=np.uint8)

    def bodies(self, index: int) -> NDArray[np.uint8]:
        """Return everybody's whole body, drawn from key points, uint8 [people, *target], 255 inside.

        The clip has poses, or this fails.
        """
        assert self._poses is not None
        top, left, height, width = self._window
        scale = np.array([self.target[1] / width, self.target[0] / height], dtype=np.float32)
        points = (self._poses.keypoints[index] - np.array([left, top], dtype=np.float32)) * scale
        return body_masks(points.astype(np.float32), self._poses.visibility[index], self.target)

    def keypoints(self, index: int) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
        """Return everybody's key points, float64 [people, 18, 2], and visibility, uint8 [people, 18].

        Points are in the target's pixels; those that the crop cuts off are outside the picture. The clip
        has poses, or this fails.
        """
        assert self._poses is not None
        top, left, height, width = self._window
        shown = self._poses.keypoints[index].astype(np.float64) - (left, top)
        inside = ((shown >= 0) & (shown < (width, height))).all(axis=-1)
        visibility = np.where(inside, self._poses.visibility[index], 0).astype(np.uint8)
        return shown * (self.target[1] / width, self.target[0] / height), visibility

    def depth(self, index: int) -> NDArray[np.float32]:
        """Return everybody's mean distance from the camera in metres, float32 [people]; as `bodies`."""
        assert self._poses is not None
        depth: NDArray[np.float32] = self._poses.depth[index]
        return depth


def _window(size: Size, setting: FrameSetting) -> tuple[int, int, int, int]:
    """Return top, left, height and width of what `to_protocol` keeps of a frame."""
    height, width = size
    if setting.crop == "none":
        return 0, 0, height, width
    side = min(height, width)
    return (height - side) // 2, (width - side) // 2, side, side


def _poses(clip: Clip) -> Poses:
    """Return the clip's poses in its own pixels."""
    poses = clip.poses()
    if poses.n_frames < clip.record.n_frames or poses.n_people != clip.record.n_people:
        raise FileFormatError(
            f"the poses of {clip.folder} are of {poses.n_people} people in {poses.n_frames} frames, the clip "
            f"has {clip.record.n_people} in {clip.record.n_frames}",
            "prepare the clip again",
        )
    return poses.resized(clip.record.size)

"""The exact truth that lies beside a clip's frames, and how each kind is kept on disk.

| kind | file | content |
| --- | --- | --- |
| poses | `truth/poses.npz` | `Poses`: key points, visibility and depth of every person in every frame |
| masks | `truth/masks/000000.png` | 8-bit: 0 background, k the k-th person (1-based) |
| depth | `truth/depth/000000.png` | 16-bit: distance from the camera in millimetres, 65535 where nothing is |
| flow | `truth/flow/000000.png` | to the next frame, as KITTI: 16-bit round(64 u + 32768), v too, validity |
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench import files
from mcbench.errors import FileFormatError
from mcbench.records import Size

COCO18 = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow",
    "left_wrist", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
"""Names of the 18 body key points, in the order of OpenPose's COCO model and of DWPose's drawings."""


@dataclass(frozen=True)
class Poses:
    """The people of a clip, in every frame, in the same order throughout.

    Attributes:
        keypoints: float32 [frames, people, 18, 2], (x, y) in pixels of `size`; pixel centres are at
            half-integers, so the image spans 0 to width.
        visibility: uint8 [frames, people, 18]: 0 outside the picture or unknown, 1 in the picture but
            covered, 2 visible.
        depth: float32 [frames, people], mean distance from the camera in metres; NaN where unknown.
        size: (height, width) that the coordinates refer to.
    """

    keypoints: NDArray[np.float32]
    visibility: NDArray[np.uint8]
    depth: NDArray[np.float32]
    size: Size

    def __post_init__(self) -> None:
        frames, people = self.depth.shape
        if self.keypoints.shape != (frames, people, 18, 2) or self.visibility.shape != (frames, people, 18):
            raise ValueError(
                f"poses do not fit each other: key points {self.keypoints.shape}, "
                f"visibility {self.visibility.shape}, depth {self.depth.shape}"
            )

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return int(self.depth.shape[0])

    @property
    def n_people(self) -> int:
        """Number of people."""
        return int(self.depth.shape[1])

    def resized(self, size: Size) -> Poses:
        """Return the same poses in the pixels of another picture size."""
        scale = np.array([size[1] / self.size[1], size[0] / self.size[0]], dtype=np.float32)
        return Poses(self.keypoints * scale, self.visibility, self.depth, size)

    def first(self, n_frames: int) -> Poses:
        """Return the poses of the first `n_frames` frames."""
        return Poses(self.keypoints[:n_frames], self.visibility[:n_frames], self.depth[:n_frames], self.size)

    def write(self, path: Path) -> None:
        """Write to an `.npz` file, atomically."""
        with files.atomic_file(path) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(
                stream,
                keypoints=self.keypoints.astype(np.float32),
                visibility=self.visibility.astype(np.uint8),
                depth=self.depth.astype(np.float32),
                size=np.array(self.size, dtype=np.int64),
            )

    @classmethod
    def read(cls, path: Path) -> Poses:
        """Read from an `.npz` file.

        Raises:
            FileFormatError: the file is missing, truncated, or does not hold what it should.
        """
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
                height, width = (int(side) for side in archive["size"])
                return cls(archive["keypoints"], archive["visibility"], archive["depth"], (height, width))
        except Exception as error:  # numpy and zipfile raise many kinds for a damaged archive
            raise FileFormatError(f"cannot read poses from {path}: {error}") from error

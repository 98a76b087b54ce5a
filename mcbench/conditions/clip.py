"""All maps of one clip at one size, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mcbench.conditions.bodies import body_masks, union_mask
from mcbench.conditions.carry import Carrier
from mcbench.conditions.depth_order import depth_order_map, depth_ranks
from mcbench.conditions.flow import background_flow_map
from mcbench.conditions.skeleton import draw_poses
from mcbench.data.truth import Poses
from mcbench.errors import InputError
from mcbench.records import Size

DepthMode = Literal["reference", "frame"]


@dataclass(frozen=True)
class FrameMaps:
    """The maps of one frame, uint8 [height, width, 3] RGB each."""

    pose: NDArray[np.uint8]
    depth_order: NDArray[np.uint8]
    flow: NDArray[np.uint8]


class ClipConditions:
    """Computes the condition maps of a clip from its poses, at any size.

    Who is nearer comes from the reference frame alone (`depth="reference"`, the paper's inference) or from
    each frame (`depth="frame"`, its training). The colour of a person in the depth order map is that of
    his depth rank at the reference frame, fixed through the clip in both modes.

    Args:
        poses: the clip's poses at any size.
        size: (height, width) of the maps.
        reference_index: the frame that the reference image is.
        depth: where the order of depth comes from.

    Raises:
        InputError: the reference frame is not in the clip.
    """

    def __init__(
        self, poses: Poses, size: Size, *, reference_index: int = 0, depth: DepthMode = "reference"
    ) -> None:
        if not 0 <= reference_index < poses.n_frames:
            raise InputError(
                f"reference frame {reference_index} is not in a clip of {poses.n_frames} frames",
                "frames count from 0",
            )
        self.size = size
        self.reference_index = reference_index
        self._poses = poses.resized(size)
        self._depth_mode: DepthMode = depth
        self._colour_ranks = depth_ranks(poses.depth[reference_index])

    def __len__(self) -> int:
        return self._poses.n_frames

    def frame(self, index: int, background_flow: NDArray[np.float32] | None = None) -> FrameMaps:
        """Return the maps of one frame.

        Args:
            index: the frame.
            background_flow: float32 [height, width, 2] in pixels of the maps' size; None for none.
        """
        points, seen = self._poses.keypoints[index], self._poses.visibility[index]
        masks = body_masks(points, seen, self.size)
        return FrameMaps(
            pose=draw_poses(points, seen, self.size),
            depth_order=depth_order_map(
                points, seen, self._depth(index), self.size, colour_ranks=self._colour_ranks, masks=masks
            ),
            flow=background_flow_map(background_flow, union_mask(masks), self.size),
        )

    def reference_pose(self) -> NDArray[np.uint8]:
        """Return the pose drawing of the reference frame, uint8 [height, width, 3]."""
        index = self.reference_index
        return draw_poses(self._poses.keypoints[index], self._poses.visibility[index], self.size)

    def bodies(self, index: int) -> NDArray[np.uint8]:
        """Return where anybody is in one frame, uint8 [height, width], 255 inside the dilated bodies."""
        points, seen = self._poses.keypoints[index], self._poses.visibility[index]
        return union_mask(body_masks(points, seen, self.size))

    def reference_bodies(self) -> NDArray[np.uint8]:
        """Return `bodies` of the reference frame."""
        return self.bodies(self.reference_index)

    def carrier(self, reference: NDArray[np.uint8]) -> Carrier:
        """Return what carries the people of the reference image (uint8 [height, width, 3])."""
        start = self.reference_index
        return Carrier(reference, self._poses.keypoints[start], self._poses.visibility[start])

    def carried(self, carrier: Carrier, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the reference's people carried into one frame's poses, as `Carrier.carry` does."""
        poses = self._poses
        return carrier.carry(poses.keypoints[index], poses.visibility[index], self._depth(index))

    def _depth(self, index: int) -> NDArray[np.float32]:
        chosen = self.reference_index if self._depth_mode == "reference" else index
        depth: NDArray[np.float32] = self._poses.depth[chosen]
        return depth

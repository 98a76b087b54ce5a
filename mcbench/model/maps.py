"""The maps of a clip as tensors, the same way in training and in sampling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.conditions import ClipConditions


def to_tensor(pictures: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]) -> torch.Tensor:
    """Return pictures uint8 [..., H, W, C] as float32 [..., C, H, W], 0 to 255."""
    array = np.ascontiguousarray(np.moveaxis(np.asarray(pictures), -1, -3))
    return torch.from_numpy(array).float()


def guider_maps(
    conditions: ClipConditions,
    reference: NDArray[np.uint8],
    frames: Sequence[int],
    names: Sequence[str],
    background_flow: Sequence[NDArray[np.float32] | None] | None = None,
) -> dict[str, torch.Tensor]:
    """Return the maps of some frames for the guiders named, float32 [frames, channels, H, W] in 0 to 1.

    Args:
        conditions: of the clip, at the size of `reference`.
        reference: uint8 [H, W, 3].
        frames: indices of the frames.
        names: guiders, as in `mcbench.model.guiders.GUIDERS`.
        background_flow: of each frame, for training; None for none (inference).
    """
    flows = background_flow if background_flow is not None else [None] * len(frames)
    maps = [conditions.frame(index, flow) for index, flow in zip(frames, flows, strict=True)]
    pictures: dict[str, list[NDArray[np.uint8]]] = {
        "pose": [frame.pose for frame in maps],
        "depth_order": [frame.depth_order for frame in maps],
        "flow": [frame.flow for frame in maps],
    }
    if "reference_pose" in names:
        pictures["reference_pose"] = [conditions.reference_pose()] * len(frames)
    if "appearance" in names:
        still = np.dstack([reference, conditions.reference_bodies()])
        pictures["appearance"] = [
            np.dstack([still, conditions.carried(reference, index)]) for index in frames
        ]
    return {name: to_tensor(pictures[name]) / 255 for name in names}

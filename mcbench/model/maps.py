"""The maps of a clip as tensors, the same way in training and in sampling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.conditions import ClipConditions


def to_tensor(pictures: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]) -> torch.Tensor:
    """Return pictures uint8 [..., H, W, C] as float32 [..., C, H, W], 0 to 255."""
    array = np.ascontiguousarray(np.moveaxis(np.asarray(pictures), -1, -3))
    return torch.from_numpy(array).float()


class Appearance:
    """What the reference says of how frames look: its people carried into their poses, before its background.

    Args:
        conditions: of the clip.
        reference: uint8 [H, W, 3], the reference at the size of the maps.
    """

    def __init__(self, conditions: ClipConditions, reference: NDArray[np.uint8]) -> None:
        self._conditions = conditions
        self._reference = reference
        self._empty = conditions.empty_scene(reference)
        self._bodies = conditions.reference_bodies()

    def map(self, index: int) -> NDArray[np.uint8]:
        """Return one frame's map, uint8 [H, W, 8].

        Channels: the reference (3), where its people are (1), the guess of the frame (3), and where that
        guess was carried (1).
        """
        carried = self._conditions.carried(self._reference, index)
        guess = np.where(carried[..., 3:] > 0, carried[..., :3], self._empty)
        return np.dstack([self._reference, self._bodies, guess, carried[..., 3]])


def first_guesses(
    relative_to: Literal["reference", "carried"], references: torch.Tensor, maps: dict[str, torch.Tensor]
) -> torch.Tensor:
    """Return the pictures that frames are differences to, float [frames, 3, H, W], 0 to 255.

    Args:
        relative_to: as in `LatentsConfig`.
        references: [1, 3, H, W], 0 to 255.
        maps: of the frames, as `guider_maps` gives them.
    """
    appearance = maps["appearance"]
    if relative_to == "reference":
        return references.expand(len(appearance), -1, -1, -1)
    return appearance[:, 4:7] * 255


def guider_maps(
    conditions: ClipConditions,
    appearance: Appearance,
    frames: Sequence[int],
    background_flow: Sequence[NDArray[np.float32] | None] | None = None,
) -> dict[str, torch.Tensor]:
    """Return the maps of some frames, guider by guider, float32 [frames, channels, H, W] in 0 to 1.

    Args:
        conditions: of the clip.
        appearance: of the same clip.
        frames: indices of the frames.
        background_flow: of each frame, for training; None for none (inference).
    """
    flows = background_flow if background_flow is not None else [None] * len(frames)
    maps = [conditions.frame(index, flow) for index, flow in zip(frames, flows, strict=True)]
    pictures: dict[str, list[NDArray[np.uint8]]] = {
        "pose": [frame.pose for frame in maps],
        "reference_pose": [conditions.reference_pose()] * len(frames),
        "depth_order": [frame.depth_order for frame in maps],
        "flow": [frame.flow for frame in maps],
        "appearance": [appearance.map(index) for index in frames],
    }
    return {name: to_tensor(each) / 255 for name, each in pictures.items()}

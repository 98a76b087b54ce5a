"""The maps of a clip as tensors, the same way in training and in sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.conditions import ClipConditions, FrameMaps
from mcbench.model.guider_kinds import find_guider

RelativeTo = Literal["none", "reference", "carried"]
_MID_GREY = 128.0


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
        self.reference = reference

    @cached_property
    def _empty(self) -> NDArray[np.uint8]:
        return self._conditions.empty_scene(self.reference)

    @cached_property
    def _bodies(self) -> NDArray[np.uint8]:
        return self._conditions.reference_bodies()

    def map(self, index: int) -> NDArray[np.uint8]:
        """Return one frame's map, uint8 [H, W, 8].

        Channels: the reference (3), where its people are (1), the guess of the frame (3), and where that
        guess was carried (1).
        """
        carried = self._conditions.carried(self.reference, index)
        guess = np.where(carried[..., 3:] > 0, carried[..., :3], self._empty)
        return np.dstack([self.reference, self._bodies, guess, carried[..., 3]])


@dataclass(frozen=True)
class _FrameOfClip:
    """One frame of a clip as guiders draw from it: what several of them need is computed once."""

    conditions: ClipConditions
    look: Appearance
    index: int
    background_flow: NDArray[np.float32] | None

    @property
    def reference(self) -> NDArray[np.uint8]:
        return self.look.reference

    @cached_property
    def _maps(self) -> FrameMaps:
        return self.conditions.frame(self.index, self.background_flow)

    def frame(self, index: int) -> FrameMaps:
        return self._maps if index == self.index else self.conditions.frame(index)

    def appearance(self, index: int) -> NDArray[np.uint8]:
        return self.look.map(index)


def needed_maps(guiders: Sequence[str], relative_to: RelativeTo) -> tuple[str, ...]:
    """Return the names of the maps that guiders and first guesses need."""
    carried = relative_to == "carried" and "appearance" not in guiders
    return (*guiders, "appearance") if carried else tuple(guiders)


def first_guesses(
    relative_to: RelativeTo, references: torch.Tensor, maps: dict[str, torch.Tensor], n_frames: int
) -> torch.Tensor:
    """Return the pictures that frames are differences to, float [frames, 3, H, W], 0 to 255.

    Args:
        relative_to: as in the configuration's latents; "none" is an even grey.
        references: [1, 3, H, W], 0 to 255.
        maps: of the frames, as `guider_maps` gives them; "carried" needs `appearance`.
        n_frames: how many frames there are.
    """
    if relative_to == "carried":
        return maps["appearance"][:, 4:7] * 255
    guess = references if relative_to == "reference" else torch.full_like(references, _MID_GREY)
    return guess.expand(n_frames, -1, -1, -1)


def guider_maps(
    conditions: ClipConditions,
    appearance: Appearance,
    frames: Sequence[int],
    background_flow: Sequence[NDArray[np.float32] | None] | None = None,
    *,
    names: Sequence[str],
) -> dict[str, torch.Tensor]:
    """Return the maps of some frames, guider by guider, float32 [frames, channels, H, W] in 0 to 1.

    Args:
        conditions: of the clip.
        appearance: of the same clip.
        frames: indices of the frames.
        background_flow: of each frame, for training; None for none (inference).
        names: of the guiders whose maps are wanted, as `needed_maps` gives them.
    """
    flows = background_flow if background_flow is not None else [None] * len(frames)
    clips = [
        _FrameOfClip(conditions, appearance, index, flow) for index, flow in zip(frames, flows, strict=True)
    ]
    return {
        name: to_tensor([find_guider(name).draw(clip, clip.index) for clip in clips]) / 255 for name in names
    }

"""The maps of a clip as tensors, the same way in training and in sampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.conditions import Carrier, ClipConditions, FrameMaps
from mcbench.model.guider_kinds import find_guider

RelativeTo = Literal["none", "reference", "carried"]
_MID_GREY = 128.0
_MARGIN, _FADE = 0.02, 0.015
"""Shares of a picture's height."""


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
    def _carrier(self) -> Carrier:
        return self._conditions.carrier(self.reference)

    @cached_property
    def _bodies(self) -> NDArray[np.uint8]:
        return self._conditions.reference_bodies()

    def guess(self, index: int) -> NDArray[np.uint8]:
        """Return the first guess of one frame, uint8 [H, W, 3]."""
        return self._carried(index)[0]

    def map(self, index: int) -> NDArray[np.uint8]:
        """Return one frame's map, uint8 [H, W, 8].

        Channels: the reference (3), where its people are (1), the guess of the frame (3), and where that
        guess was carried (1).
        """
        guess, coverage = self._carried(index)
        return np.dstack([self.reference, self._bodies, guess, coverage])

    def changeable(self, index: int) -> NDArray[np.uint8]:
        """Return where a frame may differ from its guess, uint8 [H, W], 0 for not at all to 255 for freely.

        That is where people are, or were in the reference, with a margin for clothes and shadows that
        fades out. Elsewhere a frame is the reference: zero flow says that the background stands still.
        """
        people = np.maximum(self._bodies, self._conditions.bodies(index))
        margin, fade = (max(1, round(share * len(people))) for share in (_MARGIN, _FADE))
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
        wide = cv2.dilate(people, disc)
        return np.asarray(cv2.blur(wide, (2 * fade + 1, 2 * fade + 1)), dtype=np.uint8)

    def _carried(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        frame, coverage = self._conditions.carried(self._carrier, index)
        guess = np.clip(np.rint(frame), 0, 255).astype(np.uint8)
        return guess, np.rint(coverage * 255).astype(np.uint8)


class FirstGuess:
    """What frames are differences to, at the size of the output.

    Args:
        relative_to: as in the configuration's latents.
        appearance: of the clip, at the size of the output.
    """

    def __init__(self, relative_to: RelativeTo, appearance: Appearance) -> None:
        self._relative_to = relative_to
        self._appearance = appearance

    def of(self, frames: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the guesses of some frames and where frames may differ from them.

        Returns:
            Guesses, float [frames, 3, H, W], 0 to 255 ("none" is an even grey), and float [frames, 1, H, W],
            0 to 1: all 1 unless people were carried.
        """
        if self._relative_to == "carried":
            guesses = to_tensor([self._appearance.guess(index) for index in frames])
            changeable = [self._appearance.changeable(index)[..., None] for index in frames]
            return guesses, to_tensor(changeable) / 255
        reference = to_tensor(self._appearance.reference[None])
        guess = reference if self._relative_to == "reference" else torch.full_like(reference, _MID_GREY)
        guesses = guess.expand(len(frames), -1, -1, -1)
        return guesses, torch.ones_like(guesses[:, :1])


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
        names: of the guiders whose maps are wanted.
    """
    flows = background_flow if background_flow is not None else [None] * len(frames)
    clips = [
        _FrameOfClip(conditions, appearance, index, flow) for index, flow in zip(frames, flows, strict=True)
    ]
    return {
        name: to_tensor([find_guider(name).draw(clip, clip.index) for clip in clips]) / 255 for name in names
    }

"""`UNetMotionModel` with motion modules as AnimateDiff's published weights were trained: a norm a frame."""

from __future__ import annotations

import functools
from typing import Any

import torch
from diffusers import ModelMixin, UNetMotionModel
from torch import nn


class FrameGroupNorm(nn.GroupNorm):
    """A group norm of clips [n, C, frames, H, W] that takes its statistics over each frame by itself."""

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Return the normalised clips, shaped as they came."""
        videos, channels, frames, height, width = clips.shape
        rows = super().forward(clips.transpose(1, 2).flatten(0, 1))
        return rows.reshape(videos, frames, channels, height, width).transpose(1, 2)


# DiffusionPipeline.from_pretrained looks for ModelMixin in the module that a component comes from.
class FrameNormMotionModel(UNetMotionModel, ModelMixin):  # type: ignore[misc]
    """A `UNetMotionModel`, parameter for parameter, whose motion modules normalise each frame by itself.

    AnimateDiff normalises frame by frame before its temporal attention; diffusers takes one mean and
    variance over all frames of the window, which is another function of the same weights. Published motion
    modules (AnimateDiff, Moore-AnimateAnyone) are run as they were trained here.

    Args:
        arguments: those of `UNetMotionModel`.
    """

    # from_pretrained reads the signature, to know which values of config.json are arguments.
    @functools.wraps(UNetMotionModel.__init__)  # type: ignore[misc]
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for name, module in list(self.named_modules()):
            if name.endswith(".norm") and "motion_modules" in name and isinstance(module, nn.GroupNorm):
                parent = self.get_submodule(name.removesuffix(".norm"))
                parent.norm = FrameGroupNorm(module.num_groups, module.num_channels, module.eps)

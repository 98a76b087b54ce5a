"""Bringing frames to what a network takes, by named floating-point operators."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from mcbench.errors import InputError

_MODES = {
    "bilinear-antialias": ("bilinear", True),
    "bicubic-antialias": ("bicubic", True),
    "bilinear": ("bilinear", False),
}


def resize_float(frames: torch.Tensor, operator: str, size: tuple[int, int]) -> torch.Tensor:
    """Stretch floating frames; what overshoots is not clipped.

    Args:
        frames: floating [..., H, W, 3].
        operator: `bilinear-antialias`, `bicubic-antialias` or `bilinear` (without antialiasing). Pixel
            centres lie at half-integers (`align_corners=False`). The antialiased ones are Pillow's in
            mode F to about 1e-3 of 255.
        size: (height, width) to bring them to; frames of that size come back as they are.

    Returns:
        [..., *size, 3], of the same type, on the same device.

    Raises:
        InputError: no such operator.
    """
    if operator not in _MODES:
        raise InputError(f"no floating-point resize is called {operator!r}", f"there are {', '.join(_MODES)}")
    if tuple(frames.shape[-3:-1]) == tuple(size):
        return frames
    mode, antialias = _MODES[operator]
    planes = frames.reshape(-1, *frames.shape[-3:]).permute(0, 3, 1, 2)
    resized = functional.interpolate(
        planes, size=tuple(size), mode=mode, antialias=antialias, align_corners=False
    )
    return resized.permute(0, 2, 3, 1).contiguous().reshape(*frames.shape[:-3], *size, 3)


def resize_cover(frames: torch.Tensor, operator: str, size: tuple[int, int]) -> torch.Tensor:
    """Resize floating frames, shape kept, until they cover a size, and take the centre.

    For a square size that is: the shorter side becomes the size's, the longer one follows in proportion,
    rounded up; then the centre square. The rounding up is that of the evaluators: a floating-point product a
    hair above a whole number counts as one pixel more.

    Args:
        frames: floating [..., H, W, 3].
        operator: as for `resize_float`.
        size: (height, width) to cover; where the surplus is odd, the odd line is cut at the end.

    Returns:
        [..., *size, 3], of the same type, on the same device.

    Raises:
        InputError: no such operator.

    Source: `preprocess_single` of StyleGAN-V's port of FVD, by description.
    """
    height, width = int(frames.shape[-3]), int(frames.shape[-2])
    scales = size[0] / height, size[1] / width
    if scales[0] > scales[1]:
        whole = size[0], math.ceil(width * scales[0])
    else:
        whole = math.ceil(height * scales[1]), size[1]
    top, left = (whole[0] - size[0]) // 2, (whole[1] - size[1]) // 2
    resized = resize_float(frames, operator, whole)
    return resized[..., top : top + size[0], left : left + size[1], :].contiguous()

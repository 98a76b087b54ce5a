"""Overlapping windows over a video: planned open-ended, blended with triangular weights."""

from __future__ import annotations

import torch

from mcbench.errors import InputError


def plan_windows(n_frames: int, size: int, overlap: int) -> list[tuple[int, int]]:
    """Return the windows [start, stop) that cover a video, in order.

    A video shorter than a window is one window of its own length. All others are `size` frames long and
    overlap by `overlap`; the last one is anchored to the end, so that it may overlap by more. No window
    wraps around the end.

    Raises:
        InputError: no frames, or the overlap does not leave a step forward.
    """
    if n_frames < 1 or size < 1 or not 0 <= overlap < size:
        raise InputError(
            f"cannot cover {n_frames} frames with windows of {size} overlapping by {overlap}",
            "give at least one frame, and an overlap from 0 to the window's size less one",
        )
    if n_frames <= size:
        return [(0, n_frames)]
    starts = list(range(0, n_frames - size, size - overlap))
    return [(start, start + size) for start in [*starts, n_frames - size]]


def triangular_weights(length: int) -> torch.Tensor:
    """Return blending weights that rise to the middle of a window, float32 [length], all above 0."""
    position = torch.arange(length, dtype=torch.float32)
    return torch.minimum(position + 1, length - position) / ((length + 1) // 2)

"""The last frames of one stream, so that clips are views and no frame is resized or copied per clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from mcbench.scoring.items import Item

_SPARE = 32


class FrameBuffer:
    """Takes frames one by one and yields the items that they complete.

    Args:
        items: that are wanted; the frames of each lie in one unbroken run of indices.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self._ending: dict[int, list[Item]] = {}
        for start, length in sorted(items):
            self._ending.setdefault(start + length - 1, []).append((start, length))
        self._longest = max((length for items in self._ending.values() for _, length in items), default=1)
        self._frames: torch.Tensor | None = None
        self._first, self._count = 0, 0

    def add(self, index: int, frame: torch.Tensor) -> Iterator[tuple[Item, torch.Tensor]]:
        """Take in a frame [H, W, 3] and yield (item, view [length, H, W, 3]) of what ends with it."""
        frames = self._room(index, frame)
        frames[self._count] = frame
        self._count += 1
        for item in self._ending.get(index, ()):
            begin = item[0] - self._first
            yield item, frames[begin : begin + item[1]]

    def _room(self, index: int, frame: torch.Tensor) -> torch.Tensor:
        if self._frames is None or index != self._first + self._count:
            self._first, self._count = index, 0  # a gap: what lies before it ends no item
        if self._frames is None or self._count == len(self._frames):
            # A new block, not a shift: views of the old one are still on their way through a network.
            kept = min(self._longest - 1, self._count)
            fresh = frame.new_empty((self._longest + _SPARE, *frame.shape))
            if self._frames is not None and kept:
                fresh[:kept] = self._frames[self._count - kept : self._count]
            self._first, self._count, self._frames = self._first + self._count - kept, kept, fresh
        return self._frames

"""What is kept of every frame of a video: in memory up to a limit, in a temporary file beyond it."""

from __future__ import annotations

import tempfile
import weakref
from typing import IO

import torch

IN_MEMORY_BYTES = 2**30
"""A store's share of memory; the rest of a longer video lies on disk."""


class FrameStore:
    """Rows of one shape and type, one a frame, added in order and read back in ranges.

    What is read is what was added, bit for bit, wherever it lay meanwhile.

    Args:
        device: where rows are wanted.
        in_memory_bytes: rows beyond so many bytes go to a temporary file without a name, which the system
            removes with the process.
    """

    def __init__(self, device: torch.device, in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        self._device = device
        self._limit = in_memory_bytes
        self._rows: list[torch.Tensor] = []
        self._on_disk = 0
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return len(self._rows) + self._on_disk

    @property
    def on_disk(self) -> int:
        """Number of rows that lie in the file."""
        return self._on_disk

    def add(self, rows: torch.Tensor) -> None:
        """Append rows [n, ...].

        Raises:
            ValueError: they are of another shape or type than those before.
        """
        for row in rows:
            if self._rows and (row.shape, row.dtype) != (self._rows[0].shape, self._rows[0].dtype):
                raise ValueError(f"a row {tuple(row.shape)} among rows {tuple(self._rows[0].shape)}")
            size = row.numel() * row.element_size()
            # The first row always stays: it says what rows are.
            if self._file is None and (not self._rows or (len(self._rows) + 1) * size <= self._limit):
                # A row is a view: without a copy it would keep the whole batch alive.
                self._rows.append(row.to(self._device, copy=True))
            else:
                self._write(row)

    def read(self, start: int, stop: int) -> torch.Tensor:
        """Return rows [stop - start, ...] on the store's device; 0 <= start < stop <= len."""
        kept = self._rows[start:stop]
        first = max(start, len(self._rows)) - len(self._rows)
        last = stop - len(self._rows)
        if last <= first:
            return torch.stack(kept)
        return torch.cat([torch.stack(kept), self._load(first, last)]) if kept else self._load(first, last)

    def _write(self, row: torch.Tensor) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="mcbench-frames-")  # noqa: SIM115 (lives with the store)
            weakref.finalize(self, self._file.close)
        self._file.seek(0, 2)
        self._file.write(row.contiguous().cpu().flatten().view(torch.uint8).numpy().tobytes())
        self._on_disk += 1

    def _load(self, first: int, last: int) -> torch.Tensor:
        assert self._file is not None
        like = self._rows[0]
        size = like.numel() * like.element_size()
        self._file.seek(first * size)
        content = bytearray(self._file.read((last - first) * size))
        rows = torch.frombuffer(content, dtype=like.dtype).reshape(last - first, *like.shape)
        return rows.to(self._device)

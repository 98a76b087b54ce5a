"""Hashes of decoded frames."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable

import numpy as np

from mcbench.video.pictures import Frame


class FramesDigest:
    """A streaming sha256 over decoded RGB pixels: equal for equal frames, however they are stored.

    The bytes hashed are `mcbench-frames/1`, then for each frame its height and width as 32-bit
    little-endian numbers and its pixels, row by row.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256(b"mcbench-frames/1")

    def update(self, frame: Frame) -> None:
        """Add a frame, uint8 [height, width, 3].

        Raises:
            ValueError: another type or shape.
        """
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            raise ValueError(f"a frame is uint8 [height, width, 3], not {frame.dtype} {list(frame.shape)}")
        self._hash.update(struct.pack("<II", *frame.shape[:2]))
        self._hash.update(np.ascontiguousarray(frame).data)

    def hexdigest(self) -> str:
        """Return the hash of the frames so far, in hexadecimal."""
        return self._hash.hexdigest()


def digest_frames(frames: Iterable[Frame]) -> str:
    """Return `FramesDigest` of all frames."""
    digest = FramesDigest()
    for frame in frames:
        digest.update(frame)
    return digest.hexdigest()

"""Videos as frames at random: inspected once in full, then decoded by decord or PyAV."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mcbench.errors import FileFormatError
from mcbench.video.extent import check_extent
from mcbench.video.pictures import Frame
from mcbench.video.source import FrameSource
from mcbench.video.walk import VideoShape, VideoWalk, shape_of, to_rgb


@dataclass(frozen=True)
class _VideoFacts:
    n_frames: int
    shape: VideoShape
    times: array[int] | None
    """When each frame is shown, in units of `unit`; None where the file does not say."""
    unit: Fraction | None
    """Seconds."""


def open_video(path: Path) -> FrameSource:
    """Return the frames of a video file, by decord if it reads the file as PyAV does, else by PyAV.

    Raises:
        FileFormatError: as for `mcbench.video.open_frames`.
    """
    facts = _inspect(path)
    reader = None if facts.shape.mirrored else _open_decord(path)
    if (
        reader is not None
        and len(reader) == facts.n_frames
        and tuple(reader[0].shape) == (*facts.shape.size, 3)  # decord pads some small ones to four channels
    ):
        return _DecordVideo(path, facts, reader)
    return _PyAVVideo(path, facts)


class _Video(FrameSource):
    def __init__(self, path: Path, facts: _VideoFacts, decoder: str) -> None:
        rate = facts.shape.rate
        super().__init__(path, facts.n_frames, facts.shape.size, float(rate) if rate else None, decoder)
        self._facts = facts

    @property
    def rate(self) -> Fraction | None:
        return self._facts.shape.rate

    def time(self, index: int, rate: Fraction) -> Fraction:
        if self._facts.times is None or self._facts.unit is None:
            return super().time(index, rate)
        return self._facts.times[index] * self._facts.unit


class _DecordVideo(_Video):
    def __init__(self, path: Path, facts: _VideoFacts, reader: Any) -> None:
        super().__init__(path, facts, "decord")
        self._reader = reader

    def __iter__(self) -> Iterator[Frame]:
        # A reader of its own: decord seeks, and two walks over one reader would throw each other back.
        reader = _open_decord(self.path)
        if reader is None:
            raise FileFormatError(f"{self.path} was opened before and cannot be opened again")
        for index in range(self.n_frames):
            yield _decord_frame(self.path, reader, index)

    def _frame(self, index: int) -> Frame:
        return _decord_frame(self.path, self._reader, index)


def _decord_frame(path: Path, reader: Any, index: int) -> Frame:
    try:
        frame: Frame = reader[index].asnumpy()
    except Exception as error:  # decord has one error class of its own and lets others through
        raise FileFormatError(f"cannot decode frame {index} of {path}: {error}") from error
    return frame


class _PyAVVideo(_Video):
    def __init__(self, path: Path, facts: _VideoFacts) -> None:
        super().__init__(path, facts, "pyav")
        self._walk: Iterator[Frame] = iter(())
        self._next = facts.n_frames

    def __iter__(self) -> Iterator[Frame]:
        for decoded in VideoWalk(self.path):
            pixels = to_rgb(self.path, decoded)
            pixels = np.rot90(pixels, self._facts.shape.quarter_turns)
            yield np.ascontiguousarray(pixels[:, ::-1] if self._facts.shape.mirrored else pixels)

    def _frame(self, index: int) -> Frame:
        # Seeking by time is not frame exact in every container; walking on from the last frame is.
        if index < self._next:
            self._walk, self._next = iter(self), 0
        for _ in range(index - self._next):
            next(self._walk)
        self._next = index + 1
        return next(self._walk)


@cache
def _decord() -> Any | None:
    """Return the decord module, quieted, or None where it is not installed or cannot be loaded."""
    try:
        import decord
    except (ImportError, OSError, RuntimeError):
        return None
    decord.logging.set_level(decord.logging.QUIET)
    return decord


def _open_decord(path: Path) -> Any | None:
    """Return decord's reader of a file, or None where decord is absent or cannot read it."""
    module = _decord()
    if module is None:
        return None
    try:
        reader = module.VideoReader(str(path), num_threads=1)
        reader[0].asnumpy()
    except Exception:  # whatever stops decord, PyAV has read the file to its end just before
        return None
    return reader


def _inspect(path: Path) -> _VideoFacts:
    """Decode a video in full and return what was found, or raise for what makes it unusable."""
    check_extent(path)
    shape: VideoShape | None = None
    times: array[int] | None = array("q")
    unit: Fraction | None = None
    n_frames = 0
    walk = VideoWalk(path)
    for frame in walk:
        if shape is None:
            shape, unit = shape_of(path, frame, walk.rate), frame.time_base
        if frame.pts is None:
            times = None
        elif times is not None:
            times.append(frame.pts)
        n_frames += 1
    if shape is None:
        raise FileFormatError(f"{path} holds no video frames")
    return _VideoFacts(n_frames, shape, times, unit)

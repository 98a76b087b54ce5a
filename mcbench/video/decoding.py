"""Videos as frames: inspected once in full, then decoded by decord or PyAV."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mcbench.errors import FileFormatError
from mcbench.records import Size
from mcbench.video.extent import check_extent
from mcbench.video.pictures import Frame, check_size
from mcbench.video.source import FrameSource

_HDR_CURVES = {16: "PQ (SMPTE ST 2084)", 18: "HLG (ARIB STD-B67)"}


@dataclass(frozen=True)
class _VideoFacts:
    n_frames: int
    size: Size
    """After turning."""
    fps: float | None
    quarter_turns: int
    """Counter-clockwise, as `numpy.rot90` counts."""
    mirrored: bool


def open_video(path: Path) -> FrameSource:
    """Return the frames of a video file, by decord if it reads the file as PyAV does, else by PyAV.

    Raises:
        FileFormatError: as for `mcbench.video.open_frames`.
    """
    facts = _inspect(path)
    reader = None if facts.mirrored else _open_decord(path)
    if reader is not None and len(reader) == facts.n_frames and tuple(reader[0].shape[:2]) == facts.size:
        return _DecordVideo(path, facts, reader)
    return _PyAVVideo(path, facts)


class _DecordVideo(FrameSource):
    def __init__(self, path: Path, facts: _VideoFacts, reader: Any) -> None:
        super().__init__(path, facts.n_frames, facts.size, facts.fps, "decord")
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


class _PyAVVideo(FrameSource):
    def __init__(self, path: Path, facts: _VideoFacts) -> None:
        super().__init__(path, facts.n_frames, facts.size, facts.fps, "pyav")
        self._facts = facts
        self._walk: Iterator[Frame] = iter(())
        self._next = facts.n_frames

    def __iter__(self) -> Iterator[Frame]:
        for decoded in _decode(self.path):
            pixels = decoded.to_ndarray(format="rgb24", threads=1)
            pixels = np.rot90(pixels, self._facts.quarter_turns)
            yield np.ascontiguousarray(pixels[:, ::-1] if self._facts.mirrored else pixels)

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
    n_frames, first = 0, None
    for frame in _decode(path):
        if first is None:
            check_size(path, (frame.height, frame.width))
            first = frame
        elif (frame.height, frame.width) != (first.height, first.width):
            raise FileFormatError(
                f"frame {n_frames} of {path} is {frame.height}x{frame.width}, the first is "
                f"{first.height}x{first.width}",
                "convert the video to one size",
            )
        n_frames += 1
    if first is None:
        raise FileFormatError(f"{path} holds no video frames")
    if (curve := _HDR_CURVES.get(int(first.color_trc))) is not None:
        raise FileFormatError(
            f"{path} is HDR video with the {curve} curve; its colours have no fixed meaning in 8 bits",
            "convert it to SDR (BT.709) with the tone mapping of your choice",
        )
    turns, mirrored = _orientation(path, first)
    size = (first.width, first.height) if turns % 2 else (first.height, first.width)
    with _container(path) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
    return _VideoFacts(n_frames, size, float(rate) if rate else None, turns, mirrored)


def _decode(path: Path) -> Iterator[Any]:
    """Yield PyAV's frames of a file, refusing damage instead of concealing it."""
    import av

    with _container(path) as container:
        if not container.streams.video:
            raise FileFormatError(f"{path} holds no video")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        index = 0
        try:
            for packet in container.demux(stream):
                if packet.is_corrupt:
                    raise FileFormatError(f"{path} is cut short or damaged near frame {index}")
                for frame in packet.decode():
                    if frame.is_corrupt:
                        raise FileFormatError(
                            f"frame {index} of {path} is damaged", "fetch or copy the file again"
                        )
                    yield frame
                    index += 1
        except (av.error.FFmpegError, ValueError) as error:
            raise FileFormatError(f"cannot decode {path} beyond frame {index}: {error}") from error


def _container(path: Path) -> Any:
    import av

    try:
        return av.open(str(path), metadata_errors="ignore")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        what = "is empty (0 bytes)" if path.stat().st_size == 0 else "is not a video that can be read"
        raise FileFormatError(f"{path} {what}: {error}") from error


def _orientation(path: Path, frame: Any) -> tuple[int, bool]:
    """Return (quarter turns counter-clockwise, then whether to mirror left and right)."""
    import av

    data = frame.side_data.get(av.sidedata.sidedata.Type.DISPLAYMATRIX)
    if data is None:
        return 0, False
    a, b, _, c, d = struct.unpack("=5i", bytes(data)[:20])
    mirrored = a * d - b * c < 0
    # A mirrored matrix is a turn followed by x -> -x: undo the mirroring, then measure the turn.
    if mirrored:
        a, c = -a, -c
    degrees = -math.degrees(math.atan2(b, a))
    turns = round(degrees / 90)
    if abs(degrees - 90 * turns) > 1:
        raise FileFormatError(
            f"{path} asks to be turned by {degrees:.1f} degrees, which is no multiple of 90",
            "convert the video so that its frames are stored upright",
        )
    return turns % 4, mirrored

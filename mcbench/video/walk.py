"""One walk through a video file by PyAV, frame by frame, refusing damage instead of concealing it."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from mcbench.errors import FileFormatError
from mcbench.records import Size
from mcbench.video.pictures import Frame, check_size
from mcbench.video.seeking import StartingPoint

_HDR_CURVES = {16: "PQ (SMPTE ST 2084)", 18: "HLG (ARIB STD-B67)"}
_FASTEST = 1000
"""Frames a second beyond which a rate is what a container without one claims."""


@dataclass(frozen=True)
class VideoShape:
    """How the stored frames of a video become those that are shown.

    Attributes:
        size: (height, width) after turning.
        quarter_turns: counter-clockwise, as `numpy.rot90` counts.
        mirrored: left and right are to be swapped after turning.
        rate: frames a second, the average, or None where nothing says it.
    """

    size: Size
    quarter_turns: int
    mirrored: bool
    rate: Fraction | None

    @property
    def upright(self) -> bool:
        """Whether frames are shown as they are stored."""
        return self.quarter_turns == 0 and not self.mirrored


class VideoWalk:
    """PyAV's frames of a video file in order of presentation, all of one size, to be iterated once.

    Args:
        path: the file.
        threads: `AUTO` decodes on all cores, `NONE` on one.
        start: key frame to begin at; None begins at the start. A few frames before it may come too.

    Attributes:
        rate: frames a second, the average, or None where nothing says it.

    Raises:
        FileFormatError: it is no video; while iterating, that it is cut short or damaged, or that its frames
            change in size.
    """

    def __init__(
        self, path: Path, threads: Literal["AUTO", "NONE"] = "AUTO", start: StartingPoint | None = None
    ) -> None:
        self._path, self._start = path, start
        self._container = _open(path)
        if not self._container.streams.video:
            self._container.close()
            raise FileFormatError(f"{path} holds no video")
        stream = self._container.streams.video[0]
        if stream.codec_context is None:
            self._container.close()
            raise FileFormatError(
                f"{path} is damaged, or coded in a way for which there is no decoder here",
                "fetch or copy the file again, or convert it to H.264",
            )
        stream.thread_type = threads
        if threads == "NONE":
            stream.codec_context.thread_count = 1
        rate = stream.average_rate or stream.guessed_rate
        self.rate: Fraction | None = rate if rate and 0 < rate <= _FASTEST else None

    def __iter__(self) -> Iterator[Any]:
        import av

        path, size = self._path, None
        index = 0 if self._start is None else self._start.key_index
        with self._container as container:
            stream = container.streams.video[0]
            try:
                if self._start is not None:
                    container.seek(self._start.key_time, stream=stream)
                for packet in container.demux(stream):
                    if packet.is_corrupt:
                        raise FileFormatError(f"{path} is cut short or damaged near frame {index}")
                    for frame in packet.decode():
                        if frame.is_corrupt:
                            raise FileFormatError(
                                f"frame {index} of {path} is damaged", "fetch or copy the file again"
                            )
                        size = _same_size(path, frame, index, size)
                        yield frame
                        index += 1
            except (av.error.FFmpegError, ValueError) as error:
                raise FileFormatError(f"cannot decode {path} beyond frame {index}: {error}") from error


def to_rgb(path: Path, frame: Any) -> Frame:
    """Return PyAV's frame as uint8 [height, width, 3] RGB, as it is stored.

    Raises:
        FileFormatError: the file tags its colours in a way that has no meaning.
    """
    import av

    try:
        pixels: Frame = frame.to_ndarray(format="rgb24", threads=1)
    except (av.error.FFmpegError, ValueError) as error:
        raise FileFormatError(f"cannot convert the colours of {path}: {error}") from error
    return pixels


def shape_of(path: Path, first: Any, rate: Fraction | None) -> VideoShape:
    """Return how a video is shown, from its first frame and `VideoWalk.rate`.

    Raises:
        FileFormatError: it is HDR video, or asks to be turned by other than a multiple of 90 degrees.
    """
    if (curve := _HDR_CURVES.get(int(first.color_trc))) is not None:
        raise FileFormatError(
            f"{path} is HDR video with the {curve} curve; its colours have no fixed meaning in 8 bits",
            "convert it to SDR (BT.709) with the tone mapping of your choice",
        )
    turns, mirrored = _orientation(path, first)
    size = (first.width, first.height) if turns % 2 else (first.height, first.width)
    return VideoShape(size, turns, mirrored, rate)


def _same_size(path: Path, frame: Any, index: int, before: Size | None) -> Size:
    size = (frame.height, frame.width)
    if before is None:
        check_size(path, size)
    elif size != before:
        raise FileFormatError(
            f"frame {index} of {path} is {size[0]}x{size[1]}, the first is {before[0]}x{before[1]}",
            "convert the video to one size",
        )
    return size


def _open(path: Path) -> Any:
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

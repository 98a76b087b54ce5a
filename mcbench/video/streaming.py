"""Frames in one pass: selected, cut out and resized while they are decoded, one in memory at a time."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from mcbench.errors import FileFormatError
from mcbench.records import Size
from mcbench.video.decoding import open_video
from mcbench.video.extent import check_exists, check_extent
from mcbench.video.folders import PictureFolder
from mcbench.video.geometry import Placement
from mcbench.video.pictures import Frame
from mcbench.video.resizing import place_frame
from mcbench.video.scaling import PLAIN_FORMATS, FrameScaler
from mcbench.video.seeking import find_start
from mcbench.video.selection import Selection
from mcbench.video.source import FrameSource
from mcbench.video.walk import VideoShape, VideoWalk, shape_of, to_rgb

_ALL = Selection()
_WORTH_SEEKING = 100
"""Frames before the first one wanted from which on looking for a key frame is quicker than decoding."""


class _Pending(ABC):
    """A frame whose pixels are made only if it is wanted."""

    time: Fraction

    @abstractmethod
    def pixels(self) -> Frame:
        """Return the frame as it is wanted."""


class FrameStream(ABC):
    """Frames of a video or folder, to be taken in order.

    Attributes:
        path: the file or folder.
        size: (height, width) of its frames.
        rate: frames a second (the average), or None where nothing says it.
        decoder: `pyav`, `decord` or `images`.
    """

    def __init__(self, path: Path, size: Size, rate: Fraction | None, decoder: str) -> None:
        self.path, self.size, self.rate, self.decoder = path, size, rate, decoder

    def frames(
        self,
        selection: Selection = _ALL,
        placement: Placement | None = None,
        *,
        assumed_rate: Fraction = Fraction(30),
    ) -> Iterator[Frame]:
        """Yield the frames that are wanted.

        A video is decoded from a key frame before the first frame that is wanted up to the last one: damage
        elsewhere does no harm and is not found.

        Args:
            selection: which frames.
            placement: what of them, from `mcbench.video.place` for this stream's `size`; all of it if None.
            assumed_rate: frames a second where nothing says it.

        Yields:
            uint8 [height, width, 3] RGB.

        Raises:
            FileFormatError: the file is damaged or cut short before the last frame that is wanted, or one of
                the reasons of `Selection.choose`.
            MismatchError: see `Selection.choose`.
        """
        rate = self.rate or assumed_rate
        shown, frame = None, None
        for pending in selection.choose(lambda first: self._walk(first, rate, placement), rate, self.path):
            if pending is not shown or frame is None:
                shown, frame = pending, pending.pixels()
            yield frame

    @abstractmethod
    def _walk(self, first: int, rate: Fraction, placement: Placement | None) -> Iterator[_Pending]:
        """Yield all frames from an index on."""


def stream_frames(path: Path) -> FrameStream:
    """Open a video file or folder to take its frames in order, the same as `open_frames` gives, in one pass.

    Videos of 8 bits in YUV that are stored upright and in even sizes, which is nearly all there is, are
    decoded once, by PyAV on one thread, and damage is found on the way. Others are read by `open_frames`.

    Raises:
        FileFormatError: as for `open_frames`, where the first frame tells.
    """
    check_exists(path)
    if path.is_dir():
        return SourceStream(PictureFolder(path))
    check_extent(path)
    walk = VideoWalk(path, "NONE")
    frames = iter(walk)
    first = next(frames, None)
    if first is None:
        raise FileFormatError(f"{path} holds no video frames")
    shape, kind = shape_of(path, first, walk.rate), first.format.name
    even = first.height % 2 == 0 and first.width % 2 == 0
    if kind in PLAIN_FORMATS and even and shape.upright:
        return _VideoStream(path, shape, itertools.chain((first,), frames))
    return SourceStream(open_video(path))


class SourceStream(FrameStream):
    """The frames of a `FrameSource` in order."""

    def __init__(self, source: FrameSource) -> None:
        super().__init__(source.path, source.size, source.rate, source.decoder)
        self._source = source

    def _walk(self, first: int, rate: Fraction, placement: Placement | None) -> Iterator[_Pending]:
        for index in range(first, self._source.n_frames):
            yield _SourceFrame(self._source.time(index, rate), self._source, index, placement)


@dataclass(frozen=True, eq=False)
class _SourceFrame(_Pending):
    time: Fraction
    source: FrameSource
    index: int
    placement: Placement | None

    def pixels(self) -> Frame:
        frame = self.source[self.index]
        return frame if self.placement is None else place_frame(frame, self.placement)


class _VideoStream(FrameStream):
    def __init__(self, path: Path, shape: VideoShape, begun: Iterator[Any]) -> None:
        super().__init__(path, shape.size, shape.rate, "pyav")
        self._begun: Iterator[Any] | None = begun

    def _walk(self, first: int, rate: Fraction, placement: Placement | None) -> Iterator[_Pending]:
        scaler = FrameScaler(self.path, placement) if placement is not None and placement.resizes else None
        for index, frame in self._decoded(first):
            time = index / rate if frame.pts is None else frame.pts * frame.time_base
            yield _VideoFrame(time, self.path, frame, scaler, placement)

    def _decoded(self, first: int) -> Iterator[tuple[int, Any]]:
        start = find_start(self.path, first) if first >= _WORTH_SEEKING else None
        if start is not None:
            walk = iter(VideoWalk(self.path, "NONE", start))
            frame = next((each for each in walk if each.pts is not None and each.pts >= start.time), None)
            # Another time: the frame cannot be decoded from there, as where pictures refresh bit by bit.
            if frame is not None and frame.pts == start.time:
                yield first, frame
                yield from enumerate(walk, first + 1)
                return
        # Opening takes as long as decoding some frames: the first walk goes on from there.
        begun, self._begun = self._begun, None
        frames = iter(VideoWalk(self.path, "NONE")) if begun is None else begun
        yield from itertools.islice(enumerate(frames), first, None)


@dataclass(frozen=True, eq=False)
class _VideoFrame(_Pending):
    time: Fraction
    path: Path
    decoded: Any
    scaler: FrameScaler | None
    placement: Placement | None

    def pixels(self) -> Frame:
        if self.scaler is not None:
            return self.scaler.scale(self.decoded)
        frame = to_rgb(self.path, self.decoded)
        return frame if self.placement is None else place_frame(frame, self.placement)

"""What every reader of frames is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from mcbench.records import Size
from mcbench.video.pictures import Frame
from mcbench.video.selection import exact_rate


class FrameSource(ABC):
    """The frames of a video or of a folder, each uint8 [height, width, 3] RGB.

    Iterating streams: one frame is in memory at a time. `source[i]` is the same frame as the i-th of an
    iteration.

    Attributes:
        path: the file or folder.
        n_frames: how many frames there are.
        size: (height, width) of every frame.
        fps: frames a second (the average), or None for a folder.
        decoder: `decord`, `pyav` or `images`.
    """

    def __init__(self, path: Path, n_frames: int, size: Size, fps: float | None, decoder: str) -> None:
        self.path, self.n_frames, self.size, self.fps, self.decoder = path, n_frames, size, fps, decoder

    def __len__(self) -> int:
        return self.n_frames

    def __getitem__(self, index: int) -> Frame:
        """Return frame `index`; negative numbers count from the end.

        Raises:
            IndexError: there is no such frame.
            FileFormatError: it cannot be decoded.
        """
        position = index + self.n_frames if index < 0 else index
        if not 0 <= position < self.n_frames:
            raise IndexError(f"{self.path} has frames 0 to {self.n_frames - 1}, not {index}")
        return self._frame(position)

    @property
    def rate(self) -> Fraction | None:
        """`fps` exactly, such as 30000/1001."""
        return None if self.fps is None else exact_rate(self.fps)

    def time(self, index: int, rate: Fraction) -> Fraction:
        """Return when frame `index` is shown, in seconds; by the frame rate given where nothing says it."""
        return index / rate

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Yield all frames in order."""

    @abstractmethod
    def _frame(self, index: int) -> Frame:
        """Return a frame that exists."""

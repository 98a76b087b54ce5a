"""Which frames of a video are wanted: a part of it, at another frame rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

from mcbench.errors import FileFormatError, MismatchError

_LONGEST_GAP = 60
"""Seconds between two frames beyond which times are taken to be wrong."""
_LARGEST_RATE_DENOMINATOR = 100_000


class Timed(Protocol):
    """A frame that knows when it is shown."""

    @property
    def time(self) -> Fraction:
        """Seconds."""


_Timed = TypeVar("_Timed", bound=Timed)


@dataclass(frozen=True)
class Selection:
    """Which frames are wanted; all of them unless told otherwise.

    A frame i is kept when `start <= i < end`, or with `reference_fps` when
    `start * rate <= i * reference_fps < end * rate`, where `rate` is the video's own (average) frame rate: so
    `start` and `end` then count frames at the reference rate. Numbers are compared exactly.

    With `fps` the kept frames are brought to that rate by leaving out and repeating whole frames, each shown
    from the tick nearest to its own time on, as FFmpeg's filter `fps` does; the first kept frame is at 0, and
    the last one is shown for an average frame's time.

    Attributes:
        start: the first frame.
        end: the first frame that is not kept; None for all.
        reference_fps: rate at which `start` and `end` count.
        fps: frames a second of the result; None keeps every frame, whatever its time.
        max_frames: at most so many frames of the result.
    """

    start: float = 0
    end: float | None = None
    reference_fps: float | None = None
    fps: float | None = None
    max_frames: int | None = None

    def bounds(self, rate: Fraction) -> tuple[int, int | None]:
        """Return the first frame kept and the first one after, of a video of a frame rate."""
        per_unit = Fraction(1) if self.reference_fps is None else rate / Fraction(self.reference_fps)
        first = math.ceil(Fraction(self.start) * per_unit)
        return first, None if self.end is None else math.ceil(Fraction(self.end) * per_unit)

    def choose(self, walk: Callable[[int], Iterable[_Timed]], rate: Fraction, path: Path) -> Iterator[_Timed]:
        """Yield the frames wanted, some perhaps more than once in a row.

        Args:
            walk: returns all frames from an index on, in order.
            rate: the video's frame rate.
            path: of the video, for messages.

        Raises:
            MismatchError: no frame is selected, or `end` is beyond the video's end. With `reference_fps` it
                may be, by less than a frame at that rate, since numbers at another rate were rounded.
            FileFormatError: frames are to be resampled, and their times have a gap of more than a minute.
        """
        first, stop = self.bounds(rate)
        if stop is not None and stop <= first:
            raise MismatchError(f"{self} selects no frame of {path} at {float(rate):g} frames a second")
        kept = self._kept(walk, first, stop, rate, path)
        if self.fps is not None:
            kept = resample(kept, exact_rate(self.fps), 1 / rate, path)
        return islice(kept, self.max_frames)

    def _kept(
        self,
        walk: Callable[[int], Iterable[_Timed]],
        first: int,
        stop: int | None,
        rate: Fraction,
        path: Path,
    ) -> Iterator[_Timed]:
        index = first
        for frame in islice(walk(first), None if stop is None else stop - first):
            yield frame
            index += 1
        spare = 1 if self.reference_fps is None else math.ceil(rate / Fraction(self.reference_fps))
        if index == first or (stop is not None and stop - index >= spare):
            asked = f"frames {first} to {stop - 1}" if stop is not None else f"frames from {first} on"
            there = f"ends with frame {index - 1}" if index > first else f"has no frame {first}"
            raise MismatchError(
                f"{asked} of {path} are wanted ({self}), and it {there}",
                "give frames that are there, or fetch the video again: this one may be another or cut short",
            )

    def __str__(self) -> str:
        end = "the end" if self.end is None else f"{self.end:g}"
        at = "" if self.reference_fps is None else f" at {self.reference_fps:g} frames a second"
        return f"start {self.start:g}, end {end}{at}"


def exact_rate(fps: float) -> Fraction:
    """Return the frame rate that a float stands for, such as 30000/1001."""
    return Fraction(fps).limit_denominator(_LARGEST_RATE_DENOMINATOR)


def resample(frames: Iterable[_Timed], fps: Fraction, seconds: Fraction, path: Path) -> Iterator[_Timed]:
    """Yield frames at a constant rate, as `Selection` says.

    Args:
        frames: in order of time.
        fps: frames a second of the result.
        seconds: how long the last frame is shown.
        path: of the video, for messages.

    Raises:
        FileFormatError: times have a gap of more than a minute.
    """
    shown: _Timed | None = None
    begin = last = Fraction(0)
    tick = 0
    for frame in frames:
        if shown is None:
            shown, begin, last = frame, frame.time, frame.time
            continue
        if frame.time - last > _LONGEST_GAP:
            raise FileFormatError(
                f"{path} shows no frame for {float(frame.time - last):.0f} seconds after {float(last):.1f} s",
                "keep its own frames (no fps), or mend its times, as by encoding it anew",
            )
        # Times that go backwards are wrong; the order of frames is not.
        last = max(frame.time, last)
        upcoming = math.floor((last - begin) * fps + Fraction(1, 2))
        for _ in range(upcoming - tick):
            yield shown
        shown, tick = frame, upcoming
    if shown is not None:
        end = math.floor((last + seconds - begin) * fps + Fraction(1, 2))
        for _ in range(max(end, 1) - tick):
            yield shown

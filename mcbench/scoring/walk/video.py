"""One walk over the frames of a video and of all its predictions; many frames are under way at once.

On a CPU every frame and every clip goes through a network alone, on one thread, and as many of them at
once as there are threads: the quickest way for networks of this size, and a value never depends on which
others were computed beside it, on how many threads, or in which process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.errors import McbenchError
from mcbench.progress import Progress
from mcbench.scoring.compute import Pace
from mcbench.scoring.items import Item
from mcbench.scoring.networks import Networks
from mcbench.scoring.people.collector import PeopleValues
from mcbench.scoring.walk.buffer import FrameBuffer
from mcbench.scoring.walk.frames import Batch, Watches, work_on
from mcbench.scoring.walk.work import Function, Stream, Work
from mcbench.video import Frame, FramesDigest, open_frames
from mcbench.video.source import FrameSource


@dataclass
class Found:
    """What a walk found.

    Attributes:
        values: (run, function) -> float64 [number of frames].
        features: (side, stream) -> items in order and float32 [number of items, D].
        people: (run, protocol) -> what was found of the people.
        digests: side -> `FramesDigest` of its frames.
    """

    values: dict[tuple[str, Function], NDArray[np.float64]] = field(default_factory=dict)
    features: dict[tuple[str, Stream], tuple[tuple[Item, ...], NDArray[np.float32]]] = field(
        default_factory=dict
    )
    people: dict[tuple[str, str], PeopleValues] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


class SideError(Exception):
    """Frames of one side cannot be read."""

    def __init__(self, side: str, error: McbenchError) -> None:
        super().__init__(side, error)
        self.side, self.error = side, error


class Walk:
    """The walk over one video.

    Args:
        sources: side -> frames, of the sides that are to be read.
        places: side -> where each frame lies in its source.
        indices: of the frames; 0 is the reference.
        work: what to compute.
        networks: to compute it with.
        pace: how many frames at once.
        watches: what looks at the people.
    """

    def __init__(
        self,
        sources: Mapping[str, FrameSource],
        places: Mapping[str, Sequence[int]],
        indices: Sequence[int],
        work: Work,
        networks: Networks,
        pace: Pace,
        watches: Watches,
    ) -> None:
        self._watches = watches
        self._sources, self._places, self._indices = sources, places, indices
        self._work, self._networks, self._pace = work, networks, pace
        self._found = Found(
            values={
                (run, function): np.empty(len(indices))
                for run, functions in work.functions.items()
                for function in functions
            }
        )
        self._digests = {side: FramesDigest() for side in sources}
        self._buffers: dict[tuple[str, Stream], FrameBuffer] = {}
        self._clips: dict[tuple[str, Stream, int], list[tuple[Item, torch.Tensor]]] = {}
        self._under_way: deque[tuple[str, Stream, list[Item], Future[NDArray[np.float32]]]] = deque()
        self._rows: dict[tuple[str, Stream], dict[Item, NDArray[np.float32]]] = {
            (side, stream): {}
            for side, streams in work.items.items()
            for stream, items in streams.items()
            if items
        }

    def run(self, progress: Progress, units: int = 1) -> Found:
        """Walk, and return what was found.

        Args:
            progress: told of `units` for every frame.
            units: predictions that a frame stands for.

        Raises:
            SideError: frames of a side cannot be read.
        """
        for stream in {stream for _, stream in self._rows}:
            self._networks.features(stream.network)  # loaded before the threads ask for it at once
        with one_thread_a_task(), ThreadPoolExecutor(self._pace.threads, initializer=_one_thread) as pool:
            waiting: deque[Future[Batch]] = deque()
            for begin in range(0, len(self._indices), self._pace.batch):
                span = range(begin, min(begin + self._pace.batch, len(self._indices)))
                waiting.append(pool.submit(self._compute, span, self._streamed(span)))
                if len(waiting) > 2 * self._pace.threads:
                    progress.advance(units * self._take(waiting.popleft().result(), pool))
            while waiting:
                progress.advance(units * self._take(waiting.popleft().result(), pool))
            for lot in list(self._clips):
                self._submit(lot, pool)
            self._collect(0)
        for key, rows in self._rows.items():
            items = tuple(sorted(rows))
            self._found.features[key] = items, np.stack([rows[item] for item in items])
        self._found.people = {key: collector.finish() for key, (_, collector) in self._watches.items()}
        self._found.digests = {side: digest.hexdigest() for side, digest in self._digests.items()}
        return self._found

    def _streamed(self, span: range) -> dict[str, list[Frame]]:
        """Decode, in order, the frames of sources that can only be read in order."""
        frames = {}
        for side, source in self._sources.items():
            if source.decoder != "images":
                frames[side] = [_read(side, source, self._places[side][place]) for place in span]
        return frames

    def _compute(self, span: range, frames: dict[str, list[Frame]]) -> Batch:
        for side, source in self._sources.items():
            if side not in frames:
                frames[side] = [_read(side, source, self._places[side][place]) for place in span]
        batch = Batch([self._indices[place] for place in span], frames)
        return work_on(batch, self._work, self._watches, self._networks)

    def _take(self, batch: Batch, pool: ThreadPoolExecutor) -> int:
        """Put what came of a batch in its place; batches come in order. Return its number of frames."""
        first = self._indices.index(batch.indices[0])
        for side, frames in batch.frames.items():
            for frame in frames:
                self._digests[side].update(frame)
        for key, values in batch.values.items():
            self._found.values[key][first : first + len(values)] = values
        for key_of_stream, (items, rows) in batch.features.items():
            self._rows[key_of_stream].update(zip(items, rows, strict=True))
        for (side, stream), frames_in in batch.inputs.items():
            self._cut(side, stream, batch.indices, frames_in, pool)
        return len(batch.indices)

    def _cut(
        self,
        side: str,
        stream: Stream,
        indices: Sequence[int],
        frames: torch.Tensor,
        pool: ThreadPoolExecutor,
    ) -> None:
        key = (side, stream)
        if key not in self._buffers:
            self._buffers[key] = FrameBuffer(self._work.items[side][stream])
        for index, frame in zip(indices, frames, strict=True):
            for item, clip in self._buffers[key].add(index, frame):
                waiting = self._clips.setdefault((side, stream, item[1]), [])
                waiting.append((item, clip))
                if len(waiting) >= self._pace.batch:
                    self._submit((side, stream, item[1]), pool)

    def _submit(self, key: tuple[str, Stream, int], pool: ThreadPoolExecutor) -> None:
        side, stream, _ = key
        clips = self._clips.pop(key)
        network = self._networks.features(stream.network)

        def run() -> NDArray[np.float32]:
            views = [view for _, view in clips]
            together = views[0][None] if len(views) == 1 else torch.stack(views)
            rows: NDArray[np.float32] = network.features(together).float().cpu().numpy()
            return rows

        self._under_way.append((side, stream, [item for item, _ in clips], pool.submit(run)))
        self._collect(2 * self._pace.threads)

    def _collect(self, leave: int) -> None:
        """Wait for the clips that were submitted first until at most `leave` are under way."""
        while len(self._under_way) > leave:
            side, stream, items, future = self._under_way.popleft()
            self._rows[side, stream].update(zip(items, future.result(), strict=True))


@contextmanager
def one_thread_a_task() -> Iterator[None]:
    """Within it, torch and OpenCV compute each call on the thread that makes it."""
    torch_before, cv_before = torch.get_num_threads(), cv2.getNumThreads()
    _one_thread()
    try:
        yield
    finally:
        torch.set_num_threads(torch_before)
        cv2.setNumThreads(cv_before)


def open_side(side: str, path: Path) -> FrameSource:
    """Open the frames of a side.

    Raises:
        SideError: they cannot be read.
    """
    try:
        return open_frames(path)
    except McbenchError as error:
        raise SideError(side, error) from error


def digest_only(side: str, source: FrameSource, places: Sequence[int]) -> str:
    """Return the digest of frames without computing anything else.

    Raises:
        SideError: a frame cannot be read.
    """
    digest = FramesDigest()
    for place in places:
        digest.update(_read(side, source, place))
    return digest.hexdigest()


def _read(side: str, source: FrameSource, place: int) -> Frame:
    try:
        return source[place]
    except McbenchError as error:
        raise SideError(side, error) from error


def _one_thread() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)

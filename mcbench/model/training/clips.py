"""Training clips: what a source of them is, and the generator's, rendered once and drawn from endlessly."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench import files
from mcbench.data.generated import GENERATOR_VERSION, RenderedFrame, build_scene, train_clip
from mcbench.data.truth import Poses
from mcbench.errors import FileFormatError
from mcbench.model.config import TrainingConfig
from mcbench.progress import Progress
from mcbench.records import Size

CLIP_FRAMES = 160
SPREAD_FRAMES = 8
RUN_FRAMES = 16
_FLOW_SHRINK = 4
_SECONDS_TO_END = 5


VALIDATION_FROM = 10_000_000
"""Generated clips from this index on are never trained on."""
VALIDATION_STRIDE = 8


@dataclass(frozen=True)
class TrainingClip:
    """Some frames of one clip.

    Attributes:
        frames: uint8 [n, H, W, 3].
        poses: of those frames, in pixels of (H, W).
        background_flow: float32 [n, h, w, 2] in pixels of (H, W), h and w of any resolution, or None for
            none.
    """

    frames: NDArray[np.uint8]
    poses: Poses
    background_flow: NDArray[np.float32] | None

    def at(self, indices: Sequence[int]) -> TrainingClip:
        """Return some of the frames."""
        chosen, poses = list(indices), self.poses
        return TrainingClip(
            self.frames[chosen],
            Poses(poses.keypoints[chosen], poses.visibility[chosen], poses.depth[chosen], poses.size),
            None if self.background_flow is None else self.background_flow[chosen],
        )

    def flow(self, index: int) -> NDArray[np.float32] | None:
        """Return the background flow of one frame at full size, float32 [H, W, 2]; None for none."""
        if self.background_flow is None:
            return None
        height, width = self.frames.shape[1:3]
        resized = cv2.resize(self.background_flow[index], (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(resized, dtype=np.float32)


@dataclass(frozen=True)
class Layout:
    """What can be drawn from a clip.

    Attributes:
        n_people: in the clip.
        references: indices of frames that may be the reference.
        run: indices of frames that follow each other.
        n_frames: number of all frames.
    """

    n_people: int
    references: range
    run: range
    n_frames: int


@dataclass(frozen=True)
class ValidationClip:
    """A clip that is never trained on: its first frame is the reference, the others are to be made.

    Attributes:
        name: of the clip.
        frames: uint8 [n, H, W, 3].
        poses: of these frames.
    """

    name: str
    frames: NDArray[np.uint8]
    poses: Poses


class ClipSource(Protocol):
    """Where training clips come from; it goes to worker processes, and knows nothing of steps."""

    @property
    def identity(self) -> str:
        """What the clips are: another text means another training."""

    def clips_in_use(self, training: TrainingConfig, step: int) -> int:
        """Return how many clips step `step` (counted over both stages) draws from."""

    def layout(self, index: int) -> Layout:
        """Return what can be drawn from a clip; without reading its frames."""

    def load(self, index: int, frames: Sequence[int]) -> TrainingClip:
        """Return some frames of a clip."""

    def validation(self, clips: int, frames: int) -> list[ValidationClip]:
        """Return clips that are never trained on."""


def render_clip(index: int, size: Size) -> TrainingClip:
    """Render the frames of the training clip `index`: a pure function of both."""
    scene = build_scene(train_clip(index, CLIP_FRAMES))
    draw = np.random.default_rng(index)
    spread = np.sort(draw.choice(CLIP_FRAMES, SPREAD_FRAMES, replace=False))
    start = int(draw.integers(CLIP_FRAMES - RUN_FRAMES + 1))
    rendered = [scene.render(int(k), size) for k in [*spread, *range(start, start + RUN_FRAMES)]]
    small = (size[1] // _FLOW_SHRINK, size[0] // _FLOW_SHRINK)
    flow = np.stack(
        [cv2.resize(frame.background_flow, small, interpolation=cv2.INTER_AREA) for frame in rendered]
    )
    return TrainingClip(
        frames=np.stack([frame.image for frame in rendered]),
        poses=_poses(rendered, size),
        background_flow=flow.astype(np.float32) if np.any(flow) else None,
    )


class ClipStore:
    """The generator's training clips by index, in a folder that several processes may fill: a `ClipSource`.

    A clip is SPREAD_FRAMES frames spread over it, which references are taken from, and RUN_FRAMES in a row.

    Args:
        folder: the cache; its files are named by generator version, size and index.
        size: (height, width) of the frames.
    """

    def __init__(self, folder: Path, size: Size) -> None:
        self._folder = folder
        self._size = size

    @property
    def identity(self) -> str:
        """The generator's version: it decides every pixel."""
        return f"generated, version {GENERATOR_VERSION}"

    def clips_in_use(self, training: TrainingConfig, step: int) -> int:
        """Return how many clips step `step` draws from: it grows, so the generator streams endlessly."""
        return training.clips_at_start + int(training.new_clips_per_step * step)

    def layout(self, index: int) -> Layout:
        """Return what can be drawn from a clip: the same of all but the number of people."""
        people = train_clip(index, CLIP_FRAMES).n_people
        end = SPREAD_FRAMES + RUN_FRAMES
        return Layout(people, range(SPREAD_FRAMES), range(SPREAD_FRAMES, end), end)

    def load(self, index: int, frames: Sequence[int]) -> TrainingClip:
        """Return some frames of a clip, as `whole`."""
        return self.whole(index).at(frames)

    def validation(self, clips: int, frames: int) -> list[ValidationClip]:
        """Render every eighth frame of clips that are never trained on."""
        found = []
        for index in range(VALIDATION_FROM, VALIDATION_FROM + clips):
            spec = train_clip(index, frames * VALIDATION_STRIDE)
            scene = build_scene(spec)
            kept = [scene.render(place * VALIDATION_STRIDE, self._size) for place in range(frames)]
            found.append(
                ValidationClip(spec.id, np.stack([each.image for each in kept]), _poses(kept, self._size))
            )
        return found

    def whole(self, index: int) -> TrainingClip:
        """Return a clip, rendering and keeping it if it is not there yet.

        Raises:
            FileFormatError: its file is damaged.
        """
        path = self._path(index)
        if not path.exists():
            self.add(index)
        try:
            with np.load(path, allow_pickle=False) as archive:
                flow = archive["flow"].astype(np.float32) if "flow" in archive else None
                poses = Poses(archive["keypoints"], archive["visibility"], archive["depth"], self._size)
                return TrainingClip(archive["frames"], poses, flow)
        except Exception as error:  # numpy and zipfile raise many kinds for a damaged archive
            raise FileFormatError(
                f"cannot read the training clip {path}: {error}", f"remove it: rm {path}"
            ) from error

    def add(self, index: int) -> None:
        """Render a clip into the folder, unless it is there."""
        path = self._path(index)
        if path.exists():
            return
        clip = render_clip(index, self._size)
        arrays: dict[str, Any] = {
            "frames": clip.frames,
            "keypoints": clip.poses.keypoints,
            "visibility": clip.poses.visibility,
            "depth": clip.poses.depth,
        }
        if clip.background_flow is not None:
            arrays["flow"] = clip.background_flow.astype(np.float16)
        with files.atomic_file(path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **arrays)

    def _path(self, index: int) -> Path:
        height, width = self._size
        return self._folder / f"g{GENERATOR_VERSION}-{height}x{width}-{index:07d}.npz"


@contextmanager
def rendering_ahead(
    store: ClipStore, clips: range, processes: int, progress: Progress | None = None
) -> Iterator[None]:
    """Fill the store with some clips, in the order of their indices, within the block.

    Whoever loads a clip that is not there yet renders it, so a process that dies makes the training slower
    and nothing else. The end of the block does not wait for clips that are not rendered yet.

    Args:
        store: to fill; clips that are there are passed over.
        clips: their indices.
        processes: number of processes that share them; 0 leaves rendering to whoever loads a clip.
        progress: is told at the end of processes that died.
    """
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_render, args=(store, clips[k::processes], os.getpid()), daemon=True)
        for k in range(processes)
    ]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        died = [worker.exitcode for worker in workers if worker.exitcode]
        for worker in workers:
            _stop(worker)
        if died and progress is not None:
            progress.message(
                f"{len(died)} of {processes} processes that render clips ahead died (exit code {died[0]}); "
                "the training rendered clips itself"
            )


def _poses(rendered: Sequence[RenderedFrame], size: Size) -> Poses:
    return Poses(
        np.stack([frame.keypoints for frame in rendered]),
        np.stack([frame.visibility for frame in rendered]),
        np.stack([frame.person_depth for frame in rendered]),
        size,
    )


def _render(store: ClipStore, clips: range, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The trainer, which gets it too, stops its processes.
    for index in clips:
        # A killed trainer cannot stop its workers: they see that they have been adopted.
        if os.getppid() != parent:
            return
        store.add(index)


def _stop(worker: BaseProcess) -> None:
    worker.terminate()
    worker.join(_SECONDS_TO_END)
    if worker.is_alive():
        worker.kill()
        worker.join()

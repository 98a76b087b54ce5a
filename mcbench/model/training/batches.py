"""Batches as a pure function of (seed, stage, step): a resumed training sees what it would have seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from mcbench.conditions import ClipConditions
from mcbench.data.truth import Poses
from mcbench.model.config import ModelConfig, StageConfig
from mcbench.model.maps import Appearance, FirstGuess, guider_maps, to_tensor
from mcbench.model.training.clips import ClipSource, Layout, TrainingClip

_MIRRORED_JOINTS = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]


@dataclass(frozen=True)
class Batch:
    """What one training step sees, or a part of it; pixels are 0 to 255, maps 0 to 1.

    Attributes:
        references: float [clips, 3, H, W].
        reference_poses: float [clips, 3, H, W], their pose drawings.
        guesses: float [clips * frames, 3, h, w], the first guess that each frame is a difference to.
        frames: float [clips * frames, 3, h, w].
        maps: guider -> float [clips * frames, channels, h, w].
        changeable: float [clips * frames, 1, h, w], 0 to 1: how much frames may differ from their guess.
        people: float [clips * frames, 1, h, w], 1 where people are now or were in the reference.
    """

    references: torch.Tensor
    reference_poses: torch.Tensor
    guesses: torch.Tensor
    frames: torch.Tensor
    maps: dict[str, torch.Tensor]
    changeable: torch.Tensor
    people: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        return Batch(
            self.references.to(device),
            self.reference_poses.to(device),
            self.guesses.to(device),
            self.frames.to(device),
            {name: each.to(device) for name, each in self.maps.items()},
            self.changeable.to(device),
            self.people.to(device),
        )


@dataclass(frozen=True)
class Choice:
    """What was drawn for one clip of a batch; numbers alone, so that no process must load another's clips.

    Attributes:
        clip: its index.
        mirrored: whether left and right are exchanged.
        colours: order of the colour channels.
        reference: index of the reference frame.
        frames: indices of the frames to make.
        around: place in `frames`, person and joint that a crop is taken around.
    """

    clip: int
    mirrored: bool
    colours: tuple[int, ...]
    reference: int
    frames: tuple[int, ...]
    around: tuple[int, int, int]


@dataclass(frozen=True)
class Share:
    """The part of each batch that one process computes.

    Attributes:
        process: its number.
        processes: how many there are.
        parts: parts that each of them computes its clips in.
    """

    process: int = 0
    processes: int = 1
    parts: int = 1

    def clips(self, total: int, part: int) -> slice:
        """Return which of a batch's clips are one part of this process."""
        each = total // (self.processes * self.parts)
        start = (part * self.processes + self.process) * each
        return slice(start, start + each)


def make_choices(
    config: ModelConfig, stage: StageConfig, source: ClipSource, step: int, seed: Sequence[int]
) -> list[Choice]:
    """Draw the clips and frames of one step.

    Args:
        config: of the model.
        stage: how many clips and frames, and the crop.
        source: where clips come from.
        step: counted over both stages: how many clips are in use.
        seed: decides everything else.
    """
    draw = np.random.default_rng(list(seed))
    in_use = source.clips_in_use(config.training, step)
    in_a_row, clips, frames = stage.in_a_row, stage.clips, stage.frames
    if stage.image_batches and draw.random() < stage.image_batches:
        in_a_row, clips, frames = False, stage.images, 1
    choices = []
    for _ in range(clips):
        clip = int(draw.integers(in_use))
        layout = source.layout(clip)
        mirrored = bool(draw.random() < 0.5)
        colours = tuple(int(channel) for channel in draw.permutation(3))
        reference, indices = _choose_frames(layout, frames, in_a_row, draw)
        place = indices.index(int(draw.choice(indices)))
        person = joint = 0
        if stage.crop is not None:
            person, joint = int(draw.integers(layout.n_people)), int(draw.integers(18))
        choices.append(Choice(clip, mirrored, colours, reference, tuple(indices), (place, person, joint)))
    return choices


def make_batch(
    config: ModelConfig, stage: StageConfig, source: ClipSource, choices: Sequence[Choice]
) -> Batch:
    """Return the batch of some choices; the guiders of `config` say which maps are drawn."""
    samples = [_sample(config, stage, source, choice) for choice in choices]
    return Batch(
        torch.cat([sample.references for sample in samples]),
        torch.cat([sample.reference_poses for sample in samples]),
        torch.cat([sample.guesses for sample in samples]),
        torch.cat([sample.frames for sample in samples]),
        {name: torch.cat([sample.maps[name] for sample in samples]) for name in config.guiders.names},
        torch.cat([sample.changeable for sample in samples]),
        torch.cat([sample.people for sample in samples]),
    )


def augmented(clip: TrainingClip, mirrored: bool, colours: Sequence[int]) -> TrainingClip:
    """Return the clip, mirrored or not, with its colour channels in the order `colours`."""
    frames, poses, flow = clip.frames, clip.poses, clip.background_flow
    if mirrored:
        frames = frames[:, :, ::-1]
        points = poses.keypoints[:, :, _MIRRORED_JOINTS].copy()
        points[..., 0] = poses.size[1] - points[..., 0]
        poses = Poses(points, poses.visibility[:, :, _MIRRORED_JOINTS], poses.depth, poses.size)
        if flow is not None:
            flow = flow[:, :, ::-1] * np.array([-1, 1], dtype=np.float32)
    return TrainingClip(np.ascontiguousarray(frames[..., list(colours)]), poses, flow)


def _sample(config: ModelConfig, stage: StageConfig, source: ClipSource, choice: Choice) -> Batch:
    loaded = source.load(choice.clip, [choice.reference, *choice.frames])
    clip = augmented(loaded, choice.mirrored, choice.colours)
    indices = range(1, len(choice.frames) + 1)
    conditions = ClipConditions(clip.poses, config.size, reference_index=0, depth="frame")
    picture = clip.frames[0]
    flows = [clip.flow(index) for index in indices]
    appearance = Appearance(conditions, picture)
    maps = guider_maps(conditions, appearance, indices, flows, names=config.guiders.names)
    guesses, changeable = FirstGuess(config.latents.relative_to, appearance).of(indices)
    before = conditions.reference_bodies()
    people = np.stack([np.maximum(conditions.bodies(index), before)[..., None] for index in indices])
    rows, columns = _crop(config, stage, clip.poses, choice.around)

    def cut(pictures: torch.Tensor) -> torch.Tensor:
        return pictures[..., rows, columns]

    return Batch(
        references=to_tensor(picture[None]),
        reference_poses=to_tensor(conditions.reference_pose()[None]) / 255,
        guesses=cut(guesses),
        frames=cut(to_tensor(clip.frames[1:])),
        maps={name: cut(maps[name]) for name in config.guiders.names},
        changeable=cut(changeable),
        people=cut(to_tensor(people) / 255),
    )


def _choose_frames(
    layout: Layout, frames: int, in_a_row: bool, draw: np.random.Generator
) -> tuple[int, list[int]]:
    """Return the reference and the frames to generate: some in a row in stage 2, any in stage 1."""
    reference = layout.references[int(draw.integers(len(layout.references)))]
    if in_a_row:
        start = layout.run.start + int(draw.integers(len(layout.run) - frames + 1))
        return reference, list(range(start, start + frames))
    others = [index for index in range(layout.n_frames) if index != reference]
    return reference, [int(index) for index in draw.choice(others, frames, replace=False)]


def _crop(
    config: ModelConfig, stage: StageConfig, poses: Poses, around: tuple[int, int, int]
) -> tuple[slice, slice]:
    """Return a crop around a joint of a person, on the grid of the coarsest features."""
    if stage.crop is None:
        return slice(None), slice(None)
    x, y = _known_place(poses, *around)
    top = _aligned(y, stage.crop[0], config.size[0], config.grid)
    left = _aligned(x, stage.crop[1], config.size[1], config.grid)
    return slice(top, top + stage.crop[0]), slice(left, left + stage.crop[1])


def _known_place(poses: Poses, place: int, person: int, joint: int) -> tuple[float, float]:
    """Return where a joint is; where that is unknown, the next one's that is known, or the middle."""
    points = np.roll(poses.keypoints[place + 1], -person, axis=0).reshape(-1, 2)
    points = np.roll(points, -joint, axis=0)
    known = points[np.isfinite(points).all(axis=1)]
    x, y = known[0] if len(known) else (poses.size[1] / 2, poses.size[0] / 2)
    return float(x), float(y)


def _aligned(centre: float, length: int, limit: int, grid: int) -> int:
    start = round((centre - length / 2) / grid) * grid
    return int(min(max(start, 0), limit - length))


class Batches(Dataset[tuple[Batch, int]]):
    """The parts of a process's batches in order, for a `DataLoader` whose workers prepare them ahead.

    Args:
        config: of the model.
        stage: of the training.
        source: of clips.
        steps_before: steps of the stages before, for the number of clips in use.
        seed: seed and number of the stage.
        share: which part of each batch is this process's.
    """

    def __init__(
        self,
        config: ModelConfig,
        stage: StageConfig,
        source: ClipSource,
        steps_before: int,
        seed: tuple[int, Literal[1, 2]],
        share: Share,
    ) -> None:
        self._config = config
        self._stage = stage
        self._source = source
        self._steps_before = steps_before
        self._seed = seed
        self._share = share

    def __getitem__(self, index: int) -> tuple[Batch, int]:
        """Return one part, and how many clips the whole batch has."""
        step, part = divmod(index, self._share.parts)
        choices = make_choices(
            self._config, self._stage, self._source, self._steps_before + step, (*self._seed, step)
        )
        mine = choices[self._share.clips(len(choices), part)]
        return make_batch(self._config, self._stage, self._source, mine), len(choices)

    def from_step(self, done: int, steps: int, workers: int) -> Iterator[tuple[Batch, int]]:
        """Yield the parts of steps `done` to `steps` - 1 in order, prepared by worker processes if any."""
        parts = self._share.parts
        loader = DataLoader(
            self,
            batch_size=None,
            sampler=range(done * parts, steps * parts),
            num_workers=workers,
            worker_init_fn=_one_thread,
            # Not forked: a fork of a process in which torch has used its threads can wait for them for ever.
            multiprocessing_context="spawn" if workers else None,
        )
        return iter(loader)


def _one_thread(_worker: int) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)

"""Batches as a pure function of (seed, stage, step): a resumed training sees what it would have seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from mcbench.conditions import ClipConditions
from mcbench.data.truth import Poses
from mcbench.model.config import ModelConfig, StageConfig
from mcbench.model.maps import Appearance, first_guesses, guider_maps, needed_maps, to_tensor
from mcbench.model.training.clips import RUN_FRAMES, SPREAD_FRAMES, ClipStore, TrainingClip

_MIRRORED_JOINTS = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]


@dataclass(frozen=True)
class Batch:
    """What one training step sees; pixels are 0 to 255, maps 0 to 1.

    Attributes:
        references: float [clips, 3, H, W].
        reference_poses: float [clips, 3, H, W], their pose drawings.
        guesses: float [clips * frames, 3, h, w], the first guess that each frame is a difference to.
        frames: float [clips * frames, 3, h, w].
        maps: guider -> float [clips * frames, channels, h, w].
        people: float [clips * frames, 1, h, w], 1 where people are now or were in the reference.
    """

    references: torch.Tensor
    reference_poses: torch.Tensor
    guesses: torch.Tensor
    frames: torch.Tensor
    maps: dict[str, torch.Tensor]
    people: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """Return the batch on a device."""
        return Batch(
            self.references.to(device),
            self.reference_poses.to(device),
            self.guesses.to(device),
            self.frames.to(device),
            {name: each.to(device) for name, each in self.maps.items()},
            self.people.to(device),
        )


def clips_in_use(config: ModelConfig, step: int) -> int:
    """Return how many training clips step `step` draws from: it grows, so the generator streams endlessly."""
    training = config.training
    return training.clips_at_start + int(training.new_clips_per_step * step)


def make_batch(
    config: ModelConfig, stage: StageConfig, store: ClipStore, step: int, seed: Sequence[int]
) -> Batch:
    """Return the batch of one step.

    Args:
        config: of the model; its guiders say which maps are drawn.
        stage: how many clips and frames, and the crop.
        store: where clips come from.
        step: counted over both stages: how many clips are in use.
        seed: decides everything else.
    """
    draw = np.random.default_rng(list(seed))
    samples = []
    for _ in range(stage.clips):
        clip = augmented(store.load(int(draw.integers(clips_in_use(config, step)))), draw)
        samples.append(_sample(config, stage, clip, draw))
    return Batch(
        torch.cat([sample.references for sample in samples]),
        torch.cat([sample.reference_poses for sample in samples]),
        torch.cat([sample.guesses for sample in samples]),
        torch.cat([sample.frames for sample in samples]),
        {name: torch.cat([sample.maps[name] for sample in samples]) for name in config.guiders.names},
        torch.cat([sample.people for sample in samples]),
    )


def augmented(clip: TrainingClip, draw: np.random.Generator) -> TrainingClip:
    """Return the clip, mirrored half of the time, with its colour channels in a random order."""
    frames, poses, flow = clip.frames, clip.poses, clip.background_flow
    if draw.random() < 0.5:
        frames = frames[:, :, ::-1]
        points = poses.keypoints[:, :, _MIRRORED_JOINTS].copy()
        points[..., 0] = poses.size[1] - points[..., 0]
        poses = Poses(points, poses.visibility[:, :, _MIRRORED_JOINTS], poses.depth, poses.size)
        if flow is not None:
            flow = flow[:, :, ::-1] * np.array([-1, 1], dtype=np.float32)
    return TrainingClip(np.ascontiguousarray(frames[..., draw.permutation(3)]), poses, flow)


def _sample(config: ModelConfig, stage: StageConfig, clip: TrainingClip, draw: np.random.Generator) -> Batch:
    reference, indices = _choose_frames(stage, draw)
    conditions = ClipConditions(clip.poses, config.size, reference_index=reference, depth="frame")
    picture = clip.frames[reference]
    flows = [clip.flow(index) for index in indices]
    relative_to = config.latents.relative_to
    names = needed_maps(config.guiders.names, relative_to)
    maps = guider_maps(conditions, Appearance(conditions, picture), indices, flows, names=names)
    before = conditions.reference_bodies()
    people = np.stack([np.maximum(conditions.bodies(index), before)[..., None] for index in indices])
    rows, columns = _crop(config, stage, clip.poses, int(draw.choice(indices)), draw)

    def cut(pictures: torch.Tensor) -> torch.Tensor:
        return pictures[..., rows, columns]

    references = to_tensor(picture[None])
    return Batch(
        references=references,
        reference_poses=to_tensor(conditions.reference_pose()[None]) / 255,
        guesses=cut(first_guesses(relative_to, references, maps, len(indices))),
        frames=cut(to_tensor(clip.frames[indices])),
        maps={name: cut(maps[name]) for name in config.guiders.names},
        people=cut(to_tensor(people) / 255),
    )


def _choose_frames(stage: StageConfig, draw: np.random.Generator) -> tuple[int, list[int]]:
    """Return the reference and the frames to generate: some in a row in stage 2, any in stage 1."""
    reference = int(draw.integers(SPREAD_FRAMES))
    if stage.in_a_row:
        start = SPREAD_FRAMES + int(draw.integers(RUN_FRAMES - stage.frames + 1))
        return reference, list(range(start, start + stage.frames))
    others = [index for index in range(SPREAD_FRAMES + RUN_FRAMES) if index != reference]
    return reference, [int(index) for index in draw.choice(others, stage.frames, replace=False)]


def _crop(
    config: ModelConfig, stage: StageConfig, poses: Poses, frame: int, draw: np.random.Generator
) -> tuple[slice, slice]:
    """Return a crop around a random joint of a random person, on the grid of the coarsest features."""
    if stage.crop is None:
        return slice(None), slice(None)
    person = int(draw.integers(poses.n_people))
    x, y = poses.keypoints[frame, person, int(draw.integers(18))]
    grid = config.grid
    top = _aligned(float(y), stage.crop[0], config.size[0], grid)
    left = _aligned(float(x), stage.crop[1], config.size[1], grid)
    return slice(top, top + stage.crop[0]), slice(left, left + stage.crop[1])


def _aligned(centre: float, length: int, limit: int, grid: int) -> int:
    start = round((centre - length / 2) / grid) * grid
    return int(min(max(start, 0), limit - length))


class Batches(Dataset[Batch]):
    """The batches of a stage by step, for a `DataLoader` whose workers prepare them ahead."""

    def __init__(
        self,
        config: ModelConfig,
        stage: StageConfig,
        store: ClipStore,
        steps_before: int,
        seed: tuple[int, int],
    ) -> None:
        self._config = config
        self._stage = stage
        self._store = store
        self._steps_before = steps_before
        self._seed = seed

    def __getitem__(self, step: int) -> Batch:
        seed = (*self._seed, step)
        return make_batch(self._config, self._stage, self._store, self._steps_before + step, seed)

    def from_step(self, done: int, steps: int, workers: int) -> Iterator[Batch]:
        """Yield the batches of steps `done` to `steps` - 1 in order, prepared by worker processes if any."""
        loader = DataLoader(
            self,
            batch_size=None,
            sampler=range(done, steps),
            num_workers=workers,
            worker_init_fn=_one_thread,
            # Not forked: a fork of a process in which torch has used its threads can wait for them for ever.
            multiprocessing_context="spawn" if workers else None,
        )
        return iter(loader)


def _one_thread(_worker: int) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)

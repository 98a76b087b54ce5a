"""Training clips from a prepared benchmark: frames are read as they are needed, conditions must be there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench import files
from mcbench.conditions import Condition, driving_poses, find_condition
from mcbench.data import Clip, open_split
from mcbench.data.places import resolve
from mcbench.data.truth import Poses
from mcbench.errors import DataMissingError, InputError
from mcbench.model.config import ModelConfig, TrainingConfig
from mcbench.model.training.clips import VALIDATION_STRIDE, Layout, TrainingClip, ValidationClip
from mcbench.records import Size
from mcbench.video import Placement, place, place_frame


class PreparedClips:
    """The clips of a prepared subset as a `ClipSource`.

    Frames are scaled and cut in the middle to the model's shape. Clips without people, or with fewer frames
    than a batch takes of one, are left out. Evenly spaced over the rest (in order of their ids), some are
    held out for validation.

    Args:
        clips: prepared clips.
        name: what to call them in messages.
        config: of the model: size, guiders, frames a batch, clips to hold out.

    Raises:
        DataMissingError: a clip has no poses, or no flow where there is a flow guider; the hint is the
            command that makes them.
        InputError: too few clips are left.
    """

    def __init__(self, clips: Sequence[Clip], name: str, config: ModelConfig) -> None:
        self._size: Size = config.size
        found = _conditions(clips, "flow" in config.guiders.names)
        stages = (config.training.stage1, config.training.stage2)
        shortest = max(stage.frames for stage in stages) + 1
        usable = [
            each for each in found if each.clip.record.n_frames >= shortest and each.poses.visibility.any()
        ]
        self.left_out = len(found) - len(usable)
        held = config.training.validation_clips if config.training.validate_every else 0
        if len(usable) <= held:
            raise InputError(
                f"{name} has {len(usable)} clips with people and {shortest} frames or more, which is too few "
                f"to train on when {held} are held out for validation",
                "prepare more clips, or set validation_clips (or validate_every = 0) in the configuration",
            )
        places = {int(place) for place in np.linspace(0, len(usable) - 1, held + 2)[1:-1].round()}
        places |= set(range(held - len(places))) if len(places) < held else set()
        self._held = [usable[place] for place in sorted(places)]
        self._clips = [each for place, each in enumerate(usable) if place not in places]
        self._name = name

    @cached_property
    def identity(self) -> str:
        """The clips, and what their conditions were made by."""
        lines = [
            f"{each.clip.record.id} {each.clip.record.frames_sha256} {sorted(each.labels.items())}"
            for each in (*self._clips, *self._held)
        ]
        return f"{self._name}, {files.sha256_text(chr(10).join(lines))[:16]}"

    def clips_in_use(self, training: TrainingConfig, step: int) -> int:
        """Return the number of clips."""
        del training, step
        return len(self._clips)

    def layout(self, index: int) -> Layout:
        """Return what can be drawn from a clip: any frame."""
        every = range(self._clips[index].clip.record.n_frames)
        return Layout(self._clips[index].poses.n_people, every, every, len(every))

    def load(self, index: int, frames: Sequence[int]) -> TrainingClip:
        """Read some frames of a clip."""
        return self._clips[index].load(frames, self._size)

    def validation(self, clips: int, frames: int) -> list[ValidationClip]:
        """Read the held-out clips: every eighth frame, or closer where a clip is short."""
        found = []
        for each in self._held[:clips]:
            stride = max(1, min(VALIDATION_STRIDE, (each.clip.record.n_frames - 1) // (frames - 1)))
            chosen = range(0, each.clip.record.n_frames, stride)[:frames]
            loaded = each.load(chosen, self._size)
            found.append(ValidationClip(each.clip.record.id, loaded.frames, loaded.poses))
        return found


def prepared_clips(
    name: str,
    config: ModelConfig,
    *,
    without: str | None = None,
    source: str | None = None,
    home: Path | None = None,
) -> PreparedClips:
    """Return the prepared clips of BENCHMARK, BENCHMARK/SUBSET or local/NAME to train on.

    Args:
        name: what to train on.
        config: of the model.
        without: a subset of the same benchmark whose clips are left out, such as those it is tested on.
        source: of the clips; the benchmark's default one if None.
        home: mcbench's folder.

    Raises:
        InputError, DataMissingError, FileFormatError: as `mcbench.data.open_split` and `PreparedClips`; or
            `without` names no clip of `name`.
    """
    clips = open_split(name, source=source, home=home).clips
    if without is None:
        return PreparedClips(clips, name, config)
    left_out = set(resolve(without, source=source, home=home).expected())
    kept = [clip for clip in clips if clip.record.id not in left_out]
    if len(kept) == len(clips):
        raise InputError(
            f"{name} has no clip of {without}, so there is nothing to leave out",
            "name a subset of the same benchmark",
        )
    return PreparedClips(kept, f"{name} without {without}", config)


class _Clip:
    """A clip with its conditions."""

    def __init__(self, clip: Clip, poses: Poses, flow: Condition | None, labels: dict[str, str]) -> None:
        self.clip, self.poses, self._flow, self.labels = clip, poses, flow, labels

    def load(self, indices: Sequence[int], size: Size) -> TrainingClip:
        chosen = list(indices)
        placement = place(self.clip.record.size, size=size, fit="crop")
        frames = np.stack([place_frame(self.clip.frame(index), placement) for index in chosen])
        poses = Poses(
            self.poses.keypoints[chosen],
            self.poses.visibility[chosen],
            self.poses.depth[chosen],
            self.poses.size,
        )
        flow = None
        if self._flow is not None:
            flow = np.stack([_placed_flow(self._flow.flow(index), placement) for index in chosen])
        return TrainingClip(frames, _placed_poses(poses, placement), flow)


def _conditions(clips: Sequence[Clip], needs_flow: bool) -> list[_Clip]:
    found, missing = [], []
    for clip in clips:
        try:
            driving = driving_poses(clip)
            flow = find_condition(clip, "flow") if needs_flow else None
        except DataMissingError as error:
            missing.append(error)
            continue
        labels = dict(driving.conditions) | ({} if flow is None else {"flow": flow.label})
        found.append(_Clip(clip, driving.poses, flow, labels))
    if missing:
        others = f" (and so for {len(missing) - 1} more clips)" if len(missing) > 1 else ""
        raise DataMissingError(f"{missing[0].message}{others}", missing[0].hint)
    return found


def _placed_poses(poses: Poses, placement: Placement) -> Poses:
    scaled = poses.resized(placement.scaled)
    points = scaled.keypoints + np.array([placement.left, placement.top], np.float32)
    height, width = placement.size
    inside = (points >= 0).all(axis=-1) & (points[..., 0] < width) & (points[..., 1] < height)
    seen = np.where(inside, poses.visibility, 0).astype(np.uint8)
    points = np.where(seen[..., None] > 0, points, np.nan).astype(np.float32)
    return Poses(points, seen, poses.depth, placement.size)


def _placed_flow(flow: NDArray[np.float32], placement: Placement) -> NDArray[np.float32]:
    """Return flow where frames were put, in their pixels; what is unknown stands still."""
    height, width = placement.scaled
    scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
    resized = cv2.resize(np.nan_to_num(flow, nan=0.0), (width, height), interpolation=cv2.INTER_AREA) * scale
    rows = slice(-placement.top, -placement.top + placement.size[0])
    columns = slice(-placement.left, -placement.left + placement.size[1])
    return np.asarray(resized[rows, columns], np.float32)

"""Train the embedded networks: `python -m mcbench.metrics.networks.embedded.train --out FOLDER`."""

from __future__ import annotations

import argparse
import datetime
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, get_args

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from mcbench import files
from mcbench.data.generated import GENERATOR_VERSION
from mcbench.metrics.networks.embedded.architecture import (
    ARCHITECTURE_VERSION,
    DIMENSIONS,
    SHAPES,
    EmbeddedName,
    EmbeddedTrunk,
    Shape,
)
from mcbench.metrics.networks.embedded.distortions import (
    Timeline,
    apply_picture,
    draw_picture,
    draw_timeline,
)
from mcbench.metrics.networks.embedded.footage import STILLS, Footage, load_footage, render_footage
from mcbench.metrics.networks.embedded.tasks import JOINTS, ContentTasks
from mcbench.progress import LineProgress, Progress, SilentProgress

WEIGHTS_VERSION = 1
"""Goes up whenever the shipped weights, and with them every @embedded number, change."""
TRAINING_CLIPS = 190
STEPS = MappingProxyType({"image": 500, "clip": 300, "motion": 300})
"""Optimiser steps of the shipped weights."""
_CONTENT_WEIGHT = 1.0
_LEVELS_WEIGHT = 1.5
_MAPS_WEIGHT = 2.0
_STATISTICS_BATCHES = 100
_WHITENING_FLOOR = 1e-2


@dataclass(frozen=True)
class Settings:
    """What decides the weights, besides the code and the generator.

    Attributes:
        steps: optimiser steps.
        batch_size: clips (or stills) a step.
        learning_rate: highest one of a one-cycle schedule.
        seed: of initial weights, batches and distortions.
    """

    steps: int
    batch_size: int = 16
    learning_rate: float = 3e-3
    seed: int = 0


class Batch(NamedTuple):
    """One step's input and targets.

    Attributes:
        frames: float [B, T, height, width, 3] on the scale 0..255.
        content: float [B, K], NaN where there is nothing to tell.
        levels: float [B, L], how much of each distortion.
        maps: float [B, 19, rows, columns].
    """

    frames: torch.Tensor
    content: torch.Tensor
    levels: torch.Tensor
    maps: torch.Tensor


class BatchSource:
    """Draws clips, mirrors and distorts them, and tells what was there and what was done."""

    def __init__(self, footage: Footage, shape: Shape, seed: int) -> None:
        self._footage = footage
        self._tasks = ContentTasks(footage)
        self._random = np.random.default_rng(seed)
        self._single = shape.clip_length == 1
        rows, columns = shape.input_size
        # The maps of the second stage: three halvings of the sides, each rounded up.
        self._map_size = (-(-rows // 8), -(-columns // 8))

    def draw(self, size: int) -> Batch:
        """Return a batch of that many items."""
        items = [self._item() for _ in range(size)]
        return Batch(*(torch.stack(column) for column in zip(*items, strict=True)))

    def _item(self) -> tuple[torch.Tensor, ...]:
        random, footage = self._random, self._footage
        clip, mirrored = int(random.integers(len(footage))), bool(random.random() < 0.5)
        if self._single:
            still, looks = int(random.integers(len(STILLS))), int(random.integers(2))
            timeline = Timeline(np.array([STILLS[still]]), np.array([looks]))
            pixels = footage.stills[clip, looks, [still]]
        else:
            timeline = draw_timeline(random, footage.frames.shape[2])
            pixels = footage.frames[clip, timeline.looks, timeline.frames]
        if mirrored:
            pixels = pixels[:, :, ::-1]
        picture = draw_picture(random)
        planes = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()
        planes = apply_picture(planes, picture, random)
        levels = picture.levels() if self._single else np.concatenate([timeline.levels(), picture.levels()])
        return (
            planes.permute(0, 2, 3, 1),
            torch.from_numpy(self._tasks.vector(clip, timeline, mirrored)),
            torch.from_numpy(levels),
            torch.from_numpy(self._tasks.maps(clip, timeline, mirrored, self._map_size)),
        )


class Heads(nn.Module):
    """What the training tasks are read from; thrown away afterwards.

    Distortions are read linearly from the features, so that a distance between means sees their degree.
    """

    def __init__(self, shape: Shape, content: int, levels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(DIMENSIONS)
        self.content = nn.Sequential(nn.Linear(DIMENSIONS, 256), nn.ReLU(), nn.Linear(256, content))
        self.levels = nn.Linear(DIMENSIONS, levels)
        self.maps = nn.Conv2d(shape.channels[2], JOINTS + 1, 1)

    def forward(
        self, features: torch.Tensor, maps: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return predicted content, levels and logits of the maps."""
        features = self.norm(features)
        return self.content(features), self.levels(features), self.maps(maps)


def train_network(
    name: EmbeddedName, footage: Footage, settings: Settings, progress: Progress | None = None
) -> EmbeddedTrunk:
    """Train one network on footage; the result depends on the arguments alone, on one kind of machine."""
    progress = SilentProgress() if progress is None else progress
    shape = SHAPES[name]
    torch.manual_seed(settings.seed)
    source = BatchSource(footage, shape, settings.seed)
    probe = source.draw(256)
    centre, spread = _spread(probe.content)
    trunk, heads = EmbeddedTrunk(shape), Heads(shape, probe.content.shape[1], probe.levels.shape[1])
    parameters = [*trunk.parameters(), *heads.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=settings.steps, pct_start=0.15
    )
    progress.start(f"train {name}", settings.steps)
    for step in range(settings.steps):
        batch = source.draw(settings.batch_size)
        encoding = trunk(batch.frames)
        content, levels, maps = heads(*encoding)
        wanted = (batch.content - centre) / spread
        known = ~torch.isnan(wanted)
        losses = (
            F.smooth_l1_loss(content[known], wanted[known]),
            F.mse_loss(levels, batch.levels),
            F.binary_cross_entropy_with_logits(maps, batch.maps),
        )
        loss = _CONTENT_WEIGHT * losses[0] + _LEVELS_WEIGHT * losses[1] + _MAPS_WEIGHT * losses[2]
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(parameters, 5.0)
        optimiser.step()
        schedule.step()
        progress.advance()
        if step % 50 == 49 or step + 1 == settings.steps:
            values = ", ".join(f"{value.item():.3f}" for value in losses)
            progress.message(f"{name} step {step + 1}: content, levels, maps {values}")
    _whiten(trunk, source, settings.batch_size)
    return trunk


def save_network(
    name: EmbeddedName, trunk: EmbeddedTrunk, path: Path, settings: Settings, footage: Footage
) -> None:
    """Write weights with the facts of their training, atomically."""
    metadata = {
        "network": name,
        "version": WEIGHTS_VERSION,
        "architecture": ARCHITECTURE_VERSION,
        "generator": GENERATOR_VERSION,
        "training_clips": len(footage),
        "steps": settings.steps,
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "seed": settings.seed,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    tensors = {key: value.contiguous() for key, value in trunk.state_dict().items()}
    with files.atomic_file(path) as temporary:
        save_file(tensors, temporary, {key: str(value) for key, value in metadata.items()})


def _spread(content: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return centre and spread of each target over the values that exist; 0 and 1 where there are few."""
    values = np.ma.masked_invalid(content.numpy())
    few = values.count(axis=0) < 8
    centre = np.where(few, 0.0, values.mean(axis=0).filled(0.0))
    spread = np.where(few, 1.0, values.std(axis=0).filled(1.0))
    spread = np.where(spread < 1e-3, 1.0, spread)
    return torch.from_numpy(centre.astype(np.float32)), torch.from_numpy(spread.astype(np.float32))


def _whiten(trunk: EmbeddedTrunk, source: BatchSource, batch_size: int) -> None:
    """Set the fixed statistics so that features have covariance 1 over the training data."""
    trunk.eval()
    with torch.inference_mode():
        batches = (source.draw(batch_size).frames for _ in range(_STATISTICS_BATCHES))
        features = torch.cat([trunk(frames).features for frames in batches]).double()
    values, vectors = torch.linalg.eigh(torch.cov(features.T))
    # A direction in which features hardly vary must not become a loud one.
    values = values.clamp(min=_WHITENING_FLOOR * float(values.mean()))
    trunk.feature_mean.copy_(features.mean(dim=0))
    trunk.whitening.copy_((vectors / values.sqrt()) @ vectors.T)


def main(arguments: list[str] | None = None) -> None:
    """Render footage, train the networks asked for and write their weights."""
    parser = argparse.ArgumentParser(prog="python -m mcbench.metrics.networks.embedded.train")
    parser.add_argument("--out", type=Path, required=True, help="folder for NAME.safetensors")
    parser.add_argument(
        "--networks", nargs="+", choices=get_args(EmbeddedName), default=get_args(EmbeddedName)
    )
    parser.add_argument("--footage", type=Path, help="folder of rendered clips (default: OUT/footage)")
    parser.add_argument("--clips", type=int, default=TRAINING_CLIPS, help="training clips to render")
    parser.add_argument("--steps", type=int, help="optimiser steps (default: those of the shipped weights)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--render-only", action="store_true", help="stop after the footage is rendered")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)  # more threads would change the order of sums, and with it the weights
    progress = LineProgress()
    paths = render_footage(chosen.footage or chosen.out / "footage", range(chosen.clips), progress)
    if chosen.render_only:
        return
    footage = load_footage(paths)
    for name in chosen.networks:
        settings = Settings(steps=chosen.steps or STEPS[name], seed=chosen.seed)
        trunk = train_network(name, footage, settings, progress)
        save_network(name, trunk, chosen.out / f"{name}.safetensors", settings, footage)


if __name__ == "__main__":
    main()

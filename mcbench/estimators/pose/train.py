"""Train the embedded pose network: `python -m mcbench.estimators.pose.train --out FOLDER`."""

from __future__ import annotations

import argparse
import datetime
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from mcbench import files
from mcbench.data.generated import GENERATOR_VERSION
from mcbench.estimators.pose.architecture import ARCHITECTURE_VERSION, PoseNetwork
from mcbench.estimators.pose.augment import Example, draw_example
from mcbench.estimators.pose.footage import People, load_people, render_people
from mcbench.progress import LineProgress, Progress, SilentProgress

WEIGHTS_VERSION = 1
"""Goes up whenever the shipped weights, and with them every number by `pose@embedded`, change."""
TRAINING_CLIPS = 600
_MESSAGE_EVERY = 50


@dataclass(frozen=True)
class Settings:
    """What decides the weights, besides the code and the generator.

    Attributes:
        steps: optimiser steps.
        batch_size: crops a step.
        learning_rate: highest one of a one-cycle schedule.
        seed: of initial weights, batches and distortions.
    """

    steps: int = 1500
    batch_size: int = 32
    learning_rate: float = 3e-3
    seed: int = 0


def train_network(people: People, settings: Settings, progress: Progress | None = None) -> PoseNetwork:
    """Train on crops; the result depends on the arguments alone, on one kind of machine."""
    progress = SilentProgress() if progress is None else progress
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    network = PoseNetwork().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, settings.learning_rate, total_steps=settings.steps, pct_start=0.1
    )
    progress.start("train pose", settings.steps)
    since: list[float] = []
    for step in range(settings.steps):
        chosen = random.integers(len(people), size=settings.batch_size)
        loss = _loss(network, [draw_example(people, int(index), random) for index in chosen])
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        progress.advance()
        since.append(float(loss.detach()))
        if step % _MESSAGE_EVERY == _MESSAGE_EVERY - 1 or step + 1 == settings.steps:
            progress.message(f"step {step + 1}: divergence {np.mean(since):.3f}")
            since.clear()
    return network.eval()


def _loss(network: PoseNetwork, examples: list[Example]) -> torch.Tensor:
    """Return the mean divergence of the predicted distribution over cells from the target's."""
    planes, targets, weights = (torch.from_numpy(np.stack(column)) for column in zip(*examples, strict=True))
    logits = network(planes.contiguous(memory_format=torch.channels_last))
    chances = F.log_softmax(logits.flatten(2), dim=2)
    goal = targets.flatten(2)
    divergence = torch.special.xlogy(goal, goal).sum(dim=2) - (goal * chances).sum(dim=2)
    mean: torch.Tensor = (divergence * weights).sum() / weights.sum()
    return mean


def save_network(network: PoseNetwork, path: Path, settings: Settings, people: People) -> None:
    """Write weights in half precision with the facts of their training, atomically."""
    metadata = {
        "network": "pose",
        "version": WEIGHTS_VERSION,
        "architecture": ARCHITECTURE_VERSION,
        "generator": GENERATOR_VERSION,
        "training_crops": len(people),
        "steps": settings.steps,
        "batch_size": settings.batch_size,
        "learning_rate": settings.learning_rate,
        "seed": settings.seed,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    tensors = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in network.state_dict().items()
    }
    with files.atomic_file(path) as temporary:
        save_file(tensors, temporary, {key: str(value) for key, value in metadata.items()})


def main(arguments: list[str] | None = None) -> None:
    """Render people, train the network and write its weights."""
    defaults = Settings()
    parser = argparse.ArgumentParser(prog="python -m mcbench.estimators.pose.train")
    parser.add_argument("--out", type=Path, required=True, help="folder for pose.safetensors")
    parser.add_argument("--footage", type=Path, help="folder of rendered people (default: OUT/footage)")
    parser.add_argument("--clips", type=int, default=TRAINING_CLIPS, help="training clips to render")
    parser.add_argument("--steps", type=int, default=defaults.steps, help="optimiser steps")
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--render-only", action="store_true", help="stop after the people are rendered")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(1)  # more threads would change the order of sums, and with it the weights
    progress = LineProgress()
    paths = render_people(chosen.footage or chosen.out / "footage", range(chosen.clips), progress)
    if chosen.render_only:
        return
    people = load_people(paths)
    settings = Settings(steps=chosen.steps, seed=chosen.seed)
    network = train_network(people, settings, progress)
    save_network(network, chosen.out / "pose.safetensors", settings, people)


if __name__ == "__main__":
    main()

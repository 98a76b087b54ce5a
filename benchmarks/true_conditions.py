"""What each part of `tiny` is worth if it is told the truth, as a Markdown table of PSNR.

    python benchmarks/true_conditions.py --clips 40

At inference guiders know the order of depth of the reference alone, and that the background stands still; in
training they knew each frame's. So a part may be worth nothing because the network has no use for it, or
because it is told nothing. Here clips of the training generator that nobody trained on are animated both
ways, 8 frames in a row, whole and without each part. PSNR is of the pixels of all clips together that may
differ from their first guess, and of some of them:

- overlap: where two people or more are;
- moving: of clips whose background moves;
- far: of frames whose joints are 5 % of the height and more from the reference's, people's ways left out.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.conditions import ClipConditions
from mcbench.conditions.bodies import body_masks
from mcbench.model.ablation import TEMPORAL, without_parts
from mcbench.model.loading import find_checkpoint, load_pipeline
from mcbench.model.maps import Appearance, FirstGuess, guider_maps, to_tensor
from mcbench.model.pipeline import AnimationPipeline
from mcbench.model.training.clips import (
    SPREAD_FRAMES,
    VALIDATION_FROM,
    TrainingClip,
    render_clip,
)
from mcbench.progress import LineProgress

AREAS = ("all", "overlap", "moving", "far")
FIRST = VALIDATION_FROM + 1000
"""Clips before that choose checkpoints."""
FRAMES, FAR = 8, 0.05
"""Frames of a clip, and the pose distance of the area `far`, a share of the height."""
Column = tuple[bool, str]
"""Whether the truth was told, and an area."""


@dataclass(frozen=True)
class Task:
    """What a pipeline is told of a clip whose frame 0 is the reference.

    Attributes:
        reference: [1, 3, H, W], 0 to 255.
        reference_pose: [1, 3, H, W], 0 to 1.
        maps: guider -> [n, channels, H, W], 0 to 1.
        guesses: [n, 3, H, W], 0 to 255.
        changeable: [n, 1, H, W], 0 to 1.
    """

    reference: torch.Tensor
    reference_pose: torch.Tensor
    maps: dict[str, torch.Tensor]
    guesses: torch.Tensor
    changeable: torch.Tensor


def task(pipeline: AnimationPipeline, clip: TrainingClip, *, truth: bool) -> Task:
    """Return what the guiders are told at inference, or the truth, and the guess that follows from it."""
    conditions = ClipConditions(clip.poses, clip.poses.size, depth="frame" if truth else "reference")
    indices = range(1, len(clip.frames))
    flows = [clip.flow(index) if truth else None for index in indices]
    appearance = Appearance(conditions, clip.frames[0])
    guesses, changeable = FirstGuess(pipeline.latents_config.relative_to, appearance).of(indices)
    return Task(
        to_tensor(clip.frames[:1]),
        to_tensor(conditions.reference_pose()[None]) / 255,
        guider_maps(conditions, appearance, indices, flows, names=pipeline.networks().guiders.names),
        guesses,
        changeable,
    )


@torch.no_grad()
def animate(pipeline: AnimationPipeline, given: Task) -> torch.Tensor:
    """Return the frames, [n, 3, H, W], in one step."""
    networks = pipeline.networks()
    latents = pipeline.latents.encode(given.reference)
    seen = networks.read_reference(given.reference / 127.5 - 1, latents, given.reference_pose)
    features = networks.guide({name: given.maps[name] for name in networks.guiders.names})
    start = torch.zeros(1, latents.shape[1], len(given.guesses), *latents.shape[2:])
    last = torch.tensor(pipeline.scheduler.config.num_train_timesteps - 1)
    predicted = networks.guided(start, last, features, seen, 1.0)[0].transpose(0, 1)
    return pipeline.latents.decode_frames(
        predicted,
        given.guesses,
        given.changeable,
        least_difference=pipeline.sampling.least_difference,
    )


def areas(clip: TrainingClip) -> dict[str, NDArray[np.float64]]:
    """Return area -> weight of each pixel of frames 1 and on, [n, H, W]."""
    poses, size = clip.poses, clip.poses.size
    indices = range(1, len(clip.frames))
    masks = [body_masks(poses.keypoints[k], poses.visibility[k], size) > 0 for k in indices]
    moving = clip.background_flow is not None and bool(np.abs(clip.background_flow[1:]).max() > 1)
    everywhere = np.ones((len(indices), *size))
    return {
        "all": everywhere,
        "overlap": np.stack([mask.sum(0) > 1 for mask in masks]).astype(float),
        "moving": everywhere * moving,
        "far": everywhere * (pose_distances(clip) > FAR)[:, None, None],
    }


def pose_distances(clip: TrainingClip) -> NDArray[np.float64]:
    """Return how far each frame's joints are from the reference's, about the people's middles.

    Averages over joints and people, in shares of the frame's height.
    """
    points = clip.poses.keypoints.astype(np.float64)
    centred = points - np.nanmean(points, axis=2, keepdims=True)
    moved = np.linalg.norm(centred[1:] - centred[:1], axis=-1)
    return np.asarray(np.nanmean(moved, axis=(1, 2)) / clip.poses.size[0])


class Table:
    """Weighted squared errors by variant and column."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, Column], NDArray[np.float64]] = defaultdict(lambda: np.zeros(2))

    def add(
        self, variant: str, column: Column, squares: NDArray[np.float64], weight: NDArray[np.float64]
    ) -> None:
        """Add the errors of some pixels."""
        self._sums[variant, column] += ((squares * weight).sum(), weight.sum())

    def psnr(self, variant: str, column: Column) -> str:
        """Return the PSNR over all of a column's pixels."""
        error, weight = self._sums[variant, column]
        return f"{10 * np.log10(255**2 * weight / error):.3f}" if error else ""


def add_clip(table: Table, variants: Mapping[str, AnimationPipeline], clip: TrainingClip) -> None:
    """Add one clip's errors, told either way."""
    truth, by_area = to_tensor(clip.frames[1:]), areas(clip)
    for tells_truth in (False, True):
        given = task(variants["whole"], clip, truth=tells_truth)
        made = {"first guess": given.guesses}
        made |= {name: animate(pipeline, given) for name, pipeline in variants.items()}
        for name, pictures in made.items():
            squares = (pictures.round() - truth).square().mean(1).numpy().astype(np.float64)
            for area, mask in by_area.items():
                table.add(name, (tells_truth, area), squares, mask * given.changeable[:, 0].numpy())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--checkpoint", help="a pipeline's folder (default: tiny, as it ships)")
    arguments = parser.parse_args()
    source = find_checkpoint(arguments.checkpoint)
    whole = load_pipeline(source)
    variants = {"whole": whole} | {
        f"without {part}": without_parts(load_pipeline(source), [part])
        for part in (*whole.networks().guiders.names, TEMPORAL)
    }
    table, progress = Table(), LineProgress()
    progress.start("Animating", arguments.clips)
    for index in range(FIRST, FIRST + arguments.clips):
        rendered = render_clip(index, whole.size)
        add_clip(table, variants, rendered.at([0, *range(SPREAD_FRAMES, SPREAD_FRAMES + FRAMES)]))
        progress.advance()
    columns = [(tells_truth, area) for tells_truth in (False, True) for area in AREAS]
    print("| | " + " | ".join(f"{'true' if truth else 'usual'}, {area}" for truth, area in columns) + " |")
    print("| --- |" + " --- |" * len(columns))
    for name in ("first guess", *variants):
        print(f"| {name} | " + " | ".join(table.psnr(name, column) for column in columns) + " |")


if __name__ == "__main__":
    main()

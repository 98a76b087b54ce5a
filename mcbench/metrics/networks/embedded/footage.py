"""Training footage for the embedded networks: clips of the generator's training split, with their truth.

Each clip is rendered twice, the second time with every person wearing another one's looks. Jumping from the
first to the second is an exact change of identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from mcbench import files
from mcbench.data.generated import GENERATOR_VERSION, build_scene, train_clip
from mcbench.metrics.networks.embedded.architecture import SHAPES
from mcbench.progress import Progress, SilentProgress

CLIP_FRAMES = 16
STILLS = (0, 5, 10, 15)
"""The frames of a clip that the image network sees."""
MAX_PEOPLE = 5
_RENDER_SIZE = (224, 160)
_MAP_SIZE = (42, 30)
_LEAD = 24
"""A clip starts at one of this many first frames, so that dances do not all begin alike."""


@dataclass(frozen=True)
class Footage:
    """Rendered training clips. N is the number of clips; axis 2 of size 2 is (own looks, others' looks).

    Attributes:
        stills: uint8 [N, 2, 4, 168, 120, 3], the frames `STILLS`.
        frames: uint8 [N, 2, 16, 84, 60, 3].
        masks: uint8 [N, 2, 16, 42, 30]: 0 background, k the k-th person.
        flow: float32 [N, 16, 42, 30, 2], forward flow (u, v) as a fraction of the picture's height.
        background_flow: float32 [N, 16, 2], its mean over the picture for the background alone.
        keypoints: float32 [N, 16, 5, 18, 2], (x, y) as fractions of the width and height; NaN where
            there is no such person.
        visible: bool [N, 16, 5, 18].
        depth: float32 [N, 16, 5], metres; NaN where unknown.
    """

    stills: NDArray[np.uint8]
    frames: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    flow: NDArray[np.float32]
    background_flow: NDArray[np.float32]
    keypoints: NDArray[np.float32]
    visible: NDArray[np.bool_]
    depth: NDArray[np.float32]

    def __len__(self) -> int:
        return int(self.frames.shape[0])


def render_footage(folder: Path, indices: Sequence[int], progress: Progress | None = None) -> list[Path]:
    """Render training clips into a folder, one file each; clips that are there already are kept.

    Returns:
        The files, in the order of `indices`.
    """
    progress = SilentProgress() if progress is None else progress
    progress.start("render training clips", len(indices))
    paths = []
    for index in indices:
        path = folder / f"v{GENERATOR_VERSION}-{index:06d}.npz"
        if not path.is_file():
            clip = render_clip(index)
            with files.atomic_file(path) as temporary, temporary.open("wb") as stream:
                np.savez(stream, **clip)  # type: ignore[arg-type]
        paths.append(path)
        progress.advance()
    return paths


def load_footage(paths: Sequence[Path]) -> Footage:
    """Read rendered clips into memory (about 1 MB each)."""
    columns: dict[str, list[NDArray[np.generic]]] = {name: [] for name in Footage.__annotations__}
    for path in paths:
        with np.load(path, allow_pickle=False) as archive:
            for name, column in columns.items():
                column.append(archive[name])
    return Footage(**{name: np.stack(column) for name, column in columns.items()})


def render_clip(index: int) -> dict[str, NDArray[np.generic]]:
    """Render the training clip of that index: the fields of `Footage`, without the axis N."""
    random = np.random.default_rng(index)
    first = int(random.integers(_LEAD))
    scene = build_scene(train_clip(index, first + CLIP_FRAMES + 1))
    people = scene.spec.n_people
    turned = tuple(int(person) for person in np.roll(np.arange(people), int(random.integers(1, people))))
    height, width = _RENDER_SIZE
    pictures = np.empty((2, CLIP_FRAMES, height, width, 3), np.uint8)
    masks = np.empty((2, CLIP_FRAMES, *_MAP_SIZE), np.uint8)
    flow = np.empty((CLIP_FRAMES, *_MAP_SIZE, 2), np.float32)
    background_flow = np.empty((CLIP_FRAMES, 2), np.float32)
    keypoints = np.full((CLIP_FRAMES, MAX_PEOPLE, 18, 2), np.nan, np.float32)
    visible = np.zeros((CLIP_FRAMES, MAX_PEOPLE, 18), bool)
    depth = np.full((CLIP_FRAMES, MAX_PEOPLE), np.nan, np.float32)
    rows = (np.arange(_MAP_SIZE[0]) * height // _MAP_SIZE[0]) + height // _MAP_SIZE[0] // 2
    columns = (np.arange(_MAP_SIZE[1]) * width // _MAP_SIZE[1]) + width // _MAP_SIZE[1] // 2
    for k in range(CLIP_FRAMES):
        for which, looks in enumerate((None, turned)):
            frame = scene.render(first + k, _RENDER_SIZE, looks=looks)
            pictures[which, k] = frame.image
            masks[which, k] = frame.masks[np.ix_(rows, columns)]
            if which == 0:
                flow[k] = frame.flow[np.ix_(rows, columns)] / height
                background_flow[k] = frame.background_flow.mean(axis=(0, 1)) / height
                keypoints[k, :people] = frame.keypoints / (width, height)
                visible[k, :people] = frame.visibility == 2
                depth[k, :people] = frame.person_depth
    return {
        "stills": _resized(pictures[:, list(STILLS)], SHAPES["image"].input_size),
        "frames": _resized(pictures, SHAPES["clip"].input_size),
        "masks": masks,
        "flow": flow,
        "background_flow": background_flow,
        "keypoints": keypoints,
        "visible": visible,
        "depth": depth,
    }


def _resized(pictures: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize [..., height, width, 3] as the scoring protocols do: bicubic, antialiased."""
    flat = torch.from_numpy(pictures.reshape(-1, *pictures.shape[-3:])).permute(0, 3, 1, 2).float()
    small = F.interpolate(flat, size=size, mode="bicubic", antialias=True, align_corners=False)
    small = small.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
    return small.numpy().reshape(*pictures.shape[:-3], *size, 3)

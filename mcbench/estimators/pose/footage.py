"""Training data of the embedded pose network: crops of the people of the generator's training split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench import files
from mcbench.data.generated import GENERATOR_VERSION, build_scene, train_clip
from mcbench.estimators.pose.crops import Crop, person_boxes
from mcbench.progress import Progress, SilentProgress

CROP_SIZE = (168, 126)
"""(height, width) of a kept crop: more than the network is shown, to have room to shift and turn it."""
ASPECT = 3 / 4
MARGIN = 1.65
FRAMES_OF_A_CLIP = 5
_RENDER_SIZE = (336, 240)
_SPACING = 9
_FEWEST_POINTS = 5


@dataclass(frozen=True)
class People:
    """Crops of people, N in all.

    Attributes:
        crops: uint8 [N, 168, 126, 3].
        keypoints: float32 [N, 18, 2], in parts of the crop's width and height.
        visibility: uint8 [N, 18], as in `Poses`.
    """

    crops: NDArray[np.uint8]
    keypoints: NDArray[np.float32]
    visibility: NDArray[np.uint8]

    def __len__(self) -> int:
        return int(self.crops.shape[0])


def render_people(folder: Path, indices: Sequence[int], progress: Progress | None = None) -> list[Path]:
    """Render the people of training clips into a folder, one file a clip; files that are there are kept.

    Returns:
        The files, in the order of `indices`.
    """
    progress = SilentProgress() if progress is None else progress
    progress.start("render people", len(indices))
    paths = []
    for index in indices:
        path = folder / f"pose-v{GENERATOR_VERSION}-{index:06d}.npz"
        if not path.is_file():
            with files.atomic_file(path) as temporary, temporary.open("wb") as stream:
                np.savez(stream, **vars(clip_people(index)))
        paths.append(path)
        progress.advance()
    return paths


def load_people(paths: Sequence[Path]) -> People:
    """Read rendered people into memory (about 1 MB a clip)."""
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in People.__annotations__}
    for path in paths:
        with np.load(path, allow_pickle=False) as archive:
            for name, column in columns.items():
                column.append(archive[name])
    return People(**{name: np.concatenate(column) for name, column in columns.items()})


def clip_people(index: int) -> People:
    """Render a few frames of the training clip of that index; cut out everybody of whom enough is seen."""
    random = np.random.default_rng(index)
    first = int(random.integers(_SPACING))
    scene = build_scene(train_clip(index, first + _SPACING * FRAMES_OF_A_CLIP + 1))
    crops, keypoints, visibility = [], [], []
    for k in range(FRAMES_OF_A_CLIP):
        frame = scene.render(first + _SPACING * k, _RENDER_SIZE)
        boxes = person_boxes(frame.keypoints, frame.visibility)
        for points, seen, box in zip(frame.keypoints, frame.visibility, boxes, strict=True):
            if np.count_nonzero(seen == 2) < _FEWEST_POINTS or np.isnan(box).any():
                continue
            crop = Crop.around(box, MARGIN, ASPECT)
            crops.append(crop.cut(frame.image, CROP_SIZE))
            keypoints.append(crop.from_frame(points).astype(np.float32))
            visibility.append(seen)
    return People(
        np.asarray(crops, np.uint8).reshape(-1, *CROP_SIZE, 3),
        np.asarray(keypoints, np.float32).reshape(-1, 18, 2),
        np.asarray(visibility, np.uint8).reshape(-1, 18),
    )

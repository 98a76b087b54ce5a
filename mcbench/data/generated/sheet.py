"""Pictures of what the generator makes, to be looked at: `python -m mcbench.data.generated.sheet FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench import files
from mcbench.data.generated.scene import RenderedFrame, build_scene
from mcbench.data.generated.specs import SceneSpec, demo_clips, test_clips, train_clip

Image = NDArray[np.uint8]

_BONES = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
    (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""Pairs of COCO-18 key points that a pose drawing connects."""
_PERSON_COLOURS = np.array(
    ((18, 18, 22), (231, 76, 60), (52, 152, 219), (241, 196, 15), (46, 204, 113), (155, 89, 182)),
    dtype=np.uint8,
)


def contact_sheet(specs: tuple[SceneSpec, ...], columns: int, size: tuple[int, int]) -> Image:
    """Return frames of clips, uint8 RGB: one clip a row, `columns` frames spread over its length."""
    rows = []
    for spec in specs:
        scene = build_scene(spec)
        at = [k * (spec.n_frames - 1) // max(columns - 1, 1) for k in range(columns)]
        rows.append(np.concatenate([scene.render(index, size).image for index in at], axis=1))
    return np.concatenate(rows, axis=0)


def truth_sheet(spec: SceneSpec, indices: tuple[int, ...], size: tuple[int, int]) -> Image:
    """Return frames beside their truth, uint8 RGB, one frame a row: picture, pose, masks, depth, flow."""
    scene = build_scene(spec)
    frames = [scene.render(index, size) for index in indices]
    rows = [
        np.concatenate([f.image, draw_pose(f), _PERSON_COLOURS[f.masks], draw_depth(f), draw_flow(f)], axis=1)
        for f in frames
    ]
    return np.concatenate(rows, axis=0)


def draw_pose(frame: RenderedFrame) -> Image:
    """Return the darkened picture with each person's skeleton; covered key points have no dot."""
    picture = (frame.image // 3).astype(np.uint8)
    for k, points in enumerate(frame.keypoints):
        colour = _PERSON_COLOURS[k + 1]
        for a, b in _BONES:
            way = np.linspace(0.0, 1.0, 80)[:, None]
            _dots(picture, points[a] * (1.0 - way) + points[b] * way, 1, colour)
        _dots(picture, points[frame.visibility[k] == 2], 2, np.array((255, 255, 255), dtype=np.uint8))
    return picture


def draw_depth(frame: RenderedFrame) -> Image:
    """Return depth as brightness: near is bright."""
    inverse = 1.0 / frame.depth.astype(np.float64)
    low, high = inverse.min(), inverse.max()
    grey = ((inverse - low) / (high - low) * 255.0).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def draw_flow(frame: RenderedFrame) -> Image:
    """Return flow as colour, grey where nothing moves; the fastest point has the strongest colour."""
    u, v = (frame.flow[..., k].astype(np.float64) for k in (0, 1))
    scale = max(float(np.abs(frame.flow).max()), 1.0)
    u, v = (np.sign(c) * np.sqrt(np.abs(c) / scale) for c in (u, v))
    colours = (0.5 + 0.5 * u, 0.5 + 0.5 * v, 0.5 - 0.25 * (u + v))
    return (np.stack(colours, axis=-1) * 255.0).clip(0, 255).astype(np.uint8)


def _dots(picture: Image, points: NDArray[np.floating], radius: int, colour: Image) -> None:
    height, width = picture.shape[:2]
    for x, y in points:
        row, column = int(y), int(x)
        if 0 <= row < height and 0 <= column < width:
            rows = slice(max(row - radius, 0), row + radius + 1)
            picture[rows, max(column - radius, 0) : column + radius + 1] = colour


def write_sheets(folder: Path) -> tuple[Path, Path]:
    """Write the two pictures of `docs/generated.md` into a folder and return their paths."""
    from PIL import Image as Pillow

    test = test_clips()
    clips = (test[0], test[1], test[2], test[3], test[4], demo_clips()[3], train_clip(0), train_clip(4))
    sheet = contact_sheet(clips, 7, (256, 184))
    truth = truth_sheet(test[3], (30, 66, 120), (320, 228))
    paths = (folder / "generated-contact-sheet.jpg", folder / "generated-truth.jpg")
    for path, picture, quality in ((paths[0], sheet, 82), (paths[1], truth, 85)):
        with files.atomic_file(path) as temporary:
            Pillow.fromarray(picture).save(temporary, quality=quality, optimize=True)
    return paths


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m mcbench.data.generated.sheet FOLDER")
    write_sheets(Path(sys.argv[1]))

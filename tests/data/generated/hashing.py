"""Hashes of rendered frames: `python -m tests.data.generated.hashing` rewrites the recorded ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mcbench.data import generated
from mcbench.data.generated import RenderedFrame, SceneSpec, build_scene, demo_clips, train_clip

RECORDED = Path(__file__).with_name("hashes.json")
SMALL, CANONICAL = (256, 184), (896, 640)


def frame_hash(frame: RenderedFrame) -> str:
    """Return the sha256 over picture and truth, as little-endian bytes in the order of the fields."""
    digest = hashlib.sha256()
    for array in (
        frame.image, frame.masks, frame.depth, frame.flow, frame.background_flow,
        frame.keypoints, frame.visibility, frame.person_depth,
    ):  # fmt: skip
        digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def recorded_frames() -> Iterator[tuple[str, SceneSpec, int, tuple[int, int]]]:
    """Yield (name, spec, frame, size) of all frames whose hashes are kept."""
    for spec in (*generated.test_clips(), *demo_clips(), *(train_clip(index) for index in range(4))):
        for size in (SMALL, CANONICAL):
            index = (7 * spec.index + 5) % spec.n_frames
            yield f"{spec.id} {index} {size[0]}x{size[1]}", spec, index, size


if __name__ == "__main__":
    hashes = {
        name: frame_hash(build_scene(spec).render(i, size)) for name, spec, i, size in recorded_frames()
    }
    RECORDED.write_text(json.dumps(hashes, indent=1) + "\n", encoding="utf-8")

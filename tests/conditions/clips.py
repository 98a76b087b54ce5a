"""Small prepared clips for the tests of conditions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench.data import Clip, load_clip
from mcbench.data.truth import Poses
from mcbench.records import BesideKind, ClipRecord, TruthKind
from mcbench.video import FramesDigest, write_png
from tests.conditions.people import people

SIZE = (48, 40)


def frames(n_frames: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    """Noise that moves a pixel to the right each frame."""
    first = np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    return np.stack([np.roll(first, index, axis=1) for index in range(n_frames)])


def standing_poses(n_frames: int = 3, n_people: int = 2) -> Poses:
    """People who stand beside each other; the second has his feet lower down. Depth is unknown."""
    places = people(*((11 + 17 * person, 24 + 6 * person) for person in range(n_people)), scale=0.15)
    keypoints = np.repeat(places[None], n_frames, axis=0).astype(np.float32)
    visibility = np.full((n_frames, n_people, 18), 2, np.uint8)
    return Poses(keypoints, visibility, np.full((n_frames, n_people), np.nan, np.float32), SIZE)


def make_clip(
    home: Path,
    name: str = "clip",
    *,
    n_frames: int = 3,
    poses: Poses | None = None,
    beside: tuple[BesideKind, ...] = (),
    seed: int = 0,
) -> Clip:
    """Write a prepared clip of local/some, with exact poses where they are given."""
    folder = home / "prepared" / "local" / "some" / "local" / "clips" / name
    digest = FramesDigest()
    (folder / "frames").mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(frames(n_frames, seed)):
        write_png(folder / "frames" / f"{index:06d}.png", frame)
        digest.update(frame)
    truth: tuple[TruthKind, ...] = ()
    if poses is not None:
        poses.write(folder / "truth" / "poses.npz")
        truth = ("poses",)
    record = ClipRecord(
        id=name,
        benchmark="local/some",
        source="local",
        n_frames=n_frames,
        fps=25,
        size=SIZE,
        frames_sha256=digest.hexdigest(),
        truth=truth,
        beside=beside,
        origin={"path": f"{name}.mp4", "masks_sha256": "ab"},
    )
    record.write(folder / "clip.json")
    return load_clip(folder)

"""A picture of two people, and files of poses that drive them; no estimator has to run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench.data.truth import Poses
from mcbench.video import write_png
from tests.conditions.people import people

SIZE = (120, 160)


def poses_of(points: NDArray[np.float32], size: tuple[int, int] = SIZE) -> Poses:
    """Return poses in full view, of points [frames, people, 18, 2]."""
    shape = points.shape[:2]
    return Poses(
        points.astype(np.float32),
        np.full((*shape, 18), 2, np.uint8),
        np.full(shape, np.nan, np.float32),
        size,
    )


def standing(*centres: tuple[float, float], scale: float = 0.5) -> Poses:
    return poses_of(people(*centres, scale=scale)[None])


def walking(n_frames: int, *centres: tuple[float, float], scale: float = 1.0, step: float = 2.0) -> Poses:
    """Return people who walk to the right, in a video of 240 x 320."""
    still = people(*centres, scale=scale)
    moved = np.arange(n_frames, dtype=np.float32)[:, None, None, None] * np.array([step, 0], np.float32)
    return poses_of(still[None] + moved, (240, 320))


def write_openpose_file(path: Path, people_points: NDArray[np.float32], **extra: int) -> None:
    triples = [
        np.concatenate([points, np.ones((18, 1))], axis=1).ravel().tolist() for points in people_points
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"people": [{"pose_keypoints_2d": each} for each in triples], **extra}))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    write_png(tmp_path / "us.png", pixels)
    return tmp_path / "us.png"


@pytest.fixture
def reference_pose(tmp_path: Path) -> Path:
    standing((40, 70), (110, 70)).write(tmp_path / "us.npz")
    return tmp_path / "us.npz"


@pytest.fixture
def dance(tmp_path: Path) -> Path:
    walking(5, (80, 130), (200, 130)).write(tmp_path / "dance.npz")
    return tmp_path / "dance.npz"

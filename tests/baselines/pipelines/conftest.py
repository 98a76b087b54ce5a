"""Folders of seeded networks, made once, and requests for a clip of two people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench.baselines import AnimationRequest
from mcbench.conditions.drawing import draw_whole_bodies
from mcbench.data.truth import Poses
from tests.baselines.pipelines import seeds

SIZE = (40, 30)


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Options that name the folders of the parts of Stable Diffusion 1.5's kin."""
    folder = tmp_path_factory.mktemp("parts")
    makers: dict[str, Callable[[Path], None]] = {
        "base": seeds.stable_diffusion,
        "controlnet": seeds.controlnet,
        "motion_adapter": seeds.motion_adapter,
        "ip_adapter": seeds.ip_adapter,
    }
    for name, make in makers.items():
        make(folder / name)
    return {name: str(folder / name) for name in makers}


def frame(index: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.stack([x * 8, y * 6, np.full_like(x, 20 * index)], axis=-1).astype(np.uint8)


def request_for(
    n_frames: int = 3, seed: int = 5, shift: float = 2.0, size: tuple[int, int] | None = None
) -> AnimationRequest:
    """Two people who move by `shift` pixels a frame."""
    joints = np.random.RandomState(1).uniform(4, 24, (2, 18, 2)).astype(np.float32)
    keypoints = np.stack([joints + np.array([shift * i, 0], np.float32) for i in range(n_frames)])
    visibility = np.full(keypoints.shape[:3], 2, np.uint8)
    poses = Poses(keypoints, visibility, np.tile(np.array([3.0, 2.0], np.float32), (n_frames, 1)), SIZE)

    def draw(index: int, size: tuple[int, int]) -> NDArray[np.uint8]:
        scaled = poses.resized(size)
        return draw_whole_bodies(scaled.keypoints[index], scaled.visibility[index], size)

    return AnimationRequest(
        "clip", frame(0), poses, n_frames, 10.0, size, seed, true_frame=frame,
        pictures={"pose-drawings": draw, "dwpose-drawings": draw}, prompt="a dancer",
    )  # fmt: skip

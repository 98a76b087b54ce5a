"""A micro configuration: real networks, small enough for a test."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from mcbench.data.truth import Poses
from mcbench.model.config import ModelConfig
from mcbench.model.networks import Networks, build_networks
from mcbench.model.pipeline import AnimationPipeline
from tests.conditions.people import STANDING

MICRO = """
name = "micro"
size = [48, 32]
[latents]
kind = "space-to-depth"
factor = 4
[network]
block_out_channels = [16, 32]
attention = [false, true]
temporal_layers = [0, 1]
heads = 2
cross_attention_dim = 16
norm_groups = 8
motion_heads = 2
[guiders]
names = ["pose", "reference_pose", "depth_order", "flow", "appearance"]
default_hidden_channels = [4, 8]
reference_pose_in_reference_net = true
[image_encoder]
kind = "tokens"
grid = [2, 1]
hidden_channels = [4, 8]
[schedule]
[sampling]
steps = 2
window = 4
overlap = 2
[training]
checkpoint_every = 2
clips_at_start = 2
new_clips_per_step = 0.0
[training.stage1]
steps = 4
clips = 2
frames = 2
learning_rate = 1e-3
final_learning_rate = 1e-4
warmup_steps = 1
crop = [32, 24]
[training.stage2]
steps = 4
clips = 1
frames = 3
in_a_row = true
learning_rate = 1e-3
final_learning_rate = 1e-4
warmup_steps = 1
"""


@pytest.fixture
def config() -> ModelConfig:
    return ModelConfig.parse(MICRO, "micro")


@pytest.fixture
def networks(config: ModelConfig) -> Networks:
    torch.manual_seed(0)
    return randomised(build_networks(config, temporal=True)).eval()


@pytest.fixture
def pipeline(networks: Networks, config: ModelConfig) -> AnimationPipeline:
    made = AnimationPipeline.from_networks(networks, config)
    made.set_progress_bar_config(disable=True)
    return made


@pytest.fixture
def reference() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (48, 32, 3), dtype=np.uint8)


@pytest.fixture
def poses() -> Poses:
    return make_poses(7)


def make_poses(n_frames: int) -> Poses:
    """Return two people who walk past each other, in pixels of 48 x 32."""
    moving = np.linspace(0, 10, n_frames, dtype=np.float32)
    points = np.empty((n_frames, 2, 18, 2), np.float32)
    for frame, step in enumerate(moving):
        points[frame, 0] = STANDING * 0.3 + [10 + step, 26]
        points[frame, 1] = STANDING * 0.3 + [22 - step, 26]
    depth = np.broadcast_to(np.array([2.0, 3.0], np.float32), (n_frames, 2)).copy()
    return Poses(points, np.full((n_frames, 2, 18), 2, np.uint8), depth, (48, 32))


def randomised(networks: Networks) -> Networks:
    """Give what starts at zero (guiders' outputs, motion modules) random weights, so that it shows."""
    with torch.no_grad():
        for parameter in networks.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1)
    return networks

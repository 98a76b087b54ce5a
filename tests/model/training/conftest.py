"""A configuration that trains in a moment, and what the tests of training share."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mcbench.model.config import ModelConfig

QUICK = """
name = "quick"
size = [48, 32]
[latents]
kind = "space-to-depth"
factor = 4
relative_to = "reference"
[network]
block_out_channels = [8, 16]
attention = [false, true]
temporal_layers = [0, 1]
heads = 2
cross_attention_dim = 8
norm_groups = 4
motion_heads = 2
[guiders]
names = ["pose", "depth_order"]
default_hidden_channels = [4, 8]
[image_encoder]
kind = "tokens"
grid = [2, 1]
hidden_channels = [4]
[schedule]
[sampling]
steps = 2
window = 4
overlap = 2
[training]
checkpoint_every = 10
clips_at_start = 2
new_clips_per_step = 0.0
validate_every = 0
validation_clips = 1
validation_frames = 2
[training.stage1]
steps = 4
clips = 2
frames = 2
learning_rate = 1e-3
final_learning_rate = 1e-4
warmup_steps = 1
crop = [32, 24]
[training.stage2]
steps = 2
clips = 1
frames = 3
in_a_row = true
learning_rate = 1e-3
final_learning_rate = 1e-4
warmup_steps = 1
"""


class Told:
    """A `Progress` that keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.notes: list[str] = []

    def start(self, label: str, total: int) -> None:
        del label, total

    def advance(self, units: int = 1) -> None:
        del units

    def note(self, text: str) -> None:
        self.notes.append(text)

    def message(self, text: str) -> None:
        self.messages.append(text)


Changed = Callable[..., ModelConfig]


@pytest.fixture
def config() -> ModelConfig:
    return ModelConfig.parse(QUICK, "quick")


@pytest.fixture
def changed(config: ModelConfig) -> Changed:
    """The configuration with other values in its training section, or in one of its stages."""

    def change(stage: str | None = None, **values: object) -> ModelConfig:
        told = config.model_dump(mode="json")
        (told["training"] if stage is None else told["training"][stage]).update(values)
        return ModelConfig.model_validate(told)

    return change


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of rendered clips that the tests of training share."""
    return tmp_path_factory.mktemp("clips")


def weights(out: Path, stage: int = 1) -> dict[str, torch.Tensor]:
    return load_file(out / f"stage{stage}" / "weights.safetensors")


def losses(out: Path) -> list[tuple[int, int, float]]:
    lines = map(json.loads, (out / "log.jsonl").read_text().splitlines())
    return [(each["stage"], each["step"], each["loss"]) for each in lines if "loss" in each]

"""Typed configurations of the model and its training, read from TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from mcbench import files
from mcbench.errors import FileFormatError, InputError
from mcbench.records import Size

_FOLDER = Path(__file__).parent / "configs"

GuiderName = Literal["pose", "reference_pose", "depth_order", "flow", "appearance"]
Positive = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class LatentsConfig(_Section):
    """The space that is denoised."""

    kind: Literal["space-to-depth"] = "space-to-depth"
    factor: Positive = 4
    """Side of a block of pixels; a power of two."""
    relative_to: Literal["reference", "carried"] = "carried"
    """The guess that frames are differences to: the reference, or its people carried into their poses."""
    scale: Annotated[float, Field(gt=0)] = 1.0


class NetworkConfig(_Section):
    """ReferenceNet and denoiser: the same spatial layers; the denoiser has motion modules as well."""

    block_out_channels: tuple[Positive, ...]
    attention: tuple[bool, ...]
    """For each resolution, whether it has spatial transformers (self-, reference and cross-attention)."""
    temporal_layers: tuple[Annotated[int, Field(ge=0)], ...]
    """Temporal transformer layers of a motion module at each resolution."""
    layers_per_block: Positive = 1
    heads: Positive = 4
    cross_attention_dim: Positive = 64
    norm_groups: Positive = 16
    motion_heads: Positive = 4
    motion_max_frames: Positive = 32

    @pydantic.model_validator(mode="after")
    def _levels_agree(self) -> Self:
        if not len(self.block_out_channels) == len(self.attention) == len(self.temporal_layers):
            raise ValueError("block_out_channels, attention and temporal_layers must have one entry a level")
        return self


class GuidersConfig(_Section):
    """Which guiders there are, and how wide."""

    names: tuple[GuiderName, ...]
    hidden_channels: dict[GuiderName, tuple[Positive, ...]] = {}
    default_hidden_channels: tuple[Positive, ...]
    reference_pose_in_reference_net: bool = False
    """Whether the reference pose guider's features are added in the ReferenceNet too (not in the paper)."""


class ImageEncoderConfig(_Section):
    """What cross-attention sees of the reference."""

    kind: Literal["tokens"] = "tokens"
    grid: tuple[Positive, Positive] = (4, 3)
    hidden_channels: tuple[Positive, ...] = (16, 32, 64)


class ScheduleConfig(_Section):
    """The noise schedule, the same in training and sampling."""

    train_timesteps: Positive = 1000
    beta_start: float = 0.00085
    beta_end: float = 0.012
    beta_schedule: Literal["linear", "scaled_linear", "squaredcos_cap_v2"] = "scaled_linear"
    prediction: Literal["sample", "v_prediction"] = "sample"
    zero_terminal_snr: bool = True


class SamplingConfig(_Section):
    """Defaults of sampling."""

    steps: Positive = 6
    guidance: Annotated[float, Field(ge=0)] = 1.0
    window: Positive = 16
    overlap: Annotated[int, Field(ge=0)] = 4


class StageConfig(_Section):
    """One stage of training."""

    steps: Positive
    clips: Positive
    """Clips, each with its own reference, in a batch."""
    frames: Positive
    """Frames of each clip: apart in time in stage 1, in a row in stage 2."""
    learning_rate: Annotated[float, Field(gt=0)]
    final_learning_rate: Annotated[float, Field(gt=0)]
    warmup_steps: Annotated[int, Field(ge=0)] = 50
    in_a_row: bool = False
    """Whether the frames follow each other, as temporal layers need, or lie anywhere in the clip."""
    temporal_only: bool = False
    """Whether only the temporal layers learn (Animate Anyone's stage 2), or everything."""
    crop: Size | None = None
    """Train on crops of this size that hold a person, or on whole frames."""


class TrainingConfig(_Section):
    """Both stages and what they share."""

    stage1: StageConfig
    stage2: StageConfig
    weight_decay: float = 0.01
    gradient_clip: Annotated[float, Field(gt=0)] = 1.0
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.995
    background_weight: Annotated[float, Field(ge=0)] = 0.3
    """Weight in the loss of pixels where nobody is nor was, against 1 elsewhere."""
    drop_reference: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of clips trained without reference and image tokens: guidance compares with those."""
    loss_delta: Annotated[float, Field(gt=0)] = 0.1
    """Error at which the Huber loss goes over from squared to absolute."""
    checkpoint_every: Positive = 200
    clips_at_start: Positive = 64
    """Training clips in use at the first step."""
    new_clips_per_step: Annotated[float, Field(ge=0)] = 0.25
    """How fast clips that were never seen are brought in; the generator never runs out."""


class ModelConfig(_Section):
    """A whole configuration: `mcbench/model/configs/NAME.toml`."""

    name: str
    size: Size
    """(height, width) that the model generates."""
    latents: LatentsConfig
    network: NetworkConfig
    guiders: GuidersConfig
    image_encoder: ImageEncoderConfig
    schedule: ScheduleConfig
    sampling: SamplingConfig
    training: TrainingConfig

    @property
    def grid(self) -> int:
        """Side in pixels of one position of the coarsest features: sizes must be multiples of it."""
        return self.latents.factor << (len(self.network.block_out_channels) - 1)

    @classmethod
    def load(cls, name_or_path: str) -> Self:
        """Read a configuration by its name or from a TOML file.

        Raises:
            InputError: there is no such configuration.
            FileFormatError: the file is not a valid configuration; the message names the field.
        """
        path = Path(name_or_path)
        if path.suffix != ".toml":
            path = _FOLDER / f"{name_or_path}.toml"
        if not path.is_file():
            raise InputError(
                f"there is no model configuration {name_or_path!r}",
                f"use one of {', '.join(configuration_names())}, or the path of a .toml file",
            )
        return cls.parse(files.read_text(path), str(path))

    @classmethod
    def parse(cls, text: str, where: str) -> Self:
        """Read a configuration from TOML text; `where` names it in errors.

        Raises:
            FileFormatError: the text is not a valid configuration.
        """
        try:
            return cls.model_validate(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise FileFormatError(f"{where} is not TOML: {error}") from error
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "the file"
            raise FileFormatError(
                f"{where} is not a model configuration: {field}: {first['msg']}",
                "compare it with mcbench/model/configs/tiny.toml",
            ) from error


def configuration_names() -> list[str]:
    """Return the names of the configurations that mcbench ships."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))

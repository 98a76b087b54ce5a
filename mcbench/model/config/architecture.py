"""What a configuration builds: the latents, the networks, the guiders and the noise schedule."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

import pydantic
from pydantic import Field

from mcbench.errors import InputError
from mcbench.model import guider_kinds
from mcbench.model.config.section import Positive, Section

EncoderName = str
"""A kind of guider network: one of `mcbench.model.guiders.ENCODERS`."""


class SpaceToDepthConfig(Section):
    """Fixed, lossless latents: blocks of pixels moved into channels."""

    kind: Literal["space-to-depth"] = "space-to-depth"
    factor: Positive = 4
    """Side of a block of pixels; a power of two."""
    relative_to: Literal["none", "reference", "carried"] = "carried"
    """What frames are differences to: nothing, the reference, or its people carried into their poses."""
    scale: Annotated[float, Field(gt=0)] = 1.0
    """Brings differences to about unit variance where people are."""
    smoothing: Literal[1, 3, 5] = 1
    """Side in pixels of the window that smooths what is decoded; 1 for none; 5 hides the edges of blocks."""

    @property
    def channels(self) -> int:
        """Number of latent channels."""
        return 3 * self.factor**2


class AutoencoderConfig(Section):
    """Latents of a frozen `AutoencoderKL`; the defaults are Stable Diffusion 1.5's."""

    kind: Literal["autoencoder"] = "autoencoder"
    relative_to: Literal["none"] = "none"
    """Frames are encoded as they are, as in the paper."""
    block_out_channels: tuple[Positive, ...] = (128, 256, 512, 512)
    layers_per_block: Positive = 2
    norm_groups: Positive = 32
    channels: Positive = 4
    """Number of latent channels."""
    scaling_factor: Annotated[float, Field(gt=0)] = 0.18215
    """What brings latents to about unit variance."""
    sample_size: Positive = 512
    """Side of the pictures that it was trained on; it decides nothing here."""

    @property
    def factor(self) -> int:
        """Side in pixels of one latent position: every block but the last halves the resolution."""
        return 1 << (len(self.block_out_channels) - 1)


LatentsConfig: TypeAlias = Annotated[SpaceToDepthConfig | AutoencoderConfig, Field(discriminator="kind")]
"""The space that is denoised."""


class NetworkConfig(Section):
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
    motion_norm: Literal["clip", "frame"] = "clip"
    """Over what a motion module's group norm takes its statistics: the window's frames together (diffusers),
    or each frame by itself (AnimateDiff's published weights were trained so)."""

    @pydantic.model_validator(mode="after")
    def _levels_agree(self) -> Self:
        if not len(self.block_out_channels) == len(self.attention) == len(self.temporal_layers):
            raise ValueError("block_out_channels, attention and temporal_layers must have one entry a level")
        return self


class GuidersConfig(Section):
    """Which guiders there are, of which kind, and how wide."""

    names: tuple[str, ...]
    kinds: dict[str, EncoderName] = Field(default={})
    default_kind: EncoderName = "halving"
    hidden_channels: dict[str, tuple[Positive, ...]] = Field(default={})
    default_hidden_channels: tuple[Positive, ...]
    reference_pose_in_reference_net: bool = False
    """Whether the reference pose guider's features are added in the ReferenceNet too (not in the paper)."""

    @pydantic.field_validator("names")
    @classmethod
    def _registered(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                guider_kinds.find_guider(name)
            except InputError as error:
                raise ValueError(error.in_one_line) from error
        return names

    @pydantic.model_validator(mode="after")
    def _told_of_those_there_are(self) -> Self:
        if stray := sorted({*self.kinds, *self.hidden_channels} - set(self.names)):
            raise ValueError(f"{stray[0]!r} is not among the names of the guiders")
        return self


class TokensConfig(Section):
    """A small image encoder of ours: the reference as a grid of tokens."""

    kind: Literal["tokens"] = "tokens"
    grid: tuple[Positive, Positive] = (4, 3)
    hidden_channels: tuple[Positive, ...] = (16, 32, 64)


class ClipConfig(Section):
    """A frozen CLIP image encoder whose projected embedding is the one token; defaults: ViT-L/14."""

    kind: Literal["clip"] = "clip"
    hidden_size: Positive = 1024
    intermediate_size: Positive = 4096
    layers: Positive = 24
    heads: Positive = 16
    image_size: Positive = 224
    patch_size: Positive = 14


ImageEncoderConfig: TypeAlias = Annotated[TokensConfig | ClipConfig, Field(discriminator="kind")]
"""What cross-attention sees of the reference."""


class ScheduleConfig(Section):
    """The noise schedule, the same in training and sampling."""

    train_timesteps: Positive = 1000
    beta_start: float = 0.00085
    beta_end: float = 0.012
    beta_schedule: Literal["linear", "scaled_linear", "squaredcos_cap_v2"] = "scaled_linear"
    prediction: Literal["sample", "epsilon", "v_prediction"] = "sample"
    zero_terminal_snr: bool = True
    timestep_spacing: Literal["trailing", "leading", "linspace"] = "trailing"
    steps_offset: Annotated[int, Field(ge=0)] = 0
    """Added to the steps of "leading" spacing; Stable Diffusion 1.5 was published with 1."""

    @pydantic.model_validator(mode="after")
    def _last_step_can_be_undone(self) -> Self:
        if self.zero_terminal_snr and self.prediction == "epsilon":
            raise ValueError(
                "zero_terminal_snr leaves no signal at the last step, where epsilon says nothing of the "
                "sample: use v_prediction, or zero_terminal_snr = false"
            )
        return self


class PretrainedConfig(Section):
    """Published weights that training starts from: folders, files or names on the Hugging Face Hub."""

    base: str | None = None
    """Stable Diffusion 1.5: ReferenceNet, spatial layers of the denoiser, and the autoencoder."""
    autoencoder: str | None = None
    """Another autoencoder than that of `base`."""
    image_encoder: str | None = None
    """CLIP."""
    motion_modules: str | None = None
    """AnimateDiff v2: `mm_sd_v15_v2.ckpt`, or its `MotionAdapter`."""

"""The networks of the reference model, built from a configuration, and one pass through them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel, UNetMotionModel
from torch import nn

from mcbench.errors import MismatchError
from mcbench.model import reference_attention
from mcbench.model.config import ModelConfig
from mcbench.model.guiders import GUIDERS, Guider, ReferenceTokens, added_to_first_features
from mcbench.model.latents import SpaceToDepthLatents

Denoiser: TypeAlias = nn.Module
"""A `UNet2DConditionModel` or a `UNetMotionModel`."""


@dataclass(frozen=True)
class Reference:
    """What the denoiser sees of the references of a batch of videos.

    Attributes:
        bank: the denoiser's keys and values of the ReferenceNet's hidden states by name of self-attention,
            one row a video: projected once, and not at every frame, window and step.
        tokens: image tokens for cross-attention, [videos, tokens, dimension].
    """

    bank: reference_attention.ProjectedBank
    tokens: torch.Tensor


class Networks(nn.Module):
    """ReferenceNet, denoiser, image encoder and guiders, as one module to train and to run.

    Args:
        denoiser: with motion modules (`UNetMotionModel`), or without them for single frames.
        reference_net: pairs with the denoiser.
        image_encoder: makes the tokens of cross-attention.
        guiders: by name; any may be absent.
        reference_pose_in_reference_net: add the reference pose guider's features in the ReferenceNet too.

    Raises:
        MismatchError: the networks do not pair.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        reference_net: UNet2DConditionModel,
        image_encoder: ReferenceTokens,
        guiders: dict[str, Guider],
        *,
        reference_pose_in_reference_net: bool,
    ) -> None:
        super().__init__()
        reference_attention.check_pairing(reference_net, denoiser)
        self.denoiser = denoiser
        self.reference_net = reference_net
        self.image_encoder = image_encoder
        self.guiders = nn.ModuleDict(guiders)
        self.reference_pose_in_reference_net = reference_pose_in_reference_net and "reference_pose" in guiders

    @property
    def temporal(self) -> bool:
        """Whether the denoiser has motion modules."""
        return isinstance(self.denoiser, UNetMotionModel)

    def read_reference(
        self, pictures: torch.Tensor, latents: torch.Tensor, pose_maps: torch.Tensor
    ) -> Reference:
        """Run ReferenceNet and image encoder, once a video.

        Args:
            pictures: [videos, 3, H, W] in -1 to 1.
            latents: [videos, channels, h, w], their absolute latents.
            pose_maps: [videos, 3, H, W] in 0 to 1, their pose drawings.
        """
        tokens = self.image_encoder(pictures)
        features = None
        if self.reference_pose_in_reference_net:
            features = self.guiders["reference_pose"](pose_maps)
        with (
            reference_attention.writing(self.reference_net) as bank,
            added_to_first_features(self.reference_net, features),
        ):
            self.reference_net(latents, 0, encoder_hidden_states=tokens, return_dict=False)
        return Reference(reference_attention.projected(self.denoiser, bank), tokens)

    def guide(self, maps: dict[str, torch.Tensor]) -> torch.Tensor | None:
        """Return the sum of all guiders' features for some frames, [frames, C, h, w]; None without guiders.

        Args:
            maps: guider name -> maps in 0 to 1, [frames, channels, H, W]; all guiders must have theirs,
                maps without a guider are not looked at.

        Raises:
            MismatchError: a guider has no map.
        """
        total: torch.Tensor | None = None
        for name, guider in self.guiders.items():
            if name not in maps:
                raise MismatchError(f"the guider {name!r} has no map", f"give {', '.join(self.guiders)}")
            features = guider(maps[name])
            total = features if total is None else total + features
        return total

    def denoise(
        self,
        latents: torch.Tensor,
        timesteps: torch.Tensor,
        features: torch.Tensor | None,
        tokens: torch.Tensor,
        bank: reference_attention.ProjectedBank | None,
        *,
        plain_videos: int = 0,
    ) -> torch.Tensor:
        """Return the denoiser's output, shaped as `latents`.

        Args:
            latents: [videos, channels, frames, h, w], noisy.
            timesteps: [videos], integers.
            features: [videos * frames, C, h, w] to add to the first features, or None.
            tokens: [videos, tokens, dimension].
            bank: the references of all but the first `plain_videos` videos, or None.
            plain_videos: leading videos that see no reference.
        """
        videos, channels, frames, height, width = latents.shape
        frame_tokens = tokens.repeat_interleave(frames, dim=0)
        with (
            reference_attention.reading(self.denoiser, bank, plain_videos=plain_videos),
            added_to_first_features(self.denoiser, features),
        ):
            if self.temporal:
                output: torch.Tensor = self.denoiser(
                    latents, timesteps, encoder_hidden_states=frame_tokens, return_dict=False
                )[0]
                return output
            flat = latents.transpose(1, 2).reshape(videos * frames, channels, height, width)
            output = self.denoiser(
                flat,
                timesteps.repeat_interleave(frames),
                encoder_hidden_states=frame_tokens,
                return_dict=False,
            )[0]
            return output.reshape(videos, frames, -1, height, width).transpose(1, 2)


def build_networks(config: ModelConfig, *, temporal: bool) -> Networks:
    """Build all networks with random weights from torch's generator; motion modules start as the identity."""
    width = config.network.block_out_channels[0]
    hidden = config.guiders.hidden_channels
    guiders: dict[str, Guider] = {
        name: Guider(GUIDERS[name], hidden.get(name, config.guiders.default_hidden_channels), width)
        for name in config.guiders.names
    }
    encoder = config.image_encoder
    return Networks(
        build_denoiser(config, temporal=temporal),
        UNet2DConditionModel(**_spatial(config, "2D")),
        ReferenceTokens(config.network.cross_attention_dim, encoder.grid, encoder.hidden_channels),
        guiders,
        reference_pose_in_reference_net=config.guiders.reference_pose_in_reference_net,
    )


def build_denoiser(config: ModelConfig, *, temporal: bool) -> Denoiser:
    """Build the denoiser alone, with or without motion modules."""
    if not temporal:
        plain: Denoiser = UNet2DConditionModel(**_spatial(config, "2D"))
        return plain
    network = config.network
    denoiser: Denoiser = UNetMotionModel(
        **_spatial(config, "Motion"),
        motion_num_attention_heads=network.motion_heads,
        motion_max_seq_length=network.motion_max_frames,
        temporal_transformer_layers_per_block=network.temporal_layers,
        temporal_transformer_layers_per_mid_block=max(network.temporal_layers[-1], 1),
    )
    for name, module in denoiser.named_modules():
        if ".motion_modules." in name and name.endswith(".proj_out"):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
    return denoiser


def temporal_parameter(name: str) -> bool:
    """Whether a parameter of `Networks` belongs to the motion modules."""
    return ".motion_modules." in name


def with_motion_modules(networks: Networks, config: ModelConfig) -> Networks:
    """Return the same networks with new, identity motion modules: what stage 2 starts from.

    Raises:
        MismatchError: the spatial layers are not those of the configuration.
    """
    denoiser = build_denoiser(config, temporal=True)
    missing, unexpected = denoiser.load_state_dict(networks.denoiser.state_dict(), strict=False)
    wrong = [name for name in missing if "motion_modules" not in name] + list(unexpected)
    if wrong:
        raise MismatchError(f"the stage-1 denoiser does not fit the configuration: {wrong[0]}")
    return Networks(
        denoiser,
        networks.reference_net,
        networks.image_encoder,
        {name: module for name, module in networks.guiders.items() if isinstance(module, Guider)},
        reference_pose_in_reference_net=networks.reference_pose_in_reference_net,
    )


def build_latents(config: ModelConfig) -> SpaceToDepthLatents:
    """Build the latent space of a configuration."""
    latents = config.latents
    return SpaceToDepthLatents(latents.factor, scale=latents.scale)


def build_scheduler(config: ModelConfig) -> DDIMScheduler:
    """Build the DDIM scheduler whose betas training and sampling share."""
    schedule = config.schedule
    return DDIMScheduler(
        num_train_timesteps=schedule.train_timesteps,
        beta_start=schedule.beta_start,
        beta_end=schedule.beta_end,
        beta_schedule=schedule.beta_schedule,
        prediction_type=schedule.prediction,
        rescale_betas_zero_snr=schedule.zero_terminal_snr,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
    )


def _spatial(config: ModelConfig, kind: str) -> dict[str, object]:
    """Return the arguments that both kinds of UNet share; `kind` is "2D" or "Motion"."""
    network = config.network
    levels = network.attention
    heads = "attention_head_dim" if kind == "2D" else "num_attention_heads"
    return {
        "sample_size": config.size[0] // config.latents.factor,
        "in_channels": build_latents(config).channels,
        "out_channels": build_latents(config).channels,
        "block_out_channels": network.block_out_channels,
        "down_block_types": tuple(f"CrossAttnDownBlock{kind}" if at else f"DownBlock{kind}" for at in levels),
        "up_block_types": tuple(
            f"CrossAttnUpBlock{kind}" if at else f"UpBlock{kind}" for at in reversed(levels)
        ),
        "layers_per_block": network.layers_per_block,
        "cross_attention_dim": network.cross_attention_dim,
        "norm_num_groups": network.norm_groups,
        # UNet2DConditionModel calls the number of heads attention_head_dim, for historical reasons.
        heads: network.heads,
    }

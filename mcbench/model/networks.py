"""The networks of the reference model, built from a configuration, and one pass through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeAlias

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel, UNetMotionModel
from diffusers.models.attention import BasicTransformerBlock
from torch import nn
from transformers import CLIPVisionModelWithProjection

from mcbench.errors import MismatchError
from mcbench.model import reference_attention
from mcbench.model.config import ModelConfig
from mcbench.model.frame_norm import FrameNormMotionModel
from mcbench.model.guiders import GuiderSet, added_to_first_features, build_guiders
from mcbench.model.image_encoders import ImageEncoder, build_image_encoder, check_dimension, image_tokens

Denoiser: TypeAlias = nn.Module
"""A `UNet2DConditionModel`, a `UNetMotionModel` or a `FrameNormMotionModel`."""


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
        image_encoder: makes the tokens of cross-attention; CLIP is frozen.
        guiders: any may be absent.
        reference_pose_in_reference_net: add the reference pose guider's features in the ReferenceNet too.

    Raises:
        MismatchError: the networks do not pair.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        reference_net: UNet2DConditionModel,
        image_encoder: ImageEncoder,
        guiders: GuiderSet,
        *,
        reference_pose_in_reference_net: bool,
    ) -> None:
        super().__init__()
        reference_attention.check_pairing(reference_net, denoiser)
        check_dimension(image_encoder, int(reference_net.config.cross_attention_dim))
        self.denoiser = denoiser
        self.reference_net = reference_net
        self.image_encoder = image_encoder
        self.guiders = guiders
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
        tokens = image_tokens(self.image_encoder, pictures)
        features = None
        if self.reference_pose_in_reference_net:
            features = self.guiders["reference_pose"](pose_maps)
        with (
            reference_attention.writing(self.reference_net) as bank,
            added_to_first_features(self.reference_net, features),
        ):
            self.reference_net(latents, 0, encoder_hidden_states=tokens, return_dict=False)
        return Reference(reference_attention.projected(self.denoiser, bank), tokens)

    def guide(self, maps: Mapping[str, torch.Tensor]) -> torch.Tensor | None:
        """Return the sum of all guiders' features for some frames; see `GuiderSet.forward`."""
        features: torch.Tensor | None = self.guiders(maps)
        return features

    def frozen_parameters(self) -> frozenset[str]:
        """Return the names of parameters that no stage trains: CLIP's, and the ReferenceNet's idle ones."""
        frozen = {f"reference_net.{name}" for name in idle_reference_parameters(self.reference_net)}
        if isinstance(self.image_encoder, CLIPVisionModelWithProjection):
            frozen |= {f"image_encoder.{name}" for name, _ in self.image_encoder.named_parameters()}
        return frozenset(frozen)

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
            features: [videos * frames, C, h, w] to add to the first features, or [frames, C, h, w] to add to
                those of every video; or None.
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

    def guided(
        self,
        latents: torch.Tensor,
        timestep: torch.Tensor,
        features: torch.Tensor | None,
        seen: Reference,
        guidance: float,
    ) -> torch.Tensor:
        """Return the denoiser's output for one video with guidance; for sampling, without gradients.

        Args:
            latents: [1, channels, frames, h, w], noisy.
            timestep: a number.
            features: [frames, C, h, w], or None.
            seen: the video's reference.
            guidance: 1 for one pass; any other runs two in one batch, the first of which sees neither
                reference features nor tokens.
        """
        # Slices of one frame fit a processor's caches; a GPU is better filled by the whole.
        on_cpu = latents.device.type == "cpu"
        with feed_forward_in_slices(self.denoiser) if on_cpu else nullcontext():
            if guidance == 1:
                return self.denoise(latents, timestep[None], features, seen.tokens, seen.bank)
            plain, conditioned = self.denoise(
                torch.cat([latents, latents]),
                timestep.expand(2),
                features,
                torch.cat([torch.zeros_like(seen.tokens), seen.tokens]),
                seen.bank,
                plain_videos=1,
            ).chunk(2)
        return plain + guidance * (conditioned - plain)


@contextmanager
def feed_forward_in_slices(denoiser: Denoiser) -> Iterator[None]:
    """Let the feed-forwards of the denoiser's transformers take one frame after the other within the block.

    Between their two layers features are eight times as wide. Of all frames at once these are the largest
    tensors of a pass. Every position is treated by itself, so what comes out is the same.
    """
    blocks = {
        name: module for name, module in denoiser.named_modules() if isinstance(module, BasicTransformerBlock)
    }
    try:
        for name, block in blocks.items():
            # Rows are frames in spatial blocks [frames, positions, C], and positions in temporal ones.
            block.set_chunk_feed_forward(1, dim=1 if temporal_parameter(name) else 0)
        yield
    finally:
        for block in blocks.values():
            block.set_chunk_feed_forward(None, dim=0)


def build_networks(config: ModelConfig, *, temporal: bool) -> Networks:
    """Build all networks with random weights from torch's generator; motion modules start as the identity."""
    width = config.network.block_out_channels[0]
    guiders = build_guiders(config.guiders, width, config.latents.factor)
    return Networks(
        build_denoiser(config, temporal=temporal),
        UNet2DConditionModel(**_spatial(config, "2D")),
        build_image_encoder(config.image_encoder, config.network.cross_attention_dim),
        guiders,
        reference_pose_in_reference_net=config.guiders.reference_pose_in_reference_net,
    )


def build_denoiser(config: ModelConfig, *, temporal: bool) -> Denoiser:
    """Build the denoiser alone, with or without motion modules."""
    if not temporal:
        plain: Denoiser = UNet2DConditionModel(**_spatial(config, "2D"))
        return plain
    network = config.network
    kind = FrameNormMotionModel if network.motion_norm == "frame" else UNetMotionModel
    denoiser: Denoiser = kind(
        **_spatial(config, "Motion"),
        motion_num_attention_heads=network.motion_heads,
        motion_max_seq_length=network.motion_max_frames,
        temporal_transformer_layers_per_block=network.temporal_layers,
        temporal_transformer_layers_per_mid_block=max(network.temporal_layers[-1], 1),
    )
    for output in motion_outputs(denoiser):
        nn.init.zeros_(output.weight)
        nn.init.zeros_(output.bias)
    return denoiser


def motion_outputs(denoiser: Denoiser) -> list[nn.Linear]:
    """Return the last layer of each motion module: with zeros in all of them the modules are the identity."""
    return [
        module
        for name, module in denoiser.named_modules()
        if temporal_parameter(name) and name.endswith(".proj_out") and isinstance(module, nn.Linear)
    ]


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
        networks.guiders,
        reference_pose_in_reference_net=networks.reference_pose_in_reference_net,
    )


def idle_reference_parameters(reference_net: UNet2DConditionModel) -> frozenset[str]:
    """Return the ReferenceNet's parameters that never receive a gradient, since no attention reads on.

    They are found on a narrow twin of the network: one pass, of which only what self-attentions read is
    followed back. Training leaves them out: with weight decay they would wander, and trainers of several
    processes wait for gradients that never come.
    """
    groups = 2
    told = dict(reference_net.config)
    told |= {
        "block_out_channels": tuple(2 * groups for _ in told["block_out_channels"]),
        "norm_num_groups": groups,
        "attention_head_dim": 1,
        "cross_attention_dim": 2,
        "in_channels": 1,
        "out_channels": 1,
    }
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        twin = UNet2DConditionModel.from_config(told)
        side = 2 ** (len(told["block_out_channels"]) - 1)
        with reference_attention.writing(twin) as bank:
            twin(torch.randn(1, 1, side, side), 0, encoder_hidden_states=torch.randn(1, 1, 2))
        read: torch.Tensor = sum((states.sum() for states in bank.values()), torch.zeros(()))
        torch.autograd.backward(read)
    return frozenset(name for name, parameter in twin.named_parameters() if parameter.grad is None)


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
        timestep_spacing=schedule.timestep_spacing,
        steps_offset=schedule.steps_offset,
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
        "in_channels": config.latents.channels,
        "out_channels": config.latents.channels,
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

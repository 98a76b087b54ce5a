"""The loss of one batch."""

from __future__ import annotations

import torch
from diffusers import DDIMScheduler
from torch.nn import functional

from mcbench.model.config import ModelConfig
from mcbench.model.image_encoders import empty_tokens
from mcbench.model.latents import build_latents
from mcbench.model.networks import Networks
from mcbench.model.training.batches import Batch


def training_loss(
    networks: Networks,
    scheduler: DDIMScheduler,
    config: ModelConfig,
    batch: Batch,
    generator: torch.Generator,
) -> torch.Tensor:
    """Return the loss of one batch: Huber on the scheduler's target, people weighing more than background.

    The first clips of a batch, a random number of them, run without reference and tokens, as the
    unconditional rows of guidance do. All frames of a clip share one timestep.

    Args:
        networks: as they are trained.
        scheduler: whose betas sampling will use.
        config: loss, dropout and latent space.
        batch: what to learn from.
        generator: on the CPU; decides timesteps, noise and how many references are dropped.

    Returns:
        A scalar. Errors are relative to `loss_delta`: 0.5 is an error of that size everywhere.
    """
    space = build_latents(config.latents)
    device = batch.frames.device
    clips, frames = len(batch.references), len(batch.frames) // len(batch.references)
    clean = _as_videos(space.encode_frames(batch.frames, batch.guesses), frames)
    noise = torch.randn(clean.shape, generator=generator).to(device)
    timesteps = torch.randint(scheduler.config.num_train_timesteps, (clips,), generator=generator)
    plain = int((torch.rand(clips, generator=generator) < config.training.drop_reference).sum())
    timesteps = timesteps.to(device)
    noisy = scheduler.add_noise(clean, noise, timesteps)
    target = clean
    if scheduler.config.prediction_type == "v_prediction":
        target = scheduler.get_velocity(clean, noise, timesteps)
    predicted = _denoise(networks, config, batch, noisy, timesteps, plain)
    delta = config.training.loss_delta
    error = functional.huber_loss(predicted, target, reduction="none", delta=delta) / delta**2
    people = _as_videos(functional.avg_pool2d(batch.people, space.factor), frames)
    background = config.training.background_weight
    loss: torch.Tensor = (error * (background + (1 - background) * people)).mean()
    return loss


def _denoise(
    networks: Networks,
    config: ModelConfig,
    batch: Batch,
    noisy: torch.Tensor,
    timesteps: torch.Tensor,
    plain: int,
) -> torch.Tensor:
    clips = len(batch.references)
    features = networks.guide(batch.maps)
    tokens = empty_tokens(config.image_encoder, plain, config.network.cross_attention_dim).to(noisy.device)
    if plain == clips:
        return networks.denoise(noisy, timesteps, features, tokens, None)
    pictures = batch.references[plain:]
    seen = networks.read_reference(
        pictures / 127.5 - 1, build_latents(config.latents).encode(pictures), batch.reference_poses[plain:]
    )
    tokens = torch.cat([tokens, seen.tokens])
    return networks.denoise(noisy, timesteps, features, tokens, seen.bank, plain_videos=plain)


def _as_videos(rows: torch.Tensor, frames: int) -> torch.Tensor:
    return rows.reshape(-1, frames, *rows.shape[1:]).transpose(1, 2)

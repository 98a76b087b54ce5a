"""The loss of one batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from diffusers import DDIMScheduler
from torch import nn
from torch.nn import functional

from mcbench.errors import InputError
from mcbench.model.config import ModelConfig, TrainingConfig
from mcbench.model.image_encoders import empty_tokens
from mcbench.model.latents import Latents
from mcbench.model.networks import Networks
from mcbench.model.training.batches import Batch
from mcbench.model.training.objective import (
    clean_estimate,
    min_snr_weights,
    prediction_target,
    training_noise,
)
from mcbench.model.training.perceptual import PerceptualTerm, texture_distance


@dataclass(frozen=True)
class Draws:
    """What is random in the loss of a batch, drawn for all its clips at once.

    A process takes its part of what was drawn for the whole batch, so the number of processes, and of parts
    that a batch is computed in, changes nothing.

    Attributes:
        noise: float [clips, channels, frames, h, w].
        timesteps: int64 [clips]; all frames of a clip share one.
        plain: bool [clips], the clips that run without reference and image tokens: the first ones.
        kept: guider -> bool [clips], the clips that its features are added for; all where it is absent.
    """

    noise: torch.Tensor
    timesteps: torch.Tensor
    plain: torch.Tensor
    kept: dict[str, torch.Tensor]

    def part(self, clips: slice, device: torch.device) -> Draws:
        """Return what belongs to some of the clips, on a device."""
        return Draws(
            self.noise[clips].to(device),
            self.timesteps[clips].to(device),
            self.plain[clips],
            {name: each[clips].to(device) for name, each in self.kept.items()},
        )


def draw(
    config: TrainingConfig,
    scheduler: DDIMScheduler,
    shape: torch.Size,
    generator: torch.Generator,
    *,
    terminal_noise: float = 1.0,
) -> Draws:
    """Draw what is random in a batch.

    Args:
        config: noise offset, share of the last timestep, and how often references and guiders are dropped.
        scheduler: knows the number of timesteps.
        shape: of the whole batch's latents, [clips, channels, frames, h, w].
        generator: on the CPU.
        terminal_noise: scale of the noise at the last timestep: what sampling starts from.
    """
    clips = shape[0]
    noise = training_noise(shape, config.noise_offset, generator)
    last = scheduler.config.num_train_timesteps - 1
    timesteps = torch.randint(last + 1, (clips,), generator=generator)
    if config.terminal_share:
        timesteps[torch.rand(clips, generator=generator) < config.terminal_share] = last
    noise[timesteps == last] *= terminal_noise
    dropped = int((torch.rand(clips, generator=generator) < config.drop_reference).sum())
    kept = {
        name: torch.rand(clips, generator=generator) >= share
        for name, share in sorted(config.drop_guider.items())
        if share
    }
    return Draws(noise, timesteps, torch.arange(clips) < dropped, kept)


class LossModule(nn.Module):
    """Networks and loss as one module, since those that spread a training over devices wrap a `forward`.

    Args:
        networks: as they are trained.
        space: of the latents; frozen.
        scheduler: whose betas sampling will use.
        config: loss and dropout.
        every_gradient: give every trained parameter a gradient, if it is zero: sharded processes wait for
            those of a ReferenceNet that none of a process's clips had.

    Raises:
        InputError: a guider is to be dropped that there is not.
    """

    def __init__(
        self,
        networks: Networks,
        space: Latents,
        scheduler: DDIMScheduler,
        config: ModelConfig,
        *,
        every_gradient: bool = False,
    ) -> None:
        super().__init__()
        if stray := sorted(set(config.training.drop_guider) - set(networks.guiders)):
            raise InputError(
                f"drop_guider names {stray[0]!r}, and there is no such guider",
                f"the guiders are {', '.join(networks.guiders)}",
            )
        self.networks = networks
        self._space = space
        self._scheduler = scheduler
        self._model = config
        self._config = config.training
        self._every_gradient = every_gradient
        self._perceptual = PerceptualTerm() if config.training.perceptual_weight else None

    def latent_shape(self, batch: Batch, clips: int) -> torch.Size:
        """Return the shape of the latents of `clips` clips such as those of a batch."""
        frames = len(batch.frames) // len(batch.references)
        height, width = (side // self._space.factor for side in batch.frames.shape[-2:])
        return torch.Size((clips, self._space.channels, frames, height, width))

    def forward(self, batch: Batch, draws: Draws, picture_share: float = 1.0) -> torch.Tensor:
        """Return the mean loss of a batch, a scalar.

        Huber errors are relative to `loss_delta`: 0.5 is an error of that size everywhere. People weigh more
        than the background. The terms of decoded pictures count with `picture_share` of their weights.
        """
        frames = len(batch.frames) // len(batch.references)
        with torch.no_grad():
            clean = _as_videos(self._space.encode_frames(batch.frames, batch.guesses).float(), frames)
            references = self._space.encode(batch.references).float()
        noisy = self._scheduler.add_noise(clean, draws.noise, draws.timesteps)
        target = prediction_target(self._scheduler, clean, draws.noise, draws.timesteps)
        predicted = _denoise(self.networks, batch, references, noisy, draws, self._model)
        weights = self._weights(batch, draws, frames)
        counted = self._what_decodes(predicted, batch, frames).float()
        loss: torch.Tensor = (self._error(counted, target) * weights).mean()
        if picture_share and (self._perceptual is not None or self._config.texture_weight):
            estimate = clean_estimate(self._scheduler, predicted, noisy, draws.timesteps)
            pictures = self._space.decode_frames(_as_rows(estimate), batch.guesses, batch.changeable)
            loss = loss + picture_share * self._of_pictures(pictures.float(), batch.frames)
        if self._every_gradient:
            for parameter in self.networks.parameters():
                if parameter.requires_grad:
                    loss = loss + 0 * parameter.flatten()[0]
        return loss

    def _of_pictures(self, made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
        loss = made.new_zeros(())
        if self._perceptual is not None:
            loss = loss + self._config.perceptual_weight * self._perceptual(made, true)
        if self._config.texture_weight:
            loss = loss + self._config.texture_weight * texture_distance(made, true)
        return loss

    def _what_decodes(self, predicted: torch.Tensor, batch: Batch, frames: int) -> torch.Tensor:
        """Return what decoding leaves of predicted latents: nothing where frames are their guess."""
        if self._scheduler.config.prediction_type != "sample":
            return predicted
        return _as_videos(self._space.masked(_as_rows(predicted), batch.changeable), frames)

    def _error(self, predicted: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if self._config.loss == "mse":
            return functional.mse_loss(predicted, target, reduction="none")
        delta = self._config.loss_delta
        return functional.huber_loss(predicted, target, reduction="none", delta=delta) / delta**2

    def _weights(self, batch: Batch, draws: Draws, frames: int) -> torch.Tensor:
        people = _as_videos(functional.avg_pool2d(batch.people, self._space.factor), frames)
        background = self._config.background_weight
        weights = background + (1 - background) * people
        if self._config.min_snr_gamma is None:
            return weights
        by_time = min_snr_weights(self._scheduler, draws.timesteps, self._config.min_snr_gamma)
        return weights * by_time[:, None, None, None, None]


def _denoise(
    networks: Networks,
    batch: Batch,
    references: torch.Tensor,
    noisy: torch.Tensor,
    draws: Draws,
    config: ModelConfig,
) -> torch.Tensor:
    plain = int(draws.plain.sum())
    nothing = empty_tokens(config.image_encoder, plain, config.network.cross_attention_dim).to(noisy)
    with _muted(networks, draws.kept):
        features = networks.guide(batch.maps)
    if plain == len(references):
        return networks.denoise(noisy, draws.timesteps, features, nothing, None)
    with _muted(networks, {name: each[plain:] for name, each in draws.kept.items()}):
        seen = networks.read_reference(
            batch.references[plain:] / 127.5 - 1, references[plain:], batch.reference_poses[plain:]
        )
    tokens = torch.cat([nothing.to(seen.tokens.dtype), seen.tokens])
    return networks.denoise(noisy, draws.timesteps, features, tokens, seen.bank, plain_videos=plain)


@contextmanager
def _muted(networks: Networks, kept: Mapping[str, torch.Tensor]) -> Iterator[None]:
    """Within the block, guiders give nothing for the clips that they are dropped for.

    Their features are left out, as where a pipeline has no such guider: a black map would be another thing.
    """

    def hook(keep: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        rows = keep.repeat_interleave(len(output) // len(keep)).to(output)
        return output * rows[:, None, None, None]

    with ExitStack() as stack:
        for name, keep in kept.items():
            handle = networks.guiders[name].register_forward_hook(
                lambda _module, _inputs, output, keep=keep: hook(keep, output)
            )
            stack.callback(handle.remove)
        yield


def _as_rows(videos: torch.Tensor) -> torch.Tensor:
    return videos.transpose(1, 2).flatten(0, 1)


def _as_videos(rows: torch.Tensor, frames: int) -> torch.Tensor:
    return rows.reshape(-1, frames, *rows.shape[1:]).transpose(1, 2)

"""What is predicted, and how it turns into a clean sample: the same few formulas for every prediction type.

With a = sqrt(alphas_cumprod) and s = sqrt(1 - alphas_cumprod), a noisy sample is a x0 + s noise. A network
predicts x0 (`sample`), the noise (`epsilon`) or a noise - s x0 (`v_prediction`).
"""

from __future__ import annotations

import torch
from diffusers import DDIMScheduler
from diffusers.training_utils import compute_snr

from mcbench.errors import InputError


def training_noise(shape: torch.Size, offset: float, generator: torch.Generator) -> torch.Tensor:
    """Return noise for latents [videos, channels, frames, h, w], float32 on the CPU.

    Args:
        shape: of the latents.
        offset: strength of a second noise that is the same all over a channel of a frame; 0 draws none.
        generator: on the CPU.
    """
    noise = torch.randn(shape, generator=generator)
    if not offset:
        return noise
    return noise + offset * torch.randn((*shape[:3], 1, 1), generator=generator)


def prediction_target(
    scheduler: DDIMScheduler, clean: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor
) -> torch.Tensor:
    """Return what the network is to predict, shaped as `clean`; `timesteps` are integers, one a video."""
    match scheduler.config.prediction_type:
        case "sample":
            return clean
        case "epsilon":
            return noise
        case "v_prediction":
            velocity: torch.Tensor = scheduler.get_velocity(clean, noise, timesteps)
            return velocity
        case other:
            raise InputError(f"no prediction is called {other!r}", "use sample, epsilon or v_prediction")


def clean_estimate(
    scheduler: DDIMScheduler, predicted: torch.Tensor, noisy: torch.Tensor, timesteps: torch.Tensor
) -> torch.Tensor:
    """Return the clean sample that a prediction stands for, so that a loss can look at decoded pictures.

    Raises:
        InputError: with `epsilon` at a timestep without signal, nothing follows for the sample.
    """
    kind = scheduler.config.prediction_type
    if kind == "sample":
        return predicted
    alphas: torch.Tensor = scheduler.alphas_cumprod.to(noisy.device)[timesteps].to(noisy.dtype)
    shape = (-1, *[1] * (noisy.ndim - 1))
    signal, noise = alphas.sqrt().reshape(shape), (1 - alphas).sqrt().reshape(shape)
    if kind == "v_prediction":
        return signal * noisy - noise * predicted
    if bool((alphas == 0).any()):
        raise InputError(
            "epsilon says nothing of the sample where there is no signal",
            "use v_prediction, or zero_terminal_snr = false",
        )
    return (noisy - noise * predicted) / signal


def min_snr_weights(scheduler: DDIMScheduler, timesteps: torch.Tensor, gamma: float) -> torch.Tensor:
    """Return the weight of each timestep's squared error, float32 [videos].

    min(SNR, gamma) for x0, and what makes the same of the other predictions: divided by SNR for epsilon, by
    SNR + 1 for v. At a timestep without signal the weight is 0 (1 for epsilon, its limit): never a
    division by zero.

    Source: Hang et al., "Efficient Diffusion Training via Min-SNR Weighting Strategy", 2023.
    """
    snr: torch.Tensor = compute_snr(scheduler, timesteps).float()
    match scheduler.config.prediction_type:
        case "epsilon":
            weights = (gamma / snr).clamp(max=1.0)
        case "v_prediction":
            weights = snr.clamp(max=gamma) / (snr + 1)
        case _:
            weights = snr.clamp(max=gamma)
    return weights

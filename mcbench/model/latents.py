"""What the denoiser denoises: blocks of pixels moved into channels, or the latents of an autoencoder."""

from __future__ import annotations

from math import comb
from typing import Protocol

import torch
from diffusers import AutoencoderKL
from torch.nn import functional

from mcbench.errors import InputError, MismatchError
from mcbench.model.config import AutoencoderConfig, SpaceToDepthConfig

_CENTRE, _HALF_RANGE = 127.5, 127.5
_PICTURES_AT_ONCE = 1
_GATE_SIDE, _GATE_SLOPE = 5, 4.0


def check_divisible(size: tuple[int, int], factor: int) -> None:
    """Check that a picture's sides are multiples of `factor`.

    Raises:
        InputError: they are not.
    """
    if size[0] % factor or size[1] % factor:
        below = tuple(max(factor, side - side % factor) for side in size)
        raise InputError(
            f"{size[0]}x{size[1]} cannot be generated: both sides must be multiples of {factor}",
            f"ask for {below[0]}x{below[1]}",
        )


class Latents(Protocol):
    """A space of latents; pictures are float [n, 3, H, W], RGB, 0 to 255, sides multiples of `factor`."""

    @property
    def factor(self) -> int:
        """Side in pixels of one latent position."""

    @property
    def channels(self) -> int:
        """Number of latent channels."""

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return pictures by themselves, as the ReferenceNet sees them: [n, channels, H/factor, W/factor]."""

    def encode_frames(self, frames: torch.Tensor, guesses: torch.Tensor) -> torch.Tensor:
        """Return what the denoiser is trained to produce for frames, given a first guess of each."""

    def masked(self, latents: torch.Tensor, changeable: torch.Tensor) -> torch.Tensor:
        """Return latents that decode to the guess wherever `changeable` is 0, as far as the space can say."""

    def decode_frames(
        self,
        latents: torch.Tensor,
        guesses: torch.Tensor,
        changeable: torch.Tensor,
        *,
        least_difference: float = 0.0,
    ) -> torch.Tensor:
        """Return the pictures, clipped to 0..255, of what the denoiser produced.

        Args:
            latents: [n, channels, h, w].
            guesses: [n, 3, H, W], 0 to 255.
            changeable: [n, 1, H, W], 0 to 1: how much of a difference to the guess is added at each pixel.
            least_difference: in levels of 255: where differences to the guess are smaller all around they
                fade out; 0 keeps all.
        """


class SpaceToDepthLatents:
    """Latents of `factor` x `factor` pixel blocks, as the difference to a first guess of each frame.

    With a good guess most of a frame is near zero in these latents, so a small network need not learn to
    copy what is known. Encoding and decoding are exact inverses but for the clipping to 0..255.

    Args:
        factor: side of a block in pixels; a picture [3, H, W] has latents [3 factor^2, H/factor, W/factor].
        scale: factor that brings the differences to about unit variance where people are.
        smoothing: side in pixels of the binomial window that decoded differences are convolved with; 1 leaves
            them. The edges of blocks, which show as a grid, go; the detail of the guess stays.
    """

    def __init__(self, factor: int, *, scale: float, smoothing: int = 1) -> None:
        self.factor = factor
        self.scale = scale
        self.smoothing = smoothing

    @property
    def channels(self) -> int:
        """Number of latent channels."""
        return 3 * self.factor**2

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the latents of pictures by themselves, -1 to 1."""
        return functional.pixel_unshuffle((pictures - _CENTRE) / _HALF_RANGE, self.factor)

    def encode_frames(self, frames: torch.Tensor, guesses: torch.Tensor) -> torch.Tensor:
        """Return what the denoiser is trained to produce for frames; both [n, 3, H, W], 0 to 255."""
        return functional.pixel_unshuffle(frames - guesses, self.factor) * (self.scale / _HALF_RANGE)

    def masked(self, latents: torch.Tensor, changeable: torch.Tensor) -> torch.Tensor:
        """Return latents [n, channels, h, w] as decoding uses them, times `changeable` [n, 1, H, W]."""
        return functional.pixel_unshuffle(changeable * self._pixels(latents), self.factor)

    def decode_frames(
        self,
        latents: torch.Tensor,
        guesses: torch.Tensor,
        changeable: torch.Tensor,
        *,
        least_difference: float = 0.0,
    ) -> torch.Tensor:
        """Return pictures, float [n, 3, H, W] 0 to 255, for what the denoiser produced.

        Guesses may be of another size than the latents are of: the difference is resized to it. A network
        that is unsure spreads a haze of small ones: with `least_difference` the guess shows through there.
        """
        difference = self._pixels(latents) * (_HALF_RANGE / self.scale)
        if least_difference:
            difference = difference * gate(difference, least_difference)
        size = (int(guesses.shape[2]), int(guesses.shape[3]))
        if difference.shape[2:] != guesses.shape[2:]:
            difference = functional.interpolate(difference, size, mode="bicubic", antialias=True)
        return (guesses + changeable * difference).clamp(0, 255)

    def _pixels(self, latents: torch.Tensor) -> torch.Tensor:
        return smoothed(functional.pixel_shuffle(latents, self.factor), self.smoothing)


class AutoencoderLatents:
    """Latents of a frozen autoencoder; first guesses are not looked at.

    Pictures go through the autoencoder in slices of a few, so that memory does not grow with the video, and
    are encoded as the mean of their distribution, so that the same picture always has the same latents.

    Args:
        autoencoder: of any downscaling, channels and scaling factor: its configuration tells them.
    """

    def __init__(self, autoencoder: AutoencoderKL) -> None:
        self.autoencoder = autoencoder

    @property
    def factor(self) -> int:
        """Side in pixels of one latent position."""
        return 1 << (len(self.autoencoder.config.block_out_channels) - 1)

    @property
    def channels(self) -> int:
        """Number of latent channels."""
        return int(self.autoencoder.config.latent_channels)

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the latents of pictures, of about unit variance, in the autoencoder's precision."""
        dtype = self.autoencoder.dtype
        parts = [
            self.autoencoder.encode(((part - _CENTRE) / _HALF_RANGE).to(dtype)).latent_dist.mode()
            for part in torch.split(pictures, _PICTURES_AT_ONCE)
        ]
        latents: torch.Tensor = torch.cat(parts) * self.autoencoder.config.scaling_factor
        return latents

    def encode_frames(self, frames: torch.Tensor, guesses: torch.Tensor) -> torch.Tensor:
        """Return what the denoiser is trained to produce for frames: their latents."""
        del guesses
        return self.encode(frames)

    def masked(self, latents: torch.Tensor, changeable: torch.Tensor) -> torch.Tensor:
        """Return the latents as they are: there is no guess to go back to."""
        del changeable
        return latents

    def decode_frames(
        self,
        latents: torch.Tensor,
        guesses: torch.Tensor,
        changeable: torch.Tensor,
        *,
        least_difference: float = 0.0,
    ) -> torch.Tensor:
        """Return pictures, float32 [n, 3, h * factor, w * factor], for what the denoiser produced."""
        del guesses, changeable, least_difference
        scaled = (latents / self.autoencoder.config.scaling_factor).to(self.autoencoder.dtype)
        parts = [
            self.autoencoder.decode(part, return_dict=False)[0].float()
            for part in torch.split(scaled, _PICTURES_AT_ONCE)
        ]
        return (torch.cat(parts) * _HALF_RANGE + _CENTRE).clamp(0, 255)


def gate(differences: torch.Tensor, least: float) -> torch.Tensor:
    """Return what share of differences is kept, float [n, 1, H, W], 0 to 1; a half where they are `least`.

    The largest channel decides, looked at over a neighbourhood, so that the share has no edges of its own.
    """
    around = smoothed(smoothed(differences.abs().amax(1, keepdim=True), _GATE_SIDE), _GATE_SIDE)
    return torch.sigmoid((around - least) * (_GATE_SLOPE / least))


def smoothed(pictures: torch.Tensor, side: int) -> torch.Tensor:
    """Return pictures [n, C, H, W] convolved with a binomial window `side` wide; edges are repeated."""
    if side == 1:
        return pictures
    window = torch.tensor([float(comb(side - 1, tap)) for tap in range(side)]).to(pictures)
    window /= window.sum()
    channels, reach = pictures.shape[1], side // 2
    padded = functional.pad(pictures, (reach, reach, reach, reach), mode="replicate")
    rows = functional.conv2d(padded, window.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return functional.conv2d(rows, window.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)


def build_latents(
    config: SpaceToDepthConfig | AutoencoderConfig, autoencoder: AutoencoderKL | None = None
) -> Latents:
    """Return the latent space of a configuration.

    Args:
        config: section `latents`.
        autoencoder: needed where the section asks for one.

    Raises:
        MismatchError: the autoencoder is missing, or is not the one that the section describes.
    """
    if isinstance(config, SpaceToDepthConfig):
        return SpaceToDepthLatents(config.factor, scale=config.scale, smoothing=config.smoothing)
    if autoencoder is None:
        raise MismatchError("these latents need an autoencoder, and there is none", "give one as vae")
    latents = AutoencoderLatents(autoencoder)
    found = (latents.factor, latents.channels)
    if found != (config.factor, config.channels):
        raise MismatchError(
            f"the autoencoder's latents are {found[1]} channels, 1 for {found[0]} pixels; the configuration "
            f"has {config.channels} channels, 1 for {config.factor} pixels",
            "set latents.block_out_channels and latents.channels to those of the autoencoder",
        )
    return latents


def build_autoencoder(config: AutoencoderConfig) -> AutoencoderKL:
    """Build the autoencoder of a configuration, with random weights from torch's generator."""
    levels = len(config.block_out_channels)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=config.block_out_channels,
        layers_per_block=config.layers_per_block,
        latent_channels=config.channels,
        norm_num_groups=config.norm_groups,
        sample_size=config.sample_size,
        scaling_factor=config.scaling_factor,
    )

"""What the denoiser denoises: fixed, lossless latents made by moving pixels into channels."""

from __future__ import annotations

import torch
from torch.nn import functional

from mcbench.errors import InputError

_CENTRE, _HALF_RANGE = 127.5, 127.5


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


class SpaceToDepthLatents:
    """Latents of `factor` x `factor` pixel blocks, as the difference to a first guess of each frame.

    With a good guess most of a frame is near zero in these latents, so a small network need not learn to
    copy what is known. Encoding and decoding are exact inverses but for the clipping to 0..255.

    Args:
        factor: side of a block in pixels; a picture [3, H, W] has latents [3 factor^2, H/factor, W/factor].
        scale: factor that brings the differences to about unit variance where people are.
    """

    def __init__(self, factor: int, *, scale: float) -> None:
        self.factor = factor
        self.scale = scale

    @property
    def channels(self) -> int:
        """Number of latent channels."""
        return 3 * self.factor**2

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the latents of pictures by themselves, as the ReferenceNet sees them.

        Args:
            pictures: float [n, 3, H, W], RGB 0 to 255; sides are multiples of `factor`.

        Returns:
            float [n, channels, H/factor, W/factor], -1 to 1.
        """
        return functional.pixel_unshuffle((pictures - _CENTRE) / _HALF_RANGE, self.factor)

    def encode_frames(self, frames: torch.Tensor, guesses: torch.Tensor) -> torch.Tensor:
        """Return what the denoiser is trained to produce for frames; both [n, 3, H, W], 0 to 255."""
        return functional.pixel_unshuffle(frames - guesses, self.factor) * (self.scale / _HALF_RANGE)

    def decode_frames(self, latents: torch.Tensor, guesses: torch.Tensor) -> torch.Tensor:
        """Return pictures, float [n, 3, H, W] 0 to 255, for what the denoiser produced."""
        difference = functional.pixel_shuffle(latents, self.factor) * (_HALF_RANGE / self.scale)
        return (difference + guesses).clamp(0, 255)

"""Terms of the loss that look at decoded pictures: LPIPS (AlexNet), and how much texture there is."""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn import functional

from mcbench.metrics.networks.lpips import load_lpips
from mcbench.model.latents import smoothed

_TEXTURE_BANDS, _TEXTURE_CELL = (3, 5), 8
_LEAST_VARIANCE = 1e-4


class PerceptualTerm(torch.nn.Module):
    """LPIPS as a differentiable distance. Whoever trains with it must say so beside its LPIPS scores.

    Args:
        home: mcbench's folder, where the trunk's weights lie.

    Raises:
        WeightsMissingError: AlexNet's trunk is not on this machine.
    """

    def __init__(self, home: Path | None = None) -> None:
        super().__init__()
        network = load_lpips("alex", home=home)
        self._layers = network.module
        self._heads = network.heads

    def forward(self, predicted: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
        """Return the mean distance of pictures float [n, 3, H, W], 0 to 255; sides of at least 32."""
        with torch.no_grad():
            wanted = self._layers(_as_lpips_takes_them(true))
        made = self._layers(_as_lpips_takes_them(predicted))
        distance = predicted.new_zeros(())
        for head, a, b in zip(self._heads, made, wanted, strict=True):
            distance = distance + ((a - b).square() @ head.to(a.device)).mean()
        return distance


def texture_distance(predicted: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Return how far pictures float [n, 3, H, W], 0 to 255, are from others in their amount of fine detail.

    Detail is what a binomial window takes away; its amount is the root mean square over cells of 8 pixels, 0
    to 1, of two windows; the distance is the mean absolute difference. Errors of pixels make a regression
    smooth where it is unsure; this asks for as much detail as there is, wherever in the cell it lies.
    """
    distance = predicted.new_zeros(())
    for side in _TEXTURE_BANDS:
        made, wanted = _texture(predicted / 255, side), _texture(true / 255, side)
        distance = distance + (made - wanted).abs().mean()
    return distance / len(_TEXTURE_BANDS)


def _texture(pictures: torch.Tensor, side: int) -> torch.Tensor:
    detail = (pictures - smoothed(pictures, side)).square()
    # The root's slope is without bounds at 0.
    return (functional.avg_pool2d(detail, _TEXTURE_CELL) + _LEAST_VARIANCE).sqrt()


def _as_lpips_takes_them(pictures: torch.Tensor) -> torch.Tensor:
    return pictures.permute(0, 2, 3, 1) / 127.5 - 1

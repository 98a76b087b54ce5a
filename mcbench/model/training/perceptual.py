"""A perceptual term of the loss: LPIPS (AlexNet) between decoded predictions and true frames."""

from __future__ import annotations

from pathlib import Path

import torch

from mcbench.metrics.networks.lpips import load_lpips


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


def _as_lpips_takes_them(pictures: torch.Tensor) -> torch.Tensor:
    return pictures.permute(0, 2, 3, 1) / 127.5 - 1

"""The term of the loss that asks for as much fine detail as there is."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage

from mcbench.model.config import ModelConfig
from mcbench.model.latents import build_latents
from mcbench.model.networks import build_networks, build_scheduler
from mcbench.model.training.batches import make_batch, make_choices
from mcbench.model.training.clips import ClipStore
from mcbench.model.training.loss import LossModule, draw
from mcbench.model.training.perceptual import texture_distance
from tests.model.conftest import randomised
from tests.model.training.conftest import Changed


def _noise(seed: int, strength: float = 30.0) -> torch.Tensor:
    noise = torch.randn((2, 3, 32, 24), generator=torch.Generator().manual_seed(seed))
    return (128 + strength * noise).clamp(0, 255)


def _amount(pictures: NDArray[np.float64], taps: list[int]) -> NDArray[np.float64]:
    """The root mean square of what a binomial window takes away, over cells of 8 pixels, by scipy."""
    window = np.array(taps) / sum(taps)
    smooth = pictures
    for axis in (2, 3):
        smooth = ndimage.convolve1d(smooth, window, axis=axis, mode="nearest")
    n, channels, height, width = pictures.shape
    cells = ((pictures - smooth) ** 2).reshape(n, channels, height // 8, 8, width // 8, 8).mean((3, 5))
    found: NDArray[np.float64] = np.sqrt(cells + 1e-4)
    return found


def test_the_distance_is_that_of_scipys_windows() -> None:
    one, two = _noise(0), _noise(1, strength=10.0)
    a, b = (each.double().numpy() / 255 for each in (one, two))
    wanted = np.mean(
        [np.abs(_amount(a, taps) - _amount(b, taps)).mean() for taps in ([1, 2, 1], [1, 4, 6, 4, 1])]
    )
    assert texture_distance(one, two).item() == pytest.approx(wanted, rel=1e-4)
    assert texture_distance(one, one).item() == 0


def test_what_is_smooth_is_farther_away_than_other_detail_of_the_same_amount() -> None:
    true, other = _noise(0), _noise(1)
    smooth = torch.full_like(true, 128.0)
    # By the errors of pixels the smooth one is nearer.
    assert (smooth - true).abs().mean() < (other - true).abs().mean()
    assert texture_distance(smooth, true) > 5 * texture_distance(other, true)


def test_even_pictures_have_gradients() -> None:
    even = torch.full((1, 3, 16, 16), 100.0, requires_grad=True)
    texture_distance(even, _noise(0)[:1, :, :16, :16]).backward()
    assert even.grad is not None
    assert torch.isfinite(even.grad).all()


def _losses(config: ModelConfig, clips: Path, *shares: float) -> list[float]:
    """Return the loss of one batch with each share of the weights of the terms of pictures."""
    store, stage = ClipStore(clips, config.size), config.training.stage1
    batch = make_batch(config, stage, store, make_choices(config, stage, store, 0, (0,)))
    torch.manual_seed(0)
    networks = randomised(build_networks(config, temporal=False))
    module = LossModule(networks, build_latents(config.latents), build_scheduler(config), config)
    shape = module.latent_shape(batch, len(batch.references))
    draws = draw(config.training, build_scheduler(config), shape, torch.Generator().manual_seed(1))
    return [module(batch, draws, share).item() for share in shares]


def test_the_loss_has_it_by_its_weight(changed: Changed, clips: Path) -> None:
    (plain,) = _losses(changed(texture_weight=0.0), clips, 1.0)
    (once,) = _losses(changed(texture_weight=1.0), clips, 1.0)
    assert once > plain
    thrice = plain + 3 * (once - plain)
    by_share = _losses(changed(texture_weight=3.0), clips, 0.0, 0.5, 1.0)
    assert by_share == pytest.approx([plain, (plain + thrice) / 2, thrice], rel=1e-4)


def test_the_loss_sees_the_differences_that_sampling_leaves_out(changed: Changed, clips: Path) -> None:
    config = changed(texture_weight=1.0)
    sampling = config.sampling.model_copy(update={"least_difference": 200.0})
    fading = config.model_copy(update={"sampling": sampling})
    assert _losses(fading, clips, 1.0) == _losses(config, clips, 1.0)

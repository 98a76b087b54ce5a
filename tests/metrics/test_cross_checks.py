"""Our numbers beside those of the packages that the field uses; the table is in docs/cross-checks.md.

Where a package differs by design, the difference itself is tested. `pytest -rP` shows the largest
difference that each test found.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import nn
from torchmetrics.functional.image import (
    peak_signal_noise_ratio as their_psnr,
)
from torchmetrics.functional.image import (
    structural_similarity_index_measure as their_ssim,
)
from torchmetrics.image.fid import FrechetInceptionDistance as TheirFrechet
from torchmetrics.image.kid import KernelInceptionDistance as TheirKernel

from mcbench import metrics, weights
from mcbench.metrics.resize import resize_float
from tests.metrics.agreement import agree
from tests.scoring.making import clip, write_folder


def _frames() -> tuple[torch.Tensor, torch.Tensor]:
    """Four pairs of smooth uint8 frames, the predictions with rising noise."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(4, 5, 7, 3, generator=generator, dtype=torch.float64) * 255
    truth = resize_float(coarse, "bilinear", (64, 72))
    noise = torch.randn(truth.shape, generator=generator, dtype=torch.float64)
    prediction = truth + noise * torch.tensor([2.0, 8.0, 20.0, 50.0]).view(4, 1, 1, 1)
    return tuple(side.round().clamp(0, 255).byte() for side in (prediction, truth))  # type: ignore[return-value]


def _feature_sets(n: int, m: int, d: int, decay: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Two sets with a spectrum that falls by 10^decay, as real features' does."""
    random = np.random.default_rng(n + m + d)
    spread = 10.0 ** (-decay / 2 * np.arange(d) / d)
    turn = np.linalg.qr(random.normal(size=(d, d)))[0]
    return (random.normal(size=(n, d)) * spread) @ turn, (
        random.normal(size=(m, d)) * spread * 0.8
    ) @ turn + 0.1


def _statistics(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x.mean(axis=0), np.cov(x, rowvar=False)


# --- frames -----------------------------------------------------------------------------------------


def test_psnr_is_scikit_images() -> None:
    a, b = (side.numpy() for side in _frames())
    expected = [peak_signal_noise_ratio(true, found) for found, true in zip(a, b, strict=True)]
    agree(metrics.psnr(a, b), expected, 1e-13)


def test_psnr_is_torchmetrics_frame_by_frame() -> None:
    a, b = _frames()
    expected = [
        float(their_psnr(f.double(), t.double(), data_range=255.0)) for f, t in zip(a, b, strict=True)
    ]
    # Its data_range is kept in float32.
    agree(metrics.psnr(a.numpy(), b.numpy()), expected, 1e-6)


def test_torchmetrics_takes_one_logarithm_of_all_frames() -> None:
    a, b = _frames()
    pooled = float(their_psnr(a.double(), b.double(), data_range=255.0))
    mean = metrics.PeakSignalNoiseRatio()
    mean.update(a, b)
    assert pooled == pytest.approx(
        10 * np.log10(255**2 / float((a.double() - b.double()).square().mean())), abs=1e-4
    )
    assert float(mean.compute()) - pooled > 5.0, "why the class of the same name reads otherwise"


def test_gaussian_ssim_is_scikit_images() -> None:
    a, b = (side.numpy() for side in _frames())
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    expected = [structural_similarity(f, t, channel_axis=-1, **options) for f, t in zip(a, b, strict=True)]
    agree(metrics.ssim_gaussian(a, b, data_range=255.0), expected, 1e-12)


def test_gaussian_ssim_is_torchmetrics_without_its_border() -> None:
    a, b = _frames()
    planes = [side.permute(0, 3, 1, 2).double() for side in (a, b)]
    whole, maps = their_ssim(*planes, sigma=1.5, data_range=255.0, reduction="none", return_full_image=True)
    ours = metrics.ssim_gaussian(a.numpy(), b.numpy(), data_range=255.0)
    agree(ours, maps[..., 5:-5, 5:-5].mean((1, 2, 3)), 1e-12)
    # It counts windows that reach over the frame's edge into a reflection; Wang et al. do not.
    assert float(np.abs(ours - whole.numpy()).max()) > 1e-3


def test_gray_ssim_is_scikit_images_default() -> None:
    a, b = (side.numpy() for side in _frames())
    gray = [metrics.luma_uint8(side) for side in (a, b)]
    expected = [structural_similarity(f, t) for f, t in zip(*gray, strict=True)]
    agree(metrics.ssim_gray_uniform(a, b), expected, 1e-12)


@pytest.mark.shared
@pytest.mark.parametrize("trunk", ["alex", "vgg"])
def test_lpips_is_torchmetrics(shared: Path, trunk) -> None:
    from torchmetrics.functional.image import lpips as theirs

    file = (
        shared / "weights" / "lpips" / f"{'alexnet' if trunk == 'alex' else 'vgg16'}_features_torchvision.pth"
    )
    weights.add(f"lpips-{trunk}", file)
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")  # it asks torchvision in an old way
        network = theirs._LPIPS(net=trunk, pnet_rand=True)
    state = {
        name.removeprefix("features."): value for name, value in torch.load(file, weights_only=True).items()
    }
    for part in range(1, 6):
        for index, layer in getattr(network.net, f"slice{part}").named_children():
            if isinstance(layer, nn.Conv2d):
                layer.load_state_dict({kind: state[f"{index}.{kind}"] for kind in ("weight", "bias")})
    a, b = _frames()
    planes = [side.permute(0, 3, 1, 2) / 127.5 - 1 for side in (a, b)]
    expected = network(*planes).flatten()
    found = metrics.load_lpips(trunk).distance(a.numpy(), b.numpy())
    agree(found, expected.detach(), 1e-6)


# --- Frechet ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "m", "d"), [(300, 200, 24), (40, 60, 24)])
def test_frechet_is_pytorch_fids(n: int, m: int, d: int) -> None:
    from pytorch_fid.fid_score import calculate_frechet_distance

    x, y = _feature_sets(n, m, d)
    expected = _without_removed_option(calculate_frechet_distance, *_statistics(x), *_statistics(y))
    agree(metrics.frechet_distance(x, y), expected, 1e-10)


def test_frechet_is_clean_fids() -> None:
    from cleanfid.fid import frechet_distance

    x, y = _feature_sets(300, 200, 24)
    expected = _without_removed_option(frechet_distance, *_statistics(x), *_statistics(y))
    agree(metrics.frechet_distance(x, y), expected, 1e-10)


def test_frechet_is_torch_fidelitys() -> None:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    x, y = _feature_sets(300, 200, 24)
    sides = [fid_features_to_statistics(torch.from_numpy(side)) for side in (x, y)]
    expected = fid_statistics_to_metric(*sides, verbose=False)["frechet_inception_distance"]
    agree(metrics.frechet_distance(x, y), expected, 1e-10)


def test_others_are_less_exact_for_few_items_of_many_dimensions() -> None:
    """Each goes through the D x D product of two covariances without full rank; ours does not."""
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    x, y = _feature_sets(20, 24, 96)
    ours = metrics.frechet_distance(x, y)
    a, b = ((side - side.mean(0)) / np.sqrt(len(side) - 1) for side in (x, y))
    gap = x.mean(0) - y.mean(0)
    exact = gap @ gap + (a**2).sum() + (b**2).sum() - 2 * np.linalg.norm(a @ b.T, "nuc")
    assert ours == pytest.approx(exact, rel=1e-13)
    sides = [fid_features_to_statistics(torch.from_numpy(side)) for side in (x, y)]
    theirs = fid_statistics_to_metric(*sides, verbose=False)["frechet_inception_distance"]
    root = scipy.linalg.sqrtm(_statistics(x)[1] @ _statistics(y)[1])
    scipys = gap @ gap + (a**2).sum() + (b**2).sum() - 2 * np.trace(root).real
    errors = [abs(value - exact) / exact for value in (ours, theirs, scipys)]
    print("relative errors of ours, torch-fidelity, scipy:", *(f"{error:.1e}" for error in errors))
    assert errors[0] < 1e-13
    assert min(errors[1:]) > 1e-9
    assert max(errors[1:]) < 1e-2


def test_the_frechet_class_is_pytorch_fid_from_files_to_distance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PNG files, its loader, resize and network, with seeded weights in place of the published ones."""
    from pytorch_fid import fid_score
    from pytorch_fid import inception as their_inception

    from mcbench.metrics.networks.inception import build_inception, load_inception

    state = {}
    generator = torch.Generator().manual_seed(0)
    for name, value in build_inception().state_dict().items():
        if value.ndim > 1:
            state[name] = torch.randn(value.shape, generator=generator) * (2.0 / value[0].numel()) ** 0.5
        else:
            state[name] = (
                torch.ones_like(value) if "var" in name or "weight" in name else torch.zeros_like(value)
            )
    torch.save(state, tmp_path / "inception.pth")
    monkeypatch.setattr(their_inception, "load_state_dict_from_url", lambda *_, **__: state)
    network = their_inception.InceptionV3([3]).eval()
    activations, frames = [], []
    for seed, side in enumerate("pt"):
        pictures = [clip(seed + place, 1, (80, 60))[0] for place in range(5)]
        folder = write_folder(tmp_path / side, {"v": np.stack(pictures)}) / "v"
        found = fid_score.get_activations(
            sorted(folder.iterdir()), network, batch_size=2, dims=2048, device="cpu", num_workers=0
        )
        activations.append(found)
        frames.append(torch.from_numpy(np.stack(pictures)))
    metric = metrics.FrechetInceptionDistance(load_inception(tmp_path / "inception.pth", "cpu"))
    metric.update(*frames)
    expected = metrics.frechet_distance(*activations)
    assert expected > 1e-3
    agree(float(metric.compute()) / expected, 1.0, 1e-4)


class _Colours(nn.Module):
    """A feature extractor that both sides can use: means and spreads of each colour, [N, 6]."""

    num_features = 6

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        values = images.double().div(255).flatten(2)
        return torch.cat([values.mean(2), values.std(2)], dim=1)


class _OurColours:
    """`_Colours` as a `FeatureNetwork`."""

    name, dimensions, input_size, clip_length = "colours", 6, (32, 32), 1

    def features(self, batch: torch.Tensor) -> torch.Tensor:
        """Return [N, 6]."""
        return _Colours()(batch[:, 0].permute(0, 3, 1, 2).round())


def _images() -> tuple[torch.Tensor, torch.Tensor]:
    random = np.random.default_rng(4)
    sides = (random.integers(0, 200, (30, 32, 32, 3)), random.integers(20, 256, (30, 32, 32, 3)))
    return tuple(  # type: ignore[return-value]
        torch.from_numpy((side * random.uniform(0.3, 1.0, (30, 1, 1, 3))).astype(np.uint8)) for side in sides
    )


def test_the_frechet_class_is_torchmetrics_with_an_extractor_of_ones_own() -> None:
    a, b = _images()
    theirs, ours = TheirFrechet(feature=_Colours()), metrics.FrechetInceptionDistance(_OurColours())
    for part in (slice(0, 11), slice(11, 30)):
        theirs.update(b[part].permute(0, 3, 1, 2), real=True)
        theirs.update(a[part].permute(0, 3, 1, 2), real=False)
        ours.update(a[part], b[part])
    agree(ours.compute(), theirs.compute(), 1e-6)


def test_torchmetrics_resizes_with_antialiasing_unless_told_otherwise() -> None:
    assert inspect.signature(TheirFrechet.__init__).parameters["antialias"].default is True
    assert (
        inspect.signature(metrics.FrechetInceptionDistance.__init__).parameters["resize"].default
        == "bilinear"
    )
    lines = torch.zeros(600, 600, 3)
    lines[::4] = 255.0
    smooth, plain = (
        resize_float(lines, operator, (299, 299)) for operator in ("bilinear-antialias", "bilinear")
    )
    assert float((smooth - plain).abs().mean()) > 10.0, (
        "a difference in grey levels that no network overlooks"
    )


# --- kernel -----------------------------------------------------------------------------------------


def test_kernel_is_clean_fids_over_one_subset_of_all() -> None:
    from cleanfid.fid import kernel_distance

    x, y = _feature_sets(60, 60, 24)
    agree(metrics.kernel_distance(x, y), kernel_distance(x, y, num_subsets=1), 1e-12)


@pytest.mark.parametrize("paired", [False, True])
def test_kernel_is_torch_fidelitys_over_one_subset_of_all(paired: bool) -> None:
    from torch_fidelity.metric_kid import kernel_poly, mmd2

    x, y = _feature_sets(60, 60, 24)
    options = {"kid_kernel_poly_degree": 3, "kid_kernel_poly_gamma": None, "kid_kernel_poly_coef0": 1}
    kernels = [kernel_poly(a, b, **options) for a, b in ((x, x), (x, y), (y, y))]
    expected = mmd2(*kernels, mmd_est="u-statistic" if paired else "unbiased")
    agree(metrics.kernel_distance(x, y, paired=paired), expected, 1e-12)


def test_random_subsets_only_add_spread() -> None:
    from torch_fidelity.metric_kid import kid_features_to_metric

    x, y = (torch.from_numpy(side) for side in _feature_sets(200, 200, 8))
    options = {"kid_subset_size": 50, "kid_kernel": "poly", "kid_kernel_poly_degree": 3, "verbose": False}
    options |= {"kid_kernel_poly_gamma": None, "kid_kernel_poly_coef0": 1, "kid_subsets": 400}
    seeds = [kid_features_to_metric(x, y, rng_seed=seed, **options) for seed in range(2)]
    means = [one["kernel_inception_distance_mean"] for one in seeds]
    error = seeds[0]["kernel_inception_distance_std"] / np.sqrt(400)
    assert means[0] != means[1]
    assert metrics.kernel_distance(x, y) == pytest.approx(np.mean(means), abs=4 * error)


def test_the_kernel_class_is_torchmetrics_over_one_subset_of_all() -> None:
    a, b = _images()
    theirs = TheirKernel(feature=_Colours(), subsets=1, subset_size=30)
    theirs.update(b.permute(0, 3, 1, 2), real=True)
    theirs.update(a.permute(0, 3, 1, 2), real=False)
    ours = metrics.KernelInceptionDistance(_OurColours())
    ours.update(a, b)
    agree(ours.compute(), theirs.compute()[0], 1e-6)


def _without_removed_option(function: Callable[..., object], *arguments: object) -> object:
    """Call a function that asks scipy for `sqrtm(disp=)`, which later versions of scipy do not have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return function(*arguments)
        except TypeError as error:
            pytest.skip(f"scipy {scipy.__version__} lacks what the package asks for: {error}")

"""LPIPS beside the package lpips, and in two halves."""

from __future__ import annotations

from pathlib import Path

import lpips as lpips_package
import numpy as np
import pytest
import torch
from torch import nn

from mcbench import weights
from mcbench.errors import FileFormatError, MismatchError, WeightsMissingError
from mcbench.metrics.networks.golden import check_golden
from mcbench.metrics.networks.lpips import LpipsNetwork, Trunk, build_lpips, load_lpips
from mcbench.weights.loading import load_strict, read_state
from tests.metrics.networks.seeded import seeded_lpips, seeded_state

# The package asks torchvision in an old way.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The parameter 'pretrained'"),
    pytest.mark.filterwarnings("ignore:Arguments other than a weight"),
]
TRUNKS: tuple[Trunk, ...] = ("alex", "vgg")


def pairs(n: int = 3, size: tuple[int, int] = (64, 80), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (2, n, *size, 3), dtype=np.uint8)


def the_packages_own(trunk: Trunk, state: dict[str, torch.Tensor], *, spatial: bool = False) -> nn.Module:
    """Build the package's network by its own way, and fill its trunk by torchvision's names."""
    theirs: nn.Module = lpips_package.LPIPS(net=trunk, pnet_rand=True, verbose=False, spatial=spatial)
    for part in range(1, 6):
        for index, layer in getattr(theirs.net, f"slice{part}").named_children():
            if isinstance(layer, nn.Conv2d):
                layer.load_state_dict(
                    {kind: state[f"features.{index}.{kind}"] for kind in ("weight", "bias")}
                )
    return theirs


@pytest.mark.shared
@pytest.mark.parametrize("trunk", TRUNKS)
def test_lpips_is_the_packages_own(trunks_home: Path, trunk: Trunk) -> None:
    ours = load_lpips(trunk, home=trunks_home)
    theirs = the_packages_own(trunk, read_state(weights.find(f"lpips-{trunk}", trunks_home)))
    a, b = pairs()
    tensors = [lpips_package.im2tensor(image) for side in (a, b) for image in side]
    with torch.no_grad():
        expected = [float(theirs(tensors[k], tensors[k + 3])) for k in range(3)]
        unmapped = [float(theirs((tensors[k] + 1) / 2, (tensors[k + 3] + 1) / 2)) for k in range(3)]
        theirs.spatial = True
        maps = [theirs(tensors[k], tensors[k + 3])[0, 0].numpy() for k in range(3)]
    np.testing.assert_allclose(ours.distance(a, b), expected, rtol=2e-5)
    np.testing.assert_allclose(ours.distance(a.astype(np.float64), b.astype(np.float64)), expected, rtol=2e-5)
    np.testing.assert_allclose(ours.distance(a, b, "0..1"), unmapped, rtol=2e-5)
    np.testing.assert_array_equal(ours.distance(a, a), 0.0)
    found = ours.spatial(a, b)
    assert found.shape == (3, 64, 80)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, maps, rtol=1e-4, atol=1e-6)


@pytest.mark.shared
def test_golden_values_of_lpips(trunks_home: Path) -> None:
    checks = check_golden("lpips-vgg", trunks_home) + check_golden("lpips-alex", trunks_home)
    assert [round(check.expected, 6) for check in checks] == [0.410522, 0.494636, 0.813954, 0.81404]
    for check in checks:
        assert check.holds, check


@pytest.mark.shared
def test_loading_leaves_the_callers_random_numbers_alone(trunks_home: Path) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    load_lpips("alex", home=trunks_home)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("trunk", TRUNKS)
def test_what_is_built_on_no_device_is_what_the_package_builds(trunk: Trunk) -> None:
    ours, theirs = build_lpips(trunk), lpips_package.LPIPS(net=trunk, pnet_rand=True, verbose=False)
    assert not ours.training
    for kind in ("shift", "scale"):
        assert torch.equal(getattr(ours.scaling_layer, kind), getattr(theirs.scaling_layer, kind))
    for mine, other in zip(ours.lins, theirs.lins, strict=True):
        assert torch.equal(mine.model[1].weight, other.model[1].weight)
    load_strict(ours.net, seeded_state(theirs.net), "seeded")
    assert [name for name, value in ours.state_dict().items() if value.is_meta] == []
    names = [name for name, _ in theirs.net.named_parameters()]
    assert names == [name for name, _ in ours.net.named_parameters()]


@pytest.mark.parametrize("trunk", TRUNKS)
def test_two_halves_make_the_whole(trunk: Trunk) -> None:
    network = seeded_lpips(trunk)
    a, b = pairs(2)
    other = pairs(2, seed=1)[0]
    for input_range in ("-1..1", "0..1"):
        truth = network.activations(b, input_range)
        for prediction in (a, other, b):
            halves = network.activations(prediction, input_range)
            np.testing.assert_array_equal(
                network.between(halves, truth), network.distance(prediction, b, input_range)
            )
            np.testing.assert_array_equal(
                network.spatial_between(halves, truth), network.spatial(prediction, b, input_range)
            )
    assert len(truth) == 2
    assert truth.nbytes > 2 * 64 * 80 * 4
    np.testing.assert_array_equal(network.between(truth, truth), 0.0)


def test_numbers_of_every_kind_are_taken() -> None:
    network = seeded_lpips("alex")
    a, b = pairs(2)
    expected = network.distance(a, b)
    backwards = a[::-1], b[::-1]  # arrays of negative strides
    np.testing.assert_array_equal(network.distance(*backwards), expected[::-1])
    np.testing.assert_array_equal(network.distance(torch.from_numpy(a), torch.from_numpy(b)), expected)
    floats = a.astype(np.float32), b.astype(np.float32)
    np.testing.assert_allclose(network.distance(*floats), expected, rtol=1e-6)


def test_the_map_tells_where() -> None:
    network = seeded_lpips("alex")
    a = pairs(1, (128, 128))[0]
    b = a.copy()
    b[:, 80:112, 16:48] = 255 - b[:, 80:112, 16:48]
    found = network.spatial(a, b)[0]
    assert found.min() >= 0
    assert found[84:108, 20:44].mean() > 20 * found[:24, 104:].mean()
    np.testing.assert_allclose(found.mean(), network.distance(a, b)[0], rtol=0.3)


def test_what_does_not_compare_is_refused() -> None:
    network = seeded_lpips("alex")
    a, b = pairs(2)
    with pytest.raises(MismatchError, match="cannot compare"):
        network.distance(a, b[:, :, :-1])
    with pytest.raises(MismatchError, match="cannot compare"):
        network.between(network.activations(a), network.activations(b[:1]))
    with pytest.raises(MismatchError, match=r"fed on -1\.\.1 with .* on 0\.\.1"):
        network.between(network.activations(a), network.activations(b, "0..1"))
    with pytest.raises(MismatchError, match="LPIPS-vgg are of no use to LPIPS-alex"):
        network.between(network.activations(a), seeded_lpips("vgg").activations(b))
    for wrong in (a[0], a[..., :2], a[:0], a[:, :31]):
        with pytest.raises(MismatchError, match="LPIPS takes frames"):
            network.activations(wrong)


def test_lpips_without_its_trunk_names_the_command() -> None:
    with pytest.raises(WeightsMissingError, match="mcbench weights fetch lpips-vgg"):
        load_lpips("vgg")


def test_a_trunk_that_does_not_fit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = build_lpips("alex").net.state_dict()
    state = {f"features.{name.partition('.')[2]}": torch.zeros(v.shape) for name, v in whole.items()}
    del state["features.3.bias"]
    path = tmp_path / "alexnet.pth"
    torch.save(state, path)
    there = weights.Present("lpips-alex", path, "0" * 64)
    monkeypatch.setattr(weights, "present", lambda *_: there)
    with pytest.raises(FileFormatError, match=r"1 missing \(slice2\.3\.bias\)"):
        load_lpips("alex")


def test_heads_of_a_damaged_package_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "weights" / "v0.1"
    folder.mkdir(parents=True)
    torch.save({"lin0.model.1.weight": torch.zeros(1, 64, 1, 1)}, folder / "alex.pth")
    monkeypatch.setattr(lpips_package, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(FileFormatError, match=r"alex\.pth"):
        build_lpips("alex")


def test_the_network_tells_what_it_is() -> None:
    network: LpipsNetwork = seeded_lpips("vgg")
    assert (network.trunk, network.device, network.backend) == ("vgg", "cpu", "torch-fp32")
    assert network.weights.name == "lpips-vgg"

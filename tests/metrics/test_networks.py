"""The reference networks: real files' layouts, strict loading, and independent restatements.

Of the files only LPIPS's trunks can be had here; for the others, seeded weights are written in the real
file's format, names and shapes.
"""

from __future__ import annotations

import re
from pathlib import Path

import lpips as lpips_package
import numpy as np
import pytest
import torch
from pytorch_fid import inception as pytorch_fid
from torch import nn
from torch.nn import functional

from mcbench import weights
from mcbench.errors import FileFormatError, InputError, MismatchError, WeightsMissingError
from mcbench.metrics.networks import i3d as i3d_module
from mcbench.metrics.networks import inception as inception_module
from mcbench.metrics.networks.golden import check_golden
from mcbench.metrics.networks.i3d import I3D, load_i3d
from mcbench.metrics.networks.inception import build_inception, load_inception
from mcbench.metrics.networks.loading import load_strict, read_state
from mcbench.metrics.networks.lpips import load_lpips
from mcbench.metrics.networks.registry import NETWORKS, load_network, network_entry
from mcbench.metrics.networks.resnet3d import ResNet3D50, load_resnet3d


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _seeded(module: nn.Module, seed: int = 0) -> dict[str, torch.Tensor]:
    """Weights of a size that keeps activations alive through a deep network."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, value in module.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        if value.ndim > 1:
            fan_in = value[0].numel()
            state[name] = torch.randn(value.shape, generator=generator) * (2.0 / fan_in) ** 0.5
        elif name.endswith(("running_var", "bn.weight")) or re.search(r"bn\d\.weight$", name):
            state[name] = torch.rand(value.shape, generator=generator) * 0.5 + 0.75
        else:
            state[name] = torch.randn(value.shape, generator=generator) * 0.05
    return state


# --- LPIPS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trunks_home(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("weights-home")
    for name, file in (("lpips-alex", "alexnet"), ("lpips-vgg", "vgg16")):
        weights.add(name, shared / "weights" / "lpips" / f"{file}_features_torchvision.pth", home)
    return home


@pytest.mark.shared
@pytest.mark.parametrize("trunk", ["alex", "vgg"])
def test_lpips_is_the_packages_own(trunks_home: Path, trunk) -> None:
    ours = load_lpips(trunk, home=trunks_home)
    theirs = lpips_package.LPIPS(net=trunk, pnet_rand=True, verbose=False)
    state = read_state(weights.find(f"lpips-{trunk}", trunks_home))
    for part in range(1, 6):
        for index, layer in getattr(theirs.net, f"slice{part}").named_children():
            if isinstance(layer, nn.Conv2d):
                layer.load_state_dict(
                    {kind: state[f"features.{index}.{kind}"] for kind in ("weight", "bias")}
                )
    random = np.random.default_rng(0)
    a, b = random.integers(0, 256, (2, 3, 64, 80, 3), dtype=np.uint8)
    tensors = [lpips_package.im2tensor(image) for side in (a, b) for image in side]
    with torch.no_grad():
        expected = [float(theirs(tensors[k], tensors[k + 3])) for k in range(3)]
        unmapped = [float(theirs((tensors[k] + 1) / 2, (tensors[k + 3] + 1) / 2)) for k in range(3)]
    np.testing.assert_allclose(ours.distance(a, b), expected, rtol=2e-5)
    np.testing.assert_allclose(ours.distance(a.astype(np.float64), b.astype(np.float64)), expected, rtol=2e-5)
    np.testing.assert_allclose(ours.distance(a, b, "0..1"), unmapped, rtol=2e-5)
    np.testing.assert_array_equal(ours.distance(a, a), 0.0)


@pytest.mark.shared
def test_golden_values_of_lpips(trunks_home: Path) -> None:
    checks = check_golden("lpips-vgg", trunks_home) + check_golden("lpips-alex", trunks_home)
    assert [round(check.expected, 6) for check in checks] == [0.410522, 0.494636, 0.813954]
    for check in checks:
        assert check.holds, check
    assert check_golden("inception", trunks_home) == []


@pytest.mark.shared
def test_golden_value_of_spatial_lpips_alex(trunks_home: Path) -> None:
    """The known 0.81404 is a mean over the upsampled map, 1e-4 beside the plain value."""
    network = load_lpips("alex", home=trunks_home)
    network._model.spatial = True
    black, white = (torch.full((1, 3, 64, 64), level) for level in (-1.0, 1.0))
    with torch.no_grad():
        assert float(network._model(black, white).mean()) == pytest.approx(0.81404, abs=1e-5)


@pytest.mark.shared
def test_loading_lpips_leaves_the_callers_random_numbers_alone(trunks_home: Path) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    load_lpips("alex", home=trunks_home)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.shared
def test_lpips_refuses_sides_of_two_shapes(trunks_home: Path) -> None:
    network = load_lpips("alex", home=trunks_home)
    with pytest.raises(MismatchError, match="cannot compare"):
        network.distance(np.zeros((1, 64, 64, 3), np.uint8), np.zeros((1, 64, 65, 3), np.uint8))


def test_lpips_without_its_trunk_names_the_command() -> None:
    with pytest.raises(WeightsMissingError, match="mcbench weights fetch lpips-vgg"):
        load_lpips("vgg")


# --- Inception --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def inception_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("inception") / "pt_inception-2015-12-05-6726825d.pth"
    torch.save(_seeded(build_inception()), path)
    return path


def test_inception_is_pytorch_fids(inception_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = torch.load(inception_file, weights_only=True)
    # pytorch_fid's builder wants to download; give it the same tensors.
    monkeypatch.setattr(pytorch_fid, "load_state_dict_from_url", lambda *_, **__: state)
    theirs = pytorch_fid.InceptionV3([3]).eval()
    ours = load_inception(inception_file, "cpu")
    images = torch.randint(0, 256, (2, 64, 80, 3), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = theirs(images.permute(0, 3, 1, 2) / 255.0)[0].flatten(1)
    resized = functional.interpolate(
        images.permute(0, 3, 1, 2).float(), size=(299, 299), mode="bilinear", align_corners=False
    )
    found = ours.features(resized.permute(0, 2, 3, 1)[:, None])
    assert found.shape == (2, 2048)
    assert float(found.std()) > 1e-3
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_inception_has_the_size_of_the_published_file() -> None:
    # The file has 95,628,359 bytes, 4 a parameter or running statistic, and a little for names.
    state = build_inception().state_dict()
    numbers = sum(value.numel() for value in state.values() if value.is_floating_point())
    assert 0 < 95_628_359 - 4 * numbers < 300_000


# --- I3D --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def i3d_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("i3d") / "i3d_pretrained_400.pt"
    state = _seeded(I3D())
    # As converted from TF-Hub: batch normalisation has no scale there, so it is 1.
    torch.save(
        {name: torch.ones_like(v) if name.endswith("bn.weight") else v for name, v in state.items()}, path
    )
    return path


def test_i3d_has_the_files_names_and_size(i3d_file: Path) -> None:
    state = read_state(i3d_file)
    assert state["Conv3d_1a_7x7.conv3d.weight"].shape == (64, 3, 7, 7, 7)
    assert state["Mixed_4f.b1b.conv3d.weight"].shape == (320, 160, 3, 3, 3)
    assert state["Mixed_5c.b3b.bn.running_var"].shape == (128,)
    assert state["logits.conv3d.weight"].shape == (400, 1024, 1, 1, 1)
    assert state["logits.conv3d.bias"].shape == (400,)
    convolutions = [name for name in state if name.endswith("conv3d.weight")]
    assert len(convolutions) == 58
    # 50.9 MB as published, 4 bytes a number.
    assert 4 * sum(value.numel() for value in state.values()) == pytest.approx(50.9e6, rel=0.01)


def _plain_i3d(state: dict[str, torch.Tensor], clip: torch.Tensor) -> torch.Tensor:
    """I3D once more from the layers' names and the definition of TensorFlow's SAME padding."""

    def same(x: torch.Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], fill: float) -> torch.Tensor:
        for axis, (k, s) in enumerate(zip(kernel, stride, strict=True), start=2):
            n = x.shape[axis]
            need = max((int(np.ceil(n / s)) - 1) * s + k - n, 0)
            for amount, before in ((need // 2, True), (need - need // 2, False)):
                shape = list(x.shape)
                shape[axis] = amount
                parts = [x.new_full(shape, fill), x] if before else [x, x.new_full(shape, fill)]
                x = torch.cat(parts, axis)
        return x

    def unit(name: str, x: torch.Tensor, stride: int = 1) -> torch.Tensor:
        weight = state[f"{name}.conv3d.weight"]
        x = functional.conv3d(same(x, tuple(weight.shape[2:]), (stride,) * 3, 0.0), weight, stride=stride)
        shape = (1, -1, 1, 1, 1)
        x = (x - state[f"{name}.bn.running_mean"].view(shape)) / torch.sqrt(
            state[f"{name}.bn.running_var"].view(shape) + 1e-3
        )
        return (x + state[f"{name}.bn.bias"].view(shape)).clamp(min=0)

    def pool(x: torch.Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> torch.Tensor:
        return functional.max_pool3d(same(x, kernel, stride, -torch.inf), kernel, stride)

    def mixed(name: str, x: torch.Tensor) -> torch.Tensor:
        return torch.cat(
            [
                unit(f"{name}.b0", x),
                unit(f"{name}.b1b", unit(f"{name}.b1a", x)),
                unit(f"{name}.b2b", unit(f"{name}.b2a", x)),
                unit(f"{name}.b3b", pool(x, (3, 3, 3), (1, 1, 1))),
            ],
            1,
        )

    x = unit("Conv3d_1a_7x7", clip, 2)
    x = pool(x, (1, 3, 3), (1, 2, 2))
    x = unit("Conv3d_2c_3x3", unit("Conv3d_2b_1x1", x))
    x = pool(x, (1, 3, 3), (1, 2, 2))
    x = mixed("Mixed_3c", mixed("Mixed_3b", x))
    x = pool(x, (3, 3, 3), (2, 2, 2))
    for letter in "bcdef":
        x = mixed(f"Mixed_4{letter}", x)
    x = pool(x, (2, 2, 2), (2, 2, 2))
    x = mixed("Mixed_5c", mixed("Mixed_5b", x))
    x = functional.avg_pool3d(x, (2, 7, 7), stride=1)
    weight, bias = state["logits.conv3d.weight"], state["logits.conv3d.bias"]
    return functional.conv3d(x, weight, bias).mean((2, 3, 4))


def test_i3d_against_a_restatement(i3d_file: Path) -> None:
    network = load_i3d(i3d_file, "cpu")
    clip = torch.randint(0, 256, (1, 16, 224, 224, 3), generator=torch.Generator().manual_seed(0))
    found = network.features(clip.to(torch.uint8))
    with torch.no_grad():
        expected = _plain_i3d(read_state(i3d_file), clip.permute(0, 4, 1, 2, 3) / 127.5 - 1.0)
    assert found.shape == (1, 400)
    assert float(found.std()) > 1e-2
    torch.testing.assert_close(found, expected, rtol=2e-4, atol=2e-4)
    assert {layer.eps for layer in network.module.modules() if isinstance(layer, nn.BatchNorm3d)} == {1e-3}


def test_the_epsilon_of_other_ports_gives_other_features(
    i3d_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = torch.rand((1, 16, 224, 224, 3), generator=torch.Generator().manual_seed(2)) * 255
    right = load_i3d(i3d_file, "cpu").features(clip)
    monkeypatch.setattr(i3d_module, "_EPSILON", 1e-5)
    assert float((load_i3d(i3d_file, "cpu").features(clip) - right).abs().max()) > 1e-4


class _Scripted(nn.Module):
    """Answers as the published TorchScript does: arguments by name, logits from [B, 3, T, H, W]."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 400)

    def forward(
        self, x: torch.Tensor, rescale: bool = True, resize: bool = True, return_features: bool = False
    ):
        if rescale or resize or not return_features:
            raise RuntimeError("asked for in another way than FVD does")
        return self.head(x.mean((2, 3, 4)))


def test_i3d_from_torchscript(tmp_path: Path) -> None:
    torch.manual_seed(0)
    scripted = torch.jit.script(_Scripted())
    path = tmp_path / "i3d_torchscript.pt"
    scripted.save(str(path))
    clip = torch.full((2, 16, 224, 224, 3), 255, dtype=torch.uint8)
    found = load_i3d(path, "cpu").features(clip)
    torch.testing.assert_close(found, scripted.head(torch.ones(2, 3)))
    path.write_bytes(b"no archive")
    with pytest.raises(FileFormatError, match="not a readable TorchScript"):
        load_i3d(path, "cpu")


# --- 3D ResNet-50 -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def resnet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As published: under `state_dict`, every name behind `module.`, beside training's own entries."""
    path = tmp_path_factory.mktemp("resnet") / "resnet-50-kinetics.pth"
    state = {f"module.{name}": value for name, value in _seeded(ResNet3D50()).items()}
    torch.save({"epoch": 21, "arch": "resnet-50", "state_dict": state}, path)
    return path


def test_resnet_has_the_files_names_and_size(resnet_file: Path) -> None:
    state = read_state(resnet_file)
    assert state["conv1.weight"].shape == (64, 3, 7, 7, 7)
    assert state["layer1.0.downsample.0.weight"].shape == (256, 64, 1, 1, 1)
    assert state["layer3.5.conv2.weight"].shape == (256, 256, 3, 3, 3)
    assert state["layer4.0.downsample.1.running_mean"].shape == (2048,)
    assert state["fc.weight"].shape == (400, 2048)
    # 188 MB of tensors as published.
    assert 4 * sum(value.numel() for value in state.values()) == pytest.approx(188e6, rel=0.01)


def test_resnet_against_a_restatement(resnet_file: Path) -> None:
    state = read_state(resnet_file)
    network = load_resnet3d(resnet_file, "cpu")
    clip = torch.rand((1, 16, 112, 112, 3), generator=torch.Generator().manual_seed(0)) * 255

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        return functional.batch_norm(
            x, *(state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        )

    x = (clip - torch.tensor([114.7748, 107.7354, 99.4750])).permute(0, 4, 1, 2, 3)
    x = norm("bn1", functional.conv3d(x, state["conv1.weight"], stride=(1, 2, 2), padding=3)).relu()
    x = functional.max_pool3d(x, 3, 2, 1)
    for stage, blocks in enumerate((3, 4, 6, 3), start=1):
        for block in range(blocks):
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            y = norm(f"{name}.bn1", functional.conv3d(x, state[f"{name}.conv1.weight"])).relu()
            y = functional.conv3d(y, state[f"{name}.conv2.weight"], stride=stride, padding=1)
            y = norm(
                f"{name}.bn3", functional.conv3d(norm(f"{name}.bn2", y).relu(), state[f"{name}.conv3.weight"])
            )
            if block == 0:
                x = functional.conv3d(x, state[f"{name}.downsample.0.weight"], stride=stride)
                x = norm(f"{name}.downsample.1", x)
            x = (x + y).relu()
    assert x.shape == (1, 2048, 1, 4, 4)
    found = network.features(clip)
    assert float(found.std()) > 1e-2
    torch.testing.assert_close(found, x.mean((2, 3, 4)), rtol=2e-4, atol=2e-4)


# --- loading and registry ---------------------------------------------------------------------------


def test_every_tensor_is_accounted_for() -> None:
    network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    state = network.state_dict()
    load_strict(network, {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}, "a file")
    with pytest.raises(FileFormatError, match=r"1 missing \(0\.bias\)"):
        load_strict(network, {k: v for k, v in state.items() if k != "0.bias"}, "a file")
    with pytest.raises(FileFormatError, match=r"1 unexpected \(extra\)"):
        load_strict(network, {**state, "extra": torch.zeros(1)}, "a file")
    with pytest.raises(FileFormatError, match=r"of another shape \(0\.weight \(2, 4\), not \(2, 3\)\)"):
        load_strict(network, {**state, "0.weight": torch.zeros(2, 4)}, "a file")
    with pytest.raises(FileFormatError, match=r"1 not finite \(0\.bias\)"):
        load_strict(network, {**state, "0.bias": torch.full((2,), torch.nan)}, "a file")


def test_files_that_are_no_weights_are_refused(tmp_path: Path) -> None:
    for name in ("a.pth", "a.safetensors"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(FileFormatError, match=name):
            read_state(tmp_path / name)
        with pytest.raises(FileFormatError):
            read_state(tmp_path / f"absent-{name}")
    torch.save({"state_dict": [1, 2]}, tmp_path / "list.pth")
    with pytest.raises(FileFormatError, match="no state dict"):
        read_state(tmp_path / "list.pth")
    torch.save(nn.Linear(1, 1), tmp_path / "module.pth")
    with pytest.raises(FileFormatError, match="plain tensors"):
        read_state(tmp_path / "module.pth")


def test_the_registry_tells_the_truth_of_what_it_loads(resnet_file: Path, tmp_path: Path) -> None:
    installed = weights.add("resnet50-kinetics", resnet_file, tmp_path)
    loaded = load_network("resnet50-kinetics", home=tmp_path)
    entry = network_entry("resnet50-kinetics")
    network = loaded.network
    assert (network.name, network.dimensions, network.input_size, network.clip_length) == (
        entry.name,
        entry.dimensions,
        entry.input_size,
        entry.clip_length,
    )
    assert loaded.weights.sha256 == installed.sha256
    for shape in (i3d_module.SHAPE, inception_module.SHAPE):
        entry = NETWORKS[shape.name]
        assert (shape.dimensions, shape.input_size, shape.clip_length) == (
            entry.dimensions,
            entry.input_size,
            entry.clip_length,
        )


def test_missing_and_unknown_networks_are_named() -> None:
    with pytest.raises(WeightsMissingError, match=r"i3d_pretrained_400\.pt or i3d_torchscript\.pt"):
        load_network("i3d")
    with pytest.raises(InputError, match="no metric network is called 'i3dd'"):
        load_network("i3dd")

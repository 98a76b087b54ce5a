"""I3D against an independent statement of TF-Hub's graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from mcbench.errors import FileFormatError, MismatchError
from mcbench.metrics.networks import i3d as i3d_module
from mcbench.metrics.networks.i3d import load_i3d
from mcbench.weights.loading import read_state

# Output channels as the variables of TF-Hub's graph have them: b0, b1a, b1b, b2a, b2b, b3b.
BRANCHES = {
    "3b": (64, 96, 128, 16, 32, 32),
    "3c": (128, 128, 192, 32, 96, 64),
    "4b": (192, 96, 208, 16, 48, 64),
    "4c": (160, 112, 224, 24, 64, 64),
    "4d": (128, 128, 256, 24, 64, 64),
    "4e": (112, 144, 288, 32, 64, 64),
    "4f": (256, 160, 320, 32, 128, 128),
    "5b": (256, 160, 320, 32, 128, 128),
    "5c": (384, 192, 384, 48, 128, 128),
}
# The graph has this many numbers in 230 variables; the file has a scale of 1 a channel more.
NUMBERS_OF_THE_GRAPH = 12_704_544


def expected_shapes() -> dict[str, tuple[int, ...]]:
    """Every tensor of the file by name, from the table above."""
    units = {"Conv3d_1a_7x7": (64, 3, 7), "Conv3d_2b_1x1": (64, 64, 1), "Conv3d_2c_3x3": (192, 64, 3)}
    into = 192
    for block, (b0, b1a, b1b, b2a, b2b, b3b) in BRANCHES.items():
        sizes = {"b0": (b0, into, 1), "b1a": (b1a, into, 1), "b1b": (b1b, b1a, 3)}
        sizes |= {"b2a": (b2a, into, 1), "b2b": (b2b, b2a, 3), "b3b": (b3b, into, 1)}
        units |= {f"Mixed_{block}.{branch}": size for branch, size in sizes.items()}
        into = b0 + b1b + b2b + b3b
    shapes: dict[str, tuple[int, ...]] = {}
    for name, (outputs, inputs, side) in units.items():
        shapes[f"{name}.conv3d.weight"] = (outputs, inputs, side, side, side)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.bn.{part}"] = (outputs,)
    return {**shapes, "logits.conv3d.weight": (400, 1024, 1, 1, 1), "logits.conv3d.bias": (400,)}


def test_every_key_and_shape(i3d_file: Path) -> None:
    shapes = {name: tuple(value.shape) for name, value in read_state(i3d_file).items()}
    assert shapes == expected_shapes()
    scales = sum(shape[0] for name, shape in shapes.items() if name.endswith("bn.weight"))
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == NUMBERS_OF_THE_GRAPH + scales
    # 50.9 MB as published, 4 bytes a number.
    assert 4 * (NUMBERS_OF_THE_GRAPH + scales) == pytest.approx(50.9e6, rel=0.01)


def plain_i3d(state: dict[str, torch.Tensor], clip: torch.Tensor) -> dict[str, torch.Tensor]:
    """I3D once more from the layers' names and TensorFlow's definition of SAME: outputs by layer."""
    seen: dict[str, torch.Tensor] = {}

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
        seen[name] = (x + state[f"{name}.bn.bias"].view(shape)).clamp(min=0)
        return seen[name]

    def pool(x: torch.Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> torch.Tensor:
        return functional.max_pool3d(same(x, kernel, stride, -torch.inf), kernel, stride)

    def mixed(name: str, x: torch.Tensor) -> torch.Tensor:
        branches = [
            unit(f"{name}.b0", x),
            unit(f"{name}.b1b", unit(f"{name}.b1a", x)),
            unit(f"{name}.b2b", unit(f"{name}.b2a", x)),
            unit(f"{name}.b3b", pool(x, (3, 3, 3), (1, 1, 1))),
        ]
        seen[name] = torch.cat(branches, 1)
        return seen[name]

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
    seen["logits"] = functional.conv3d(x, weight, bias)
    return seen


@pytest.mark.parametrize("frames", [16, 19])
def test_every_layer_against_a_restatement(i3d_file: Path, frames: int) -> None:
    network = load_i3d(i3d_file, "cpu")
    found: dict[str, torch.Tensor] = {}
    wanted = {name.removesuffix(".bn.bias") for name in read_state(i3d_file) if name.endswith(".bn.bias")}
    for name, layer in network.module.body.named_modules():
        if name in wanted or (name.startswith("Mixed") and "." not in name) or name == "logits":
            layer.register_forward_hook(lambda _m, _i, out, name=name: found.__setitem__(name, out))
    random = torch.Generator().manual_seed(frames)
    clip = torch.randint(0, 256, (1, frames, 224, 224, 3), generator=random, dtype=torch.uint8)
    features = network.features(clip)  # prepacked where that can be
    with torch.no_grad():
        network.module(clip.float())
        expected = plain_i3d(read_state(i3d_file), clip.permute(0, 4, 1, 2, 3) / 127.5 - 1.0)
    assert found.keys() == expected.keys()
    assert len(found) == 57 + 9 + 1
    for name, value in expected.items():
        assert float((found[name] - value).abs().max() / value.abs().max()) < 1e-5, name
    assert features.shape == (1, 400)
    assert float(features.std()) > 1e-2
    torch.testing.assert_close(features, expected["logits"].mean((2, 3, 4)), rtol=1e-4, atol=1e-5)
    eps = {layer.eps for layer in network.module.modules() if isinstance(layer, nn.BatchNorm3d)}
    assert eps == {1e-3}


def test_the_epsilon_of_other_ports_gives_other_features(
    i3d_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = torch.rand((1, 9, 224, 224, 3), generator=torch.Generator().manual_seed(2)) * 255
    right = load_i3d(i3d_file, "cpu").features(clip)
    monkeypatch.setattr(i3d_module, "_EPSILON", 1e-5)
    assert float((load_i3d(i3d_file, "cpu").features(clip) - right).abs().max()) > 1e-4


def test_clips_of_other_shapes_are_refused(i3d_file: Path) -> None:
    network = load_i3d(i3d_file, "cpu")
    assert (network.shortest_clip, network.clip_length, network.longest_clip) == (9, 16, 1024)
    for shape in ((1, 8, 224, 224, 3), (1, 1025, 224, 224, 3), (1, 16, 112, 112, 3), (0, 16, 224, 224, 3)):
        with pytest.raises(MismatchError, match=r"'i3d' takes batches .* T = 9 to 1024"):
            network.features(torch.zeros((), dtype=torch.uint8).expand(shape))


class Published(nn.Module):
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


@pytest.mark.filterwarnings("ignore:`torch.jit")
def test_from_torchscript(tmp_path: Path) -> None:
    torch.manual_seed(0)
    scripted = torch.jit.script(Published())
    path = tmp_path / "i3d_torchscript.pt"
    scripted.save(str(path))
    clip = torch.full((2, 16, 224, 224, 3), 255, dtype=torch.uint8)
    found = load_i3d(path, "cpu").features(clip)
    torch.testing.assert_close(found, scripted.head(torch.ones(2, 3)))
    path.write_bytes(b"no archive")
    with pytest.raises(FileFormatError, match="not a readable TorchScript"):
        load_i3d(path, "cpu")

"""3D ResNet-50 against an independent statement of its first release."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from mcbench.errors import MismatchError
from mcbench.metrics.networks.resnet3d import load_resnet3d
from mcbench.weights.loading import read_state

BLOCKS = (3, 4, 6, 3)


def expected_shapes() -> dict[str, tuple[int, ...]]:
    """Every tensor of the file by name, from the description of the network."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7, 7)}

    def norm(name: str, channels: int) -> None:
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{part}"] = (channels,)

    norm("bn1", 64)
    into = 64
    for stage, blocks in enumerate(BLOCKS):
        width = 64 * 2**stage
        for block in range(blocks):
            name = f"layer{stage + 1}.{block}"
            shapes[f"{name}.conv1.weight"] = (width, into, 1, 1, 1)
            shapes[f"{name}.conv2.weight"] = (width, width, 3, 3, 3)
            shapes[f"{name}.conv3.weight"] = (4 * width, width, 1, 1, 1)
            for place, channels in enumerate((width, width, 4 * width), start=1):
                norm(f"{name}.bn{place}", channels)
            if block == 0:
                shapes[f"{name}.downsample.0.weight"] = (4 * width, into, 1, 1, 1)
                norm(f"{name}.downsample.1", 4 * width)
            into = 4 * width
    return {**shapes, "fc.weight": (400, 2048), "fc.bias": (400,)}


def test_every_key_and_shape(resnet_file: Path) -> None:
    shapes = {name: tuple(value.shape) for name, value in read_state(resnet_file).items()}
    assert shapes == expected_shapes()
    numbers = sum(int(np.prod(shape)) for shape in shapes.values())
    assert numbers == 47_071_696
    # 188 MB of tensors as published.
    assert 4 * numbers == pytest.approx(188e6, rel=0.01)


def plain_resnet(state: dict[str, torch.Tensor], clip: torch.Tensor) -> dict[str, torch.Tensor]:
    """The network once more from the tensors' names: outputs by block."""
    seen = {}

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        parts = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return functional.batch_norm(x, *parts)

    x = (clip - torch.tensor([114.7748, 107.7354, 99.4750])).permute(0, 4, 1, 2, 3)
    x = norm("bn1", functional.conv3d(x, state["conv1.weight"], stride=(1, 2, 2), padding=3)).relu()
    x = functional.max_pool3d(x, 3, 2, 1)
    for stage, blocks in enumerate(BLOCKS, start=1):
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
            seen[name] = x = (x + y).relu()
    return seen


def test_every_block_against_a_restatement(resnet_file: Path) -> None:
    network = load_resnet3d(resnet_file, "cpu")
    found: dict[str, torch.Tensor] = {}
    for name, layer in network.module.body.named_modules():
        if name.startswith("layer") and name.count(".") == 1:
            layer.register_forward_hook(lambda _m, _i, out, name=name: found.__setitem__(name, out))
    clip = torch.rand((1, 16, 112, 112, 3), generator=torch.Generator().manual_seed(0)) * 255
    features = network.features(clip)  # prepacked where that can be
    network.module(clip)
    expected = plain_resnet(read_state(resnet_file), clip)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert float((found[name] - value).abs().max() / value.abs().max()) < 1e-5, name
    assert expected["layer4.2"].shape == (1, 2048, 1, 4, 4)
    assert float(features.std()) > 1e-2
    pooled = expected["layer4.2"].mean((2, 3, 4))
    assert float((features - pooled).abs().max() / pooled.abs().max()) < 1e-5


def test_clips_of_other_shapes_are_refused(resnet_file: Path) -> None:
    network = load_resnet3d(resnet_file, "cpu")
    for shape in ((1, 15, 112, 112, 3), (1, 16, 112, 111, 3), (16, 112, 112, 3), (1, 16, 112, 112, 4)):
        with pytest.raises(MismatchError, match=r"'resnet50-kinetics' takes batches .* T = 16,"):
            network.features(torch.zeros(shape, dtype=torch.uint8))

"""Prepacked convolutions are convolutions, and are used where they can be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from mcbench.metrics.networks import torch_network
from mcbench.metrics.networks.prepacked import PrepackedConvolution, can_prepack, prepacked
from mcbench.metrics.networks.torch_network import ItemShape, TorchNetwork

pytestmark = pytest.mark.skipif(not can_prepack(), reason="this torch or CPU has no prepacked convolutions")


def unit(dimensions: int, stride: int = 1, padding: int = 0, *, bias: bool = False) -> nn.Sequential:
    """A convolution of 5 to 7 channels and a normalisation, seeded."""
    torch.manual_seed(0)
    convolution, norm = ((nn.Conv2d, nn.BatchNorm2d), (nn.Conv3d, nn.BatchNorm3d))[dimensions - 2]
    made = nn.Sequential(convolution(5, 7, 3, stride=stride, padding=padding, bias=bias), norm(7, eps=1e-3))
    for value in (made[1].running_mean, made[1].running_var, made[1].weight.data, made[1].bias.data):
        value.uniform_(0.5, 1.5)
    return made.eval().requires_grad_(False)


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (1, 1), (2, 1)])
@pytest.mark.parametrize("relu", [False, True])
@torch.inference_mode()
def test_it_computes_what_its_parts_do(dimensions: int, stride: int, padding: int, relu: bool) -> None:
    parts = unit(dimensions, stride, padding, bias=relu)
    values = torch.randn(1, 5, *(9, 11, 8)[:dimensions])
    plain = parts(values).relu() if relu else parts(values)
    found = PrepackedConvolution(*parts, relu=relu)(values)
    torch.testing.assert_close(found, plain, rtol=1e-5, atol=1e-5)
    alone = PrepackedConvolution(parts[0], None, relu=False)(values)
    torch.testing.assert_close(alone, parts[0](values), rtol=1e-5, atol=1e-5)


@torch.inference_mode()
def test_padding_and_shape_may_change_from_call_to_call() -> None:
    parts = unit(3)
    packed = PrepackedConvolution(*parts, relu=True)
    first = torch.randn(1, 5, 6, 6, 6)
    expected = packed(first, (1, 0, 1))
    for size in (5, 7, 9, 6):
        values = torch.randn(1, 5, size, 6, size)
        padded = nn.functional.pad(values, (1, 1, 0, 0, 1, 1))
        torch.testing.assert_close(packed(values, (1, 0, 1)), parts(padded).relu(), rtol=1e-5, atol=1e-5)
    assert torch.equal(packed(first, (1, 0, 1)), expected)


def test_many_threads_at_once() -> None:
    packed = PrepackedConvolution(*unit(2), relu=True)
    inputs = [torch.randn(1, 5, 8 + k % 4, 8) for k in range(24)]

    def run(values: torch.Tensor) -> torch.Tensor:
        torch.set_num_threads(1)
        with torch.inference_mode():
            return packed(values)

    with ThreadPoolExecutor(4) as pool:
        for values, found in zip(inputs, pool.map(run, inputs), strict=True):
            assert torch.equal(found, run(values))


class Pooled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.unit, self.rest, self.nothing = unit(2), nn.Conv2d(7, 4, 1), None

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        padded = nn.functional.pad(frames[:, 0].permute(0, 3, 1, 2), (0, 0, 0, 0, 0, 2))
        found: torch.Tensor = self.rest(self.unit(padded)).mean((2, 3))
        return found


def test_a_twin_shares_what_is_not_substituted(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Pooled().eval()
    substitutes = {nn.Sequential: lambda parts: PrepackedConvolution(*parts, relu=False)}
    twin = prepacked(module, substitutes)
    assert isinstance(twin.unit, PrepackedConvolution)
    assert isinstance(module.unit, nn.Sequential)
    assert twin.rest.weight is module.rest.weight
    shape = ItemShape("pooled", 4, (6, 7), 1)
    frames = torch.rand(3, 1, 6, 7, 3) * 255
    network = TorchNetwork(shape, module, "cpu", substitutes=substitutes)
    found = network.features(frames)
    assert network.module is module
    # Where there is nothing to prepack with, the plain module runs.
    monkeypatch.setattr(torch_network, "can_prepack", lambda: False)
    plain = TorchNetwork(shape, module, "cpu", substitutes=substitutes).features(frames)
    torch.testing.assert_close(found, plain, rtol=1e-4, atol=1e-4)
    with torch.no_grad():
        assert torch.equal(plain[:1], module(frames[:1]))

"""The fast mode: what it gives, what it refuses, and that it is the same whatever runs beside it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mcbench.errors import InputError
from mcbench.metrics.networks import backends
from mcbench.metrics.networks.backends import (
    LIMIT,
    Deviation,
    candidate_runners,
    fast_lpips,
    fast_network,
    feature_deviation,
    lpips_deviation,
)
from mcbench.metrics.networks.embedded import load_embedded
from mcbench.metrics.networks.lpips import load_lpips
from mcbench.metrics.networks.probe import probe_frames, probe_items
from mcbench.metrics.networks.registry import load_network
from mcbench.metrics.networks.runners import TorchRunner
from mcbench.metrics.networks.torch_network import TorchNetwork
from tests.metrics.networks.seeded import load_by_name, random_batch, seeded_lpips

openvino_runner = pytest.importorskip("mcbench.metrics.networks.openvino_runner")
pytest.importorskip("openvino", reason="the extra `fast` is not installed")
OpenVinoRunner = openvino_runner.OpenVinoRunner


class Rounding:
    """A back end that computes in torch and rounds what comes out."""

    backend = "rounding"

    def __init__(self, module: nn.Module, bits: int) -> None:
        self._exact, self._scale = TorchRunner(module, torch.device("cpu")), 2.0**bits

    def __call__(self, values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(torch.round(one * self._scale) / self._scale for one in self._exact(values))


@pytest.mark.parametrize("name", ["image", "motion"])
def test_fast_features_are_those_of_fp32(name: str) -> None:
    exact, fast = load_network(name).network, load_network(name, precision="fast").network
    assert exact.backend == "torch-fp32"
    assert fast.backend in ("openvino-f32", "openvino-bf16")
    prediction, truth = probe_items(exact)
    deviation = feature_deviation(exact, fast, prediction, truth)
    assert deviation.backend == fast.backend
    assert deviation.metrics.keys() == {"frechet", "kernel", "squared"}
    assert 0 < deviation.worst <= LIMIT
    assert deviation.items < 1e-2


@pytest.mark.parametrize("file", ["inception_file", "resnet_file"])
def test_reference_networks_run_fast(file: str, request: pytest.FixtureRequest) -> None:
    name = {"inception_file": "inception", "resnet_file": "resnet50-kinetics"}[file]
    network = load_by_name(name, request.getfixturevalue(file))
    fast = network.through(OpenVinoRunner(network.module, "f32"))
    batch = random_batch(network, 2)
    expected, found = network.features(batch), fast.features(batch)
    assert float((found - expected).norm() / expected.norm()) < 1e-5


@pytest.mark.slow
def test_i3d_runs_fast(i3d_file: Path) -> None:
    network = load_by_name("i3d", i3d_file)
    fast = network.through(OpenVinoRunner(network.module, "f32"))
    clip = random_batch(network, 1)
    expected, found = network.features(clip), fast.features(clip)
    assert float((found - expected).norm() / expected.norm()) < 1e-5


def test_lpips_runs_fast() -> None:
    network = seeded_lpips("alex")
    fast = network.through(OpenVinoRunner(network.module, "f32"))
    prediction, truth = (clips[:2, 0, :96, :64] for clips in probe_frames())
    assert lpips_deviation(network, fast, prediction, truth).worst < 1e-5
    np.testing.assert_array_equal(fast.distance(truth, truth), 0.0)
    np.testing.assert_allclose(
        fast.spatial(prediction, truth), network.spatial(prediction, truth), rtol=1e-3, atol=1e-6
    )
    small = prediction[:, :64, :48], truth[:, :64, :48]
    np.testing.assert_allclose(fast.distance(*small), network.distance(*small), rtol=1e-5)


@pytest.mark.shared
def test_lpips_loads_fast(trunks_home: Path) -> None:
    fast = load_lpips("alex", home=trunks_home, precision="fast")
    assert fast.backend in ("openvino-f32", "openvino-bf16")
    assert fast.weights == load_lpips("alex", home=trunks_home).weights


def test_values_do_not_depend_on_batch_or_threads() -> None:
    network = load_embedded("clip")
    fast = network.through(OpenVinoRunner(network.module, "f32"))
    batch = random_batch(network, 6)
    expected = fast.features(batch)
    torch.set_num_threads(3)
    assert torch.equal(fast.features(batch[[4, 1, 2]]), expected[[4, 1, 2]])

    def one(place: int) -> torch.Tensor:
        torch.set_num_threads(1)
        return fast.features(batch[place : place + 1])[0]

    with ThreadPoolExecutor(4) as pool:
        for place, found in zip(list(range(6)) * 3, pool.map(one, list(range(6)) * 3), strict=True):
            assert torch.equal(found, expected[place])


def test_the_first_sound_back_end_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    network = load_embedded("image")
    made: list[int] = []

    def candidates(module: nn.Module, device: torch.device):
        return [lambda bits=bits: made.append(bits) or Rounding(module, bits) for bits in (1, 12, 20)]

    monkeypatch.setattr(backends, "candidate_runners", candidates)
    assert fast_network(network).backend == "rounding"
    assert made == [1, 12]
    monkeypatch.setattr(backends, "candidate_runners", lambda *given: candidates(*given)[:1])
    with pytest.raises(
        InputError, match=r"no fast back end stays within 0\.1 % .* rounding is off by [\d.e+]+ %"
    ):
        fast_network(network)
    lpips = seeded_lpips("alex")
    with pytest.raises(InputError, match="leave the fast mode out"):
        fast_lpips(lpips, tuple(clips[:1, 0] for clips in probe_frames()))


def test_items_of_ones_own_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    network = load_embedded("image")
    monkeypatch.setattr(backends, "candidate_runners", lambda *_: [lambda: Rounding(network.module, 6)])
    near = random_batch(network, 4).float()
    assert fast_network(network, (near.flip(1) / 2, near)).backend == "rounding"
    # Where the two sides hardly differ, the same rounding is a large part of the distance.
    with pytest.raises(InputError, match="off by"):
        fast_network(network, (near + 0.01, near))


def test_a_deviation_that_is_no_number_is_not_sound() -> None:
    assert Deviation("x", 0.0, {"a": 0.0, "b": LIMIT}).sound
    assert not Deviation("x", 0.0, {"a": 0.0, "b": 1.01 * LIMIT}).sound
    assert not Deviation("x", 0.0, {"a": 0.0, "b": float("nan")}).sound
    assert backends._relative(1.0, 0.0) == float("inf")
    assert backends._relative(0.0, 0.0) == 0.0


def test_which_back_ends_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load_embedded("image").module
    for capable, names in ((True, ["openvino-bf16", "openvino-f32"]), (False, ["openvino-f32"])):
        monkeypatch.setattr(backends, "has_bf16", lambda capable=capable: capable)
        assert [make().backend for make in candidate_runners(module, torch.device("cpu"))] == names
    on_gpu = candidate_runners(module, torch.device("cuda"))
    assert [make().backend for make in on_gpu] == ["torch-bf16", "torch-tf32"]
    with pytest.raises(InputError, match="no fast mode for the device mps"):
        candidate_runners(module, torch.device("mps"))


def test_without_openvino_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(InputError, match="the fast mode on a CPU needs OpenVINO") as raised:
        load_network("image", precision="fast")
    assert raised.value.hint == "pip install 'mcbench[fast]'"


def test_openvino_is_loaded_without_its_telemetry() -> None:
    code = (
        "import sys; from mcbench.metrics.networks.openvino_runner import has_bf16\n"
        "has_bf16(); print([name for name in sys.modules if name.startswith('openvino_telemetry')])\n"
        "import openvino.tools.ovc.telemetry_utils as used; print(used.tm.__name__)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[:2] == ["[]", "openvino.tools.ovc.telemetry_stub"]


def test_what_openvino_cannot_run_is_an_error() -> None:
    class Odd(nn.Module):
        def forward(self, frames: torch.Tensor) -> torch.Tensor:
            return torch.special.bessel_j0(frames).mean(dim=(1, 2, 3, 4))[:, None]

    with pytest.raises(InputError, match="OpenVINO cannot run Odd"):
        OpenVinoRunner(Odd(), "f32")(torch.ones(1, 1, 4, 4, 3))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("arithmetic", ["tf32", "bf16"])
def test_cuda_arithmetic(arithmetic) -> None:
    network: TorchNetwork = load_embedded("clip", "cuda")
    fast = network.through(TorchRunner(network.module, network.device, arithmetic))
    batch = random_batch(network, 3)
    expected = network.features(batch)
    assert torch.equal(network.features(batch), expected)
    assert float((fast.features(batch) - expected).norm() / expected.norm()) < 0.2
    assert float((load_embedded("clip").features(batch) - expected.cpu()).norm() / expected.norm()) < 1e-4

"""Files of weights: read with care, and every tensor accounted for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from mcbench.errors import FileFormatError
from mcbench.metrics.networks.i3d import load_i3d
from mcbench.metrics.networks.inception import load_inception
from mcbench.metrics.networks.resnet3d import load_resnet3d
from mcbench.weights.loading import load_strict, read_state

REAL = [
    ("inception_file", load_inception, "Mixed_6c.branch7x7_2.conv.weight"),
    ("i3d_file", load_i3d, "Mixed_4f.b1b.bn.running_var"),
    ("resnet_file", load_resnet3d, "layer3.5.bn2.bias"),
]


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


def test_a_network_on_no_device_is_filled() -> None:
    with torch.device("meta"):
        network = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    state = dict(nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).state_dict())
    del state["1.num_batches_tracked"]
    state["0.bias"] = state["0.bias"].double()
    load_strict(network, state, "a file")
    assert {value.device.type for value in network.state_dict().values()} == {"cpu"}
    assert network[0].bias.dtype == torch.float32
    assert torch.equal(network[0].weight, state["0.weight"])


@pytest.mark.parametrize(("file", "load", "name"), REAL)
def test_real_formats_lacking_a_tensor_or_having_one_more(
    file: str,
    load: Callable[[Path, str], object],
    name: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    whole: Path = request.getfixturevalue(file)
    content = torch.load(whole, weights_only=True)
    path = tmp_path / whole.name

    def write(change: Callable[[dict[str, torch.Tensor], str], None]) -> None:
        nested = "state_dict" in content
        state = dict(content["state_dict"] if nested else content)
        change(state, f"module.{name}" if nested else name)
        torch.save({**content, "state_dict": state} if nested else state, path)

    write(lambda state, key: state.__delitem__(key))
    with pytest.raises(FileFormatError, match=rf"{whole.name} do not fit the network: 1 missing \({name}\)"):
        load(path, "cpu")
    write(lambda state, key: state.__setitem__(f"{key}.more", torch.zeros(1)))
    with pytest.raises(FileFormatError, match=rf"1 unexpected \({name}\.more\)"):
        load(path, "cpu")
    write(lambda state, key: state.__setitem__(key, state[key][1:]))
    with pytest.raises(FileFormatError, match=rf"1 of another shape \({name} "):
        load(path, "cpu")
    path.write_bytes(whole.read_bytes()[:100_000])
    with pytest.raises(FileFormatError, match=f"{whole.name} is not a torch file"):
        load(path, "cpu")


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

"""The registry: what it says of a network is so."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from mcbench import weights
from mcbench.errors import InputError, WeightsMissingError
from mcbench.metrics.networks import golden, i3d, inception, resnet3d
from mcbench.metrics.networks.golden import check_golden
from mcbench.metrics.networks.registry import NETWORKS, LoadedNetwork, load_network, network_entry
from mcbench.metrics.networks.torch_network import FromFrames, TorchNetwork
from mcbench.records import WeightsUse


@pytest.mark.parametrize("name", ["image", "clip", "motion"])
def test_embedded_networks_are_what_their_entries_say(name: str) -> None:
    entry, loaded = network_entry(name), load_network(name)
    network = loaded.network
    assert entry.family == "embedded"
    assert (network.name, network.dimensions) == (entry.name, entry.dimensions)
    assert (network.input_size, network.clip_length) == (entry.input_size, entry.clip_length)
    assert loaded.weights.name == f"{name}@embedded"


@pytest.mark.parametrize("shape", [i3d.SHAPE, inception.SHAPE, resnet3d.SHAPE], ids=lambda shape: shape.name)
def test_reference_networks_are_what_their_entries_say(shape) -> None:
    entry = NETWORKS[shape.name]
    assert entry.family == "reference"
    assert (shape.dimensions, shape.input_size, shape.clip_length) == (
        entry.dimensions,
        entry.input_size,
        entry.clip_length,
    )


def test_loading_from_the_folder_of_weights(resnet_file: Path, tmp_path: Path) -> None:
    installed = weights.add("resnet50-kinetics", resnet_file, tmp_path)
    loaded = load_network("resnet50-kinetics", home=tmp_path)
    network = loaded.network
    assert (network.name, network.dimensions) == ("resnet50-kinetics", 2048)
    assert (network.input_size, network.clip_length) == ((112, 112), 16)
    assert (network.shortest_clip, network.longest_clip) == (16, 16)
    assert loaded.weights.sha256 == installed.sha256
    assert check_golden("resnet50-kinetics", tmp_path) == []


class Colour(nn.Module):
    """The mean colour of a clip."""

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        assert clips.shape == (1, 3, 30, 224, 224)
        return clips.mean((2, 3, 4))


def test_golden_value_of_flat_clips_is_a_squared_distance() -> None:
    network = TorchNetwork(i3d.SHAPE, FromFrames(Colour(), scale=127.5, shift=(1.0, 1.0, 1.0)), "cpu")
    loaded = LoadedNetwork(network, WeightsUse(name="i3d", sha256="0" * 64))
    # Black is -1 in three colours, white +1: 3 * 2^2.
    assert golden._flat_fvd(loaded, 12.0).found == pytest.approx(12.0)
    assert golden._flat_fvd(loaded, 12.9).holds
    assert not golden._flat_fvd(loaded, 13.1).holds


def test_missing_and_unknown_networks_are_named() -> None:
    with pytest.raises(WeightsMissingError, match=r"i3d_pretrained_400\.pt or i3d_torchscript\.pt"):
        load_network("i3d")
    with pytest.raises(InputError, match="no metric network is called 'i3dd'"):
        load_network("i3dd")

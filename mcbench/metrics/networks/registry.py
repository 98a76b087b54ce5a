"""Every network that turns frames or clips into features, by name."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mcbench import files, weights
from mcbench.errors import InputError, WeightsMissingError
from mcbench.records import NetworkFamily, Precision, WeightsUse

if TYPE_CHECKING:
    from mcbench.metrics.networks.contract import FeatureNetwork
    from mcbench.metrics.networks.torch_network import TorchNetwork

Loader: TypeAlias = "Callable[[Path, str], TorchNetwork]"
"""(file of weights, device) -> network."""


@dataclass(frozen=True)
class NetworkEntry:
    """What is known of a network without loading it.

    Attributes:
        name: for protocols and records.
        family: `reference` networks are those of the field's tables, `embedded` ones mcbench's own.
        clip_length: frames in an item; 1 for images.
        input_size: (height, width) of the frames it takes.
        dimensions: of its features.
        preprocessing: what it does to frames of that size on 0..255.
        weights: names in the catalogue, any of which will do, the first to be preferred; empty where
            the weights are part of the package.
        loader: `module:attribute`, of a `Loader` where `weights` are given, else of a callable
            (name, device) -> network.
    """

    name: str
    family: NetworkFamily
    clip_length: int
    input_size: tuple[int, int]
    dimensions: int
    preprocessing: str
    weights: tuple[str, ...]
    loader: str


@dataclass(frozen=True)
class LoadedNetwork:
    """A network and the file that it was loaded from."""

    network: FeatureNetwork
    weights: WeightsUse


_LOAD_EMBEDDED = "mcbench.metrics.networks.embedded:load_embedded"
NETWORKS: dict[str, NetworkEntry] = {
    entry.name: entry
    for entry in (
        NetworkEntry(
            "inception", "reference", 1, (299, 299), 2048, "x / 127.5 - 1", ("inception",),
            "mcbench.metrics.networks.inception:load_inception",
        ),
        NetworkEntry(
            "resnet50-kinetics", "reference", 16, (112, 112), 2048, "x - (114.7748, 107.7354, 99.4750)",
            ("resnet50-kinetics",), "mcbench.metrics.networks.resnet3d:load_resnet3d",
        ),
        NetworkEntry(
            "i3d", "reference", 16, (224, 224), 400, "x / 127.5 - 1", ("i3d", "i3d-torchscript"),
            "mcbench.metrics.networks.i3d:load_i3d",
        ),
        NetworkEntry("image", "embedded", 1, (168, 120), 64, "x / 127.5 - 1", (), _LOAD_EMBEDDED),
        NetworkEntry("clip", "embedded", 16, (84, 60), 64, "x / 127.5 - 1", (), _LOAD_EMBEDDED),
        NetworkEntry("motion", "embedded", 16, (84, 60), 64, "x / 127.5 - 1", (), _LOAD_EMBEDDED),
    )
}  # fmt: skip


def network_entry(name: str) -> NetworkEntry:
    """Return the entry of a name.

    Raises:
        InputError: there is none.
    """
    try:
        return NETWORKS[name]
    except KeyError:
        near = difflib.get_close_matches(name, NETWORKS, n=3, cutoff=0.3) or list(NETWORKS)
        raise InputError(f"no metric network is called {name!r}", f"there are {', '.join(near)}") from None


def load_network(
    name: str, *, home: Path | None = None, device: str = "cpu", precision: Precision = "fp32"
) -> LoadedNetwork:
    """Load a network by name.

    Args:
        name: from `NETWORKS`.
        home: mcbench's folder, where the weights of reference networks lie.
        device: a torch device.
        precision: `fast` for the quickest sound back end (`backends.fast_network`).

    Raises:
        InputError: no such name; or `fast`, and its back end is not installed or not sound here.
        WeightsMissingError: its weights are not on this machine.
        FileFormatError: they do not fit the network.
    """
    entry = network_entry(name)
    loaded = (
        _load_from(entry, _first_present(entry, home), device) if entry.weights else _load_own(entry, device)
    )
    network, used = loaded
    if precision == "fast":
        from mcbench.metrics.networks.backends import fast_network

        network = fast_network(network)
    return LoadedNetwork(network, used)


def load_network_from(
    name: str, weights_name: str, *, home: Path | None = None, device: str = "cpu"
) -> LoadedNetwork:
    """Load a reference network from one particular file of those that it can be loaded from.

    Raises:
        InputError: no such name.
        WeightsMissingError, FileFormatError: as `load_network`.
    """
    return LoadedNetwork(*_load_from(network_entry(name), weights.present(weights_name, home), device))


def weights_in_use(name: str, home: Path | None = None) -> WeightsUse:
    """Return the file of weights that a network, or a trunk of LPIPS as `lpips-vgg`, would be loaded from.

    The file's bytes are not looked at, which loading does.

    Raises:
        InputError: no such name.
        WeightsMissingError: its weights are not on this machine.
    """
    if name.startswith("lpips-"):
        there = weights.present(name, home, check=False)
        return WeightsUse(name=there.name, sha256=there.sha256)
    entry = network_entry(name)
    if not entry.weights:
        path = importlib.import_module(entry.loader.partition(":")[0]).embedded_weights(name)
        return WeightsUse(name=f"{name}@embedded", sha256=files.sha256_file(path))
    there = _first_present(entry, home, check=False)
    return WeightsUse(name=there.name, sha256=there.sha256)


def get_command(name: str) -> str:
    """Return the command that brings a network's weights here."""
    entry = network_entry(name)
    return weights.entry(entry.weights[0]).get_command if entry.weights else "install mcbench again"


def _load_own(entry: NetworkEntry, device: str) -> tuple[TorchNetwork, WeightsUse]:
    module, _, attribute = entry.loader.partition(":")
    family = importlib.import_module(module)
    sha256 = files.sha256_file(family.embedded_weights(entry.name))
    return getattr(family, attribute)(entry.name, device), WeightsUse(
        name=f"{entry.name}@embedded", sha256=sha256
    )


def _load_from(entry: NetworkEntry, there: weights.Present, device: str) -> tuple[TorchNetwork, WeightsUse]:
    module, _, attribute = entry.loader.partition(":")
    loader: Loader = getattr(importlib.import_module(module), attribute)
    return loader(there.path, device), WeightsUse(name=there.name, sha256=there.sha256)


def _first_present(entry: NetworkEntry, home: Path | None, *, check: bool = True) -> weights.Present:
    for name in entry.weights:
        if weights.is_present(name, home):
            return weights.present(name, home, check=check)
    preferred = weights.entry(entry.weights[0])
    raise WeightsMissingError(
        f"the network {entry.name} needs weights that are not on this machine: "
        f"{' or '.join(weights.entry(name).published_as[0] for name in entry.weights)}",
        preferred.get_command,
    )

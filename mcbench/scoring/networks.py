"""The networks that a set of protocols needs, loaded once, and which metrics lack theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcbench import weights
from mcbench.errors import FileFormatError, InputError, MismatchError, WeightsMissingError
from mcbench.metrics.networks.lpips import LpipsNetwork, Trunk, load_lpips
from mcbench.metrics.networks.registry import LoadedNetwork, get_command, load_network, network_entry
from mcbench.records import NetworkFamily, Unavailable, WeightsUse
from mcbench.scoring.protocols import FeatureSetting, Protocol


@dataclass
class Networks:
    """What is loaded, and why the rest is not.

    Attributes:
        family: of the feature networks.
        lpips: trunk -> LPIPS.
        features: registry name -> network.
        unavailable: trunk (as `lpips-vgg`) or registry name -> reason and the command that helps.
        left_out: keys of metrics that were asked to be left out; networks that only they need are not loaded.
    """

    family: NetworkFamily
    left_out: frozenset[str] = frozenset()
    lpips: dict[Trunk, LpipsNetwork] = field(default_factory=dict)
    features: dict[str, LoadedNetwork] = field(default_factory=dict)
    unavailable: dict[str, Unavailable] = field(default_factory=dict)

    def of(self, setting: FeatureSetting) -> LoadedNetwork | None:
        """Return the network of a role, or None where it is not to be had."""
        return self.features.get(setting.networks[self.family])

    def used(self, protocol: Protocol) -> dict[str, WeightsUse]:
        """Return role or LPIPS name -> file of weights, of all that the protocol used."""
        used = {}
        for metric in protocol.frame_metrics:
            if metric.trunk and metric.trunk in self.lpips:
                used[f"lpips_{metric.trunk}"] = self.lpips[metric.trunk].weights
        for setting in protocol.features:
            loaded = self.of(setting)
            if loaded is not None:
                used[setting.networks[self.family]] = loaded.weights
        return used


def load_networks(
    protocols: Iterable[Protocol],
    family: NetworkFamily,
    *,
    left_out: Collection[str] = (),
    home: Path | None = None,
    device: str = "cpu",
) -> Networks:
    """Load every network that the protocols ask for and this machine has.

    A network that is missing or does not load is recorded as unavailable; nothing takes its place. Networks
    that only metrics of `left_out` need are not looked for.

    Raises:
        InputError: no protocol has a metric of a key in `left_out`.
        MismatchError: a network takes clips of another length than the protocol cuts.
    """
    protocols = list(protocols)
    _check_keys(protocols, left_out)
    networks = Networks(family, frozenset(left_out))
    for protocol in protocols:
        for metric in protocol.frame_metrics:
            if metric.trunk and metric.trunk not in networks.lpips and metric.key not in left_out:
                _load_lpips(networks, metric.trunk, home, device)
        wanted = {metric.role for metric in protocol.distribution_metrics if metric.key not in left_out}
        for setting in (one for one in protocol.features if one.role in wanted):
            name = setting.networks[family]
            if network_entry(name).clip_length != setting.clip_length:
                raise MismatchError(f"{protocol.name} cuts clips of {setting.clip_length} frames for {name}")
            if name not in networks.features:
                _load_features(networks, name, home, device)
    return networks


def _check_keys(protocols: Sequence[Protocol], left_out: Collection[str]) -> None:
    known = {metric.key for protocol in protocols for metric in protocol.frame_metrics}
    known |= {metric.key for protocol in protocols for metric in protocol.distribution_metrics}
    if unknown := sorted(set(left_out) - known):
        raise InputError(
            f"no metric is called {', '.join(unknown)}", f"the metrics are {', '.join(sorted(known))}"
        )


def _load_lpips(networks: Networks, trunk: Trunk, home: Path | None, device: str) -> None:
    try:
        networks.lpips[trunk] = load_lpips(trunk, home=home, device=device)
    except (WeightsMissingError, FileFormatError) as error:
        command = weights.entry(f"lpips-{trunk}").get_command
        networks.unavailable[f"lpips-{trunk}"] = Unavailable(reason=error.message, command=command)


def _load_features(networks: Networks, name: str, home: Path | None, device: str) -> None:
    try:
        networks.features[name] = load_network(name, home=home, device=device)
    except (WeightsMissingError, FileFormatError) as error:
        networks.unavailable[name] = Unavailable(reason=error.message, command=get_command(name))

"""The networks that a set of protocols needs: which are here, and loading each when it is first used."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from mcbench import weights
from mcbench.errors import FileFormatError, InputError, MismatchError, WeightsMissingError
from mcbench.estimators.pose import DETECTORS, PoseDetector, detector_weights, load_detector
from mcbench.estimators.pose.blazepose import BLAZEPOSE
from mcbench.metrics.networks.contract import FeatureNetwork
from mcbench.metrics.networks.lpips import LpipsNetwork, Trunk, load_lpips
from mcbench.metrics.networks.registry import get_command, load_network, network_entry, weights_in_use
from mcbench.records import NetworkFamily, Part, Precision, Unavailable, WeightsUse
from mcbench.scoring.people.pose import DETECTOR_OF, POSE_FUNCTIONS
from mcbench.scoring.protocols import FeatureSetting, FrameMetric, PeopleMetric, Protocol

FULL_PRECISION = "torch-fp32"
"""What runs networks where the fast mode is not asked for."""


class NetworkRequest(Part):
    """Which networks to take, and how they run."""

    family: NetworkFamily
    left_out: tuple[str, ...] = ()
    """Keys of metrics not to compute; networks that only they need are not looked for."""
    home: Path | None = None
    device: str = "cpu"
    precision: Precision = "fp32"


@dataclass
class Networks:
    """What is here, and why the rest is not. Loads each network when it is first asked for.

    Attributes:
        request: which were asked for.
        known: registry name, or trunk as `lpips-vgg` -> file of weights.
        unavailable: registry name or trunk -> reason and the command that helps.
        loaded: name -> network.
    """

    request: NetworkRequest
    known: dict[str, WeightsUse] = field(default_factory=dict)
    unavailable: dict[str, Unavailable] = field(default_factory=dict)
    loaded: dict[str, LpipsNetwork | FeatureNetwork | PoseDetector] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def left_out(self) -> Collection[str]:
        """Keys of metrics not to compute."""
        return self.request.left_out

    def name_of(self, setting: FeatureSetting) -> str | None:
        """Return the registry name of a role's network, or None where the family has none for it."""
        return setting.networks.get(self.request.family)

    def has(self, metric: FrameMetric | PeopleMetric) -> bool:
        """Return whether a frame metric is wanted, and its network, if it needs one, is here."""
        return metric.key not in self.left_out and (not metric.trunk or f"lpips-{metric.trunk}" in self.known)

    def lpips(self, trunk: Trunk) -> LpipsNetwork:
        """Return LPIPS with a trunk that is known.

        Raises:
            WeightsMissingError, FileFormatError: the file has changed since it came, or does not fit.
        """
        name, request = f"lpips-{trunk}", self.request
        with self._lock:
            if name not in self.loaded:
                self.loaded[name] = load_lpips(
                    trunk, home=request.home, device=request.device, precision=request.precision
                )
            found = self.loaded[name]
        assert isinstance(found, LpipsNetwork)
        return found

    def features(self, name: str) -> FeatureNetwork:
        """Return a feature network that is known; raises as `lpips`."""
        request = self.request
        with self._lock:
            if name not in self.loaded:
                loaded = load_network(
                    name, home=request.home, device=request.device, precision=request.precision
                )
                self.loaded[name] = loaded.network
            found = self.loaded[name]
        return cast(FeatureNetwork, found)

    @property
    def detector_name(self) -> str:
        """Name of the pose detector that goes with the family."""
        return DETECTOR_OF[self.request.family]

    def detector(self) -> PoseDetector:
        """Return the pose detector, which is known.

        Raises:
            InputError: what runs it is not installed.
            WeightsMissingError, FileFormatError: as `lpips`.
        """
        request, name = self.request, self.detector_name
        with self._lock:
            if name not in self.loaded:
                loaded = load_detector(name, home=request.home, device=request.device)
                self.loaded[name] = loaded.detector
            return cast(PoseDetector, self.loaded[name])

    def dimensions(self, name: str) -> int:
        """Return the length of a network's features, without loading it."""
        found = self.loaded.get(name)
        if found is not None:
            return cast(FeatureNetwork, found).dimensions
        return network_entry(name).dimensions

    def backend(self, name: str) -> str:
        """Return what runs a network.

        At full precision that is known without loading it; in the fast mode the first sound back end is
        found by trying it.
        """
        if name == BLAZEPOSE:
            return "openvino-f32"  # it comes as a model of another framework, which torch does not run
        if self.request.precision == "fp32" or name == self.detector_name:
            return FULL_PRECISION
        if name.startswith("lpips-"):
            return self.lpips("vgg" if name.endswith("vgg") else "alex").backend
        return self.features(name).backend

    def runs_on(self, name: str) -> str:
        """Return what a network's values depend on besides its weights: the back end and kind of device."""
        return f"{self.backend(name)} {self.request.device.partition(':')[0]}"

    def used(self, protocol: Protocol) -> dict[str, WeightsUse]:
        """Return network -> file of weights, of all that the protocol uses."""
        names = [f"lpips-{metric.trunk}" for metric in _over_frames(protocol) if metric.trunk]
        if any(metric.function in POSE_FUNCTIONS for metric in protocol.people_metrics):
            names.append(self.detector_name)
        names += [name for setting in protocol.features if (name := self.name_of(setting)) is not None]
        return {
            name.replace("lpips-", "lpips_"): self.known[name]
            for name in dict.fromkeys(names)
            if name in self.known
        }


def find_networks(protocols: Iterable[Protocol], request: NetworkRequest) -> Networks:
    """Look which networks the protocols need and this machine has; none is loaded yet.

    A network that is missing is recorded as unavailable; nothing takes its place.

    Raises:
        InputError: no protocol has a metric of a key in `left_out`.
        MismatchError: a network takes clips of another length than the protocol cuts.
    """
    protocols = list(protocols)
    _check_keys(protocols, request.left_out)
    networks = Networks(request)
    for protocol in protocols:
        for trunk in {
            metric.trunk for metric in _over_frames(protocol) if metric.key not in request.left_out
        }:
            if trunk:
                _find(networks, f"lpips-{trunk}", weights.entry(f"lpips-{trunk}").get_command)
        pose = {metric.key for metric in protocol.people_metrics if metric.function in POSE_FUNCTIONS}
        if pose - set(request.left_out):
            name = networks.detector_name
            _find(networks, name, weights.entry(name).get_command if name in weights.CATALOGUE else "")
        wanted = {
            metric.role for metric in protocol.distribution_metrics if metric.key not in request.left_out
        }
        for setting in (one for one in protocol.features if one.role in wanted):
            role_network = networks.name_of(setting)
            if role_network is None:
                continue
            if not setting.prefixes and network_entry(role_network).clip_length != setting.clip_length:
                raise MismatchError(
                    f"{protocol.name} cuts clips of {setting.clip_length} frames for {role_network}"
                )
            _find(networks, role_network, get_command(role_network))
    return networks


@functools.lru_cache(maxsize=2)
def networks_of_process(protocols: str, request: str, weights_sha256: str) -> Networks:
    """Return the networks of jobs, shared by all jobs that this process runs.

    Args:
        protocols, request: as JSON.
        weights_sha256: name -> sha256 of the file that the jobs were planned with, as JSON.

    Raises:
        WeightsMissingError: this process finds other files.
    """
    found = [Protocol.model_validate(one) for one in json.loads(protocols)]
    networks = find_networks(found, NetworkRequest.model_validate_json(request))
    planned = json.loads(weights_sha256)
    here = {name: used.sha256 for name, used in networks.known.items()}
    if here != planned:
        differing = sorted(name for name in {*here, *planned} if here.get(name) != planned.get(name))
        raise WeightsMissingError(
            f"this process has not the weights that the job was planned with: {', '.join(differing)}",
            "give every worker the same home folder (MCBENCH_HOME)",
        )
    return networks


def _over_frames(protocol: Protocol) -> list[FrameMetric | PeopleMetric]:
    return [*protocol.frame_metrics, *protocol.people_metrics]


def _check_keys(protocols: Sequence[Protocol], left_out: Collection[str]) -> None:
    known: set[str] = set()
    for protocol in protocols:
        known |= {metric.key for metric in protocol.frame_metrics}
        known |= {metric.key for metric in protocol.distribution_metrics}
        known |= {metric.key for metric in protocol.people_metrics}
    if unknown := sorted(set(left_out) - known):
        raise InputError(
            f"no metric is called {', '.join(unknown)}", f"the metrics are {', '.join(sorted(known))}"
        )


def _find(networks: Networks, name: str, command: str) -> None:
    if name in networks.known or name in networks.unavailable:
        return
    try:
        home = networks.request.home
        is_detector = name in DETECTORS
        networks.known[name] = (
            detector_weights(name, home=home) if is_detector else weights_in_use(name, home)
        )
    except (WeightsMissingError, FileFormatError) as error:
        networks.unavailable[name] = Unavailable(reason=error.message, command=command)

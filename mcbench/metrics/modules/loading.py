"""A network that a metric runs: one that was given, or one of a name, loaded where the metric is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import torch

Network = TypeVar("Network")


class NetworkSource(Generic[Network]):
    """Where a metric gets its network from.

    It is kept out of the metric's own modules: it is no part of a checkpoint and never changes precision.

    Args:
        given: a loaded network, which stays on its own device, or None.
        load: device -> network. It is called at once, so that a missing file of weights is told when the
            metric is made, and again where the metric has moved to another device.
    """

    def __init__(self, given: Network | None, load: Callable[[str], Network]) -> None:
        self._given, self._load = given, load
        self._device = torch.device("cpu")
        self._loaded = load("cpu") if given is None else given

    def on(self, device: torch.device) -> Network:
        """Return the network for a metric on that device."""
        if self._given is None and device != self._device:
            self._loaded, self._device = self._load(str(device)), device
        return self._loaded

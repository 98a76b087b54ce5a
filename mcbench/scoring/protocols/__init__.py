"""The protocols, one file each: data that the engine executes, hashed into every score."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from mcbench.errors import InputError
from mcbench.records import NetworkFamily
from mcbench.scoring.protocols.common_metrics_1 import COMMON_METRICS_1
from mcbench.scoring.protocols.disco_2 import DISCO_2
from mcbench.scoring.protocols.humanvid_1 import HUMANVID_1
from mcbench.scoring.protocols.mcbench_1 import MCBENCH_1
from mcbench.scoring.protocols.model import (
    DistributionMetric,
    FeatureSetting,
    FrameFunction,
    FrameMetric,
    FrameSetting,
    PeopleMetric,
    Protocol,
    ResizeOperator,
    Role,
)
from mcbench.scoring.protocols.words import (
    Aspect,
    Difference,
    Group,
    describe_protocol,
    protocol_difference,
)

__all__ = [
    "DEFAULT_PROTOCOLS",
    "PROTOCOLS",
    "Aspect",
    "Difference",
    "DistributionMetric",
    "FeatureSetting",
    "FrameFunction",
    "FrameMetric",
    "FrameSetting",
    "Group",
    "PeopleMetric",
    "Protocol",
    "ResizeOperator",
    "Role",
    "describe_protocol",
    "metric_key",
    "protocol",
    "protocol_difference",
    "protocols",
]

PROTOCOLS: dict[str, Protocol] = {one.name: one for one in (DISCO_2, HUMANVID_1, COMMON_METRICS_1, MCBENCH_1)}
DEFAULT_PROTOCOLS = ("disco/2", "mcbench/1")
"""What `mcbench score` computes unless told otherwise."""


DEFAULT_PROTOCOLS = (DISCO_2.name, MCBENCH_1.name)
"""What is scored where nothing is asked for."""


def protocol(name: str) -> Protocol:
    """Return a protocol by name.

    Raises:
        InputError: there is none of that name.
    """
    try:
        return PROTOCOLS[name]
    except KeyError:
        near = difflib.get_close_matches(name, PROTOCOLS, n=2, cutoff=0.3) or list(PROTOCOLS)
        raise InputError(
            f"no protocol is called {name!r}",
            f"use --protocol {' or '.join(near)}; see: mcbench protocol list",
        ) from None


def protocols(names: Iterable[str]) -> tuple[Protocol, ...]:
    """Return protocols by name, each once; `all` stands for every one there is.

    Raises:
        InputError: there is none of a name.
    """
    found: dict[str, Protocol] = {}
    for name in names:
        found |= PROTOCOLS if name == "all" else {name: protocol(name)}
    return tuple(found.values())


def metric_key(key: str, family: NetworkFamily) -> str:
    """Return the key of a distribution metric: networks other than the field's own are named in it."""
    return key if family == "reference" else f"{key}@{family}"

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
    Metric,
    PeopleMetric,
    Protocol,
    ResizeOperator,
    Role,
)
from mcbench.scoring.protocols.people_1 import PEOPLE_1
from mcbench.scoring.protocols.words import (
    Aspect,
    Difference,
    Group,
    average_aspects,
    describe_protocol,
    frame_aspects,
    metric_aspects,
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
    "Metric",
    "PeopleMetric",
    "Protocol",
    "ResizeOperator",
    "Role",
    "average_aspects",
    "choose_protocols",
    "describe_protocol",
    "frame_aspects",
    "metric_aspects",
    "metric_key",
    "protocol",
    "protocol_difference",
]

PROTOCOLS: dict[str, Protocol] = {
    one.name: one for one in (DISCO_2, HUMANVID_1, COMMON_METRICS_1, MCBENCH_1, PEOPLE_1)
}
DEFAULT_PROTOCOLS = ("disco/2", "mcbench/1")
"""What is computed unless told otherwise; where the data has masks, protocols of people as well."""


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


def choose_protocols(names: Iterable[str] | None = None, *, with_people: bool) -> tuple[Protocol, ...]:
    """Return the protocols that are asked for, each once.

    Args:
        names: of protocols, or `all` for every one; None for those that are computed by default.
        with_people: whether the data has masks of its people. Without them `all` and the default leave out
            protocols of people; one that is named is there all the same.

    Raises:
        InputError: there is none of a name.
    """
    everything = [one for one in PROTOCOLS.values() if with_people or not one.people_metrics]
    if names is None:
        chosen = [one for one in everything if one.name in DEFAULT_PROTOCOLS or one.people_metrics]
    else:
        chosen = [one for name in names for one in (everything if name == "all" else [protocol(name)])]
    return tuple({one.name: one for one in chosen}.values())


def metric_key(key: str, family: NetworkFamily) -> str:
    """Return the key of a distribution metric: networks other than the field's own are named in it."""
    return key if family == "reference" else f"{key}@{family}"

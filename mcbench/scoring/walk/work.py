"""What is to be computed of one video, with what several protocols share named once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mcbench.records import Size
from mcbench.scoring.items import Item, Items
from mcbench.scoring.networks import Networks
from mcbench.scoring.protocols import FrameMetric, FrameSetting, Protocol, ResizeOperator, Role
from mcbench.scoring.transforms import target_size

TRUTH = ""
"""Name of the true side beside those of the runs."""


@dataclass(frozen=True)
class Base:
    """Frames as a protocol sees them: cropped and resized."""

    setting: FrameSetting
    target: Size


@dataclass(frozen=True)
class Function:
    """A frame metric without what does not change its values: key, unit and notes."""

    base: Base
    metric: FrameMetric


@dataclass(frozen=True)
class Stream:
    """Frames on their way into one network."""

    base: Base
    network: str
    operator: ResizeOperator
    fit: Literal["stretch", "cover"]


@dataclass(frozen=True)
class Sizes:
    """(height, width) of the two sides of a pair, as stored."""

    prediction: Size
    truth: Size


@dataclass
class Work:
    """Values and features to compute, of either side of one video.

    Attributes:
        functions: run -> frame metrics.
        items: side (a run, or `TRUTH`) -> stream -> items.
        people: run -> protocols with metrics of people, by name.
    """

    functions: dict[str, set[Function]] = field(default_factory=dict)
    items: dict[str, dict[Stream, set[Item]]] = field(default_factory=dict)
    people: dict[str, set[str]] = field(default_factory=dict)

    def empty(self, side: str) -> bool:
        """Return whether nothing is to be computed that needs the frames of a side."""
        if any(self.items.get(side, {}).values()):
            return False
        runs = self.runs() if side == TRUTH else [side]
        return not any(self.functions.get(run) or self.people.get(run) for run in runs)

    def runs(self) -> list[str]:
        """Return the names of all runs."""
        return [side for side in self.items if side != TRUTH]

    def bases(self) -> set[Base]:
        """Return the frame settings that anything of this work is computed on."""
        functions = {function.base for found in self.functions.values() for function in found}
        streams = {stream.base for found in self.items.values() for stream, items in found.items() if items}
        return functions | streams


def base_of(setting: FrameSetting, sizes: Sizes) -> Base:
    """Return what a pair of frames is brought to under a setting."""
    return Base(setting, target_size(setting, sizes.truth, sizes.prediction))


def function_of(metric: FrameMetric, base: Base) -> Function:
    """Return a frame metric as it is computed; two protocols may share it."""
    plain = metric.model_copy(update={"key": "", "unit": "", "note": "", "higher_is_better": False})
    return Function(base, plain)


def functions_of(protocol: Protocol, sizes: Sizes, networks: Networks) -> dict[str, Function]:
    """Return key -> frame metric, of those whose network is here."""
    base = base_of(protocol.frames, sizes)
    return {
        metric.key: function_of(metric, base) for metric in protocol.frame_metrics if networks.has(metric)
    }


def streams_of(protocol: Protocol, sizes: Sizes, networks: Networks) -> Iterator[tuple[Role, Stream]]:
    """Yield (role, stream) of a protocol's features, of those whose network is here."""
    for setting in protocol.features:
        name = networks.name_of(setting)
        if name is not None and name in networks.known:
            base = base_of(setting.frames or protocol.frames, sizes)
            yield setting.role, Stream(base, name, setting.resize[networks.request.family], setting.fit)


def all_work(
    protocols: Iterable[Protocol],
    sizes: Mapping[str, Sizes],
    items: Mapping[str, Mapping[str, Items]],
    networks: Networks,
) -> Work:
    """Return everything that protocols ask for of one video.

    Args:
        protocols: to feed.
        sizes: run -> sizes of its pair; they decide the targets.
        items: run -> protocol -> role -> items.
        networks: which are here.
    """
    work = Work(
        functions={run: set() for run in items},
        items={side: {} for side in (TRUTH, *items)},
        people={run: set() for run in items},
    )
    for protocol in protocols:
        for run, planned in items.items():
            work.functions[run] |= set(functions_of(protocol, sizes[run], networks).values())
            if protocol.people_metrics:
                work.people[run].add(protocol.name)
            for role, stream in streams_of(protocol, sizes[run], networks):
                wanted = planned[protocol.name].get(role, ())
                for side in (TRUTH, run):
                    work.items[side].setdefault(stream, set()).update(wanted)
    return work

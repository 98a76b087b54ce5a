"""What scoring a video finds: values of its frames, and features that may still lie in the cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import FileFormatError
from mcbench.records import Unavailable
from mcbench.scoring.cache import ScoreCache
from mcbench.scoring.items import Item
from mcbench.scoring.people.collector import PeopleValues
from mcbench.scoring.protocols import Role


@dataclass(frozen=True)
class Features:
    """Features of one video, float32 [N, D] on either side, and the items that they are of."""

    prediction: NDArray[np.float32]
    truth: NDArray[np.float32]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Rows:
    """Features of one side of a video: in memory, or by name in a cache.

    Attributes:
        key: name of the entry; it tells the content also where no cache is used.
        items: that are wanted, in order.
        array: float32 [len(items), D], or None where they are to be read from the cache.
        cache: folder of the cache.
    """

    key: str
    items: tuple[Item, ...]
    array: NDArray[np.float32] | None = None
    cache: Path | None = None

    def of(self, items: Sequence[Item]) -> Rows:
        """Return the part that is of some of the items."""
        if self.array is None:
            return Rows(self.key, tuple(items), cache=self.cache)
        return Rows(self.key, tuple(items), self.array[[self.items.index(item) for item in items]])

    def load(self) -> NDArray[np.float32]:
        """Return the features, float32 [N, D].

        Raises:
            FileFormatError: the entry has gone from the cache.
        """
        if self.array is not None:
            return self.array
        found = stored_rows(ScoreCache(self.cache), self.key, self.items)
        if found is None:
            raise FileFormatError(
                f"an entry of the cache {self.cache} went away while it was needed", "score again"
            )
        return found


@dataclass(frozen=True)
class FeaturePair:
    """Features of both sides of a video for one role."""

    prediction: Rows
    truth: Rows

    @property
    def items(self) -> tuple[Item, ...]:
        """The items of either side."""
        return self.truth.items

    def of(self, items: Sequence[Item]) -> FeaturePair:
        """Return the part of both sides that is of some of the items."""
        return FeaturePair(self.prediction.of(items), self.truth.of(items))

    def load(self) -> Features:
        """Return the arrays; see `Rows.load`."""
        return Features(self.prediction.load(), self.truth.load(), self.items)


@dataclass(frozen=True)
class VideoValues:
    """What was found of one video under one protocol.

    Attributes:
        name: of the video.
        indices: index of each scored frame; 0 is the reference.
        frames: metric -> float64 [number of frames], NaN where a metric has no meaning in a frame.
        features: role -> features.
        people: what was found of the people; None where the protocol has no metrics of them, or the truth
            nothing that they need.
        no_people: key of a metric of people -> why it has no value.
    """

    name: str
    indices: NDArray[np.int64]
    frames: Mapping[str, NDArray[np.float64]]
    features: Mapping[Role, FeaturePair] = field(default_factory=dict)
    people: PeopleValues | None = None
    no_people: Mapping[str, Unavailable] = field(default_factory=dict)


def stored_rows(cache: ScoreCache, key: str, items: Sequence[Item]) -> NDArray[np.float32] | None:
    """Return the rows of some items from an entry of features, or None where it lacks one of them."""
    arrays = cache.get(key)
    if arrays is None:
        return None
    places = {(int(start), int(length)): place for place, (start, length) in enumerate(arrays["items"])}
    wanted = [places.get(item) for item in items]
    if any(place is None for place in wanted):
        return None
    rows: NDArray[np.float32] = arrays["features"][np.asarray(wanted, dtype=np.int64)]
    return rows

"""What comes of comparing methods: typed records."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mcbench.records import NetworkFamily, Part, Precision, Record, Sha256

Probability = Annotated[float, Field(ge=0, le=1)]


class PairTest(Part):
    """Two methods under one metric."""

    first: str
    """The one with the better value."""
    second: str
    difference: float
    """Of the first from the second, in the metric's unit, over the videos that both have."""
    ci_low: float | None
    ci_high: float | None
    p: Probability | None
    """Chance of a difference as large if the methods were alike; None where it cannot be tested."""
    p_adjusted: Probability | None
    """The same after Holm's correction for all pairs of this metric."""
    parted: bool
    """Whether the test tells the two apart."""
    n_videos: int
    wins: int | None = None
    """Videos on which the first has the better value; None for distances between distributions."""
    losses: int | None = None
    """Videos on which the second has; the rest are equal."""


class Standing(Part):
    """A method's place under one metric."""

    method: str
    rank: int
    """1 for the best value; equal values share a rank."""
    value: float
    ci_low: float | None
    ci_high: float | None
    ties: str
    """Letters of its tie groups: two methods share one if, and only if, the test does not part them."""
    tied_with_best: bool
    """Whether the test does not part it from the first of the list."""
    warning: str = ""


class MetricComparison(Part):
    """All methods under one metric, best first."""

    metric: str
    unit: str
    higher_is_better: bool
    test: Literal["sign-flip", "jackknife"]
    """`sign-flip`: paired permutation test over videos. `jackknife`: of the difference of two distances."""
    standings: tuple[Standing, ...]
    pairs: tuple[PairTest, ...]
    lacking: tuple[str, ...] = ()
    """Methods whose records do not have the metric."""
    note: str = ""
    """What a reader should know of the test, such as too few videos to part anything."""

    def pair(self, one: str, other: str) -> PairTest:
        """Return the test of two methods, in either order."""
        return next(pair for pair in self.pairs if {pair.first, pair.second} == {one, other})


class Comparison(Record):
    """Methods that were scored alike, on the same videos."""

    protocol: str
    protocol_sha256: Sha256
    networks: NetworkFamily
    precision: Precision
    split: str | None
    ground_truth_sha256: Sha256
    part: str | None
    """The part of the frames that is compared (a key of a score's `slices`), or None for all."""
    methods: tuple[str, ...]
    videos: tuple[str, ...]
    confidence: float
    """A pair is parted where its adjusted p is at most 1 - confidence."""
    seed: int
    metrics: dict[str, MetricComparison]

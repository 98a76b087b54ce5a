"""What the page knows: typed records that become the JSON inside it.

Tables are drawn when the page is written; everything else (the player, the videos' values, models and runs)
the page's script draws from this.
"""

from __future__ import annotations

from typing import Any

from mcbench.records import Part


class PageMetric(Part):
    """A metric that has values by video or by frame."""

    metric: str
    label: str
    unit: str = ""
    higher_is_better: bool | None = None
    decimals: int
    exponent: int = 0
    """Values are shown in units of ten to this power."""


class PageValue(Part):
    """One metric of a run as its record tells it."""

    metric: str
    label: str
    text: str
    interval: str = ""
    value: float | None = None
    best: bool = False
    ties: str = ""
    """Letters of its tie groups under this metric."""
    counts: str = ""
    noise_floor: float | None = None
    remarks: tuple[str, ...] = ()
    """Notes, warnings, or why there is no value."""


class PageRun(Part):
    """A row of a table: one model's score."""

    id: str
    """A short hash of the record, for links."""
    model: str
    name: str
    rank: int | None
    group: str = ""
    """Letters of its tie groups, where the paired test was made."""
    complete: bool
    coverage: str
    date: str
    commit: str
    record: str
    """Link to the score record."""
    folder: str | None
    """Link to the run, where it lies beside the page."""
    model_facts: tuple[tuple[str, str], ...]
    """What the record tells of the model: (name, value)."""
    facts: tuple[tuple[str, str], ...]
    """What it tells of how the score was made."""
    scores: tuple[PageValue, ...]
    means: dict[str, tuple[float | None, ...]]
    """Metric -> mean of each video, in the order of the table's videos."""
    slices: dict[str, dict[str, str]]
    """Part of the frames -> metric -> value over that part alone, as shown."""
    parts: dict[str, dict[str, tuple[float | None, ...]]]
    """Part of the frames, such as `people=2` -> metric -> mean of each video over that part."""


class PageVideo(Part):
    """A video of a table's split. Links are None where nothing lies there."""

    id: str
    fps: float | None = None
    frames: int | None = None
    """How many frames it has; None where nothing can be played."""
    truth: str | None = None
    pose: str | None = None
    predictions: tuple[str | None, ...]
    """Link of each run of the table, in order."""
    people: int | None = None
    """The most people visible at once."""
    overlap: float | None = None
    """Share of the frames in which two people's boxes overlap."""


class PageBoard(Part):
    """A table: scores that may be compared with each other."""

    id: str
    title: str
    split: str
    source: str
    protocol: str
    networks: str
    metrics: tuple[PageMetric, ...]
    runs: tuple[PageRun, ...]
    videos: tuple[PageVideo, ...]


class PageCurves(Part):
    """Values by frame of one video of a table; a block of their own, read when the video is shown."""

    id: str
    uncounted: tuple[int, ...]
    """Frames that no score counts, such as the reference; they are shown, and take no part in comparisons."""
    series: dict[str, tuple[str, ...]]
    """Metric -> for each run its values of frames 0, 1, ..., divided by commas; empty where there is none."""

    def block(self) -> dict[str, Any]:
        """Return what stands in the block, ready for JSON."""
        return self.model_dump(mode="json", exclude={"id"})


class PageData(Part):
    """All that the page's script draws from."""

    boards: tuple[PageBoard, ...]
    curves: tuple[PageCurves, ...]

    def index(self) -> dict[str, Any]:
        """Return everything but the curves, ready for JSON."""
        return self.model_dump(mode="json", exclude={"curves"})

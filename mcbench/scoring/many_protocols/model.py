"""What stands on a page of several protocols."""

from __future__ import annotations

from mcbench.records import NetworkFamily, Part


class Cell(Part):
    """One number of one protocol."""

    value: float
    unit: str = ""
    ci_low: float | None = None
    ci_high: float | None = None
    n_items: int
    """Frames, clips or videos that it is made of."""
    warning: str = ""


class Reason(Part):
    """Something that protocols settle differently, or that sets one number apart."""

    name: str
    """Such as `definition`, `fed` or `in levels of 255`."""
    words: dict[str, str]
    """Protocol -> what it settles."""


class Row(Part):
    """One metric under every protocol that has it."""

    key: str
    higher_is_better: bool
    cells: dict[str, Cell | None]
    """Protocol -> its number; None where the number could not be had. Protocols that have no such metric are
    not named."""
    elsewhere: dict[str, str]
    """Protocol -> the row that holds what its evaluator publishes under this row's name."""
    reasons: tuple[Reason, ...]
    """Why its numbers differ, or what it is where one protocol alone has it."""


class LeftOut(Part):
    """Metrics that could not be had for one reason."""

    metrics: dict[str, tuple[str, ...]]
    """Protocol -> keys."""
    reason: str
    command: str = ""
    """What gets them; empty where nothing does."""


class SideBySide(Part):
    """One set of predictions under several protocols."""

    title: str
    networks: NetworkFamily
    protocols: dict[str, str]
    """Protocol -> what it is."""
    n_videos: int
    n_frames: int
    frames: tuple[Reason, ...]
    """What each protocol makes of a frame, and how it averages."""
    rows: tuple[Row, ...]
    left_out: tuple[LeftOut, ...]

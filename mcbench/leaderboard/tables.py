"""What a leaderboard shows, typed: tables of scores, tables of printed numbers, and the board of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

from mcbench.leaderboard.notes import Footnote
from mcbench.leaderboard.style import MetricStyle

ABSENT = "–"
Division = Literal["closed", "open"]
"""`closed`: metrics recomputed by continuous integration from the predictions; `open`: self-reported."""


@dataclass(frozen=True)
class Column:
    """One metric of a table."""

    metric: str
    label: str
    higher_is_better: bool | None
    """None where no record of the table has a value."""
    unit: str
    style: MetricStyle
    counted: bool = False
    """Whether the ranking counts it."""
    note: str = ""
    """A remark that all its values share."""
    noise_floor: str = ""
    """What the distance reads between two halves of the true videos, as displayed; empty if unknown."""
    truth_reading: str = ""
    """What the true frames themselves read under the metric, as displayed; empty if not measured."""
    parted: bool = False
    """Whether the paired test tells any two methods apart under it, so that letters say something."""
    footnotes: tuple[int, ...] = ()

    @property
    def arrow(self) -> str:
        """The direction in which the metric is better."""
        return {True: "↑", False: "↓", None: ""}[self.higher_is_better]


@dataclass(frozen=True)
class Cell:
    """One value as it is shown. A missing one is a dash with a footnote."""

    text: str = ABSENT
    interval: str = ""
    """The 95 % interval as `low, high`, or empty."""
    value: float | None = None
    counts: str = ""
    """What the value is made of, such as `20 videos, 3897 items`; items are frames or clips."""
    best: bool = False
    ties: str = ""
    """Letters of its tie groups under this metric; methods that share one are not parted by the paired test.
    Empty where nothing was tested."""
    warning: str = ""
    """Why the number should not be leaned on; empty where nothing is wrong. It is a footnote as well."""
    footnotes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Row:
    """One model's score in a table."""

    model: str
    name: str
    cells: tuple[Cell, ...]
    rank: int | None
    """Place in the table; ties share it. None where the coverage is incomplete or the truth was shown."""
    mean_place: Fraction | None
    complete: bool
    coverage: str
    share: float
    """Share of the expected frames that were scored, 0 to 1."""
    date: str
    commit: str
    dirty: bool | None
    record: Path
    run: Path | None
    division: Division = "open"
    group: str = ""
    """Letters of its groups over all counted metrics: methods that share one are parted by no paired test.
    Empty where nothing was tested."""
    submitter: str = ""
    sees_truth: bool = False
    """Whether it was shown the frames that it is judged by: a yardstick, no method."""
    links: Mapping[str, str] = field(default_factory=dict)
    """What (`paper`, `code`, `page`, `predictions`) -> its address, https alone."""

    @property
    def mark(self) -> str:
        """What stands after the name of a row without a rank: `incomplete`, `shown the truth`, or both."""
        marks = (("incomplete", not self.complete), ("shown the truth", self.sees_truth))
        return ", ".join(text for text, holds in marks if holds)

    @property
    def commit_mark(self) -> str:
        """What stands after the commit: `*` uncommitted changes, `?` not known. The notes explain both."""
        return {True: "*", False: "", None: "?"}[self.dirty]


@dataclass(frozen=True)
class Table:
    """Scores that may be compared with each other."""

    id: str
    """A short hash of what sets the table apart, for anchors."""
    benchmark: str
    split: str
    source: str
    data_sha256: str
    protocol: str
    protocol_sha256: str
    networks: str
    variant: str
    """What else sets it apart: the files of metric networks where records differ in them, the fast mode."""
    division: Division
    test_set: str
    """Which videos the split is, by the benchmark's manifest; empty where mcbench does not know it."""
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    footnotes: tuple[Footnote, ...]

    @property
    def has_noise_floor(self) -> bool:
        """Whether a column knows its noise floor."""
        return any(column.noise_floor for column in self.columns)

    @property
    def has_truth_readings(self) -> bool:
        """Whether a column knows what the true frames read."""
        return any(column.truth_reading for column in self.columns)

    @property
    def has_groups(self) -> bool:
        """Whether any two rows were put to the paired test."""
        return any(row.group for row in self.rows)

    @property
    def title(self) -> str:
        """One line that says what is compared."""
        closed = "" if self.division == "open" else " · closed division"
        return (
            f"{self.split} · {self.source} · {self.protocol} · {self.networks} networks{self.variant}{closed}"
        )


@dataclass(frozen=True)
class PrintedColumn:
    """One metric of a table of printed numbers."""

    metric: str
    label: str
    higher_is_better: bool
    unit: str = ""

    @property
    def arrow(self) -> str:
        """The direction in which the metric is better."""
        return "↑" if self.higher_is_better else "↓"


@dataclass(frozen=True)
class PrintedCell:
    """One printed number; empty text where the row has none."""

    text: str = ""
    value: float | None = None
    notes: tuple[int, ...] = ()
    """Footnotes that its source carries with it."""
    doubts: tuple[int, ...] = ()
    """Footnotes on what other numbers say against it: computed, and marked in its cell."""


@dataclass(frozen=True)
class PrintedRow:
    """One method in one table of one paper."""

    method: str
    paper: str
    table: str
    checked: str
    """How the numbers were read: `ocr`, `code` or `person`; several are parted by a comma."""
    cells: tuple[PrintedCell, ...]
    notes: tuple[int, ...] = ()
    """Footnotes that hold for all its numbers."""


@dataclass(frozen=True)
class PrintedTable:
    """Printed numbers of one benchmark by one evaluator; not ranked, since nobody has computed them again."""

    id: str
    benchmark: str
    protocol: str
    about: str
    """What the evaluator is."""
    test_set: str
    """Which videos the numbers are about, where papers mean different ones by one name; else empty."""
    columns: tuple[PrintedColumn, ...]
    rows: tuple[PrintedRow, ...]
    footnotes: tuple[Footnote, ...]

    @property
    def n_doubts(self) -> int:
        """How many of its numbers are contradicted."""
        return sum(bool(cell.doubts) for row in self.rows for cell in row.cells)

    @property
    def title(self) -> str:
        """One line that says what it shows."""
        return f"{self.benchmark} · published · {self.protocol}"


@dataclass(frozen=True)
class Board:
    """All that a leaderboard shows; made from one frame by `make_board`."""

    tables: tuple[Table, ...]
    printed: tuple[PrintedTable, ...]
    benchmarks: tuple[str, ...]
    """Every benchmark that a table is about, those with scores first."""
    remarks: Mapping[str, tuple[str, ...]]
    """Benchmark -> what to say of it, such as that no number of it was ever published."""

"""The frame as tables for people: one a comparison that is fair, ranked on what it shows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from mcbench import files
from mcbench.errors import MismatchError
from mcbench.leaderboard.notes import Footnote, Footnotes, table_notes
from mcbench.leaderboard.ranking import mean_places, ranks
from mcbench.leaderboard.style import MetricStyle, column_order, displayed, scale_label, shown, style_of

KEY = ("benchmark", "subset", "source", "data_sha256", "protocol", "protocol_sha256", "networks")
"""What must be equal, besides the weights of the metric networks, for numbers to share a table."""
ABSENT = "–"


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
    footnotes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Row:
    """One model's score in a table."""

    model: str
    name: str
    cells: tuple[Cell, ...]
    rank: int | None
    """Place in the table; ties share it. None where the coverage is incomplete."""
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

    @property
    def commit_mark(self) -> str:
        """What stands after the commit: `*` uncommitted changes, `?` not known. The notes explain both."""
        return {True: "*", False: "", None: "?"}[self.dirty]


@dataclass(frozen=True)
class Table:
    """Scores that may be compared with each other."""

    id: str
    """A short hash of what sets the table apart, for anchors."""
    split: str
    source: str
    data_sha256: str
    protocol: str
    protocol_sha256: str
    networks: str
    variant: str
    """Which files of the metric networks, where records differ in them; else empty."""
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    footnotes: tuple[Footnote, ...]

    @property
    def has_noise_floor(self) -> bool:
        """Whether a column knows its noise floor."""
        return any(column.noise_floor for column in self.columns)

    @property
    def title(self) -> str:
        """One line that says what is compared."""
        return f"{self.split} · {self.source} · {self.protocol} · {self.networks} networks{self.variant}"


@dataclass
class _Draft:
    """A row while the ranking is not known yet."""

    name: str
    rows: pd.DataFrame
    first: Any
    displayed: dict[str, Decimal] = field(default_factory=dict)
    rank: int | None = None
    mean_place: Fraction | None = None


def make_tables(frame: pd.DataFrame) -> list[Table]:
    """Return the tables of a frame of `collect`, in order.

    Raises:
        MismatchError: two records of a table disagree on which direction of a metric is better.
    """
    keyed = frame.assign(variant=_weight_variants(frame))
    groups = keyed.groupby([*KEY, "variant"], sort=True, dropna=False)
    tables = []
    for values, group in groups:
        key = {name: str(value) for name, value in zip([*KEY, "variant"], values, strict=True)}
        tables.append(_table(key, group))
    return tables


def _weight_variants(frame: pd.DataFrame) -> list[str]:
    """Say for each row which weights its record used of the networks that records disagree on.

    The family's name alone does not make numbers comparable: its networks may have been trained anew.
    """
    used: dict[tuple[Any, ...], dict[str, set[str]]] = {}
    keys = list(frame[list(KEY)].itertuples(index=False, name=None))
    weights = [json.loads(text) for text in frame["weights"]]
    for key, files_used in zip(keys, weights, strict=True):
        for network, digest in files_used.items():
            used.setdefault(key, {}).setdefault(network, set()).add(digest)
    variants = []
    for key, files_used in zip(keys, weights, strict=True):
        disputed = sorted(network for network, digests in used.get(key, {}).items() if len(digests) > 1)
        parts = [f"{name} {files_used[name][:12] if name in files_used else 'not used'}" for name in disputed]
        variants.append(f" ({', '.join(parts)})" if parts else "")
    return variants


def _table(key: dict[str, str], group: pd.DataFrame) -> Table:
    columns = _columns(key["protocol"], group)
    styles = {column.metric: column.style for column in columns}
    drafts = [_draft(rows, styles) for _, rows in group.groupby("record_sha256", sort=True)]
    _tell_apart(drafts)
    ranked = [draft for draft in drafts if draft.first["complete"]]
    counted = _counted(ranked, columns)
    _rank(ranked, counted)
    drafts.sort(key=lambda draft: (draft.rank is None, draft.rank or 0, draft.name.casefold(), draft.name))
    footnotes = Footnotes()
    columns = [
        replace(c, counted=c in counted, footnotes=(footnotes.add(c.note),) if c.note else ())
        for c in columns
    ]
    best = {column.metric: _best(column, ranked) for column in columns}
    rows = tuple(_row(draft, columns, best, footnotes) for draft in drafts)
    return Table(
        id=files.sha256_text(json.dumps(list(key.values())))[:12],
        split=str(group["split"].iloc[0]),
        source=key["source"],
        data_sha256=key["data_sha256"],
        protocol=key["protocol"],
        protocol_sha256=key["protocol_sha256"],
        networks=key["networks"],
        variant=key["variant"],
        columns=tuple(columns),
        rows=rows,
        notes=tuple(table_notes(group, [c.label for c in columns if c.counted], rows)),
        footnotes=tuple(footnotes),
    )


def _draft(rows: pd.DataFrame, styles: dict[str, MetricStyle]) -> _Draft:
    known = rows[rows["value"].notna()]
    values = zip(known["metric"], known["value"], strict=True)
    first = rows.iloc[0]
    return _Draft(
        name=str(first["model_name"]),
        rows=rows,
        first=first,
        displayed={metric: displayed(value, styles[metric]) for metric, value in values},
    )


def _tell_apart(drafts: list[_Draft]) -> None:
    """Add to the names that several rows share what they differ in: the model's id, else the record."""
    for column in ("model", "record_sha256"):
        taken = Counter(draft.name for draft in drafts)
        for draft in drafts:
            if taken[draft.name] > 1:
                detail = str(draft.first[column])
                draft.name += f" ({detail if column == 'model' else f'record {detail[:8]}'})"


def _columns(protocol: str, group: pd.DataFrame) -> list[Column]:
    columns = []
    for metric in sorted(group["metric"].unique(), key=column_order):
        rows = group[(group["metric"] == metric) & group["value"].notna()]
        style = style_of(protocol, metric)
        directions = sorted(set(rows["higher_is_better"]))
        if len(directions) > 1:
            paths = ", ".join(sorted(rows["record_path"]))
            raise MismatchError(
                f"{metric} is better when higher in some of these records and when lower in others: {paths}",
                "score the runs again with one version of mcbench",
            )
        units = sorted({unit for unit in rows["unit"] if unit})
        unit = ", ".join(part for part in (scale_label(style), *units) if part)
        notes = set(rows["note"])
        floors = {shown(floor, style) for floor in rows["noise_floor"] if floor is not None}
        columns.append(
            Column(
                metric=metric,
                label=style.label,
                higher_is_better=directions[0] if directions else None,
                unit=unit,
                style=style,
                note=notes.pop() if len(notes) == 1 else "",
                # Incomplete records may have halved other videos; then there is no one floor to show.
                noise_floor=floors.pop() if len(floors) == 1 else "",
            )
        )
    return columns


def _counted(ranked: Sequence[_Draft], columns: Sequence[Column]) -> list[Column]:
    """Return the columns that decide the ranking: the first of each family that every ranked row has."""
    chosen: dict[str, Column] = {}
    for column in columns:
        if column.style.family and ranked and all(column.metric in draft.displayed for draft in ranked):
            chosen.setdefault(column.style.family, column)
    return list(chosen.values())


def _rank(ranked: Sequence[_Draft], counted: Sequence[Column]) -> None:
    if not counted:
        return
    directions = {column.metric: bool(column.higher_is_better) for column in counted}
    means = mean_places([draft.displayed for draft in ranked], directions)
    for draft, mean, rank in zip(ranked, means, ranks(means), strict=True):
        draft.mean_place, draft.rank = mean, rank


def _row(
    draft: _Draft, columns: Sequence[Column], best: dict[str, Decimal | None], footnotes: Footnotes
) -> Row:
    first = draft.first
    by_metric: dict[str, Any] = {row["metric"]: row for row in draft.rows.to_dict("records")}
    return Row(
        model=str(first["model"]),
        name=draft.name,
        cells=tuple(_cell(by_metric.get(c.metric), c, best[c.metric], draft, footnotes) for c in columns),
        rank=draft.rank,
        mean_place=draft.mean_place,
        complete=bool(first["complete"]),
        coverage=f"{first['videos_scored']}/{first['videos_expected']} videos, "
        f"{first['frames_scored']}/{first['frames_expected']} frames",
        share=round(first["frames_scored"] / max(1, first["frames_expected"]), 4),
        date=str(first["date"]),
        commit=str(first["commit"] or "")[:7],
        dirty=first["dirty"],
        record=Path(first["record_path"]),
        run=Path(first["run_path"]) if first["run_path"] else None,
    )


def _best(column: Column, ranked: Sequence[_Draft]) -> Decimal | None:
    """Return the best displayed value of complete rows, if there are two of them to compare."""
    if not column.style.judged:
        return None
    values = [draft.displayed[column.metric] for draft in ranked if column.metric in draft.displayed]
    if len(values) < 2:
        return None
    return max(values) if column.higher_is_better else min(values)


def _cell(
    row: dict[str, Any] | None, column: Column, best: Decimal | None, draft: _Draft, footnotes: Footnotes
) -> Cell:
    if row is None:
        return Cell(footnotes=(footnotes.add("not in this record", "mcbench score RESULTS"),))
    if row["value"] is None:
        return Cell(footnotes=(footnotes.add(row["unavailable"], row["command"]),))
    marks = []
    if row["note"] and row["note"] != column.note:
        marks.append(footnotes.add(row["note"]))
    if row["n_videos"] != draft.first["videos_scored"]:
        scored = draft.first["videos_scored"]
        marks.append(footnotes.add(f"made of {row['n_videos']} videos, while {scored} were scored"))
    ends = (row["ci_low"], row["ci_high"])
    interval = "" if None in ends else ", ".join(shown(end, column.style) for end in ends)
    counts = f"{row['n_videos']} videos, {row['n_items']} items"
    if row["dimensions"] is not None:
        counts += f", {row['dimensions']} dimensions"
    if row["with_reference"] is not None:
        counts += f"; with the reference frame {shown(row['with_reference'], column.style)}"
    return Cell(
        text=shown(row["value"], column.style),
        interval=interval,
        value=row["value"],
        counts=counts,
        best=bool(draft.first["complete"]) and draft.displayed[column.metric] == best,
        footnotes=tuple(marks),
    )

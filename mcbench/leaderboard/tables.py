"""The frame as tables for people: one a comparison that is fair, ranked on what it shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd

from mcbench import files
from mcbench.errors import MismatchError
from mcbench.leaderboard.notes import Footnote, Footnotes, table_notes
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
    """What the value is made of, such as `20 videos, 3897 frames or clips`."""
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
    records = [records for _, records in group.groupby("record_path", sort=True)]
    drafts = _named([_Draft("", rows, rows.iloc[0]) for rows in records])
    columns = _columns(key["protocol"], group)
    _rank(drafts, columns)
    drafts.sort(
        key=lambda d: (d.rank is None, d.rank or 0, d.name.casefold(), d.name, d.first["predictions_sha256"])
    )
    counted = _counted(drafts, columns)
    columns = [
        Column(c.metric, c.label, c.higher_is_better, c.unit, c.style, c.metric in counted) for c in columns
    ]
    footnotes = Footnotes()
    rows = tuple(_row(draft, columns, drafts, footnotes) for draft in drafts)
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


def _named(drafts: list[_Draft]) -> list[_Draft]:
    """Give each row a name that no other row of the table has."""
    for draft in drafts:
        draft.name = str(draft.first["model_name"])
    for tell_apart in ("model", "predictions_sha256", "record_path"):
        taken = [draft.name for draft in drafts]
        for draft in drafts:
            if taken.count(draft.name) > 1:
                detail = str(draft.first[tell_apart])
                draft.name += f" ({detail[:12] if tell_apart == 'predictions_sha256' else detail})"
    return drafts


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
        columns.append(Column(metric, style.label, directions[0] if directions else None, unit, style))
    return columns


def _counted(drafts: Sequence[_Draft], columns: Sequence[Column]) -> list[str]:
    """Return the metrics that decide the ranking: the first of each family that every ranked row has."""
    ranked = [draft for draft in drafts if draft.first["complete"]]
    chosen: dict[str, str] = {}
    for column in columns:
        if column.style.family and ranked and all(column.metric in draft.displayed for draft in ranked):
            chosen.setdefault(column.style.family, column.metric)
    return list(chosen.values())


def _rank(drafts: Sequence[_Draft], columns: Sequence[Column]) -> None:
    """Rank complete rows by their mean place over the counted metrics, as displayed; ties share."""
    styles = {column.metric: column.style for column in columns}
    for draft in drafts:
        known = draft.rows[draft.rows["value"].notna()]
        values = zip(known["metric"], known["value"], strict=True)
        draft.displayed = {metric: displayed(value, styles[metric]) for metric, value in values}
    ranked = [draft for draft in drafts if draft.first["complete"]]
    counted = _counted(drafts, columns)
    if not counted:
        return
    higher = {column.metric: bool(column.higher_is_better) for column in columns}
    for draft in ranked:
        places = [
            1 + sum(_better(other.displayed[m], draft.displayed[m], higher[m]) for other in ranked)
            for m in counted
        ]
        draft.mean_place = Fraction(sum(places), len(places))
    means = [draft.mean_place for draft in ranked if draft.mean_place is not None]
    for draft, mean in zip(ranked, means, strict=True):
        draft.rank = 1 + sum(other < mean for other in means)


def _better(one: Decimal, other: Decimal, higher_is_better: bool) -> bool:
    return one > other if higher_is_better else one < other


def _row(draft: _Draft, columns: Sequence[Column], drafts: Sequence[_Draft], footnotes: Footnotes) -> Row:
    first = draft.first
    by_metric: dict[str, Any] = {row["metric"]: row for row in draft.rows.to_dict("records")}
    return Row(
        model=str(first["model"]),
        name=draft.name,
        cells=tuple(_cell(by_metric.get(c.metric), c, _best(c, drafts), draft, footnotes) for c in columns),
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


def _best(column: Column, drafts: Sequence[_Draft]) -> Decimal | None:
    """Return the best displayed value among complete rows, if there are two of them to compare."""
    if not column.style.judged:
        return None
    values = [
        d.displayed[column.metric] for d in drafts if d.first["complete"] and column.metric in d.displayed
    ]
    if len(values) < 2:
        return None
    return max(values) if column.higher_is_better else min(values)


def _cell(
    row: dict[str, Any] | None, column: Column, best: Decimal | None, draft: _Draft, footnotes: Footnotes
) -> Cell:
    if row is None:
        return Cell(
            footnotes=(footnotes.add(f"{column.label} is not in this record.", "mcbench score RESULTS"),)
        )
    if row["value"] is None:
        return Cell(footnotes=(footnotes.add(f"{column.label}: {row['unavailable']}", row["command"]),))
    marks = []
    if row["note"]:
        marks.append(footnotes.add(f"{column.label}: {row['note']}"))
    if row["n_videos"] != draft.first["videos_scored"]:
        scored = draft.first["videos_scored"]
        marks.append(footnotes.add(f"made of {row['n_videos']} videos, while {scored} were scored"))
    ends = (row["ci_low"], row["ci_high"])
    interval = "" if None in ends else ", ".join(shown(end, column.style) for end in ends)
    dimensions = "" if row["dimensions"] is None else f", {row['dimensions']} dimensions"
    return Cell(
        text=shown(row["value"], column.style),
        interval=interval,
        value=row["value"],
        counts=f"{row['n_videos']} videos, {row['n_items']} items{dimensions}",
        best=bool(draft.first["complete"]) and draft.displayed[column.metric] == best,
        footnotes=tuple(marks),
    )

"""The frame as tables for people: one a comparison that is fair, ranked on what it shows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pandas as pd

from mcbench.errors import MismatchError
from mcbench.leaderboard.collect import items_of
from mcbench.leaderboard.notes import Footnotes, table_notes
from mcbench.leaderboard.printing import benchmark_remarks, make_printed
from mcbench.leaderboard.standings import Item, competes, counted_metrics, tables_of
from mcbench.leaderboard.style import (
    MetricStyle,
    column_order,
    displayed,
    is_of_the_data,
    reading_of_the_truth,
    scale_label,
    shown,
    style_of,
)
from mcbench.leaderboard.tables import Board, Cell, Column, Row, Table


@dataclass
class _Draft:
    """A row while its table is being made."""

    name: str
    first: Item
    by_metric: dict[str, Item]
    displayed: dict[str, Decimal] = field(default_factory=dict)


def make_board(frame: pd.DataFrame) -> Board:
    """Return all that a frame of `collect` has to show.

    Raises:
        MismatchError: two records of a table disagree on which direction of a metric is better.
    """
    scored, printed = items_of(frame)
    tables = tuple(_table(items) for items in tables_of(scored))
    papers = make_printed(printed)
    names = [*(table.benchmark for table in tables), *(table.benchmark for table in papers)]
    return Board(tables, papers, tuple(dict.fromkeys(names)), benchmark_remarks(printed))


def make_tables(frame: pd.DataFrame) -> list[Table]:
    """Return the tables of scores of a frame of `collect`, in order.

    Raises:
        MismatchError: two records of a table disagree on which direction of a metric is better.
    """
    return list(make_board(frame).tables)


def _table(items: Sequence[Item]) -> Table:
    columns = _columns(items)
    styles = {column.metric: column.style for column in columns}
    by_record: dict[str, list[Item]] = {}
    for item in items:
        by_record.setdefault(item["record_sha256"], []).append(item)
    drafts = [_draft(by_record[digest], styles) for digest in sorted(by_record)]
    _tell_apart(drafts)
    ranked = [draft for draft in drafts if competes(draft.first)]
    counted = counted_metrics(items)
    drafts.sort(key=_place)
    footnotes = Footnotes()
    columns = [
        replace(c, counted=c.metric in counted, footnotes=(footnotes.add(c.note),) if c.note else ())
        for c in columns
    ]
    best = {column.metric: _best(column, ranked) for column in columns}
    rows = tuple(_row(draft, columns, best, footnotes) for draft in drafts)
    first = items[0]
    return Table(
        id=first["table"],
        benchmark=first["benchmark"],
        split=first["split"],
        source=first["source"],
        data_sha256=first["data_sha256"],
        protocol=first["protocol"],
        protocol_sha256=first["protocol_sha256"],
        networks=first["networks"],
        variant=first["variant"],
        division=first["division"],
        test_set=first["test_set"],
        columns=tuple(columns),
        rows=rows,
        notes=tuple(table_notes(items, [c.label for c in columns if c.counted], rows)),
        footnotes=tuple(footnotes),
    )


def _place(draft: _Draft) -> tuple[bool, int, str, str]:
    rank = draft.first["rank"]
    return rank is None, rank or 0, draft.name.casefold(), draft.name


def _draft(items: Sequence[Item], styles: Mapping[str, MetricStyle]) -> _Draft:
    return _Draft(
        name=str(items[0]["model_name"]),
        first=items[0],
        by_metric={item["metric"]: item for item in items},
        displayed={
            item["metric"]: displayed(item["value"], styles[item["metric"]])
            for item in items
            if item["value"] is not None and item["metric"] in styles
        },
    )


def _tell_apart(drafts: list[_Draft]) -> None:
    """Add to the names that several rows share what they differ in: the model's id, else the record."""
    for column in ("model", "record_sha256"):
        taken = Counter(draft.name for draft in drafts)
        for draft in drafts:
            if taken[draft.name] > 1:
                detail = str(draft.first[column])
                draft.name += f" ({detail if column == 'model' else f'record {detail[:8]}'})"


def _columns(items: Sequence[Item]) -> list[Column]:
    protocol = items[0]["protocol"]
    by_metric: dict[str, list[Item]] = {}
    for item in items:
        by_metric.setdefault(item["metric"], []).append(item)
    columns = []
    for metric in sorted((m for m in by_metric if not is_of_the_data(m)), key=column_order):
        rows = [item for item in by_metric[metric] if item["value"] is not None]
        style = style_of(protocol, metric)
        directions = sorted({bool(item["higher_is_better"]) for item in rows})
        if len(directions) > 1:
            paths = ", ".join(sorted(item["record_path"] for item in rows))
            raise MismatchError(
                f"{metric} is better when higher in some of these records and when lower in others: {paths}",
                "score the runs again with one version of mcbench",
            )
        units = sorted({item["unit"] for item in rows if item["unit"]})
        notes = {item["note"] for item in rows}
        truths = by_metric.get(reading_of_the_truth(metric), [])
        columns.append(
            Column(
                metric=metric,
                label=style.label,
                higher_is_better=directions[0] if directions else None,
                unit=", ".join(part for part in (scale_label(style), *units) if part),
                style=style,
                note=notes.pop() if len(notes) == 1 else "",
                # Incomplete records may be of other videos; then there is no one number to show.
                noise_floor=_agreed([item["noise_floor"] for item in rows], style),
                truth_reading=_agreed([item["value"] for item in truths], style),
                parted=len({item["ties"] for item in rows if item["ties"]}) > 1,
            )
        )
    return columns


def _agreed(values: Sequence[float | None], style: MetricStyle) -> str:
    """Return what all the values that are there look like, or nothing where they differ."""
    looks = {shown(value, style) for value in values if value is not None}
    return looks.pop() if len(looks) == 1 else ""


def _row(
    draft: _Draft, columns: Sequence[Column], best: Mapping[str, Decimal | None], footnotes: Footnotes
) -> Row:
    first = draft.first
    return Row(
        model=str(first["model"]),
        name=draft.name,
        cells=tuple(
            _cell(draft.by_metric.get(c.metric), c, best[c.metric], draft, footnotes) for c in columns
        ),
        rank=first["rank"],
        mean_place=first["mean_place"],
        complete=bool(first["complete"]),
        sees_truth=bool(first["sees_truth"]),
        coverage=f"{first['videos_scored']}/{first['videos_expected']} videos, "
        f"{first['frames_scored']}/{first['frames_expected']} frames",
        share=round(first["frames_scored"] / max(1, first["frames_expected"]), 4),
        date=str(first["date"]),
        commit=str(first["commit"] or "")[:7],
        dirty=first["dirty"],
        record=Path(first["record_path"]),
        run=Path(first["run_path"]) if first["run_path"] else None,
        division=first["division"],
        group=first["group"] or "",
        submitter=first["submitter"] or "",
        links=json.loads(first["links"]),
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
    item: Item | None, column: Column, best: Decimal | None, draft: _Draft, footnotes: Footnotes
) -> Cell:
    if item is None:
        return Cell(footnotes=(footnotes.add("not in this record", "mcbench score RESULTS"),))
    if item["value"] is None:
        return Cell(footnotes=(footnotes.add(item["unavailable"], item["command"]),))
    marks = []
    if item["note"] and item["note"] != column.note:
        marks.append(footnotes.add(item["note"]))
    if item["truth"] == "detected":
        marks.append(footnotes.add("the people's masks and poses were detected, not given with the data"))
    if item["n_videos"] != draft.first["videos_scored"]:
        scored = draft.first["videos_scored"]
        marks.append(footnotes.add(f"made of {item['n_videos']} videos, while {scored} were scored"))
    if item["warning"]:
        marks.append(footnotes.add(item["warning"]))
    ends = (item["ci_low"], item["ci_high"])
    counts = f"{item['n_videos']} videos, {item['n_items']} items"
    if item["dimensions"] is not None:
        counts += f", {item['dimensions']} dimensions"
    if item["with_reference"] is not None:
        counts += f"; with the reference frame {shown(item['with_reference'], column.style)}"
    return Cell(
        text=shown(item["value"], column.style),
        interval="" if None in ends else ", ".join(shown(end, column.style) for end in ends),
        value=item["value"],
        counts=counts,
        best=competes(draft.first) and draft.displayed[column.metric] == best,
        ties=item["ties"] or "",
        warning=item["warning"] or "",
        footnotes=tuple(marks),
    )

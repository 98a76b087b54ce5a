"""One row of a table as the page's view of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcbench import files
from mcbench.leaderboard.page.data import PageRun, PageValue
from mcbench.leaderboard.style import shown, style_of
from mcbench.leaderboard.tables import Cell, Column, Row, Table
from mcbench.leaderboard.text import link_target, plain
from mcbench.records import Environment, ModelDescription, ScoreRecord

Series = Mapping[str, tuple[float | None, ...]]


def page_run(
    table: Table,
    row: Row,
    record: ScoreRecord,
    *,
    means: Series,
    parts: Mapping[str, Series],
    out: Path,
) -> PageRun:
    """Return what the page tells of a row; every text of the record on one line and of bounded length.

    Args:
        table: the row's table.
        row: the row.
        record: its score record.
        means: metric -> mean of each video.
        parts: part of the frames -> metric -> mean of each video over it.
        out: folder of the page, which links are relative to.
    """
    return PageRun(
        id=files.sha256_text(record.model_dump_json())[:12],
        model=plain(row.model),
        name=plain(row.name),
        rank=row.rank,
        group=row.group,
        complete=row.complete,
        coverage=plain(row.coverage),
        date=plain(row.date),
        commit=plain(row.commit + row.commit_mark),
        record=link_target(row.record, out),
        folder=link_target(row.run, out) if row.run else None,
        model_facts=_told(_facts_of_model(row, record.model)),
        facts=_told([*_facts(row, record), *_facts_of_environment(record.environment)]),
        scores=tuple(
            _value(column, cell, table, record) for column, cell in zip(table.columns, row.cells, strict=True)
        ),
        means=dict(means),
        slices={
            plain(part): {
                metric: shown(value.value, style_of(table.protocol, metric))
                for metric, value in values.items()
            }
            for part, values in record.slices.items()
        },
        parts={part: dict(values) for part, values in parts.items()},
    )


def _value(column: Column, cell: Cell, table: Table, record: ScoreRecord) -> PageValue:
    remarks = [note.text for note in table.footnotes if note.number in {*cell.footnotes, *column.footnotes}]
    known = record.metrics.get(column.metric)
    return PageValue(
        metric=column.metric,
        label=plain(f"{column.label} {column.arrow}".strip()),
        text=f"{cell.text} {column.unit}".strip() if cell.value is not None else cell.text,
        interval=cell.interval,
        value=cell.value,
        best=cell.best,
        ties=cell.ties,
        counts=cell.counts,
        noise_floor=known.noise_floor if known is not None else None,
        remarks=tuple(plain(text, 1000) for text in dict.fromkeys(remarks)),
    )


def _told(facts: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, plain(text, 1000)) for name, text in facts if text)


def _facts(row: Row, record: ScoreRecord) -> list[tuple[str, str]]:
    split = record.split
    return [
        ("Protocol", f"{record.protocol}, settings {record.protocol_sha256[:12]}"),
        ("Metric networks", _networks(record)),
        ("Precision", record.precision),
        ("Data", "" if split is None else f"{split.name}, {split.source} source, {split.data_sha256[:12]}"),
        ("Remarks on the data", "" if split is None else "; ".join(split.notes)),
        ("Predictions", record.predictions_sha256),
        ("Left out", "; ".join(f"{name}: {why}" for name, why in sorted(record.coverage.excluded.items()))),
        ("Missing videos", ", ".join(record.coverage.missing_videos)),
        ("Scored", f"{record.created}, seed {record.seed}"),
        ("Division", row.division),
        ("Submitted by", row.submitter),
    ]


def _facts_of_model(row: Row, model: ModelDescription | None) -> list[tuple[str, str]]:
    links = [(name.capitalize(), address) for name, address in sorted(row.links.items())]
    if model is None:
        return links
    return [
        ("Model id", model.id),
        ("Kind", model.kind),
        ("Licence", model.licence),
        ("After", model.paper),
        ("Weights", ", ".join(f"{use.name} ({use.sha256[:12]})" for use in model.weights)),
        ("Sampler", _settings(model.sampler)),
        ("Shown of a clip", ", ".join(("reference", *model.inputs)) if model.inputs else ""),
        *links,
    ]


def _facts_of_environment(environment: Environment) -> list[tuple[str, str]]:
    dirty = {True: " with uncommitted changes", False: "", None: " (changes not known)"}
    commit = environment.git_commit
    return [
        ("Commit", f"{commit}{dirty[environment.git_dirty]}" if commit else "outside a git checkout"),
        ("Made with", f"mcbench {environment.mcbench}, Python {environment.python}, {environment.platform}"),
        ("Hardware", f"{environment.hardware}; {environment.device}"),
        ("Packages", _settings(environment.packages)),
    ]


def _networks(record: ScoreRecord) -> str:
    used = [f"{role}: {use.name} ({use.sha256[:12]})" for role, use in sorted(record.weights.items())]
    return "; ".join([record.networks, *used])


def _settings(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())

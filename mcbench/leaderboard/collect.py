"""Score records and printed numbers found below folders, as one pandas frame in long form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mcbench import files
from mcbench.data.places import resolve
from mcbench.errors import FileFormatError, McbenchError
from mcbench.leaderboard.plausibility import impossible
from mcbench.leaderboard.published import find_inconsistencies, read_families, read_published
from mcbench.leaderboard.published.metrics import PRINTED_METRICS
from mcbench.leaderboard.standings import Item, add_standings
from mcbench.leaderboard.submissions import Submission, read_submission
from mcbench.records import RunRecord, ScoreRecord

COLUMNS = (
    "table", "rank", "mean_place", "group", "benchmark", "subset", "split", "source", "data_sha256",
    "protocol", "protocol_sha256", "networks", "precision", "weights", "variant", "division", "model",
    "model_name", "sees_truth", "predictions_sha256", "metric", "value", "ci_low", "ci_high", "ties",
    "with_reference", "noise_floor", "n_videos", "n_items", "dimensions", "higher_is_better", "unit", "note",
    "warning", "truth", "unavailable", "command", "videos_expected", "videos_scored", "frames_expected",
    "frames_scored", "complete", "missing_videos", "excluded", "date", "commit", "dirty", "submitter",
    "links", "record_sha256", "record_path", "run_path", "printed", "paper", "paper_table", "checked",
    "doubts", "about", "test_set",
)  # fmt: skip
"""Columns of the frame. A row is one metric of one record, or one number that a paper printed.

`division` is `closed` or `open` for records and `published` for printed numbers. `unavailable` says why the
`value` of a record's metric is missing; `printed` has the digits of a printed number, `note` its remarks and
`doubts` (JSON) what other numbers say against it. `test_set` says which videos a name means.
`sees_truth` marks what is no method and has no rank. A row without any metric but with `unavailable` says
that a benchmark has no printed number."""
PUBLISHED = "published"
_FROM_VALUE = (
    "value", "ci_low", "ci_high", "with_reference", "noise_floor", "n_videos", "n_items", "dimensions",
    "higher_is_better", "unit", "note", "warning", "truth",
)  # fmt: skip
_ORDER = (
    "benchmark", "subset", "source", "data_sha256", "protocol", "protocol_sha256", "networks", "division",
    "model", "predictions_sha256", "record_sha256", "metric",
)  # fmt: skip


@dataclass
class _Found:
    submission: Submission
    path: Path
    run_folder: Path | None
    submitted: bool

    @property
    def record(self) -> ScoreRecord:
        return self.submission.score


def collect(
    folders: Sequence[Path], submissions: Path | None = None, published: Path | None = None
) -> pd.DataFrame:
    """Read every score record and every printed number into one frame.

    Args:
        folders: results folders: records are `scores/*.json` at any depth below each, and the folder
            that holds `scores` is the run's.
        submissions: folder of submissions, `MODEL/SPLIT/PROTOCOL.json`; may be absent.
        published: folder of printed numbers, `BENCHMARK.csv` and `families.toml`; may be absent.

    Returns:
        a frame with `COLUMNS`, sorted, one row a record and metric, whether or not the metric could be
        computed; then the printed numbers in the order of their files. Missing values are None. A record
        that is found twice with the same content counts once: the submission is named, and the run's
        folder is where its videos are.

    Raises:
        FileFormatError: a file cannot be read, says neither which model nor which split it is about, says
            what cannot be true, or is a submission that another one repeats.
    """
    found: dict[str, _Found] = {}
    for one in [*_submitted(submissions), *_scored(folders)]:
        digest = files.sha256_text(one.record.model_dump_json())
        known = found.setdefault(digest, one)
        if known is not one:
            if one.submitted:
                raise _repeated(known.path, one.path)
            known.run_folder = known.run_folder or one.run_folder
    _refuse_repeated_predictions(list(found.values()))
    items = [item for digest, one in found.items() for item in _rows(one, digest)]
    meanings = {place: _test_set(*place) for place in sorted({(i["split"], i["source"]) for i in items})}
    for item in items:
        item["test_set"] = meanings[item["split"], item["source"]]
    items.sort(key=lambda item: tuple(str(item[name]) for name in _ORDER))
    add_standings(items, {digest: one.record for digest, one in found.items()})
    if published is not None:
        items += _printed(published)
    return pd.DataFrame(items, columns=list(COLUMNS), dtype=object)


def items_of(frame: pd.DataFrame) -> tuple[list[Item], list[Item]]:
    """Return the rows of a frame of `collect`: those of records, and those of printed numbers."""
    columns = [frame[name].tolist() for name in COLUMNS]
    rows: list[Item] = [dict(zip(COLUMNS, row, strict=True)) for row in zip(*columns, strict=True)]
    return (
        [row for row in rows if row["division"] != PUBLISHED],
        [row for row in rows if row["division"] == PUBLISHED],
    )


def _submitted(folder: Path | None) -> Iterator[_Found]:
    if folder is not None:
        for path in _visible(folder, "*.json"):
            yield _Found(read_submission(path), path, None, submitted=True)


def _scored(folders: Sequence[Path]) -> Iterator[_Found]:
    for folder in folders:
        for path in _visible(folder, "scores/*.json"):
            record = ScoreRecord.read(path)
            if record.split is None or record.model is None:
                raise FileFormatError(
                    f"{path} says neither which model nor which split it scores",
                    "a score of `mcbench compare` has no place in a leaderboard: move it elsewhere, or score "
                    "a run",
                )
            if problems := impossible(record):
                raise FileFormatError(f"{path}: {problems[0]}", "score the run again")
            submission = Submission(division="open", score=record, submitted=record.created)
            yield _Found(submission, path, path.parent.parent, submitted=False)


def _visible(folder: Path, pattern: str) -> list[Path]:
    # Names that start with a dot are locks and what killed writers left behind.
    paths = sorted(folder.rglob(pattern))
    return [path for path in paths if not any(p.startswith(".") for p in path.relative_to(folder).parts)]


def _refuse_repeated_predictions(found: Sequence[_Found]) -> None:
    """Refuse two submissions of the same predictions of one model under one protocol, in other files."""
    seen: dict[tuple[str, ...], Path] = {}
    for one in found:
        if not one.submitted:
            continue
        record = one.record
        assert record.model is not None
        assert record.split is not None
        key = (record.model.id, record.split.name, record.protocol, record.predictions_sha256)
        if (other := seen.setdefault(key, one.path)) is not one.path:
            raise _repeated(other, one.path)


def _repeated(one: Path, other: Path) -> FileFormatError:
    return FileFormatError(f"{one} and {other} submit the same score", "remove one of them")


def _rows(found: _Found, digest: str) -> Iterator[Item]:
    record, submission = found.record, found.submission
    assert record.split is not None
    assert record.model is not None
    coverage, environment = record.coverage, record.environment
    dirty = environment.git_dirty
    if found.run_folder is not None and (run := found.run_folder / "run.json").is_file():
        # Uncommitted changes taint a number wherever they were: when generating or when scoring.
        dirty = dirty or RunRecord.read(run).environment.git_dirty
    if submission.run_dirty:
        dirty = True
    shared: Item = dict.fromkeys(COLUMNS)
    shared |= {
        "benchmark": record.split.benchmark,
        "subset": record.split.subset,
        "split": record.split.name,
        "source": record.split.source,
        "data_sha256": record.split.data_sha256,
        "protocol": record.protocol,
        "protocol_sha256": record.protocol_sha256,
        "networks": record.networks,
        "precision": record.precision,
        "weights": json.dumps({name: use.sha256 for name, use in sorted(record.weights.items())}),
        "division": submission.division,
        "model": record.model.id,
        "model_name": record.model.display_name or record.model.id,
        "sees_truth": record.model.sees_truth,
        "predictions_sha256": record.predictions_sha256,
        "videos_expected": coverage.videos_expected,
        "videos_scored": coverage.videos_scored,
        "frames_expected": coverage.frames_expected,
        "frames_scored": coverage.frames_scored,
        "complete": coverage.complete,
        "missing_videos": json.dumps(sorted(coverage.missing_videos), ensure_ascii=False),
        "excluded": json.dumps(coverage.excluded, ensure_ascii=False, sort_keys=True),
        "date": record.created[:10],
        "commit": environment.git_commit,
        "dirty": dirty,
        "submitter": submission.submitter or None,
        "links": json.dumps(_links(submission)),
        "record_sha256": digest,
        "record_path": str(found.path),
        "run_path": None if found.run_folder is None else str(found.run_folder),
    }
    if not record.metrics and not record.unavailable:
        raise FileFormatError(f"{found.path} holds no metric", "remove it and score the run again")
    for metric, value in record.metrics.items():
        yield shared | {"metric": metric} | {name: getattr(value, name) for name in _FROM_VALUE}
    for metric, reason in record.unavailable.items():
        if metric not in record.metrics:
            yield shared | {"metric": metric, "unavailable": reason.reason, "command": reason.command}


def _test_set(split: str, source: str) -> str:
    """Return what a benchmark's manifest says of a subset; nothing of one that mcbench does not know."""
    try:
        return resolve(split, source=source).subset.description
    except McbenchError:
        return ""


def _links(submission: Submission) -> dict[str, str]:
    links: dict[str, str] = dict(sorted(submission.links.items()))
    if submission.predictions is not None and submission.predictions.address is not None:
        links["predictions"] = submission.predictions.address
    return links


def _printed(folder: Path) -> Iterator[Item]:
    rows = read_published(folder)
    known = read_families(folder, rows)
    doubts = find_inconsistencies(rows, known)
    nothing: Item = dict.fromkeys(COLUMNS)
    for place, row in enumerate(rows):
        family = known.families[row.protocol]
        yield nothing | {
            "table": files.sha256_text(f"{PUBLISHED} {row.benchmark} {row.protocol}")[:12],
            "benchmark": row.benchmark,
            "split": row.benchmark,
            "source": PUBLISHED,
            "division": PUBLISHED,
            "protocol": row.protocol,
            "model": row.method,
            "model_name": row.method,
            "metric": row.metric,
            "value": row.number,
            "printed": row.value,
            "higher_is_better": PRINTED_METRICS[row.metric].higher_is_better,
            "unit": row.unit,
            "note": row.note,
            "paper": row.paper,
            "paper_table": row.table,
            "checked": row.checked,
            "doubts": json.dumps(doubts.get(place, []), ensure_ascii=False),
            "about": family.about,
            "test_set": family.test_sets.get(row.benchmark, ""),
        }
    for benchmark, reason in sorted(known.unpublished.items()):
        yield nothing | {
            "benchmark": benchmark,
            "split": benchmark,
            "source": PUBLISHED,
            "division": PUBLISHED,
            "unavailable": reason,
        }

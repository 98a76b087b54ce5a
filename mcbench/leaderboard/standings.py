"""Which rows of the frame share a table, and their ranks and tie groups in it."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from mcbench import files
from mcbench.leaderboard.notes import MOST_TESTED
from mcbench.leaderboard.ranking import mean_places, ranks
from mcbench.leaderboard.style import column_order, displayed, is_of_the_data, style_of
from mcbench.metrics.statistics import holm, paired_jackknife, sign_flip_test, tie_letters
from mcbench.records import MetricValue, ScoreRecord

Item = dict[str, Any]
KEY = (
    "benchmark", "subset", "source", "data_sha256", "protocol", "protocol_sha256", "networks", "division",
)  # fmt: skip
"""What must be equal, besides the weights and precision of the metric networks, to share a table."""
_LEVEL = 0.05


def add_standings(items: Sequence[Item], records: Mapping[str, ScoreRecord]) -> None:
    """Fill in `table`, `variant`, `rank`, `mean_place`, `group` and `ties` of the frame's rows.

    Ranks are mean places over the counted metrics, on displayed values; ties share a rank. Groups come from
    paired tests over videos of every pair of the best ranked methods, adjusted by Holm's method: under each
    metric by itself for `ties`, and under all counted metrics together for `group`, in which two methods
    share a letter if no test parts them.

    Args:
        items: rows of the frame, changed in place.
        records: sha256 -> score record of those rows.
    """
    _add_variants(items)
    for group in _grouped(items, lambda item: (*(item[name] for name in KEY), item["variant"])).values():
        key = [str(group[0][name]) for name in (*KEY, "variant")]
        table = files.sha256_text(json.dumps(key))[:12]
        for item in group:
            item["table"] = table
        _rank(group, records)


def competes(item: Item) -> bool:
    """Return whether a row of the frame is ranked: its coverage is whole, and it was not shown the truth."""
    return bool(item["complete"]) and not item["sees_truth"]


def counted_metrics(items: Sequence[Item]) -> list[str]:
    """Return the metrics that decide a table's ranking: of each family the first that all ranked rows have.

    Args:
        items: the table's rows of the frame.
    """
    ranked = {item["record_sha256"] for item in items if competes(item)}
    having: dict[str, set[str]] = defaultdict(set)
    for item in items:
        if competes(item) and item["value"] is not None and not is_of_the_data(item["metric"]):
            having[item["metric"]].add(item["record_sha256"])
    chosen: dict[str, str] = {}
    for metric in sorted(having, key=column_order):
        family = style_of(items[0]["protocol"], metric).family
        if family and having[metric] == ranked:
            chosen.setdefault(family, metric)
    return list(chosen.values())


def _add_variants(items: Sequence[Item]) -> None:
    """Say of each row which weights its record used of the networks that records disagree on.

    The family's name alone does not make numbers comparable: its networks may have been trained anew.
    """
    weights = {text: json.loads(text) for text in {item["weights"] for item in items}}
    for group in _grouped(items, lambda item: tuple(item[name] for name in KEY)).values():
        used: dict[str, set[str]] = defaultdict(set)
        for text in {item["weights"] for item in group}:
            for network, digest in weights[text].items():
                used[network].add(digest)
        disputed = sorted(network for network, digests in used.items() if len(digests) > 1)
        for item in group:
            known = weights[item["weights"]]
            parts = [f"{name} {known[name][:12] if name in known else 'not used'}" for name in disputed]
            fast = ", fast mode" if item["precision"] == "fast" else ""
            item["variant"] = (f" ({', '.join(parts)})" if parts else "") + fast


def _rank(items: Sequence[Item], records: Mapping[str, ScoreRecord]) -> None:
    counted = counted_metrics(items)
    rows = {
        digest: group
        for digest, group in _grouped(items, lambda item: item["record_sha256"]).items()
        if competes(group[0])
    }
    if not counted or not rows:
        return
    protocol = items[0]["protocol"]
    values: list[dict[str, Decimal]] = []
    directions: dict[str, bool] = {}
    for group in rows.values():
        known = {item["metric"]: item for item in group if item["metric"] in counted}
        values.append({m: displayed(known[m]["value"], style_of(protocol, m)) for m in counted})
        directions |= {m: bool(known[m]["higher_is_better"]) for m in counted}
    means = mean_places(values, directions)
    for group, mean, rank in zip(rows.values(), means, ranks(means), strict=True):
        for item in group:
            item["rank"], item["mean_place"] = rank, mean
    best = sorted(rows, key=lambda digest: (rows[digest][0]["mean_place"], rows[digest][0]["model"], digest))
    tested = _testable([(digest, records[digest]) for digest in best])[:MOST_TESTED]
    if len(tested) > 1:
        _group(rows, {digest: records[digest] for digest in tested}, counted, directions)


def _testable(named: Sequence[tuple[str, ScoreRecord]]) -> list[str]:
    """Return the records that can be put to paired tests against the most others, best first."""

    def kind(record: ScoreRecord) -> tuple[Any, ...]:
        videos = tuple(sorted(record.original_sizes))
        left_out = tuple(sorted(record.coverage.excluded))
        return record.ground_truth_sha256, record.seed, videos, left_out

    kinds: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for digest, record in named:
        if all(value.by_video or value.replicates for value in record.metrics.values()):
            kinds[kind(record)].append(digest)
    return max(kinds.values(), key=len, default=[])


def _group(
    rows: Mapping[str, Sequence[Item]],
    records: Mapping[str, ScoreRecord],
    counted: Sequence[str],
    directions: Mapping[str, bool],
) -> None:
    """Fill in the letters of one table's tested records, which come best first."""
    pairs = list(itertools.combinations(records, 2))
    p_values: dict[tuple[str, tuple[str, str]], float] = {}
    for metric in counted:
        values = {digest: record.metrics[metric] for digest, record in records.items()}
        tests = _p_values(values, pairs)
        p_values |= {(metric, pair): p for pair, p in tests.items()}
        sign = -1.0 if directions[metric] else 1.0
        order = sorted(records, key=lambda digest: (sign * values[digest].value, digest))
        letters = tie_letters(order, _parted(list(tests), holm(list(tests.values()))))
        for digest, letter in letters.items():
            next(item for item in rows[digest] if item["metric"] == metric)["ties"] = letter if tests else ""
    if not p_values:
        return
    tested = [pair for _, pair in p_values]
    letters = tie_letters(list(records), _parted(tested, holm(list(p_values.values()))))
    for digest, letter in letters.items():
        for item in rows[digest]:
            item["group"] = letter


def _parted(pairs: Sequence[tuple[str, str]], adjusted: Sequence[float]) -> set[tuple[str, str]]:
    return {pair for pair, p in zip(pairs, adjusted, strict=True) if p <= _LEVEL}


def _p_values(
    values: Mapping[str, MetricValue], pairs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], float]:
    """Return pair -> p of its test under one metric; nothing of pairs that cannot be tested."""
    found = {}
    for pair in pairs:
        p = _p_value(values[pair[0]], values[pair[1]])
        if p is not None:
            found[pair] = p
    return found


def _p_value(one: MetricValue, other: MetricValue) -> float | None:
    if not one.by_video or not other.by_video:
        if one.by_video or other.by_video or len(one.replicates) != len(other.replicates):
            return None
        return paired_jackknife(one.value, other.value, one.replicates, other.replicates).p
    videos = sorted(set(one.by_video) & set(other.by_video))
    if len(videos) < 2:
        return None
    differences = np.array([one.by_video[video] - other.by_video[video] for video in videos])
    if one.by_video_items and other.by_video_items:
        # The same weights as `mcbench versus` has: the mean of both counts of frames.
        differences *= [(one.by_video_items[v] + other.by_video_items[v]) / 2.0 for v in videos]
    return sign_flip_test(differences)


def _grouped(items: Sequence[Item], key: Callable[[Item], Any]) -> dict[Any, list[Item]]:
    groups: dict[Any, list[Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def tables_of(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Yield the rows of each table together, in order of the tables."""
    yield from _grouped(items, lambda item: item["table"]).values()

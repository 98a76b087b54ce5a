"""Groups of ties against scipy's own permutation test, and what is not tested."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats

from mcbench.leaderboard import Table, collect, make_tables, write_leaderboard
from mcbench.leaderboard.notes import MOST_TESTED
from mcbench.records import MetricValue, ModelDescription, ScoreRecord
from mcbench.scoring import compare_methods
from tests.leaderboard import factory

VIDEOS = tuple(f"v{index:02d}" for index in range(12))


def by_video(metric: str, values: list[float]) -> MetricValue:
    mean = float(np.mean(values))
    return factory.value(
        metric,
        mean,
        ci_low=mean - 1,
        ci_high=mean + 1,
        n_videos=len(values),
        by_video=dict(zip(VIDEOS, values, strict=True)),
    )


def record(name: str, metrics: dict[str, list[float]], **changes: Any) -> ScoreRecord:
    n = len(VIDEOS)
    fields: dict[str, Any] = {
        "coverage": factory.coverage(
            videos_expected=n, videos_scored=n, frames_expected=24 * n, frames_scored=24 * n
        ),
        "original_sizes": dict.fromkeys(VIDEOS, ((8, 8), (8, 8))),
    }
    return factory.score(name, {m: by_video(m, v) for m, v in metrics.items()}, **fields | changes)


def table_of(folder: Path, *records: ScoreRecord) -> Table:
    for index, one in enumerate(records):
        factory.put(folder, one, folder=f"model-{index}")
    (table,) = make_tables(collect([folder]))
    return table


def letters(table: Table, metric: str) -> dict[str, str]:
    place = [column.metric for column in table.columns].index(metric)
    return {row.name: row.cells[place].ties for row in table.rows}


def noisy(mean: float, seed: int, spread: float = 1.0) -> list[float]:
    return [mean + spread * number for number in np.random.RandomState(seed).normal(size=len(VIDEOS))]


def test_letters_of_a_metric_are_those_of_versus(tmp_path: Path) -> None:
    means = {"a": 24.0, "b": 23.9, "c": 22.4, "d": 15.0}
    records = [
        record(name, {"psnr": noisy(m, seed), "ssim": noisy(m / 100, seed + 50, 0.01)})
        for seed, (name, m) in enumerate(means.items())
    ]
    table = table_of(tmp_path, *records)
    compared = compare_methods(records)
    for metric in ("psnr", "ssim"):
        assert letters(table, metric) == {one.method: one.ties for one in compared.metrics[metric].standings}
    assert len(set(letters(table, "psnr").values())) > 1
    assert all(column.parted for column in table.columns)


def test_groups_are_holm_over_all_pairs_and_counted_metrics(tmp_path: Path) -> None:
    values = {
        name: {"psnr": noisy(m, seed), "ssim": noisy(s, seed + 50, 0.02)}
        for seed, (name, m, s) in enumerate(
            (("a", 24.0, 0.8), ("b", 23.6, 0.8), ("c", 22.5, 0.78), ("d", 20.0, 0.5))
        )
    }
    table = table_of(tmp_path, *(record(name, metrics) for name, metrics in values.items()))
    tests = []
    for metric, (one, other) in itertools.product(("psnr", "ssim"), itertools.combinations(values, 2)):
        found = scipy.stats.permutation_test(
            (np.array(values[one][metric]) - np.array(values[other][metric]),),
            np.mean,
            permutation_type="samples",
            n_resamples=np.inf,
        )
        tests.append((found.pvalue, frozenset({one, other})))
    parted: set[frozenset[str]] = set()
    for place, (p, pair) in enumerate(sorted(tests, key=lambda test: test[0])):
        if p * (len(tests) - place) > 0.05:
            break
        parted.add(pair)
    groups = {row.name: set(row.group) for row in table.rows}
    for one, other in itertools.combinations(values, 2):
        assert bool(groups[one] & groups[other]) == (frozenset({one, other}) not in parted), (one, other)
    assert 0 < len(parted) < 6
    assert any(note.startswith("Group:") for note in table.notes)


def test_too_few_videos_part_nobody_and_letters_stay_out_of_the_text(tmp_path: Path) -> None:
    few = {"dance-00": 1.0, "dance-01": 2.0, "dance-02": 3.0}
    sizes = dict.fromkeys(few, ((8, 8), (8, 8)))
    values = [
        factory.value("psnr", 2.0 + add, by_video={k: v + add for k, v in few.items()}, ci_low=0, ci_high=20)
        for add in (0, 10)
    ]
    table = table_of(
        tmp_path, *(factory.score(str(i), {"psnr": v}, original_sizes=sizes) for i, v in enumerate(values))
    )
    assert {row.group for row in table.rows} == {"a"}
    assert [row.rank for row in table.rows] == [1, 2], "ranks are of displayed values all the same"
    assert not table.columns[0].parted


def test_a_record_without_values_by_video_has_no_group(tmp_path: Path) -> None:
    table = table_of(
        tmp_path,
        record("a", {"psnr": noisy(24.0, 0)}),
        record("b", {"psnr": noisy(20.0, 1)}),
        factory.score("old", {"psnr": 22.0}),
    )
    groups = {row.name: row.group for row in table.rows}
    assert groups["old"] == ""
    assert groups["a"]
    assert any("2 of 3 ranked methods were tested" in note for note in table.notes)


@pytest.mark.parametrize("change", [{"seed": 1}, {"ground_truth_sha256": factory.digest("other")}])
def test_what_differs_in_kind_is_not_tested_against_the_others(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    table = table_of(
        tmp_path,
        record("a", {"psnr": noisy(24.0, 0)}),
        record("b", {"psnr": noisy(20.0, 1)}),
        record("other", {"psnr": noisy(22.0, 2)}, **change),
    )
    assert {row.name: bool(row.group) for row in table.rows} == {"a": True, "other": False, "b": True}


def test_of_many_only_the_best_are_tested(tmp_path: Path) -> None:
    records = [
        record(f"m{index:02d}", {"psnr": noisy(30.0 - index, index)}) for index in range(MOST_TESTED + 3)
    ]
    random.Random(1).shuffle(records)
    table = table_of(tmp_path, *records)
    assert [bool(row.group) for row in table.rows] == [True] * MOST_TESTED + [False] * 3


def test_readings_of_the_data_are_no_columns_and_rank_nobody(tmp_path: Path) -> None:
    better = {"iaa": 0.9, "iaa_truth": 0.95, "oks": 0.7, "oks_truth": 0.96, "signature_distance": 0.31}
    worse = better | {"iaa": 0.8, "oks": 0.6}
    shown = {
        name: factory.value(name, v, higher_is_better=True, ci_low=0, ci_high=1) for name, v in better.items()
    }
    other = {
        name: factory.value(name, v, higher_is_better=True, ci_low=0, ci_high=1) for name, v in worse.items()
    }
    table = table_of(
        tmp_path,
        factory.score("a", shown, protocol="people/1"),
        factory.score("b", other, protocol="people/1"),
    )
    assert [column.metric for column in table.columns] == ["iaa", "oks"]
    assert [column.truth_reading for column in table.columns] == ["0.9500", "0.9600"]
    assert [column.metric for column in table.columns if column.counted] == ["iaa", "oks"]
    assert any("Signature distance of the data: 0.3100" in note for note in table.notes)
    frame = collect([tmp_path])
    assert "iaa_truth" in set(frame["metric"]), "the CSV has them"


def test_who_was_shown_the_truth_is_listed_below_and_ranks_nobody(tmp_path: Path) -> None:
    methods = [record("a", {"psnr": noisy(24.0, 0)}), record("b", {"psnr": noisy(20.0, 1)})]
    ranked = [(row.name, row.rank, row.group) for row in table_of(tmp_path / "methods", *methods).rows]
    yardstick = ModelDescription(
        id="ground-truth", display_name="ground-truth", kind="builtin", inputs=("poses", "truth")
    )
    table = table_of(
        tmp_path / "all",
        *methods,
        record("x", {"psnr": [100.0] * len(VIDEOS)}).model_copy(update={"model": yardstick}),
    )
    *others, last = table.rows
    assert [(row.name, row.rank, row.group) for row in others] == ranked
    assert (last.name, last.rank, last.group, last.mark) == ("ground-truth", None, "", "shown the truth")
    assert [row.cells[0].best for row in table.rows] == [True, False, False]
    assert any("ground-truth: was shown the frames" in note for note in table.notes)
    write_leaderboard(collect([tmp_path / "all"]), tmp_path / "board")
    assert "| ground-truth (shown the truth) |" in (tmp_path / "board" / "README.md").read_text()

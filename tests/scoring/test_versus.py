"""Methods against each other, on made-up score records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.statistics import paired_jackknife, paired_means
from mcbench.records import MetricValue, ScoreRecord, WeightsUse
from mcbench.scoring import protocol
from mcbench.scoring.aggregate import distribution_value, mean_value
from mcbench.scoring.values import Features
from mcbench.scoring.versus import Comparison, compare_methods
from tests.leaderboard.factory import coverage, digest, score, split

VIDEOS = [f"clip-{place:02d}" for place in range(12)]
HARDNESS = np.random.default_rng(0).normal(0, 4, len(VIDEOS))


def _psnr(quality: float, noise: float, seed: int, name: str = "mcbench/1") -> MetricValue:
    random = np.random.default_rng(seed)
    series = {
        video: quality + HARDNESS[place] + random.normal(0, noise) + random.normal(0, 0.1, 4 + place)
        for place, video in enumerate(VIDEOS)
    }
    value = mean_value(protocol(name), series, higher_is_better=True, unit="dB")
    assert value is not None
    return value


def _fid(shift: float, seed: int) -> MetricValue:
    random = np.random.default_rng(7)
    own = np.random.default_rng(seed)
    features = {}
    for video in VIDEOS:
        truth = random.normal(random.normal(size=6), 1, (8, 6)).astype(np.float32)
        features[video] = Features((truth + own.normal(shift, 0.3, (8, 6))).astype(np.float32), truth, ())
    chosen = protocol("mcbench/1")
    return distribution_value(chosen, chosen.distribution_metrics[0], features, 0)


def _record(model: str, quality: float, noise: float, chance: int, **changes: Any) -> ScoreRecord:
    metrics = {"psnr": _psnr(quality, noise, chance), "fid": _fid((32 - quality) / 10, chance)}
    sizes = dict.fromkeys(VIDEOS, ((64, 48), (64, 48)))
    return score(model, metrics, **{"original_sizes": sizes} | changes)


def _three() -> list[ScoreRecord]:
    return [_record("poor", 20, 0.3, 1), _record("good", 30, 0.3, 2), _record("fair", 29.9, 0.3, 3)]


def test_best_first_with_ties_wins_and_p() -> None:
    found = compare_methods(_three()).metrics["psnr"]
    assert [(one.method, one.rank, one.ties) for one in found.standings] == [
        ("good", 1, "a"),
        ("fair", 2, "a"),
        ("poor", 3, "b"),
    ]
    assert [one.tied_with_best for one in found.standings] == [True, True, False]
    pair = found.pair("poor", "good")
    assert (pair.first, pair.second, pair.wins, pair.losses, pair.n_videos) == ("good", "poor", 12, 0, 12)
    assert pair.p == 2 / 2**12
    assert pair.p_adjusted == 3 * pair.p
    assert pair.difference == pytest.approx(10, abs=0.5)
    assert pair.ci_low is not None
    assert 9 < pair.ci_low < pair.difference < pair.ci_high < 11
    assert (found.test, found.note, found.lacking) == ("sign-flip", "", ())


def test_the_numbers_are_those_of_the_pure_functions() -> None:
    good, fair = _three()[1:]
    found = compare_methods([good, fair], seed=4)
    one, other = good.metrics["psnr"], fair.metrics["psnr"]
    expected = paired_means(
        [one.by_video[video] for video in VIDEOS], [other.by_video[video] for video in VIDEOS], seed=4
    )
    pair = found.metrics["psnr"].pairs[0]
    assert (pair.difference, (pair.ci_low, pair.ci_high), pair.p) == (
        expected.value,
        expected.interval,
        expected.p,
    )
    one, other = good.metrics["fid"], fair.metrics["fid"]
    expected = paired_jackknife(one.value, other.value, one.replicates, other.replicates)
    pair = found.metrics["fid"].pair("good", "fair")
    sign = 1 if pair.first == "good" else -1
    assert (pair.difference, pair.p, pair.wins) == (sign * expected.value, expected.p, None)


def test_distances_have_lower_as_better_and_the_jackknife() -> None:
    found = compare_methods(_three()).metrics["fid"]
    assert found.test == "jackknife"
    assert found.standings[-1].method == "poor"
    assert found.pair("good", "poor").difference < 0
    assert found.pair("good", "poor").parted


def test_videos_weigh_by_frames_where_the_protocol_has_it() -> None:
    records = []
    for model, quality, seed in (("a", 30.0, 1), ("b", 29.0, 2)):
        records.append(score(model, {"psnr": _psnr(quality, 2.0, seed, "disco/2")}))
    pair = compare_methods(records).metrics["psnr"].pairs[0]
    values = {record.model.id: record.metrics["psnr"].value for record in records}
    assert pair.difference == pytest.approx(values[pair.first] - values[pair.second], rel=1e-12)


def test_order_and_names_of_methods_decide_nothing() -> None:
    records = _three()
    reference = compare_methods(records)
    turned = compare_methods(records[::-1])
    assert turned.metrics == reference.metrics
    named = compare_methods(records, names=["x", "y", "z"])
    assert [one.method for one in named.metrics["psnr"].standings] == ["y", "z", "x"]
    assert Comparison.model_validate_json(reference.model_dump_json()) == reference


def test_equal_methods_share_rank_and_letter() -> None:
    twin = _three()[1]
    found = compare_methods([twin, twin], names=["one", "two"])
    for metric in found.metrics.values():
        assert [(one.rank, one.ties) for one in metric.standings] == [(1, "a"), (1, "a")]
        assert metric.pairs[0].p == 1.0


def test_a_metric_that_one_lacks_is_compared_among_the_others() -> None:
    records = _three()
    without = records[0].model_copy(update={"metrics": {"psnr": records[0].metrics["psnr"]}})
    found = compare_methods([without, *records[1:]])
    assert found.metrics["fid"].lacking == ("poor",)
    assert len(found.metrics["fid"].pairs) == 1
    assert set(compare_methods(records, metrics=["fid"]).metrics) == {"fid"}


def test_people_found_in_other_videos_are_compared_on_common_ones() -> None:
    records = _three()[1:]
    value = records[0].metrics["psnr"]
    fewer = value.model_copy(update={"by_video": dict(list(value.by_video.items())[:7]), "n_videos": 7})
    found = compare_methods([records[0].model_copy(update={"metrics": {"psnr": fewer}}), records[1]])
    assert found.metrics["psnr"].pairs[0].n_videos == 7
    none = value.model_copy(update={"by_video": {"elsewhere": 1.0}})
    found = compare_methods([records[0].model_copy(update={"metrics": {"psnr": none}}), records[1]])
    pair = found.metrics["psnr"].pairs[0]
    assert (pair.n_videos, pair.p, pair.parted) == (0, None, False)
    assert "too few for any test" in found.metrics["psnr"].note


def test_few_videos_are_said_to_part_none() -> None:
    records = []
    for model, quality in (("a", 30.0), ("b", 10.0)):
        value = mean_value(
            protocol("mcbench/1"),
            {f"v{k}": np.full(3, quality + k) for k in range(4)},
            higher_is_better=True,
        )
        records.append(score(model, {"psnr": value}))
    found = compare_methods(records).metrics["psnr"]
    assert not found.pairs[0].parted
    assert "no adjusted p can be below 0.12" in found.note


def test_parts_of_the_frames() -> None:
    records = _three()
    sliced = [
        one.model_copy(update={"slices": {"people=2": {"psnr": one.metrics["psnr"]}}}) for one in records
    ]
    found = compare_methods(sliced, part="people=2")
    assert (found.part, set(found.metrics)) == ("people=2", {"psnr"})
    assert found.metrics["psnr"] == compare_methods(records).metrics["psnr"]
    with pytest.raises(InputError, match="has no part 'people=9'"):
        compare_methods(sliced, part="people=9")


OTHER = digest("other")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"protocol": "mcbench/1"}, "differ in protocol: disco/2 and mcbench/1"),
        ({"protocol_sha256": OTHER}, "differ in settings of the protocol"),
        ({"split": split(subset="test")}, "differ in split: multi-character/demo and multi-character/test"),
        ({"split": split(data_sha256=OTHER)}, "differ in prepared clips"),
        ({"networks": "reference"}, "differ in family of networks"),
        ({"precision": "fast"}, "differ in precision: fp32 and fast"),
        ({"seed": 1}, "differ in seed: 0 and 1"),
        ({"ground_truth_sha256": OTHER}, "differ in true frames"),
        ({"original_sizes": {"clip-00": ((8, 8), (8, 8))}}, "differ in scored videos: only a has clip-01"),
        ({"coverage": coverage(excluded={"clip-03": "short"})}, "differ in what was left out: only b has"),
    ],
)
def test_scores_of_different_kinds_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(MismatchError, match=message) as caught:
        compare_methods([_record("a", 30, 1, 1), _record("b", 29, 1, 2, **changes)])
    assert caught.value.hint


def test_other_weights_are_refused_between_any_two() -> None:
    uses = [{}, {"i3d": digest("i3d")}, {"i3d": OTHER}]
    records = [
        one.model_copy(
            update={"weights": {name: WeightsUse(name=name, sha256=sha) for name, sha in use.items()}}
        )
        for one, use in zip(_three(), uses, strict=True)
    ]
    with pytest.raises(MismatchError, match="good and fair used other weights of i3d"):
        compare_methods(records)


def test_scores_without_values_of_videos_are_refused() -> None:
    with pytest.raises(MismatchError, match="holds no values of each video for psnr") as caught:
        compare_methods([score("a"), score("b")])
    assert "mcbench score" in caught.value.hint


def test_distances_over_other_clips_are_refused() -> None:
    one, other = _three()[:2]
    fid = other.metrics["fid"]
    for changes in ({"replicates": fid.replicates[:5]}, {"n_items": 40}, {"by_video": {"clip-00": 1.0}}):
        changed = other.model_copy(update={"metrics": {"fid": fid.model_copy(update=changes)}})
        with pytest.raises(MismatchError, match="fid of good is"):
            compare_methods([one, changed], metrics=["fid"])


def test_bad_calls_are_refused() -> None:
    one, other = _three()[:2]
    with pytest.raises(InputError, match="takes two methods"):
        compare_methods([one])
    with pytest.raises(InputError, match="go by the name 'poor'"):
        compare_methods([one, one])
    with pytest.raises(InputError, match="names for"):
        compare_methods([one, other], names=["a"])
    with pytest.raises(InputError, match="names no model"):
        compare_methods([one, other.model_copy(update={"model": None})])
    with pytest.raises(InputError, match="the metric 'sharpness'"):
        compare_methods([one, other], metrics=["sharpness"])
    with pytest.raises(InputError, match="confidence"):
        compare_methods([one, other], confidence=95)
    with pytest.raises(InputError, match="metric in common"):
        compare_methods([one, other.model_copy(update={"metrics": {}})])

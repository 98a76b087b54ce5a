"""Every pair of methods under every metric."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mcbench.errors import InputError
from mcbench.metrics.statistics import Difference, holm, paired_jackknife, paired_means, tie_letters
from mcbench.records import MetricValue, ScoreRecord
from mcbench.scoring.versus.alike import SCORE_AGAIN, check_alike, check_testable
from mcbench.scoring.versus.results import Comparison, MetricComparison, PairTest, Standing


@dataclass(frozen=True)
class _Setting:
    confidence: float
    draws: int
    seed: int


def compare_methods(
    records: Sequence[ScoreRecord],
    *,
    names: Sequence[str] | None = None,
    metrics: Collection[str] | None = None,
    part: str | None = None,
    confidence: float = 0.95,
    bootstrap_draws: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Test every pair of methods under every metric, from their score records alone.

    Metrics that have a value of each video (frames, people) are tested by flipping signs over videos, and
    their difference has a paired bootstrap interval. Distances between distributions have the jackknife of
    their difference. The p values of a metric are adjusted by Holm's method for its pairs of methods, and
    methods that are not parted share a letter (docs/statistics.md).

    Args:
        records: one a method, at least two.
        names: of the methods, in the same order; None takes each record's model.
        metrics: keys to compare; None for all that two records have.
        part: a key of the records' `slices` (such as `people=2`), or None for all frames.
        confidence: of intervals; 1 - confidence is the chance of any false difference under a metric.
        bootstrap_draws: of the intervals.
        seed: of draws, and of signs beyond 20 videos.

    Raises:
        InputError: fewer than two records, two of one name, or a metric or part that no two records have.
        MismatchError: the records differ in protocol, networks, precision, truth, videos or seed, or hold
            no values of each video.
    """
    if not 0.0 < confidence < 1.0:
        raise InputError(f"the confidence {confidence} is not between 0 and 1")
    named = _named(records, names)
    check_alike(named)
    values = {name: _values(name, record, part) for name, record in named.items()}
    setting = _Setting(confidence, bootstrap_draws, seed)
    first = records[0]
    return Comparison(
        protocol=first.protocol,
        protocol_sha256=first.protocol_sha256,
        networks=first.networks,
        precision=first.precision,
        split=first.split.name if first.split else None,
        ground_truth_sha256=first.ground_truth_sha256,
        part=part,
        methods=tuple(named),
        videos=tuple(sorted(first.original_sizes)),
        confidence=confidence,
        seed=seed,
        metrics={key: _compare(key, values, setting) for key in _shared_metrics(values, metrics)},
    )


def _named(records: Sequence[ScoreRecord], names: Sequence[str] | None) -> dict[str, ScoreRecord]:
    if len(records) < 2:
        raise InputError(
            f"{len(records)} score(s) cannot be compared; it takes two methods",
            "generate and score another: mcbench run --model NAME, then mcbench score results/",
        )
    if names is None:
        if any(record.model is None for record in records):
            raise InputError("a score of `mcbench compare` names no model", "pass names, or score runs")
        names = [record.model.id for record in records if record.model is not None]
    if len(names) != len(records):
        raise InputError(f"{len(names)} names for {len(records)} score records")
    if doubled := sorted(name for name in set(names) if list(names).count(name) > 1):
        raise InputError(f"two scores go by the name {doubled[0]!r}", "compare one run of each method")
    return dict(zip(names, records, strict=True))


def _values(name: str, record: ScoreRecord, part: str | None) -> dict[str, MetricValue]:
    if part is None:
        return record.metrics
    if part not in record.slices:
        there = ", ".join(sorted(record.slices)) or "none"
        raise InputError(f"the score of {name} has no part {part!r}", f"its parts: {there}")
    return record.slices[part]


def _shared_metrics(
    values: Mapping[str, Mapping[str, MetricValue]], wanted: Collection[str] | None
) -> list[str]:
    every = dict.fromkeys(key for metrics in values.values() for key in metrics)
    shared = [key for key in every if sum(key in metrics for metrics in values.values()) >= 2]
    if not shared:
        raise InputError("no two of the scores have a metric in common", SCORE_AGAIN)
    for key in wanted or ():
        if key not in shared:
            raise InputError(
                f"no two of the scores have the metric {key!r}", f"they have {', '.join(shared)}"
            )
    return [key for key in shared if wanted is None or key in wanted]


def _compare(key: str, every: Mapping[str, Mapping[str, MetricValue]], setting: _Setting) -> MetricComparison:
    values = {name: metrics[key] for name, metrics in every.items() if key in metrics}
    check_testable(key, values)
    some = next(iter(values.values()))
    sign = -1.0 if some.higher_is_better else 1.0
    order = sorted(values, key=lambda name: (sign * values[name].value, name))
    pairs = _pair_tests(order, values, setting)
    parted = {(pair.first, pair.second) for pair in pairs if pair.parted}
    letters = tie_letters(order, parted)
    standings = tuple(
        Standing(
            method=name,
            rank=1 + sum(sign * one.value < sign * values[name].value for one in values.values()),
            value=values[name].value,
            ci_low=values[name].ci_low,
            ci_high=values[name].ci_high,
            ties=letters[name],
            tied_with_best=(order[0], name) not in parted,
            warning=values[name].warning,
        )
        for name in order
    )
    return MetricComparison(
        metric=key,
        unit=some.unit,
        higher_is_better=some.higher_is_better,
        test="sign-flip" if some.by_video else "jackknife",
        standings=standings,
        pairs=pairs,
        lacking=tuple(name for name in every if name not in values),
        note=_note(pairs, bool(some.by_video), setting.confidence),
    )


def _pair_tests(
    order: Sequence[str], values: Mapping[str, MetricValue], setting: _Setting
) -> tuple[PairTest, ...]:
    names = list(itertools.combinations(order, 2))
    found = [_difference(values[first], values[second], setting) for first, second in names]
    adjusted = iter(holm([one.p for one in found if one.p is not None]))
    return tuple(
        _pair_test(pair, values, one, None if one.p is None else next(adjusted), setting.confidence)
        for pair, one in zip(names, found, strict=True)
    )


def _common(one: MetricValue, other: MetricValue) -> list[str]:
    """Return the videos on which both have a value; a metric of people has none where nobody is found."""
    return sorted(set(one.by_video) & set(other.by_video))


def _difference(one: MetricValue, other: MetricValue, setting: _Setting) -> Difference:
    if not one.by_video:
        return paired_jackknife(
            one.value, other.value, one.replicates, other.replicates, confidence=setting.confidence
        )
    videos = _common(one, other)
    if not videos:
        return Difference(one.value - other.value, None, None)
    weights = None
    if one.by_video_items:
        # The same frames, as a rule; where a metric of people counts other numbers, their mean rules.
        weights = [(one.by_video_items[video] + other.by_video_items[video]) / 2.0 for video in videos]
    return paired_means(
        [one.by_video[video] for video in videos],
        [other.by_video[video] for video in videos],
        weights,
        confidence=setting.confidence,
        bootstrap_draws=setting.draws,
        seed=setting.seed,
    )


def _pair_test(
    names: tuple[str, str],
    values: Mapping[str, MetricValue],
    found: Difference,
    adjusted: float | None,
    confidence: float,
) -> PairTest:
    one, other = values[names[0]], values[names[1]]
    videos = _common(one, other)
    sign = 1.0 if one.higher_is_better else -1.0
    gains = [sign * (one.by_video[video] - other.by_video[video]) for video in videos]
    return PairTest(
        first=names[0],
        second=names[1],
        difference=found.value,
        ci_low=found.interval[0] if found.interval else None,
        ci_high=found.interval[1] if found.interval else None,
        p=found.p,
        p_adjusted=adjusted,
        parted=adjusted is not None and adjusted <= 1.0 - confidence,
        n_videos=len(videos) if one.by_video else one.n_videos,
        wins=sum(gain > 0.0 for gain in gains) if one.by_video else None,
        losses=sum(gain < 0.0 for gain in gains) if one.by_video else None,
    )


def _note(pairs: Sequence[PairTest], by_video: bool, confidence: float) -> str:
    fewest = min(pair.n_videos for pair in pairs)
    if all(pair.p is None for pair in pairs):
        return f"{fewest} video(s): too few for any test"
    smallest = 2.0 ** (1 - fewest) * len(pairs)
    if by_video and smallest > 1.0 - confidence:
        return (
            f"{fewest} videos and {len(pairs)} pair(s) of methods: no adjusted p can be below "
            f"{min(1.0, smallest):.2g}, so the test may part none however they differ"
        )
    return ""

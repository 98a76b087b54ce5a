"""Aggregation of per-video values, on made-up values."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

from mcbench.errors import InputError
from mcbench.metrics.distribution import frechet_distance, kernel_distance, squared_distance
from mcbench.metrics.statistics import deal, jackknife_interval
from mcbench.records import MetricValue
from mcbench.scoring import protocol
from mcbench.scoring.aggregate import distribution_value, frame_value
from mcbench.scoring.values import Features, VideoValues


def _videos(n_videos: int = 12) -> list[VideoValues]:
    random = np.random.default_rng(0)
    return [
        VideoValues(f"v{k}", np.arange(3 + k), {"psnr": random.normal(20 + k, 1, 3 + k)}, {})
        for k in range(n_videos)
    ]


def _features(n_videos: int = 12, n_items: int = 4) -> dict[str, Features]:
    random = np.random.default_rng(1)
    made = {}
    for place in range(n_videos):
        truth = random.normal(random.normal(), 1, (n_items, 6)).astype(np.float32)
        prediction = truth + random.normal(0.5, 0.2, (n_items, 6)).astype(np.float32)
        made[f"v{place}"] = Features(prediction, truth, ())
    return made


def _without(features: dict[str, Features], left_out: set[str]) -> tuple[np.ndarray, np.ndarray]:
    kept = [one for name, one in features.items() if name not in left_out]
    return np.concatenate([one.prediction for one in kept]), np.concatenate([one.truth for one in kept])


def _psnr(name: str, seed: int = 0, videos: list[VideoValues] | None = None) -> MetricValue:
    chosen = protocol(name)
    metric = next(metric for metric in chosen.frame_metrics if metric.key == "psnr")
    value = frame_value(chosen, metric, videos or _videos(), seed)
    assert value is not None
    return value


def test_disco_weighs_frames_and_mcbench_weighs_videos() -> None:
    series = [video.frames["psnr"] for video in _videos()]
    assert _psnr("disco/2").value == pytest.approx(np.concatenate(series).mean())
    ours = _psnr("mcbench/1")
    assert ours.value == pytest.approx(np.mean([one[1:].mean() for one in series]))
    assert ours.with_reference == pytest.approx(np.mean([one.mean() for one in series]))


def test_the_seed_moves_intervals_and_not_values() -> None:
    first, second, again = (_psnr("mcbench/1", seed) for seed in (0, 1, 0))
    assert first.value == second.value
    assert (first.ci_low, first.ci_high) != (second.ci_low, second.ci_high)
    assert first == again


def test_one_video_has_no_interval() -> None:
    assert _psnr("disco/2", videos=_videos(1)).ci_low is None


def test_a_distribution_metric_has_its_interval_and_noise_floor() -> None:
    chosen = protocol("mcbench/1")
    for metric in chosen.distribution_metrics[:2]:
        value = distribution_value(chosen, metric, _features(), 0)
        assert (value.n_videos, value.n_items, value.dimensions) == (12, 48, 6)
        assert value.ci_low is not None
        assert value.ci_high is not None
        assert value.ci_low <= value.value <= value.ci_high
        assert value.noise_floor is not None
        assert value == distribution_value(chosen, metric, _features(), 0)


def test_a_frechet_interval_does_not_go_below_zero_and_a_kernel_one_may() -> None:
    chosen = protocol("mcbench/1")
    random = np.random.default_rng(3)
    same = {f"v{k}": Features(*random.normal(size=(2, 4, 6)).astype(np.float32), ()) for k in range(12)}
    frechet, kernel = (
        distribution_value(chosen, metric, same, 0) for metric in chosen.distribution_metrics[:2]
    )
    assert frechet.ci_low is not None
    assert frechet.ci_low >= 0.0
    assert kernel.ci_low is not None
    assert kernel.ci_low < 0.0


def test_the_noise_floor_is_between_halves() -> None:
    chosen = protocol("disco/2").model_copy(update={"noise_floor_splits": 1})
    features = _features(2)
    value = distribution_value(chosen, chosen.distribution_metrics[0], features, 0)
    between = frechet_distance(features["v0"].truth, features["v1"].truth)
    assert value.noise_floor == pytest.approx(between)
    alone = {"v0": features["v0"]}
    assert distribution_value(chosen, chosen.distribution_metrics[0], alone, 0).noise_floor is None


def test_too_few_items_have_no_interval() -> None:
    chosen = protocol("disco/2")
    value = distribution_value(chosen, chosen.distribution_metrics[0], _features(2, 1), 0)
    assert (value.ci_low, value.noise_floor) == (None, None)


def test_each_videos_mean_is_kept_for_paired_tests() -> None:
    videos = _videos()
    ours, theirs = _psnr("mcbench/1", videos=videos), _psnr("disco/2", videos=videos)
    assert ours.by_video == {v.name: pytest.approx(v.frames["psnr"][1:].mean()) for v in videos}
    assert ours.by_video_items == {}
    assert theirs.by_video == {v.name: pytest.approx(v.frames["psnr"].mean()) for v in videos}
    assert theirs.by_video_items == {v.name: len(v.indices) for v in videos}
    weighed = sum(theirs.by_video[name] * count for name, count in theirs.by_video_items.items())
    assert theirs.value == pytest.approx(weighed / sum(theirs.by_video_items.values()))


def test_a_video_of_nothing_but_the_reference_has_no_mean() -> None:
    videos = [*_videos(3), VideoValues("one", np.array([0]), {"psnr": np.array([100.0])}, {})]
    assert set(_psnr("mcbench/1", videos=videos).by_video) == {"v0", "v1", "v2"}
    metric = protocol("mcbench/1").frame_metrics[0].model_copy(update={"key": "psnr"})
    assert frame_value(protocol("mcbench/1"), metric, videos[-1:], 0) is None


def test_replicates_are_the_distance_without_each_group() -> None:
    chosen = protocol("mcbench/1").model_copy(update={"jackknife_groups": 5})
    features = _features()
    groups = deal(sorted(features), 5, 3)
    distances = {"fid": frechet_distance, "kid": functools.partial(kernel_distance, paired=True)}
    for metric in chosen.distribution_metrics[:2]:
        value = distribution_value(chosen, metric, features, 3)
        names = sorted(features)
        expected = [
            distances[metric.key](*_without(features, {names[place] for place in group})) for group in groups
        ]
        assert value.replicates == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert value.value == pytest.approx(distances[metric.key](*_without(features, set())), abs=1e-12)
        interval = jackknife_interval(value.value, value.replicates)
        assert (value.ci_low, value.ci_high) == (
            max(0.0, interval[0]) if metric.key == "fid" else interval[0],
            interval[1],
        )


@pytest.mark.parametrize("name", ["mcbench/1", "disco/2", "humanvid/1"])
def test_the_order_of_videos_does_not_matter(name: str) -> None:
    chosen = protocol(name)
    features, videos = _features(), _videos()
    frame = next(metric for metric in chosen.frame_metrics if metric.key == "psnr")
    reference = frame_value(chosen, frame, videos, 0)
    assert reference is not None
    distances = {metric.distance: metric for metric in chosen.distribution_metrics}
    expected = {key: distribution_value(chosen, metric, features, 0) for key, metric in distances.items()}
    random = np.random.default_rng(0)
    for _ in range(4):
        order = random.permutation(12).tolist()
        assert frame_value(chosen, frame, [videos[place] for place in order], 0) == reference
        shuffled = {f"v{place}": features[f"v{place}"] for place in order}
        for key, metric in distances.items():
            assert distribution_value(chosen, metric, shuffled, 0) == expected[key]


def test_a_squared_distance_is_a_mean_over_items_with_a_bootstrap_interval() -> None:
    chosen = protocol("humanvid/1")
    metric = next(one for one in chosen.distribution_metrics if one.distance == "squared")
    features = _features(5) | {"v9": Features(np.ones((1, 6), np.float32), np.zeros((1, 6), np.float32), ())}
    value = distribution_value(chosen, metric, features, 0)
    assert value.value == pytest.approx(squared_distance(*_without(features, set())))
    assert value.by_video["v9"] == 6.0
    assert value.by_video_items == {"v0": 4, "v1": 4, "v2": 4, "v3": 4, "v4": 4, "v9": 1}
    assert (value.n_videos, value.n_items, value.dimensions, value.replicates) == (6, 21, 6, ())
    assert value.ci_low is not None
    assert value.ci_low < value.value


def _synthetic(n_videos: int, shift: float, seed: int) -> dict[str, Features]:
    """One item a video, independent on the two sides; the true Frechet distance is shift^2."""
    random = np.random.default_rng(seed)
    prediction, truth = random.normal(size=(2, n_videos, 400)) * np.sqrt(_SPECTRUM)
    prediction[:, 0] += shift
    return {f"v{k:04d}": Features(prediction[k : k + 1], truth[k : k + 1], ()) for k in range(n_videos)}


_SPECTRUM = 14.6 * np.arange(1, 401) ** -1.37
"""Variances that read, of equal sets, what the project's reference notes had measured with D = 400."""


@pytest.mark.parametrize(("n_videos", "reading"), [(10, 43.3), (50, 18.3), (200, 7.3), (1000, 1.5)])
def test_what_equal_sets_read_is_foreseen_and_warned_of(n_videos: int, reading: float) -> None:
    chosen = protocol("mcbench/1").model_copy(update={"jackknife_groups": 3})
    metric = chosen.distribution_metrics[0]
    equal = distribution_value(chosen, metric, _synthetic(n_videos, 0.0, 1), 0)
    assert equal.value == pytest.approx(reading, rel=0.15)
    assert equal.warning.startswith("mostly bias")
    foreseen = float(equal.warning.split("about ")[1].split(";")[0])
    assert foreseen == pytest.approx(reading, rel=0.3)
    # A true distance of half of what chance reads still drowns in it; one of three times that does not.
    assert distribution_value(chosen, metric, _synthetic(n_videos, np.sqrt(reading / 2), 1), 0).warning
    assert not distribution_value(chosen, metric, _synthetic(n_videos, np.sqrt(3 * reading), 1), 0).warning


def test_identical_sides_have_no_bias_and_one_video_cannot_tell() -> None:
    chosen = protocol("mcbench/1")
    same = {name: Features(one.truth, one.truth, ()) for name, one in _features().items()}
    value = distribution_value(chosen, chosen.distribution_metrics[0], same, 0)
    assert (value.value, value.warning) == (0.0, "")
    one = distribution_value(chosen, chosen.distribution_metrics[0], {"v0": same["v0"]}, 0)
    assert one.warning.startswith("1 video(s): too few")


def test_a_kernel_distance_has_no_bias_to_warn_of() -> None:
    chosen = protocol("mcbench/1")
    assert distribution_value(chosen, chosen.distribution_metrics[1], _synthetic(20, 0.0, 0), 0).warning == ""


def test_features_that_cannot_be_used_are_refused() -> None:
    chosen = protocol("mcbench/1")
    empty = Features(np.zeros((0, 6), np.float32), np.zeros((0, 6), np.float32), ())
    bad = Features(np.full((2, 6), np.nan, np.float32), np.zeros((2, 6), np.float32), ())
    for metric in chosen.distribution_metrics[:2]:
        with pytest.raises(InputError, match="without feature vectors"):
            distribution_value(chosen, metric, _features() | {"empty": empty}, 0)
        with pytest.raises(InputError, match="not finite"):
            distribution_value(chosen, metric, _features() | {"bad": bad}, 0)
        with pytest.raises(InputError, match="at least 2"):
            distribution_value(chosen, metric, _features(1, 1), 0)


def test_threads_change_nothing_that_shows() -> None:
    """300 items of 200 dimensions are enough for several threads to share the work."""
    chosen = protocol("mcbench/1").model_copy(update={"jackknife_groups": 4})
    random = np.random.default_rng(4)
    features = {
        f"v{place}": Features(*random.normal(size=(2, 50, 200)).astype(np.float32), ()) for place in range(6)
    }
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(
                [distribution_value(chosen, one, features, 0) for one in chosen.distribution_metrics[:2]]
            )
    finally:
        torch.set_num_threads(before)
    for one, other in zip(*found, strict=True):
        numbers = [(v.value, v.ci_low, v.ci_high, v.noise_floor, *v.replicates) for v in (one, other)]
        assert numbers[0] == pytest.approx(numbers[1], rel=1e-9, abs=1e-12)

"""Aggregation of per-video values, on made-up values."""

from __future__ import annotations

import numpy as np
import pytest

from mcbench.metrics.distribution import frechet_distance
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


def _features(n_videos: int = 12, n_items: int = 4) -> list[Features]:
    random = np.random.default_rng(1)
    made = []
    for _ in range(n_videos):
        truth = random.normal(random.normal(), 1, (n_items, 6)).astype(np.float32)
        made.append(Features(truth + random.normal(0.5, 0.2, (n_items, 6)).astype(np.float32), truth, ()))
    return made


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
    same = [Features(*random.normal(size=(2, 4, 6)).astype(np.float32), ()) for _ in range(12)]
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
    assert value.noise_floor == pytest.approx(frechet_distance(features[0].truth, features[1].truth))
    assert distribution_value(chosen, chosen.distribution_metrics[0], features[:1], 0).noise_floor is None


def test_too_few_items_have_no_interval() -> None:
    chosen = protocol("disco/2")
    value = distribution_value(chosen, chosen.distribution_metrics[0], _features(2, 1), 0)
    assert (value.ci_low, value.noise_floor) == (None, None)

"""Scores of invented numbers, for what prints and compares them."""

from __future__ import annotations

from mcbench.environment import describe_environment
from mcbench.records import Coverage, MetricValue, NetworkFamily, ScoreRecord, Unavailable, now
from mcbench.scoring import metric_key, protocol

VALUES = {"l1": 3.78e-4, "psnr": 15.2, "psnr_uint8": 28.31, "lpips": 0.36, "lpips_vgg": 0.4, "fvd": 301.2}
MISSING = Unavailable(reason="no weights of it", command="mcbench weights add resnet50-kinetics FILE")


def record(name: str, *, family: NetworkFamily = "reference", digest: str = "0") -> ScoreRecord:
    """Return a score as `score_run` makes it, of invented numbers."""
    one = protocol(name)
    metrics = {}
    for metric in one.frame_metrics:
        value = 0.0972 if metric.function == "mae" else VALUES.get(metric.key, 0.5)
        metrics[metric.key] = MetricValue(
            value=value,
            n_videos=10,
            n_items=2850,
            higher_is_better=metric.higher_is_better,
            unit=metric.unit,
            note=metric.note,
        )
    for distance in one.distribution_metrics:
        metrics[metric_key(distance.key, family)] = MetricValue(
            value=VALUES.get(distance.key, 41.5),
            n_videos=10,
            n_items=2850 if name == "disco/2" else 180,
            dimensions=400,
            noise_floor=43.2,
            higher_is_better=False,
            warning="mostly bias" if name == "common-metrics/1" else "",
        )
    unavailable = {}
    if metric_key("fid_vid", family) in metrics:
        del metrics[metric_key("fid_vid", family)]
        unavailable[metric_key("fid_vid", family)] = MISSING
    return ScoreRecord(
        protocol=name,
        protocol_sha256=one.sha256,
        networks=family,
        metrics=metrics,
        unavailable=unavailable,
        coverage=Coverage(videos_expected=10, videos_scored=10, frames_expected=3000, frames_scored=3000),
        predictions_sha256=digest * 64,
        ground_truth_sha256="1" * 64,
        environment=describe_environment("cpu"),
        created=now(),
    )

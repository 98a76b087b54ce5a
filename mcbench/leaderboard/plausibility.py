"""What a score record says against itself: numbers that no metric can have, counts that do not add up."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mcbench.records import MetricValue, ScoreRecord
from mcbench.scoring.checks import consistency
from mcbench.scoring.protocols import PROTOCOLS

_ROUNDING = 1e-6
_SHARE = (0.0, 1.0)
_DISTANCE = (-_ROUNDING, math.inf)
_RANGES = {
    "l1": (0.0, 255.0),
    "psnr": (0.0, 100.0),
    "psnr_uint8": (24.06, 100.0),
    "ssim": (-1.0, 1.0),
    "lpips": (0.0, 2.0),
    "lpips_alex": (0.0, 2.0),
    "lpips_vgg": (0.0, 2.0),
    "fid": _DISTANCE,
    "fid_vid": _DISTANCE,
    "fvd": _DISTANCE,
    "logit_distance": _DISTANCE,
    "person_psnr": (0.0, 100.0),
    "person_ssim": (-1.0, 1.0),
    "person_lpips": (0.0, 2.0),
    "iaa": _SHARE,
    "iaa_cross": _SHARE,
    "identity_accuracy": _SHARE,
    "identity_swap_rate": _SHARE,
    "missing_people": _SHARE,
    "occlusion_order": _SHARE,
    "oks": _SHARE,
    "pck": _SHARE,
    "pck_head": _SHARE,
    "pose_found": _SHARE,
    "mkr": _SHARE,
    "mpjpe": (0.0, math.inf),
    "mpjpe_height": (0.0, math.inf),
    "akd": (0.0, math.inf),
}
"""Metric -> least and greatest value that it can have. The kernel distances have no bound: unbiased, they
fall below 0."""


def impossible(record: ScoreRecord) -> list[str]:
    """Return what cannot be true of a record, each as a sentence; empty where nothing is wrong.

    Checked are the range of each metric, the order of intervals, counts against the coverage, the mean of
    the values by video against the value, and each metric's direction against its protocol's.
    """
    return [
        *_coverage(record),
        *(sentence for name, value in record.metrics.items() for sentence in _metric(record, name, value)),
    ]


def doubtful(record: ScoreRecord) -> list[str]:
    """Return what may be true of a record but asks for a second look."""
    found = []
    if record.predictions_sha256 == record.ground_truth_sha256:
        found.append("the predictions are the true frames, bit for bit")
    check = consistency(record)
    if check is not None and not check.holds:
        found.append(
            f"L1 and PSNR contradict each other unless frames differ much in quality: a mean error of "
            f"{check.left:.2f} grey levels, a root mean square error of {check.right:.2f}"
        )
    found += [f"{name}: {value.warning}" for name, value in record.metrics.items() if value.warning]
    return found


def _coverage(record: ScoreRecord) -> Iterator[str]:
    coverage = record.coverage
    for what, scored, expected in (
        ("videos", coverage.videos_scored, coverage.videos_expected),
        ("frames", coverage.frames_scored, coverage.frames_expected),
    ):
        if not 0 <= scored <= expected:
            yield f"{scored} {what} cannot have been scored of {expected}"
    if len(coverage.missing_videos) > coverage.videos_expected - coverage.videos_scored:
        yield f"{len(coverage.missing_videos)} videos are called missing, but the counts say fewer"


def _metric(record: ScoreRecord, name: str, value: MetricValue) -> Iterator[str]:
    base = name.partition("@")[0]
    low, high = _RANGES.get(base.removesuffix("_truth"), (-math.inf, math.inf))
    for what, number in [("", value.value), *((f" of {video}", v) for video, v in value.by_video.items())]:
        if not low <= number <= high:
            yield f"{name}{what} cannot be {number:g}; it lies within {low:g} to {high:g}"
    if value.ci_low is not None and value.ci_high is not None and value.ci_low > value.ci_high:
        yield f"the interval of {name} ends below its begin"
    if not 1 <= value.n_videos <= max(1, record.coverage.videos_scored) or value.n_items < 1:
        yield (
            f"{name} cannot be of {value.n_videos} videos and {value.n_items} items, "
            f"with {record.coverage.videos_scored} videos scored"
        )
    yield from _mean(name, value)
    yield from _direction(record, name, value)


def _mean(name: str, value: MetricValue) -> Iterator[str]:
    if not value.by_video:
        return
    if value.by_video_items and set(value.by_video_items) != set(value.by_video):
        yield f"{name} has values of other videos than it has counts of"
        return
    weights = value.by_video_items or dict.fromkeys(value.by_video, 1)
    total = sum(weights.values())
    if min(weights.values()) < 1:
        yield f"{name} counts a video without items"
        return
    mean = math.fsum(number * weights[video] for video, number in value.by_video.items()) / total
    if not math.isclose(mean, value.value, rel_tol=_ROUNDING, abs_tol=_ROUNDING):
        yield f"{name} is {value.value:.6g}, but the mean of its values by video is {mean:.6g}"


def _direction(record: ScoreRecord, name: str, value: MetricValue) -> Iterator[str]:
    protocol = PROTOCOLS.get(record.protocol)
    if protocol is None:
        return
    known = {one.key: one.higher_is_better for one in protocol.frame_metrics}
    known |= {one.key: one.higher_is_better for one in protocol.people_metrics}
    known |= {one.key: False for one in protocol.distribution_metrics}
    base = name.partition("@")[0]
    if base in known and known[base] != value.higher_is_better:
        better = "higher" if known[base] else "lower"
        yield f"{name} of {record.protocol} is better when {better}; the record says otherwise"

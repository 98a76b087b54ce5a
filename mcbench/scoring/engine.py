"""One walk over all pairs of frames, feeding every protocol; then the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mcbench.environment import describe_environment, now
from mcbench.errors import FileFormatError, MismatchError
from mcbench.files import sha256_text
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Coverage, MetricValue, ScoreRecord, Size, Unavailable
from mcbench.scoring.aggregate import distribution_value, frame_value
from mcbench.scoring.clips import ClipPlan, plan_clips
from mcbench.scoring.collect import VideoPass, VideoValues
from mcbench.scoring.networks import Networks
from mcbench.scoring.pairing import PairedVideo, Pairing, in_step
from mcbench.scoring.protocols import Protocol, metric_key
from mcbench.scoring.transforms import check_shapes, target_size
from mcbench.video import FramesDigest

_SHOWN = 6
_LEFT_OUT = Unavailable(reason="left out as asked", command="mcbench score without --leave-out")


@dataclass
class Walk:
    """What the walk over all videos found.

    Attributes:
        values: protocol -> values of each video, in order.
        plans: protocol -> which clips were taken.
        digests: video -> hash of the predicted and of the true frames.
        sizes: video -> size of the prediction and of the truth.
        frames_scored: pairs of frames.
    """

    values: dict[str, list[VideoValues]] = field(default_factory=dict)
    plans: dict[str, ClipPlan] = field(default_factory=dict)
    digests: dict[str, tuple[str, str]] = field(default_factory=dict)
    sizes: dict[str, tuple[Size, Size]] = field(default_factory=dict)
    frames_scored: int = 0


def walk(
    pairing: Pairing,
    protocols: Sequence[Protocol],
    networks: Networks,
    *,
    allow_missing: bool = False,
    progress: Progress | None = None,
) -> Walk:
    """Decode every paired frame once and collect what the protocols ask for.

    Memory holds one batch of frames and the features of all videos, never all frames.

    Args:
        pairing: what is compared; videos that turn out unreadable are moved to its exclusions.
        protocols: to feed.
        networks: from `load_networks`.
        allow_missing: leave an unreadable video out and list it, instead of stopping.
        progress: told of frames.

    Raises:
        MismatchError: shapes of the two sides differ too much, or no video is left.
        FileFormatError: a frame cannot be read, and `allow_missing` is false.
    """
    shown = progress or SilentProgress()
    found = Walk(values={protocol.name: [] for protocol in protocols})
    _check_all_shapes(pairing, protocols, allow_missing)
    found.plans = {protocol.name: plan_clips(protocol, pairing.videos) for protocol in protocols}
    shown.start("scoring frames", sum(len(video.frames) for video in pairing.videos))
    for video in list(pairing.videos):
        try:
            _walk_video(video, protocols, networks, found, shown)
        except FileFormatError as error:
            if not allow_missing:
                raise
            _exclude(pairing, video, error.message)
    if not pairing.videos:
        raise MismatchError("no video could be read", "; ".join(pairing.excluded.values()))
    return found


def score_records(
    found: Walk,
    pairing: Pairing,
    protocols: Sequence[Protocol],
    networks: Networks,
    *,
    allow_missing: bool,
    seed: int,
    device: str,
    progress: Progress | None = None,
) -> list[ScoreRecord]:
    """Aggregate a walk into one record a protocol; `split` and `model` are left for the caller."""
    shown = progress or SilentProgress()
    shown.start("distances and intervals", len(protocols))
    environment, created = describe_environment(device), now()
    records = []
    for protocol in protocols:
        videos = found.values[protocol.name]
        metrics, unavailable = _frame_metrics(protocol, videos, networks, seed)
        excluded = dict(pairing.excluded)
        _add_distributions(
            protocol, found, networks, metrics, unavailable, excluded, allow_missing=allow_missing, seed=seed
        )
        coverage = Coverage(
            videos_expected=len(pairing.videos_expected),
            videos_scored=len(videos),
            frames_expected=pairing.frames_expected,
            frames_scored=found.frames_scored,
            missing_videos=tuple(pairing.missing_videos),
            excluded=excluded,
        )
        records.append(
            ScoreRecord(
                protocol=protocol.name,
                protocol_sha256=protocol.sha256,
                networks=networks.family,
                metrics=metrics,
                unavailable=unavailable,
                weights=networks.used(protocol),
                coverage=coverage,
                predictions_sha256=_all_digests(found, 0),
                ground_truth_sha256=_all_digests(found, 1),
                original_sizes=found.sizes,
                seed=seed,
                environment=environment,
                created=created,
            )
        )
        shown.advance()
    return records


def _check_all_shapes(pairing: Pairing, protocols: Sequence[Protocol], allow_missing: bool) -> None:
    for video in list(pairing.videos):
        for protocol in protocols:
            try:
                check_shapes(protocol.frames, video.prediction_size, video.truth_size, f"video {video.name}")
            except MismatchError as error:
                if not allow_missing:
                    raise
                _exclude(pairing, video, error.message)
                break
    if not pairing.videos:
        raise MismatchError("nothing is left to compare", "; ".join(pairing.excluded.values()))


def _exclude(pairing: Pairing, video: PairedVideo, reason: str) -> None:
    pairing.videos.remove(video)
    pairing.missing_videos.append(video.name)
    pairing.excluded[video.name] = reason


def _walk_video(
    video: PairedVideo, protocols: Sequence[Protocol], networks: Networks, found: Walk, progress: Progress
) -> None:
    passes = {
        protocol.name: VideoPass(
            video.name,
            protocol,
            networks,
            target_size(protocol.frames, video.truth_size, video.prediction_size),
            found.plans[protocol.name].starts_of(video.name),
        )
        for protocol in protocols
    }
    digests = FramesDigest(), FramesDigest()
    for pair, prediction, truth in in_step(video):
        digests[0].update(prediction)
        digests[1].update(truth)
        for one in passes.values():
            one.add(pair.index, prediction, truth)
        progress.advance()
    _check_digests(video, digests)
    for name, one in passes.items():
        found.values[name].append(one.finish())
    found.digests[video.name] = digests[0].hexdigest(), digests[1].hexdigest()
    found.sizes[video.name] = video.prediction_size, video.truth_size
    found.frames_scored += len(video.frames)


def _check_digests(video: PairedVideo, digests: tuple[FramesDigest, FramesDigest]) -> None:
    expected = (video.prediction_sha256, video.truth_sha256)
    for side, wanted, digest in zip(("prediction", "truth"), expected, digests, strict=True):
        if wanted is not None and digest.hexdigest() != wanted:
            raise FileFormatError(
                f"the frames of the {side} of {video.name} are not those that were recorded",
                "run the command again that made them: mcbench run --overwrite, or mcbench data prepare",
            )


def _frame_metrics(
    protocol: Protocol, videos: Sequence[VideoValues], networks: Networks, seed: int
) -> tuple[dict[str, MetricValue], dict[str, Unavailable]]:
    metrics: dict[str, MetricValue] = {}
    unavailable: dict[str, Unavailable] = {}
    for metric in protocol.frame_metrics:
        if metric.key in networks.left_out:
            unavailable[metric.key] = _LEFT_OUT
            continue
        if metric.trunk and metric.trunk not in networks.lpips:
            unavailable[metric.key] = networks.unavailable[f"lpips-{metric.trunk}"]
            continue
        value = frame_value(protocol, metric, videos, seed)
        if value is None:
            unavailable[metric.key] = Unavailable(reason="no frame but the reference is there to score")
        else:
            metrics[metric.key] = value
    return metrics, unavailable


def _add_distributions(
    protocol: Protocol,
    found: Walk,
    networks: Networks,
    metrics: dict[str, MetricValue],
    unavailable: dict[str, Unavailable],
    excluded: dict[str, str],
    *,
    allow_missing: bool,
    seed: int,
) -> None:
    for metric in protocol.distribution_metrics:
        key = metric_key(metric.key, networks.family)
        setting = protocol.feature_setting(metric.role)
        if metric.key in networks.left_out:
            unavailable[key] = _LEFT_OUT
            continue
        if networks.of(setting) is None:
            unavailable[key] = networks.unavailable[setting.networks[networks.family]]
            continue
        videos = found.values[protocol.name]
        lacking = [video.name for video in videos if not len(video.features[metric.role].truth)]
        if lacking and not allow_missing:
            unavailable[key] = Unavailable(
                reason=f"too few frames for a clip of {setting.clip_length} in a row: {_some(lacking)}",
                command="the same command with --allow-missing, which leaves these videos out of them",
            )
            continue
        excluded |= {
            f"{name} ({metric.role})": f"no {setting.clip_length} frames in a row" for name in lacking
        }
        features = {
            video.name: video.features[metric.role] for video in videos if video.name not in lacking
        }
        if sum(len(one.truth) for one in features.values()) < 2:
            unavailable[key] = Unavailable(reason="a distance between distributions needs at least 2 items")
            continue
        metrics[key] = distribution_value(protocol, metric, features, seed)


def _all_digests(found: Walk, side: int) -> str:
    return sha256_text("".join(f"{name} {found.digests[name][side]}\n" for name in sorted(found.digests)))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

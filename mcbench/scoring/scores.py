"""From what was found of a run to its score records, one a protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from mcbench.environment import describe_environment, pick_device
from mcbench.errors import McbenchError
from mcbench.files import sha256_text
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Coverage, MetricValue, ScoreRecord, Unavailable, now
from mcbench.scoring.aggregate import (
    TruthReadings,
    distribution_value,
    frame_value,
    headline_mask,
    mean_value,
    read_truth,
)
from mcbench.scoring.cache import ScoreCache, cache_folder, content_key, limit_from_environment
from mcbench.scoring.compute import ScoreSettings
from mcbench.scoring.engine import MapJobs, Scored, walk_pairings
from mcbench.scoring.networks import NetworkRequest, Networks, find_networks
from mcbench.scoring.pairing import Pairing
from mcbench.scoring.people.keeping import people_key, people_parts
from mcbench.scoring.protocols import DistributionMetric, Protocol, metric_key
from mcbench.scoring.values import FeaturePair, Features, VideoValues

_SHOWN = 6
_INTERVAL_SETTINGS = {"confidence", "jackknife_groups", "noise_floor_splits", "bootstrap_draws"}
_ONE_ITEM = Unavailable(
    reason="one item has no spread, so there is no distance of distributions; tools that print one "
    "then print the squared distance of two vectors"
)
_LEFT_OUT = Unavailable(reason="left out of this score", command="mcbench score without --leave-out")


@dataclass(frozen=True)
class Made:
    """Score records and the values that they are made of."""

    records: list[ScoreRecord]
    scored: Scored


def score_pairings(
    pairings: Mapping[str, Pairing],
    protocols: Sequence[Protocol],
    settings: ScoreSettings,
    *,
    map_jobs: MapJobs | None = None,
    progress: Progress | None = None,
) -> dict[str, Made | McbenchError]:
    """Score runs that share their ground truth, in one walk over it.

    Args:
        pairings: run -> what is compared.
        protocols: all of them are fed by the walk.
        settings: what is asked for.
        map_jobs: where to run the jobs, such as on a cluster; by default as the settings say.
        progress: told of frames.

    Returns:
        run -> one record a protocol, or the error that keeps the run from being scored.

    Raises:
        InputError: an unknown metric or device.
        WeightsMissingError, FileFormatError: a network's file is not what it was.
    """
    compute = settings.compute
    request = NetworkRequest(
        family=settings.family,
        left_out=settings.left_out,
        home=settings.home,
        device=pick_device(compute.device),
        precision=compute.precision,
    )
    networks = find_networks(protocols, request)
    cache = cache_folder(settings.home) if compute.cache else None
    walked = walk_pairings(
        pairings,
        protocols,
        networks,
        compute=compute,
        cache=cache,
        allow_missing=settings.allow_missing,
        map_jobs=map_jobs,
        progress=progress,
    )
    made: dict[str, Made | McbenchError] = {}
    for run, found in walked.items():
        if isinstance(found, McbenchError):
            made[run] = found
            continue
        records = score_records(
            found,
            pairings[run],
            protocols,
            networks,
            allow_missing=settings.allow_missing,
            seed=settings.seed,
            cache=cache,
            progress=progress,
        )
        made[run] = Made(records, found)
    if cache is not None:  # not before all that the records need has been read
        ScoreCache(cache).prune(limit_from_environment())
    return made


def score_records(
    scored: Scored,
    pairing: Pairing,
    protocols: Sequence[Protocol],
    networks: Networks,
    *,
    allow_missing: bool,
    seed: int,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> list[ScoreRecord]:
    """Aggregate what was found into one record a protocol; `split` and `model` are left for the caller.

    Raises:
        FileFormatError: features went away from the cache.
    """
    shown = progress or SilentProgress()
    shown.start("distances and intervals", len(protocols))
    environment, created = describe_environment(networks.request.device), now()
    records = []
    for protocol in protocols:
        making = _Making(protocol, scored.values[protocol.name], networks, seed, ScoreCache(cache))
        excluded = dict(pairing.excluded)
        making.add_frame_metrics()
        making.add_distributions(excluded, allow_missing=allow_missing)
        making.add_people()
        used = networks.used(protocol)
        records.append(
            ScoreRecord(
                protocol=protocol.name,
                protocol_sha256=protocol.sha256,
                networks=networks.request.family,
                metrics=making.metrics,
                unavailable=making.unavailable,
                weights=used,
                coverage=Coverage(
                    videos_expected=len(pairing.videos_expected) + pairing.videos_unnamed,
                    videos_scored=len(making.videos),
                    frames_expected=pairing.frames_expected,
                    frames_scored=scored.frames_scored,
                    missing_videos=tuple(pairing.missing_videos),
                    excluded=excluded,
                ),
                predictions_sha256=_all_digests(scored, 0),
                ground_truth_sha256=_all_digests(scored, 1),
                original_sizes=scored.sizes,
                seed=seed,
                precision=networks.request.precision,
                slices=making.slices,
                backends={name: networks.backend(name.replace("lpips_", "lpips-")) for name in used},
                environment=environment,
                created=created,
            )
        )
        shown.advance()
    return records


class _Making:
    """The metrics of one record, as they come together."""

    def __init__(
        self,
        protocol: Protocol,
        videos: Sequence[VideoValues],
        networks: Networks,
        seed: int,
        cache: ScoreCache,
    ) -> None:
        self.protocol, self.videos = protocol, videos
        self.metrics: dict[str, MetricValue] = {}
        self.unavailable: dict[str, Unavailable] = {}
        self.slices: dict[str, dict[str, MetricValue]] = {}
        self._networks, self._seed, self._cache = networks, seed, cache

    def add_frame_metrics(self) -> None:
        for metric in self.protocol.frame_metrics:
            if metric.key in self._networks.left_out:
                self.unavailable[metric.key] = _LEFT_OUT
                continue
            if not self._networks.has(metric):
                self.unavailable[metric.key] = self._networks.unavailable[f"lpips-{metric.trunk}"]
                continue
            value = frame_value(self.protocol, metric, self.videos, self._seed)
            if value is None:
                reason = "no frame but the reference is there to score"
                self.unavailable[metric.key] = Unavailable(reason=reason)
            else:
                self.metrics[metric.key] = value

    def add_distributions(self, excluded: dict[str, str], *, allow_missing: bool) -> None:
        for metric in self.protocol.distribution_metrics:
            key = metric_key(metric.key, self._networks.request.family)
            obstacle = self._obstacle(metric)
            if obstacle is not None:
                self.unavailable[key] = obstacle
                continue
            setting = self.protocol.feature_setting(metric.role)
            lacking = [video.name for video in self.videos if not video.features[metric.role].items]
            if lacking and not allow_missing:
                self.unavailable[key] = Unavailable(
                    reason=f"too few frames for a clip of {setting.clip_length} in a row: {_some(lacking)}",
                    command="the same command with --allow-missing, which leaves these videos out of them",
                )
                continue
            excluded |= {
                f"{video} ({metric.role})": f"no {setting.clip_length} frames in a row" for video in lacking
            }
            pairs = {
                video.name: video.features[metric.role]
                for video in self.videos
                if video.features[metric.role].items
            }
            if setting.prefix_use == "separate":
                self._add_lengths(key, metric, pairs)
            else:
                self._add_distance(self.metrics, key, metric, pairs)

    def add_people(self) -> None:
        """Add the metrics of people, over all frames and over each part of them."""
        for metric in self.protocol.people_metrics:
            key = people_key(metric, self._networks.request.family)
            reasons = [video.no_people.get(metric.key) for video in self.videos]
            obstacle = next((reason for reason in reasons if reason is not None), None)
            if metric.key in self._networks.left_out:
                obstacle = _LEFT_OUT
            if obstacle is not None:
                self.unavailable[key] = obstacle
                continue
            for part, series in self._people_series(metric.key).items():
                value = mean_value(
                    self.protocol,
                    series,
                    higher_is_better=metric.higher_is_better,
                    unit=metric.unit,
                    note=metric.note,
                    seed=self._seed,
                )
                if value is not None:
                    metrics = self.slices.setdefault(part, {}) if part else self.metrics
                    metrics[key] = value.model_copy(update={"truth": "given"})
            if key not in self.metrics:
                self.unavailable[key] = Unavailable(reason="there is no frame in which it has a meaning")

    def _people_series(self, key: str) -> dict[str, dict[str, NDArray[Any]]]:
        """Return part of the frames (`` for all of them) -> video -> values."""
        parts: dict[str, dict[str, NDArray[Any]]] = {}
        for video in self.videos:
            assert video.people is not None
            counted = headline_mask(self.protocol, video)
            for part, values in people_parts(video.people, key, counted):
                parts.setdefault(part, {})[video.name] = values
        return parts

    def _obstacle(self, metric: DistributionMetric) -> Unavailable | None:
        """Return why a distance cannot be computed at all, or None."""
        if metric.key in self._networks.left_out:
            return _LEFT_OUT
        family = self._networks.request.family
        name = self._networks.name_of(self.protocol.feature_setting(metric.role))
        if name is None:
            return Unavailable(
                reason=f"the {family} networks take clips of one length alone",
                command="mcbench score with --networks reference",
            )
        return self._networks.unavailable.get(name)

    def _add_lengths(self, key: str, metric: DistributionMetric, pairs: Mapping[str, FeaturePair]) -> None:
        """Add the distance for each number of frames; that of all frames is the headline."""
        lengths = sorted({length for pair in pairs.values() for _, length in pair.items})
        for length in lengths:
            part = {
                name: pair.of([item for item in pair.items if item[1] == length])
                for name, pair in pairs.items()
            }
            whole = length == lengths[-1]
            metrics = self.metrics if whole else self.slices.setdefault(f"first {length} frames", {})
            self._add_distance(metrics, key, metric, part)

    def _add_distance(
        self,
        metrics: dict[str, MetricValue],
        key: str,
        metric: DistributionMetric,
        pairs: Mapping[str, FeaturePair],
    ) -> None:
        if metric.distance != "squared" and sum(len(pair.items) for pair in pairs.values()) < 2:
            self.unavailable[key] = _ONE_ITEM
            return
        metrics[key] = self._distance(metric, pairs)

    def _distance(self, metric: DistributionMetric, pairs: Mapping[str, FeaturePair]) -> MetricValue:
        """Return a distance with its interval, which takes longer than reading it from the cache."""
        settings = self.protocol.model_dump(mode="json", include=_INTERVAL_SETTINGS)
        key = content_key(
            "distance",
            metric=metric.model_dump(mode="json"),
            features=[
                (name, pair.prediction.key, pair.truth.key, pair.items) for name, pair in pairs.items()
            ],
            settings=settings,
            seed=self._seed,
        )
        text = self._cache.get_text(key)
        if text is not None:
            return MetricValue.model_validate_json(text)
        features = {name: pair.load() for name, pair in pairs.items()}
        readings = None if metric.distance == "squared" else self._read_truth(metric, pairs, features)
        value = distribution_value(self.protocol, metric, features, self._seed, readings)
        self._cache.put_text(key, value.model_dump_json())
        return value

    def _read_truth(
        self, metric: DistributionMetric, pairs: Mapping[str, FeaturePair], features: Mapping[str, Features]
    ) -> TruthReadings:
        """Return what a distance reads within the truth, which every method against it shares."""
        key = content_key(
            "truth readings",
            distance=metric.distance,
            features=[(name, pair.truth.key, pair.items) for name, pair in pairs.items()],
            splits=self.protocol.noise_floor_splits,
            seed=self._seed,
        )
        text = self._cache.get_text(key)
        if text is not None:
            half, quarter = json.loads(text)
            return half, quarter
        truth = {name: one.truth for name, one in features.items()}
        readings = read_truth(self.protocol, metric, truth, self._seed)
        self._cache.put_text(key, json.dumps(readings))
        return readings


def _all_digests(scored: Scored, side: int) -> str:
    return sha256_text("".join(f"{name} {scored.digests[name][side]}\n" for name in sorted(scored.digests)))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more

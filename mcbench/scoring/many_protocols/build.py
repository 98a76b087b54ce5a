"""From score records to a page of several protocols."""

from __future__ import annotations

from collections.abc import Sequence

from mcbench.errors import InputError, MismatchError
from mcbench.records import ScoreRecord
from mcbench.scoring.many_protocols.model import Cell, LeftOut, Reason, Row, SideBySide
from mcbench.scoring.protocols import (
    Aspect,
    DistributionMetric,
    FrameMetric,
    Protocol,
    average_aspects,
    frame_aspects,
    metric_aspects,
    metric_key,
    protocol,
)

_ORDER = ("l1", "psnr", "psnr_uint8", "ssim", "lpips", "lpips_vgg", "lpips_alex", "fid", "kid", "fid_vid")
_SAID_IN_TABLE = {"better", "unit"}
_ALWAYS_SAID = {"definition", "note"}


class _Scored:
    """A record and its protocol."""

    def __init__(self, record: ScoreRecord) -> None:
        self.record, self.protocol = record, protocol(record.protocol)
        metrics: tuple[FrameMetric | DistributionMetric, ...] = (
            *self.protocol.frame_metrics,
            *self.protocol.distribution_metrics,
        )
        self.metrics = {self.key(metric): metric for metric in metrics}

    def key(self, metric: FrameMetric | DistributionMetric) -> str:
        """Return the key of a metric in the record."""
        frame = isinstance(metric, FrameMetric)
        return metric.key if frame else metric_key(metric.key, self.record.networks)

    def value(self, key: str) -> float | None:
        """Return a number of the record, or None."""
        found = self.record.metrics.get(key)
        return None if found is None else found.value


def side_by_side(records: Sequence[ScoreRecord], title: str = "") -> SideBySide:
    """Put records of the same predictions beside each other, with the reasons why their numbers differ.

    The reasons are read off the protocols' settings. Protocols without metrics of frames or of distributions
    (such as `people/1`) have nothing to set beside the others and are left out.

    Args:
        records: of one run or one pair of folders, each under another protocol, with the same networks.
        title: what the predictions are.

    Raises:
        InputError: no record, an unknown protocol, or a protocol twice.
        MismatchError: the records are of different predictions, truths or networks.
    """
    _check(records)
    scored = [one for one in map(_Scored, records) if one.metrics]
    if not scored:
        raise InputError("none of these protocols has metrics of frames or of distributions")
    keys = list(dict.fromkeys(key for one in scored for key in one.metrics))
    keys.sort(key=lambda key: _ORDER.index(_plain(key)) if _plain(key) in _ORDER else len(_ORDER))
    first = records[0]
    return SideBySide(
        title=" ".join(title.split()),
        networks=first.networks,
        protocols={one.protocol.name: one.protocol.title for one in scored},
        n_videos=max(one.record.coverage.videos_scored for one in scored),
        n_frames=max(one.record.coverage.frames_scored for one in scored),
        frames=tuple(_differing({one.protocol.name: _looks(one.protocol) for one in scored})),
        rows=tuple(_row(key, scored) for key in keys),
        left_out=_left_out(scored),
    )


def _check(records: Sequence[ScoreRecord]) -> None:
    if not records:
        raise InputError("there is no score to set side by side")
    names = [record.protocol for record in records]
    if len(set(names)) != len(names):
        raise InputError(f"a protocol is there twice: {', '.join(names)}")
    same = {(one.predictions_sha256, one.ground_truth_sha256, one.networks) for one in records}
    if len(same) > 1:
        raise MismatchError(
            f"the scores under {', '.join(names)} are of different predictions, truths or networks",
            "score them again in one go: mcbench score RUN --protocol all",
        )


def _plain(key: str) -> str:
    return key.partition("@")[0]


def _looks(chosen: Protocol) -> tuple[Aspect, ...]:
    return (*frame_aspects(chosen.frames), *average_aspects(chosen))


def _differing(sides: dict[str, tuple[Aspect, ...]]) -> list[Reason]:
    """Return what the protocols do not settle alike, and definitions and notes in any case.

    What a single protocol settles is all returned.
    """
    by_name = {name: {one.name: one.words for one in aspects} for name, aspects in sides.items()}
    found = []
    for aspect in dict.fromkeys(one.name for aspects in sides.values() for one in aspects):
        words = {name: settled[aspect] for name, settled in by_name.items() if aspect in settled}
        alike = len(words) == len(sides) and len(set(words.values())) == 1
        said = aspect in _ALWAYS_SAID or len(sides) == 1 or not alike
        if said and aspect not in _SAID_IN_TABLE:
            found.append(Reason(name=aspect, words=words))
    return found


def _row(key: str, everyone: Sequence[_Scored]) -> Row:
    scored = [one for one in everyone if key in one.metrics]
    cells: dict[str, Cell | None] = {}
    for one in scored:
        value = one.record.metrics.get(key)
        cells[one.protocol.name] = (
            None
            if value is None
            else Cell(
                value=value.value,
                unit=value.unit,
                ci_low=value.ci_low,
                ci_high=value.ci_high,
                n_items=value.n_items,
                warning=value.warning,
            )
        )
    family = scored[0].record.networks
    reasons = _differing(
        {one.protocol.name: metric_aspects(one.protocol, one.metrics[key], (family,)) for one in scored}
    )
    metric = scored[0].metrics[key]
    return Row(
        key=key,
        higher_is_better=isinstance(metric, FrameMetric) and metric.higher_is_better,
        cells=cells,
        elsewhere={
            one.protocol.name: found.key
            for one in everyone
            for found in one.protocol.distribution_metrics
            if found.published_as == _plain(key)
        },
        reasons=(*reasons, *_remarks(key, scored)),
    )


def _remarks(key: str, scored: Sequence[_Scored]) -> list[Reason]:
    """Return what the numbers themselves tell, in terms that can be compared."""
    found: dict[str, dict[str, str]] = {}
    for one in scored:
        value = one.value(key)
        for name, words in [] if value is None else _remarks_of(key, value, one):
            found.setdefault(name, {})[one.protocol.name] = words
    return [Reason(name=name, words=words) for name, words in found.items()]


def _remarks_of(key: str, value: float, one: _Scored) -> list[tuple[str, str]]:
    metric = one.metrics[key]
    if isinstance(metric, DistributionMetric):
        return _remarks_of_distribution(key, one)
    if metric.function == "l1_per_pixel" and one.protocol.frames.size is not None:
        height, width = one.protocol.frames.size
        return [("mean difference", f"{value * height * width:.2f} of 255 levels")]
    if metric.function == "mae":
        return [("mean difference", f"{value * 255:.2f} of 255 levels")]
    if metric.function == "psnr_uint8" and (true := one.value("psnr")) is not None:
        return [("without the overflow", f"the same frames have a PSNR of {true:.2f} dB (psnr)")]
    if metric.function == "lpips" and metric.input_range == "0..1":
        return _remarks_of_wrong_input(metric, value, one)
    return []


def _remarks_of_wrong_input(metric: FrameMetric, value: float, one: _Scored) -> list[tuple[str, str]]:
    for other in one.protocol.frame_metrics:
        same = (other.function, other.trunk) == (metric.function, metric.trunk)
        right = one.value(other.key)
        if same and other.input_range != metric.input_range and right:
            share = f"{value / right - 1.0:+.0%}"
            return [
                ("with the right input", f"the same frames read {right:.4f} ({other.key}); this is {share}")
            ]
    return []


def _remarks_of_distribution(key: str, one: _Scored) -> list[tuple[str, str]]:
    value = one.record.metrics[key]
    found = [("made of", f"{value.n_items} items of {value.n_videos} videos, {value.dimensions} dimensions")]
    if value.noise_floor is not None:
        found.append(("two halves of the true videos", f"read {value.noise_floor:.4g} against each other"))
    if value.warning:
        found.append(("beware", value.warning))
    return found


def _left_out(scored: Sequence[_Scored]) -> tuple[LeftOut, ...]:
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for one in scored:
        for key, missing in one.record.unavailable.items():
            by_protocol = found.setdefault((missing.reason, missing.command), {})
            by_protocol.setdefault(one.protocol.name, []).append(key)
    return tuple(
        LeftOut(
            metrics={name: tuple(keys) for name, keys in by_protocol.items()}, reason=reason, command=command
        )
        for (reason, command), by_protocol in found.items()
    )

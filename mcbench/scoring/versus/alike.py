"""Which scores may be compared: those of one kind, over the same videos."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from mcbench.errors import MismatchError
from mcbench.records import MetricValue, ScoreRecord

SCORE_AGAIN = "score all of them again with this mcbench: mcbench score results/"
_ANEW = "generate and score all of them on the same prepared clips: mcbench run, then mcbench score"
_WHOLE = "finish the runs, with the same --limit-videos and --limit-frames, and score them again"


def check_alike(named: Mapping[str, ScoreRecord]) -> None:
    """Refuse records whose numbers are not of one kind, or not of the same videos.

    Raises:
        MismatchError: naming the two methods, what differs and what to do.
    """
    checks: list[tuple[str, Callable[[ScoreRecord], Any], str]] = [
        ("protocol", lambda record: record.protocol, "compare scores of one protocol: --protocol NAME"),
        ("settings of the protocol", lambda record: record.protocol_sha256, SCORE_AGAIN),
        ("split", lambda record: record.split and record.split.name, "compare runs of one: --split NAME"),
        ("prepared clips", lambda record: record.split and record.split.data_sha256, _ANEW),
        ("family of networks", lambda record: record.networks, f"{SCORE_AGAIN} and the same --networks"),
        ("precision", lambda record: record.precision, f"{SCORE_AGAIN}, all in fp32 or all in the fast mode"),
        ("seed", lambda record: record.seed, f"{SCORE_AGAIN} and the same --seed"),
        ("scored videos", lambda record: sorted(record.original_sizes), _WHOLE),
        ("true frames", lambda record: record.ground_truth_sha256, _WHOLE),
        ("what was left out", lambda record: sorted(record.coverage.excluded), _WHOLE),
    ]
    (reference, one), *rest = named.items()
    for name, other in rest:
        for what, value, hint in checks:
            if value(one) != value(other):
                shown = _shown(reference, value(one), name, value(other))
                raise MismatchError(f"{reference} and {name} differ in {what}: {shown}", hint)
    for (first, one), (second, other) in itertools.combinations(named.items(), 2):
        for network in sorted(set(one.weights) & set(other.weights)):
            if one.weights[network].sha256 != other.weights[network].sha256:
                raise MismatchError(f"{first} and {second} used other weights of {network}", SCORE_AGAIN)


def check_testable(key: str, values: Mapping[str, MetricValue]) -> None:
    """Refuse values of one metric that cannot be tested against each other.

    Raises:
        MismatchError: a record is from before values of videos were kept, or the kinds or items differ.
    """
    reference, other = next(iter(values.items()))
    for name, value in values.items():
        if not value.by_video and value.dimensions is None:
            raise MismatchError(f"the score of {name} holds no values of each video for {key}", SCORE_AGAIN)
        if bool(value.by_video) != bool(other.by_video) or value.higher_is_better != other.higher_is_better:
            raise MismatchError(f"{key} of {name} is of another kind than that of {reference}", SCORE_AGAIN)
        items = (value.n_videos, value.n_items, len(value.replicates))
        if not value.by_video and items != (other.n_videos, other.n_items, len(other.replicates)):
            raise MismatchError(
                f"{key} of {name} is over other videos, clips or groups than that of {reference}", SCORE_AGAIN
            )


def _shown(first: str, one: object, second: str, other: object) -> str:
    if not (isinstance(one, list) and isinstance(other, list)):
        texts = [str(value)[:12] if len(str(value)) == 64 else str(value) for value in (one, other)]
        return f"{texts[0]} and {texts[1]}"
    only = {first: sorted(set(one) - set(other)), second: sorted(set(other) - set(one))}
    return "; ".join(
        f"only {name} has {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"
        for name, names in only.items()
        if names
    )

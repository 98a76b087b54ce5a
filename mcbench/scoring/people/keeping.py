"""The people of a video on their way through the cache and into records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.records import NetworkFamily
from mcbench.scoring.people.collector import PeopleValues
from mcbench.scoring.people.parts import sliced
from mcbench.scoring.people.pose import POSE_FUNCTIONS
from mcbench.scoring.protocols import PeopleMetric, metric_key


def truth_digest(clip: Path) -> str:
    """Return the sha256 over a prepared clip's masks and poses: what metrics of people see besides frames."""
    digest = hashlib.sha256()
    truth = clip / "truth"
    for path in [truth / "poses.npz", *sorted((truth / "masks").glob("*.png"))]:
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def to_arrays(values: PeopleValues) -> dict[str, NDArray[Any]]:
    """Return the values as arrays that a cache keeps."""
    arrays: dict[str, NDArray[Any]] = {
        "indices": values.indices,
        "visible": values.visible,
        "overlap": values.overlap,
    }
    arrays |= {f"frames/{key}": column for key, column in values.frames.items()}
    return arrays | {f"people/{key}": table for key, table in values.people.items()}


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> PeopleValues:
    """Return what `to_arrays` was given, but for the metrics that are unavailable."""

    def part(prefix: str) -> dict[str, NDArray[Any]]:
        return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}

    return PeopleValues(
        indices=arrays["indices"],
        frames=part("frames/"),
        people=part("people/"),
        visible=arrays["visible"],
        overlap=arrays["overlap"],
        unavailable={},
    )


def people_key(metric: PeopleMetric, family: NetworkFamily) -> str:
    """Return the key of a metric in records: a pose detector other than the field's is named in it."""
    return metric_key(metric.key, family) if metric.function in POSE_FUNCTIONS else metric.key


def people_parts(
    values: PeopleValues, key: str, counted: NDArray[np.bool_]
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield (part of the frames, a metric's values in it that are defined); the whole is the part ``.

    Args:
        values: of a video.
        key: of the metric.
        counted: bool [frames], which frames count at all.
    """
    column = values.frames[key]
    there = counted & ~np.isnan(column)
    yield "", column[there]
    for part, series in sliced(values, values.indices[there], {key: column[there]}).items():
        yield part, series[key]

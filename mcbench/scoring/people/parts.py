"""Parts of a video's frames by its people: how many are seen, and whether they overlap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import MismatchError
from mcbench.scoring.people.collector import PeopleValues

OVERLAP, NO_OVERLAP = "overlap", "no-overlap"


def slice_masks(values: PeopleValues) -> dict[str, NDArray[np.bool_]]:
    """Return which frames belong to each part, name -> bool [frames].

    `people=K`: K people are visible in the frame. `overlap`, `no-overlap`: two of their boxes have an IoU
    above 0.1, or none have. Parts without any frame are not there; a frame is in one part of either kind.
    """
    masks = {f"people={count}": values.visible == count for count in sorted({*values.visible.tolist()})}
    masks |= {OVERLAP: values.overlap, NO_OVERLAP: ~values.overlap}
    return {name: np.asarray(mask, dtype=np.bool_) for name, mask in masks.items() if mask.any()}


def sliced(
    values: PeopleValues, indices: NDArray[np.int64], frames: Mapping[str, NDArray[Any]]
) -> dict[str, dict[str, NDArray[Any]]]:
    """Return per-frame values by part: name of the part -> key -> the values of its frames, in order.

    Args:
        values: the people of a video.
        indices: int64 [n], the frames that `frames` has values of; each is one of `values.indices`.
        frames: key -> [n, ...], such as people metrics (`values.frames`), frame metrics, or the indices
            themselves.

    Raises:
        MismatchError: there are values of a frame whose people are not known, or not one a frame.
    """
    for key, column in frames.items():
        if len(column) != len(indices):
            raise MismatchError(f"{key} has {len(column)} values for {len(indices)} frames")
    if unknown := sorted({*indices.tolist()} - {*values.indices.tolist()}):
        raise MismatchError(f"nothing is known of the people of frame {unknown[0]}")
    places = np.searchsorted(values.indices, indices)
    parts = {}
    for name, mask in slice_masks(values).items():
        chosen = mask[places]
        if chosen.any():
            parts[name] = {key: np.asarray(column)[chosen] for key, column in frames.items()}
    return parts

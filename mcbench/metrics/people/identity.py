"""Is everybody himself? Assignment of people to identities by their signatures, and how often it changes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mcbench.errors import InputError
from mcbench.metrics.people.signature import signature_distances

UNKNOWN = -1
"""In an assignment: a person who is not visible, or not among the known."""


def assign(found: NDArray[Any], known: NDArray[Any]) -> NDArray[np.int64]:
    """Return which identity each person is matched to, int64 [P], `UNKNOWN` for people without signature.

    The one-to-one assignment with the least total Euclidean distance between the signatures. People
    without a signature (rows of NaN) take no part on their side: a visible person may be matched to an
    identity that is hidden in the frame, since wearing a hidden person's looks is a mistake, too.

    Args:
        found: [P, 27], what the frame shows at the place of each person.
        known: [Q, 27], the identities; the same person has the same row on both sides.

    Raises:
        InputError: not signatures, or fewer identities have one than people.

    Source: IAA tries all permutations of up to four people; this is the Hungarian method for any number,
    with the same least total.
    """
    distances = signature_distances(found, known)
    rows = np.flatnonzero(~np.isnan(found).any(axis=1))
    columns = np.flatnonzero(~np.isnan(known).any(axis=1))
    if len(columns) < len(rows):
        raise InputError(f"{len(rows)} people cannot be matched one to one to {len(columns)} identities")
    assignment = np.full(len(found), UNKNOWN, dtype=np.int64)
    chosen_rows, chosen_columns = linear_sum_assignment(distances[np.ix_(rows, columns)])
    assignment[rows[chosen_rows]] = columns[chosen_columns]
    return assignment


def identity_matches(found: NDArray[Any], known: NDArray[Any]) -> NDArray[np.float64]:
    """Return 1 for each person who is matched to himself and 0 for who is not, float64 [P].

    People without a signature on either side are left out and read NaN; so does everybody where fewer
    than two people can be matched, since one person alone cannot be mistaken for another.

    Args:
        found: [P, 27], what the frame shows at the place of each person.
        known: [P, 27], the identities, in the same order.

    Raises:
        InputError: not signatures of the same people.
    """
    assignment = known_assignment(found, known)
    own = np.arange(len(assignment))
    return np.where(assignment == UNKNOWN, np.nan, (assignment == own).astype(np.float64))


def identity_assignment_accuracy(found: NDArray[Any], known: NDArray[Any]) -> float:
    """Return the IAA of one frame: 1 if everybody is matched to himself, else 0; NaN below two people.

    The mean over frames is IAA, and over frames where two people's boxes overlap IAA_cross. It needs no
    network and cannot tell people in like clothes apart: print `least_distance` of the identities, and what
    the true frames themselves read, beside it.

    Args:
        found: [P, 27], of the generated frame inside the true masks.
        known: [P, 27], of the reference image inside its masks.

    Raises:
        InputError: not signatures of the same people.

    Source: IAA of MotionTwin-Bench as described; the normalisation of signatures is ours.
    """
    matches = identity_matches(found, known)
    told = matches[~np.isnan(matches)]
    return float(told.all()) if told.size else float("nan")


def identity_swaps(assignments: NDArray[Any]) -> NDArray[np.float64]:
    """Return 1 for each frame in which somebody turns into somebody else, 0 for others, float64 [frames].

    A frame counts as a swap if any person of it is matched to another identity than in the latest
    earlier frame in which he was matched; the mean is the swap rate. NaN where nobody was matched
    before, as in the first frame. People who change looks once and stay so make one swap: that they stay
    wrong is what identity accuracy tells. The count is the identity switches of multi-object tracking
    (MOTA), by frame and not by person.

    Args:
        assignments: int [frames, P], a row of `assign` for each frame in order of time.

    Raises:
        InputError: not integers [frames, P].

    Source: ours.
    """
    if assignments.ndim != 2 or not np.issubdtype(assignments.dtype, np.integer):
        raise InputError(f"assignments are integers [frames, people], not {assignments.dtype}")
    latest = np.full(assignments.shape[1], UNKNOWN, dtype=np.int64)
    swaps = np.full(len(assignments), np.nan)
    for index, row in enumerate(assignments):
        comparable = (row != UNKNOWN) & (latest != UNKNOWN)
        if comparable.any():
            swaps[index] = float((row != latest)[comparable].any())
        latest = np.where(row != UNKNOWN, row, latest)
    return swaps


def known_assignment(found: NDArray[Any], known: NDArray[Any]) -> NDArray[np.int64]:
    """Return `assign` of the people who have a signature on both sides; nobody's below two of them.

    Args:
        found: [P, 27], what the frame shows at the place of each person.
        known: [P, 27], the identities, in the same order.

    Raises:
        InputError: not signatures of the same people.
    """
    if found.shape != known.shape or found.ndim != 2:
        raise InputError(f"signatures {list(found.shape)} and {list(known.shape)} are not of the same people")
    both = np.where(np.isnan(known).any(axis=1, keepdims=True), np.nan, found)
    if (~np.isnan(both).any(axis=1)).sum() < 2:
        signature_distances(found, known)  # their length is checked here as well
        return np.full(len(found), UNKNOWN, dtype=np.int64)
    return assign(both, known)

"""Who of the picture is driven by whom of the driving video."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mcbench.data.truth import Poses
from mcbench.errors import InputError

Match = tuple[int, int]
"""(person of the picture, person of the driving video); both count from 0, from left to right."""


def from_left_to_right(poses: Poses) -> NDArray[np.int64]:
    """Return the people in order of where they are when they are first seen, int64 [people]."""
    middles = []
    for person in range(poses.n_people):
        seen = poses.visibility[:, person] > 0
        there = np.flatnonzero(seen.any(axis=1))
        first = int(there[0]) if len(there) else 0
        points = poses.keypoints[first, person][seen[first]]
        middles.append(float(points[:, 0].mean()) if len(points) else np.inf)
    return np.argsort(np.asarray(middles), kind="stable")


def match_people(reference: Poses, driving: Poses, wanted: Sequence[Match] | None = None) -> list[Match]:
    """Return who is driven by whom; people of the picture who are in no match stand still.

    Without `wanted` everybody of the picture is driven, from left to right, by as many people of the
    video: those who are seen in the most frames, should there be more.

    Args:
        reference: of the picture, one frame, people from left to right.
        driving: of the video, people from left to right.
        wanted: the matches to use instead; one driver may drive several people.

    Raises:
        InputError: fewer people drive than are in the picture, somebody who is not there is named, or
            somebody of the picture twice.
    """
    here, there = reference.n_people, driving.n_people
    if wanted is not None:
        return _checked(wanted, here, there)
    if there < here:
        everybody = ",".join(f"{person + 1}:1" for person in range(here))
        raise InputError(
            f"there are {here} people in the picture, and {there} in the driving video",
            f"say who drives whom, counted from the left: --match {everybody} lets the first drive "
            "everybody, --match 1:1 the first only, and the others stand still",
        )
    frames = (driving.visibility > 0).any(axis=2).sum(axis=0)
    longest = np.sort(np.argsort(-frames, kind="stable")[:here])
    return [(person, int(driver)) for person, driver in enumerate(longest)]


def parse_matches(text: str) -> list[Match]:
    """Return the matches of a text such as `1:2,2:1`, where people count from 1.

    Raises:
        InputError: the text is of another form.
    """
    pairs = [part.strip().split(":") for part in text.split(",")]
    if not all(len(pair) == 2 and all(side.isdecimal() and int(side) > 0 for side in pair) for pair in pairs):
        raise InputError(
            f"{text!r} does not say who drives whom",
            "write PICTURE:VIDEO for each person, counted from the left, such as 1:2,2:1",
        )
    return [(int(person) - 1, int(driver) - 1) for person, driver in pairs]


def _checked(wanted: Sequence[Match], here: int, there: int) -> list[Match]:
    for person, driver in wanted:
        if not (0 <= person < here and 0 <= driver < there):
            raise InputError(
                f"--match {person + 1}:{driver + 1} names somebody who is not there",
                f"the picture has people 1 to {here}, the driving video 1 to {there}, from left to right",
            )
    people = [person for person, _ in wanted]
    if len(set(people)) < len(people) or not people:
        raise InputError("--match names nobody, or a person of the picture twice", "name each at most once")
    return sorted(wanted)

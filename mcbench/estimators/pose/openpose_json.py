"""Key points in the JSON files that OpenPose writes, one file a frame; in and out.

Three kinds are read: OpenPose's own (`people` with `pose_keypoints_2d` of COCO-18 or BODY_25, and hands and
face where it looked for them); the same in a list with one entry, as ControlNet's editors write; and a list
of people with `keypoints`, 17 of COCO in the files that come with some copies of TikTok. Coordinates are
pixels; pixel centres are taken to be at half-integers as everywhere in mcbench.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench import files
from mcbench.errors import FileFormatError
from mcbench.estimators.pose.crops import person_boxes
from mcbench.estimators.pose.people import BODY, People, nobody
from mcbench.estimators.pose.wholebody import FACE, FEET, LEFT_HAND, RIGHT_HAND, WHOLE_BODY, with_neck
from mcbench.records import Size

_BODY_25 = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]
"""BODY_25's index of each point of COCO-18."""
_FEET_25 = [19, 20, 21, 22, 23, 24]
"""Left big toe, left small toe, left heel, right big toe, ...: COCO-WholeBody's order too."""
_COCO_17, _POINTS_25 = 17, 25
_FACE_POINTS = (68, 70)
_PUPILS = 2
"""OpenPose's face has the two pupils after the 68 points."""
_PARTS = (
    ("face_keypoints_2d", FACE, _FACE_POINTS),
    ("hand_left_keypoints_2d", LEFT_HAND, (21,)),
    ("hand_right_keypoints_2d", RIGHT_HAND, (21,)),
)


def read_openpose(path: Path) -> People:
    """Read the people of one frame.

    A point that was not found has confidence 0. Negative coordinates, or (0, 0), say so too. Confidences
    above 1, which some heat maps give, are cut to 1.

    Returns:
        18 points a person, or 134 if anybody has points of hands, face or feet.

    Raises:
        FileFormatError: the file cannot be read, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, list) and len(content) == 1 and "people" in content[0]:
            content = content[0]
        if isinstance(content, dict):
            return _assembled([_openpose_person(person) for person in content["people"]])
        return _assembled([_coco_person(person) for person in content])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError(
            f"{path} holds no people as OpenPose writes them: {error!r}",
            'it should look like {"people": [{"pose_keypoints_2d": [x, y, confidence, ...]}]}',
        ) from error


def write_openpose(path: Path, people: People, size: Size) -> None:
    """Write the people of one frame as OpenPose does (version 1.3, COCO-18), atomically.

    Points with confidence 0 are written as 0, 0, 0. `canvas_width` and `canvas_height` are added, which
    ControlNet's editors need and OpenPose's own readers pass over. Points of feet have no place in COCO-18
    and are left out.

    Args:
        path: of the file.
        people: 18 or 134 points.
        size: (height, width) of the frame.
    """
    with files.atomic_file(path) as temporary:
        temporary.write_text(json.dumps(openpose_content(people, size)), encoding="utf-8")


def openpose_content(people: People, size: Size, *, feet: bool = False) -> dict[str, Any]:
    """Return what `write_openpose` writes.

    Args:
        people: 18 or 134 points.
        size: (height, width) of the frame.
        feet: add `foot_keypoints_2d`, six points in COCO-WholeBody's order, which OpenPose's COCO-18 lacks.
    """
    return {
        "version": 1.3,
        "canvas_width": size[1],
        "canvas_height": size[0],
        "people": [_written(people, person, feet) for person in range(len(people))],
    }


def _openpose_person(person: dict[str, Any]) -> NDArray[np.float64]:
    """Return one person's points [18 or 134, 3]."""
    body = _triples(person["pose_keypoints_2d"], (BODY, _POINTS_25))
    whole = np.zeros((WHOLE_BODY, 3))
    if len(body) == _POINTS_25:
        whole[:BODY], whole[FEET] = body[_BODY_25], body[_FEET_25]
    else:
        whole[:BODY] = body
    for key, place, numbers in _PARTS:
        if person.get(key):
            whole[place] = _triples(person[key], numbers)[: place.stop - place.start]
    return whole


def _coco_person(person: dict[str, Any]) -> NDArray[np.float64]:
    points = _triples(np.asarray(person["keypoints"], np.float64).ravel().tolist(), (_COCO_17, BODY))
    whole = np.zeros((WHOLE_BODY, 3))
    if len(points) == BODY:
        whole[:BODY] = points
        return whole
    body, sure = with_neck(points[:, :2], np.where((points[:, :2] < 0).any(axis=1), 0.0, points[:, 2]))
    whole[:BODY] = np.concatenate([body, sure[:, None]], axis=1)
    return whole


def _triples(numbers: list[float], allowed: tuple[int, ...]) -> NDArray[np.float64]:
    values = np.asarray(numbers, np.float64).reshape(-1, 3)
    if len(values) not in allowed or not np.isfinite(values).all():
        raise ValueError(f"{len(values)} points, where {' or '.join(map(str, allowed))} finite ones belong")
    return values


def _assembled(people: list[NDArray[np.float64]]) -> People:
    """Return people of [134, 3] each, with 18 points only if nobody has more."""
    if not people:
        return nobody()
    values = np.stack(people)
    points, confidence = values[..., :2], np.clip(values[..., 2], 0, 1)
    missing = (points < 0).any(axis=-1) | (points == 0).all(axis=-1) | (confidence == 0)
    confidence = np.where(missing, 0.0, confidence)
    number = WHOLE_BODY if (confidence[:, BODY:] > 0).any() else BODY
    points, confidence = points[:, :number], confidence[:, :number]
    boxes = person_boxes(points, np.where(confidence > 0, 2, 0).astype(np.uint8))
    found = np.maximum((confidence[:, :BODY] > 0).sum(axis=1), 1)
    scores = confidence[:, :BODY].sum(axis=1) / found
    return People(*(part.astype(np.float32) for part in (points, confidence, np.nan_to_num(boxes), scores)))


def _written(people: People, person: int, feet: bool) -> dict[str, Any]:
    found = people.confidence[person] > 0
    values = np.concatenate([people.keypoints[person], people.confidence[person, :, None]], axis=1)
    values = np.where(found[:, None], values, 0.0)
    entry: dict[str, Any] = {"person_id": [-1], "pose_keypoints_2d": _flat(values[:BODY])}
    if len(values) == WHOLE_BODY:
        entry["face_keypoints_2d"] = _flat(np.concatenate([values[FACE], np.zeros((_PUPILS, 3))]))
        entry["hand_left_keypoints_2d"] = _flat(values[LEFT_HAND])
        entry["hand_right_keypoints_2d"] = _flat(values[RIGHT_HAND])
        if feet:
            entry["foot_keypoints_2d"] = _flat(values[FEET])
    return entry


def _flat(values: NDArray[np.floating[Any]]) -> list[float]:
    return [round(float(value), 4) for value in values.ravel()]

"""Skeletons as the UniAnimate family draws them: bodies with feet, hands, no faces.

The lines are drawn by the authors' own functions (`dwpose/util.py` of their repository), here for everybody;
their `run_align_pose.py` draws the person found first alone, fitted to the reference's body, which has no
part where the driving clip is the reference's own. OpenCV writes their red as blue, and so does this.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import driver_kit as kit
import numpy as np
import script_kit as scripts

THRESHOLD = 0.3
_HANDS = (slice(92, 113), slice(113, 134))
_TOES = ((18, 19), (21, 22))
_JOINTS = 20


def drawings(job: kit.Job) -> Iterator[kit.Picture]:
    """Yield the drawing of each frame, uint8 [height, width, 3]."""
    authors = scripts.load_module(Path(job["repository"]) / "dwpose" / "util.py")
    for points, confidence in scripts.whole_bodies(job):
        placed = points / np.array([job["size"][1], job["size"][0]])
        canvas = np.zeros((*job["size"], 3), dtype=np.uint8)
        if len(placed):
            canvas = authors.draw_body_and_foot(canvas, *bodies(placed, confidence))
            shown = np.where(confidence[..., None] > THRESHOLD, placed, -1.0)
            canvas = authors.draw_handpose(canvas, [person[hand] for person in shown for hand in _HANDS])
        yield canvas[:, :, ::-1]


def bodies(points: np.ndarray[Any, Any], confidence: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    """Return joints [people * 20, 2] and their numbers [people, 20], -1 where a joint is not seen.

    Joints are the 18 of the body and each foot's middle between its two toes.
    """
    joints = np.zeros((len(points), _JOINTS, 2))
    numbers = np.arange(len(points) * _JOINTS, dtype=np.float64).reshape(len(points), _JOINTS)
    joints[:, :18] = points[:, :18]
    numbers[:, :18][confidence[:, :18] <= THRESHOLD] = -1
    for joint, toes in enumerate(_TOES, start=18):
        joints[:, joint] = points[:, list(toes)].mean(axis=1)
        numbers[(confidence[:, list(toes)] <= THRESHOLD).any(axis=1), joint] = -1
    return joints.reshape(-1, 2), numbers


def has_hands_and_feet(job: kit.Job) -> bool:
    """Tell whether the poses of the job have more than the 18 points of bodies."""
    return any(bool((confidence[:, 18:] > 0).any()) for _, confidence in scripts.whole_bodies(job))

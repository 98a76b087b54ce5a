"""The poses that drive a model: exact ones, else an estimate with an order of depth beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcbench.conditions.people_depth import depth_by_ground, depth_by_map
from mcbench.conditions.store import Condition, find_condition, kept_conditions
from mcbench.data.clips import Clip
from mcbench.data.truth import Poses

BY_GROUND = "ground"


@dataclass(frozen=True)
class DrivingPoses:
    """Poses of a clip, and what they are.

    Attributes:
        poses: of all frames. Where `conditions["depth_order"]` is not exact, `poses.depth` is an order
            without unit: smaller is nearer.
        conditions: `poses` and `depth_order` -> `exact`, a label (`Condition.label`), or `ground`.
    """

    poses: Poses
    conditions: dict[str, str]


def driving_poses(clip: Clip, estimator: str | None = None) -> DrivingPoses:
    """Return the poses that a model is driven by, everybody's depth order included.

    Poses that say nothing of depth get an order from the clip's kept depth map of frame 0 (the same for all
    frames), or else from where each person's feet are (frame by frame); see `people_depth`.

    Args:
        clip: a prepared clip.
        estimator: `exact`, or the estimator whose poses to take; None for the best there are.

    Raises:
        DataMissingError: the clip has none; the hint is the command that makes them.
        FileFormatError: a file is damaged.
    """
    condition = find_condition(clip, "poses", estimator)
    poses = condition.poses()
    if _knows_depth(poses):
        return DrivingPoses(poses, {"poses": condition.label, "depth_order": condition.label})
    depth, label = _order(clip, condition, poses)
    return DrivingPoses(
        Poses(poses.keypoints, poses.visibility, depth, poses.size),
        {"poses": condition.label, "depth_order": label},
    )


def _knows_depth(poses: Poses) -> bool:
    """Return whether everybody who is in the first frame has a depth there."""
    present = poses.visibility[0].any(axis=-1)
    return bool(np.isfinite(poses.depth[0][present]).all())


def _order(clip: Clip, condition: Condition, poses: Poses) -> tuple[NDArray[np.float32], str]:
    # Exact depth is for exact poses: an estimate is to be judged with what a real clip would have.
    maps = kept_conditions(clip, "depth")
    if not maps:
        return depth_by_ground(poses), BY_GROUND
    masks = [each for each in kept_conditions(clip, "masks") if _made_from(each, condition)]
    first = depth_by_map(
        maps[0].nearness(0),
        poses.keypoints[0],
        poses.visibility[0],
        masks[0].masks(0) if masks else None,
    )
    return np.repeat(first[None], poses.n_frames, axis=0), maps[0].label


def _made_from(masks: Condition, poses: Condition) -> bool:
    return masks.record is not None and masks.record.inputs.get("poses") == poses.label

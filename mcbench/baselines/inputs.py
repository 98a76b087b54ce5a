"""What a method is shown of a clip: read, drawn and labelled as its spec asks, or a clear error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcbench.baselines.contract import AnimationRequest, Options, Picture, WholeBodies
from mcbench.baselines.spec import Input, Spec
from mcbench.conditions import DrivingPoses, driving_poses, find_condition
from mcbench.data import Clip
from mcbench.data.truth import Poses
from mcbench.errors import DataMissingError
from mcbench.records import Size

TRUE_FRAMES = "true frames"
"""Label of frames of the clip itself, which drive the methods of self-reenactment."""
_BODY_ALONE = "body alone"
_CONFIDENCE = 0.5
"""Of a point that is known and covered; a visible one has 1."""


@dataclass(frozen=True)
class ClipInputs:
    """What is drawn from a clip for one method; fields as in `AnimationRequest`.

    Attributes:
        conditions: kind of input -> what it is: `exact`, an estimator's label, `true frames`.
    """

    poses: Poses | None = None
    whole_bodies: WholeBodies | None = None
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    true_frame: Callable[[int], NDArray[np.uint8]] | None = None
    prompt: str | None = None
    conditions: dict[str, str] = field(default_factory=dict)

    def request(
        self, clip: Clip, video: str, n_frames: int, size: Size | None, seed: int
    ) -> AnimationRequest:
        """Return the request for the first frames of a clip."""
        return AnimationRequest(
            video=video,
            reference=clip.frame(0),
            poses=None if self.poses is None else self.poses.first(n_frames),
            n_frames=n_frames,
            fps=clip.record.fps,
            size=size,
            seed=seed,
            true_frame=self.true_frame,
            pictures=self.pictures,
            whole_bodies=self.whole_bodies,
            prompt=self.prompt,
        )


def clip_inputs(spec: Spec, clip: Clip, *, poses_by: str | None, options: Options) -> ClipInputs:
    """Return what a method's spec asks for of a clip.

    Args:
        spec: the method's.
        clip: a prepared clip.
        poses_by: whose poses to take: `exact` or an estimator; None for the best that the clip has.
        options: of the method; `prompt` is taken from them, else from the clip's caption.

    Raises:
        DataMissingError: the clip lacks something; the hint is the command that makes it.
        FileFormatError: something is damaged.
    """
    wanted = set(spec.inputs)
    conditions: dict[str, str] = {}
    pictures: dict[str, Picture] = {}
    driving: DrivingPoses | None = None
    whole: WholeBodies | None = None
    if wanted & {"poses", "pose-drawings", "dwpose-drawings"}:
        driving = driving_poses(clip, poses_by)
        whole = _whole_bodies(clip, poses_by)
        conditions |= driving.conditions
    if driving is not None and "pose-drawings" in wanted:
        pictures["pose-drawings"] = _pose_drawing(driving.poses)
    if driving is not None and "dwpose-drawings" in wanted:
        pictures["dwpose-drawings"] = _whole_drawing(driving.poses, whole)
        conditions["dwpose-drawings"] = "whole body" if whole else _BODY_ALONE
    if "densepose" in wanted:
        found = find_condition(clip, "densepose")
        pictures["densepose"] = _nearest(found.drawing)
        conditions["densepose"] = found.label
    if "masks" in wanted:
        masks = find_condition(clip, "masks")
        pictures["masks"] = _nearest(masks.masks)
        conditions["masks"] = masks.label
    true: tuple[Input, ...] = ("driving-frames", "truth")
    conditions |= {kind: TRUE_FRAMES for kind in true if kind in wanted}
    return ClipInputs(
        poses=driving.poses if driving is not None and "poses" in wanted else None,
        whole_bodies=whole if "poses" in wanted else None,
        pictures=pictures,
        true_frame=clip.frame if wanted & set(true) else None,
        prompt=_prompt(clip, options) if "prompt" in wanted else None,
        conditions=conditions,
    )


def body_confidence(visibility: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the confidence that files of key points have: 0 unknown, 0.5 covered, 1 visible."""
    return np.asarray([0.0, _CONFIDENCE, 1.0], np.float32)[np.minimum(visibility, 2)]


def _whole_bodies(clip: Clip, poses_by: str | None) -> WholeBodies | None:
    try:
        return WholeBodies(*find_condition(clip, "poses", poses_by).whole_bodies())
    except DataMissingError:
        return None


def _pose_drawing(poses: Poses) -> Picture:
    def draw(index: int, size: Size) -> NDArray[np.uint8]:
        from mcbench.conditions.drawing import draw_whole_bodies

        scaled = poses.resized(size)
        sure = body_confidence(scaled.visibility[index])
        return draw_whole_bodies(scaled.keypoints[index], sure, size, style="openpose")

    return draw


def _whole_drawing(poses: Poses, whole: WholeBodies | None) -> Picture:
    def draw(index: int, size: Size) -> NDArray[np.uint8]:
        from mcbench.conditions.drawing import draw_whole_bodies

        scale = np.asarray([size[1] / poses.size[1], size[0] / poses.size[0]], np.float32)
        if whole is not None:
            return draw_whole_bodies(whole.keypoints[index] * scale, whole.confidence[index], size)
        return draw_whole_bodies(
            poses.keypoints[index] * scale, body_confidence(poses.visibility[index]), size
        )

    return draw


def _nearest(read: Callable[[int], NDArray[np.uint8]]) -> Picture:
    """Return pictures whose colours are codes: resized by the nearest pixel, so that none is invented."""

    def resized(index: int, size: Size) -> NDArray[np.uint8]:
        picture = read(index)
        rows = (np.arange(size[0]) * 2 + 1) * picture.shape[0] // (2 * size[0])
        columns = (np.arange(size[1]) * 2 + 1) * picture.shape[1] // (2 * size[1])
        return np.ascontiguousarray(picture[rows[:, None], columns[None, :]])

    return resized


def _prompt(clip: Clip, options: Options) -> str:
    if given := str(options.get("prompt", "")):
        return given
    if caption := str(clip.record.facts.get("caption", "")):
        return caption
    raise DataMissingError(
        f"{clip.record.id} of {clip.record.benchmark} has no caption, and the method wants a text",
        "give one: --option prompt='a person dancing'",
    )

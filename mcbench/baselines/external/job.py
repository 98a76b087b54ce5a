"""Job folders: what a program of a method is given, and what it gives back.

job.json                      JobRecord
reference.png                 uint8 RGB, of the job's size
driving/KIND/000000.png ...   drawings, true frames or masks (8-bit grey), of the job's size
driving/poses/000000.json     key points as OpenPose writes them, in pixels of the job's size

frames/000000.png ...         by the driver
result.json                   ResultRecord, by the driver, last
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mcbench import files, video
from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.baselines.inputs import body_confidence
from mcbench.baselines.spec import Native, Spec
from mcbench.estimators.pose.openpose_json import openpose_content
from mcbench.estimators.pose.people import People
from mcbench.records import Fact, Record, Size
from mcbench.video import Placement

OUTPUT, REFERENCE, RESULT = "frames", "reference.png", "result.json"


class JobRecord(Record):
    """`job.json`: one video to make."""

    method: str
    video: str
    n_frames: Annotated[int, Field(ge=1)]
    fps: Annotated[float, Field(gt=0)]
    size: Size
    """(height, width) of all that is given, and of all frames to make."""
    seed: int
    device: str
    clip_frames: int | None = None
    """Frames that the method makes at a time."""
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)
    reference: str = REFERENCE
    driving: dict[str, str] = Field(default_factory=dict)
    """Kind of input -> folder below the job's."""
    prompt: str | None = None
    weights: dict[str, str] = Field(default_factory=dict)
    """Name -> absolute path."""
    weights_folder: str | None = None
    """What the paths of the weights in the spec are relative to."""
    repository: str | None = None
    """Absolute path of the authors' code at the pinned commit."""
    output: str = OUTPUT


class ResultRecord(Record):
    """`result.json`: what a driver says of its work, written last."""

    n_frames: int
    size: Size
    seconds: Annotated[float, Field(ge=0)]
    versions: dict[str, str] = Field(default_factory=dict)
    facts: dict[str, Fact | bool] = Field(default_factory=dict)
    """What is worth recording."""


def placement(native: Native, request: AnimationRequest) -> Placement:
    """Return how the clip's frames are brought to the size that a method generates at."""
    wanted = native.size or request.size or request.reference_size
    step = native.multiple_of
    size = tuple(max(step, (side + step // 2) // step * step) for side in wanted)
    return video.place(request.reference_size, size=(size[0], size[1]), fit=native.fit)


def write_job(
    folder: Path,
    spec: Spec,
    request: AnimationRequest,
    where: Placement,
    *,
    device: str,
    options: Options,
    weights: dict[str, str],
    weights_folder: Path | None,
    repository: Path | None,
) -> JobRecord:
    """Write a job folder and return its record.

    Args:
        folder: an empty folder.
        spec: the method's; what it names as inputs must be in the request.
        request: the video to make.
        where: of the clip's frames in those of the job.
        device: of torch.
        options: of the method, defaults included.
        weights: name -> absolute path.
        weights_folder: the folder they are in.
        repository: the clone.
    """
    driving: dict[str, str] = {}
    for kind in spec.inputs:
        if kind not in ("prompt", "truth"):
            driving[kind] = f"driving/{kind}"
            (folder / "driving" / kind).mkdir(parents=True)
    video.write_png(folder / REFERENCE, video.place_frame(request.reference, where))
    for index in range(request.n_frames):
        for name, below in driving.items():
            _write_input(folder / below, name, request, where, index)
    record = JobRecord(
        method=spec.id,
        video=request.video,
        n_frames=request.n_frames,
        fps=request.fps,
        size=where.size,
        seed=request.seed,
        device=device,
        clip_frames=spec.native.clip_frames,
        options=dict(options),
        driving=driving,
        prompt=request.prompt,
        weights=weights,
        weights_folder=None if weights_folder is None else str(weights_folder),
        repository=None if repository is None else str(repository),
    )
    record.write(folder / "job.json")
    return record


def _write_input(folder: Path, kind: str, request: AnimationRequest, where: Placement, index: int) -> None:
    path = folder / f"{index:06d}.png"
    if kind == "poses":
        content = json.dumps(_people(request, where, index))
        files.write_text(path.with_suffix(".json"), content)
    elif kind == "driving-frames":
        assert request.true_frame is not None  # as the spec asks for them
        video.write_png(path, video.place_frame(request.true_frame(index), where))
    else:
        video.write_png(path, _inside(request.pictures[kind](index, where.scaled), where))


def _inside(picture: NDArray[np.uint8], where: Placement) -> NDArray[np.uint8]:
    """Return a picture of the scaled size with the bars that padding adds, black or 0."""
    below, right = (
        outer - inner - before
        for outer, inner, before in zip(where.size, where.scaled, (where.top, where.left), strict=True)
    )
    bars = [(where.top, below), (where.left, right), *[(0, 0)] * (picture.ndim - 2)]
    return np.pad(picture, bars)


def _people(request: AnimationRequest, where: Placement, index: int) -> dict[str, object]:
    """Return everybody of one frame as OpenPose writes them, feet too where they are known."""
    poses = request.poses
    assert poses is not None  # as the spec asks for them
    if request.whole_bodies is not None:
        points = request.whole_bodies.keypoints[index]
        sure = request.whole_bodies.confidence[index]
    else:
        points, sure = poses.keypoints[index], body_confidence(poses.visibility[index])
    scale = np.asarray([where.scaled[1] / poses.size[1], where.scaled[0] / poses.size[0]], np.float32)
    placed = points * scale + np.asarray([where.left, where.top], np.float32)
    sure = np.where(np.isfinite(placed).all(axis=-1), sure, 0).astype(np.float32)
    boxes, scores = np.zeros((len(placed), 4), np.float32), np.ones(len(placed), np.float32)
    people = People(np.nan_to_num(placed), sure, boxes, scores)
    return openpose_content(people, where.size, feet=True)

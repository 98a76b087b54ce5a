"""The people of a picture and of whatever drives it: estimated in pixels, or read from files of poses."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from mcbench import files
from mcbench.animate.matching import from_left_to_right
from mcbench.conditions import driving_poses
from mcbench.data import load_clip
from mcbench.data.truth import COCO18, Poses
from mcbench.errors import DataMissingError, InputError
from mcbench.estimators.pose import (
    People,
    PoseEstimator,
    Tracks,
    estimate_poses,
    load_estimator,
    read_openpose,
    track,
)
from mcbench.estimators.pose.tracking import TrackingSettings
from mcbench.progress import Progress
from mcbench.records import Size
from mcbench.video import IMAGE_SUFFIXES, Frame, FramesDigest, FrameSource, open_frames, read_image
from mcbench.video.folders import natural_key

_ANY_CONFIDENCE = 1e-6
_LEAST_POINTS = 4
"""People of the picture with fewer points found are left out: nothing could be laid over them."""


@dataclass(frozen=True)
class DrivingPeople:
    """What drives a picture.

    Attributes:
        source: its file or folder.
        poses: people from left to right.
        fps: frames a second, or None where nothing says it.
        made_by: `exact`, the label of an estimator, `openpose` or `file`.
        sha256: of the file, or of the frames' pixels.
    """

    source: Path
    poses: Poses
    fps: float | None
    made_by: str
    sha256: str


@dataclass(frozen=True)
class DrivingPixels:
    """What drives, where its people are to be found yet.

    Attributes:
        source: its file or folder.
        frames: uint8 [height, width, 3] each, RGB.
        size: (height, width).
        fps: frames a second, or None where nothing says it.
    """

    source: Path
    frames: Sequence[Frame] | FrameSource
    size: Size
    fps: float | None


class Estimating:
    """An estimator of poses that is loaded when it is first needed: files of poses need none.

    Args:
        name: one of `mcbench.estimators.pose.ESTIMATORS`.
        home: mcbench's folder, where the weights lie.
        device: where it runs.
    """

    def __init__(self, name: str, home: Path | None, device: str) -> None:
        self._name, self._home, self._device = name, home, device
        self._loaded: PoseEstimator | None = None

    def load(self) -> PoseEstimator:
        """Return the estimator.

        Raises:
            WeightsMissingError: its weights are not on this machine; the hint is the command that gets them.
        """
        if self._loaded is None:
            device = self._device if self._name == "dwpose" else "cpu"
            self._loaded = load_estimator(self._name, home=self._home, device=device)
        return self._loaded


def read_reference_people(picture: Frame, given: Path | None, estimating: Estimating) -> Poses:
    """Return the people of the picture from left to right, as poses of one frame.

    Args:
        picture: uint8 [height, width, 3], RGB.
        given: a file of their poses (`.json` as OpenPose writes it, or `.npz` whose first frame counts), in
            pixels of the picture; None to estimate them.
        estimating: the estimator.

    Raises:
        DataMissingError: nobody was found.
        FileFormatError: the file cannot be read.
        InputError: its poses are of a picture of another size.
    """
    size = (picture.shape[0], picture.shape[1])
    if given is not None:
        poses = _given_reference(given, size)
    else:
        estimator = estimating.load()
        poses = _one_frame(estimator.estimate(picture), size, estimator.threshold)
    enough = (poses.visibility[0] > 0).sum(axis=1) >= _LEAST_POINTS
    if not enough.any():
        raise DataMissingError(
            "nobody was found in the reference picture",
            "use a picture that shows people from head to hips at least, or give their key points: "
            "--reference-pose FILE.json",
        )
    return _ordered(_only(poses, np.flatnonzero(enough).tolist()))


def open_driving(source: Path, *, fps: float | None, max_frames: int | None) -> DrivingPeople | DrivingPixels:
    """Open what drives, without an estimator: what cannot be read is told before anything is loaded.

    Args:
        source: a video or folder of pictures, one picture, a prepared clip's folder (its best poses), a
            `.npz` file of poses, or OpenPose's `.json` files: one, or a folder of one a frame (followed by
            place alone).
        fps: frames a second that the result is asked for.
        max_frames: most frames that it is asked for.

    Raises:
        FileFormatError: it cannot be read, or holds no frames.
        InputError: `fps` or `max_frames` is not positive, or nothing says how fast it plays.
    """
    for name, value in (("--fps", fps), ("--max-frames", max_frames)):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InputError(f"{name} is {value}, and must be above 0")
    opened = _opened(source)
    if opened.fps is None and fps is None:
        raise InputError(f"nothing says how fast {source} plays", "say it: --fps 25")
    return opened


def read_driving(
    opened: DrivingPeople | DrivingPixels,
    estimating: Estimating,
    *,
    fps: float | None,
    max_frames: int | None,
    progress: Progress,
) -> DrivingPeople:
    """Return the people of what drives, from left to right, at `fps` frames a second.

    Args:
        opened: of `open_driving`; in pixels poses are estimated and followed.
        estimating: the estimator, for pixels.
        fps: frames a second of the result: frames are left out or repeated. Where the source has no frame
            rate of its own it is taken to be this one. None for the source's own.
        max_frames: at most so many frames.
        progress: told of every frame that is estimated.

    Raises:
        DataMissingError: nobody was found.
        WeightsMissingError: the estimator's weights are not on this machine.
    """
    if isinstance(opened, DrivingPixels):
        found = _estimate(opened, estimating, fps, max_frames, progress)
    else:
        found = opened
    kept = [person for person in range(found.poses.n_people) if (found.poses.visibility[:, person] > 0).any()]
    if not kept:
        raise DataMissingError(
            f"nobody was found in {opened.source}",
            "use a video that shows people from head to hips at least, another --pose-estimator, or files of "
            "key points",
        )
    poses = _resampled(_ordered(_only(found.poses, kept)), found.fps, fps, max_frames)
    return replace(found, poses=poses, fps=fps if fps is not None else found.fps)


def _opened(source: Path) -> DrivingPeople | DrivingPixels:
    if (source / "clip.json").is_file():
        clip = load_clip(source)
        driving = driving_poses(clip)
        label = driving.conditions["poses"]
        return DrivingPeople(source, driving.poses, clip.record.fps, label, clip.record.frames_sha256)
    if source.suffix == ".npz":
        return DrivingPeople(source, Poses.read(source), None, "file", files.sha256_file(source))
    if jsons := _openpose_files(source):
        return _read_openpose(source, jsons)
    if source.suffix.lower() in IMAGE_SUFFIXES and not source.is_dir():
        picture = read_image(source)
        return DrivingPixels(source, [picture], (picture.shape[0], picture.shape[1]), None)
    opened = open_frames(source)
    return DrivingPixels(source, opened, opened.size, opened.fps)


def _estimate(
    opened: DrivingPixels,
    estimating: Estimating,
    fps: float | None,
    max_frames: int | None,
    progress: Progress,
) -> DrivingPeople:
    estimator = estimating.load()
    count = len(opened.frames)
    needed = count if max_frames is None else min(count, _needed(max_frames, opened.fps, fps))
    digest = FramesDigest()
    progress.start(f"Poses of {opened.source.name}", needed)
    frames = _digested(islice(opened.frames, needed), digest)
    poses = estimate_poses(frames, opened.size, estimator, progress=progress)
    return DrivingPeople(opened.source, poses, opened.fps, estimator.identity.name, digest.hexdigest())


def _digested(frames: Iterator[Frame], digest: FramesDigest) -> Iterator[Frame]:
    for frame in frames:
        digest.update(frame)
        yield frame


def _openpose_files(source: Path) -> list[Path]:
    if source.suffix.lower() == ".json":
        return [source]
    if not source.is_dir():
        return []
    found = [path for path in source.iterdir() if path.suffix.lower() == ".json" and path.name[0] != "."]
    return sorted(found, key=lambda path: natural_key(path.stem))


def _read_openpose(source: Path, paths: list[Path]) -> DrivingPeople:
    settings = TrackingSettings()
    people = [read_openpose(path).bodies() for path in paths]
    canvas = _canvas(paths[0]) or _extent(people)
    tracks: Tracks = track(people, settings)
    poses = tracks.poses(canvas, threshold=settings.threshold, bridged=settings.bridged)
    return DrivingPeople(
        source, poses, None, "openpose", files.sha256_text("".join(map(files.sha256_file, paths)))
    )


def _canvas(path: Path) -> Size | None:
    """Return the (height, width) that a file names, as ControlNet's editors do."""
    content = json.loads(path.read_text(encoding="utf-8"))
    entry = content[0] if isinstance(content, list) and content else content
    if not isinstance(entry, dict) or "canvas_height" not in entry or "canvas_width" not in entry:
        return None
    return int(entry["canvas_height"]), int(entry["canvas_width"])


def _extent(people: list[People]) -> Size:
    """Return the smallest picture from (0, 0) that holds all points: what else the size is, nothing says."""
    points = np.concatenate([np.zeros((1, 2)), *(each.keypoints[each.confidence > 0] for each in people)])
    width, height = np.ceil(points.max(axis=0)).astype(int) + 1
    return int(height), int(width)


def _given_reference(path: Path, size: Size) -> Poses:
    if path.suffix == ".npz":
        poses = Poses.read(path).first(1)
        if poses.n_frames < 1:
            raise InputError(f"{path} has poses of no frame")
        found = poses.size
    else:
        people = read_openpose(path).bodies()
        found = _canvas(path) or size
        poses = _one_frame(people, found, _ANY_CONFIDENCE)
    if abs(found[0] * size[1] / (found[1] * size[0]) - 1) > 0.02:
        raise InputError(
            f"{path} is of a picture of {found[0]}x{found[1]}, and the reference is {size[0]}x{size[1]}",
            "give the poses in pixels of the reference picture",
        )
    return poses.resized(size)


def _one_frame(people: People, size: Size, threshold: float) -> Poses:
    points = people.keypoints[None, :, : len(COCO18)]
    inside = ((points >= 0) & (points < (size[1], size[0]))).all(axis=-1)
    seen = np.where((people.confidence[None, :, : len(COCO18)] >= threshold) & inside, 2, 0).astype(np.uint8)
    depth = np.full(points.shape[:2], np.nan, np.float32)
    return Poses(np.nan_to_num(points).astype(np.float32), seen, depth, size)


def _ordered(poses: Poses) -> Poses:
    return _only(poses, from_left_to_right(poses).tolist())


def _only(poses: Poses, people: list[int]) -> Poses:
    keypoints, visibility = poses.keypoints[:, people], poses.visibility[:, people]
    return Poses(keypoints, visibility, poses.depth[:, people], poses.size)


def _needed(max_frames: int, rate: float | None, fps: float | None) -> int:
    """Return how many frames of the source `max_frames` of the result are made from."""
    step = 1.0 if rate is None or fps is None else rate / fps
    return math.floor((max_frames - 1) * step + 0.5) + 1


def _resampled(poses: Poses, rate: float | None, fps: float | None, max_frames: int | None) -> Poses:
    """Return poses at another frame rate: each tick takes the frame that is nearest in time."""
    step = Fraction(1) if rate is None or fps is None else Fraction(rate) / Fraction(fps)
    n_frames = max(1, math.floor(poses.n_frames / step + Fraction(1, 2)))
    if max_frames is not None:
        n_frames = min(n_frames, max_frames)
    chosen = [min(math.floor(tick * step + Fraction(1, 2)), poses.n_frames - 1) for tick in range(n_frames)]
    return Poses(poses.keypoints[chosen], poses.visibility[chosen], poses.depth[chosen], poses.size)

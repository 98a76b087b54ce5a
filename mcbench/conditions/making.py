"""How each kind of condition is made: who does it, from what, and the files that come of it."""

from __future__ import annotations

import difflib
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench.conditions.bodies import body_masks
from mcbench.conditions.people_depth import depth_by_ground
from mcbench.conditions.store import (
    DATASET,
    PREFERRED,
    Condition,
    ConditionKind,
    check_frames,
    encode_nearness,
    find_condition,
    write_whole_bodies,
)
from mcbench.data.clips import Clip
from mcbench.data.truth import Poses
from mcbench.data.truth_images import encode_flow, write_truth_image
from mcbench.errors import DataMissingError, InputError, MismatchError
from mcbench.estimators.identity import EstimatorIdentity, Setting
from mcbench.video import encode_png, open_frames

COMMAND = "command"
"""Name of the estimator that is a program of the user's."""
_SURE = 0.5


@dataclass(frozen=True)
class Made:
    """What the record says of a condition besides how it was made."""

    ranges: tuple[tuple[float, float], ...] = ()
    facts: dict[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """How one condition of one clip is made.

    Attributes:
        identity: of the estimator.
        inputs: other conditions that it is made from: kind -> label.
        make: writes the files into an empty folder.
    """

    identity: EstimatorIdentity
    make: Callable[[Path], Made]
    inputs: dict[ConditionKind, str] = field(default_factory=dict)


def identity_of(kind: ConditionKind, estimator: str, home: Path | None = None) -> EstimatorIdentity:
    """Return what records say of an estimator, without loading it.

    Args:
        kind: what it estimates.
        estimator: its name, the folder of a depth model, or the command that draws densepose.
        home: mcbench's folder, where weights lie.

    Raises:
        InputError: there is no such estimator of this kind, or what runs it is not installed.
        WeightsMissingError: its weights are not on this machine; the hint is the command that gets them.
        FileFormatError: a file of a model's folder is missing.
    """
    if estimator == DATASET and kind == "poses":
        return EstimatorIdentity(name=DATASET)  # which files they are, each clip's plan says
    if estimator == DATASET:
        raise InputError(
            f"{kind} of the data set are not estimated: they are taken when the clips are prepared",
            "prepare the benchmark again from a folder that has them",
        )
    known = [name for name in PREFERRED[kind] if name != DATASET]
    if kind in ("poses", "masks", "flow") and estimator not in known:
        near = difflib.get_close_matches(estimator, known, n=1, cutoff=0.5)
        raise InputError(
            f"no estimator of {kind} {estimator!r}",
            f"did you mean {near[0]}?" if near else f"the estimators are {', '.join(known)}",
        )
    match kind:
        case "poses":
            return _pose_identity(estimator, home)
        case "masks":
            from mcbench.estimators.masks import mask_identity

            return mask_identity(estimator, home=home)
        case "depth":
            from mcbench.estimators.depth import depth_identity

            return depth_identity(estimator, home=home)
        case "flow":
            from mcbench.estimators.flow import flow_identity

            return flow_identity(estimator, home=home)
        case "densepose":
            _command_arguments(estimator)
            return EstimatorIdentity(name=COMMAND, settings={"command": estimator})


def plan_poses(clip: Clip, name: str, home: Path | None, device: str) -> Plan:
    """Return how poses are found, or read from the data set's OpenPose files, and people followed.

    Whole bodies are kept beside, in `wholebody.npz`, where the estimator gives more than 18 points.

    Raises:
        InputError, WeightsMissingError: see `identity_of`.
        DataMissingError: no OpenPose files came with the clip.
    """
    from mcbench.estimators.pose import TrackingSettings, estimate_tracks, load_estimator

    if name == DATASET:
        return _plan_given_poses(clip)

    def make(folder: Path) -> Made:
        estimator = load_estimator(name, home=home, device=device)
        settings = replace(TrackingSettings(), threshold=estimator.threshold)
        tracks = estimate_tracks(clip.frames(), clip.record.size, estimator, settings=settings)
        poses = tracks.poses(clip.record.size, threshold=settings.threshold, bridged=settings.bridged)
        poses.write(folder / "poses.npz")
        if estimator.points > poses.keypoints.shape[2]:
            write_whole_bodies(folder, tracks.keypoints, tracks.confidence)
        return Made(facts=_found(poses))

    return Plan(identity_of("poses", name, home), make)


def _plan_given_poses(clip: Clip) -> Plan:
    from mcbench.estimators.pose import Tracker, TrackingSettings
    from mcbench.estimators.pose.openpose_json import read_openpose
    from mcbench.estimators.pose.tracking import TRACKING_VERSION

    if "openpose" not in clip.record.beside:
        raise DataMissingError(
            f"{clip.record.id} of {clip.record.benchmark} came without OpenPose files",
            "estimate its poses: --pose dwpose or --pose blazepose",
        )

    def make(folder: Path) -> Made:
        settings = TrackingSettings()
        tracker = Tracker(settings)
        for index, frame in enumerate(clip.frames()):
            tracker.add(read_openpose(clip.beside_path("openpose", index)).bodies(), frame)
        tracks = tracker.tracks()
        poses = tracks.poses(clip.record.size, threshold=settings.threshold, bridged=settings.bridged)
        poses.write(folder / "poses.npz")
        return Made(facts=_found(poses))

    given = str(clip.record.origin.get("openpose_sha256", ""))
    settings: dict[str, Setting] = {"sha256": given, **_tracking()}
    return Plan(EstimatorIdentity(name=DATASET, version=TRACKING_VERSION, settings=settings), make)


def _found(poses: Poses) -> dict[str, Setting]:
    """Return how many people there are, and in how many frames each was found rather than bridged."""
    frames = (poses.visibility == 2).any(axis=2).sum(axis=0).tolist()
    return {"people": poses.n_people, "found_in": ", ".join(map(str, frames))}


def plan_flow(clip: Clip, name: str, home: Path | None, device: str) -> Plan:
    """Return how flow to the next frame is made; that of the last frame is unknown throughout.

    Raises:
        InputError, WeightsMissingError: see `identity_of`.
    """
    from mcbench.estimators.flow import load_flow

    def make(folder: Path) -> Made:
        estimator = load_flow(name, home=home, device=device)
        known = 0.0
        last = clip.record.n_frames - 1
        frame = clip.frame(0)
        for index in range(last + 1):
            following = clip.frame(index + 1) if index < last else None
            if following is None:
                flow = np.full((*clip.record.size, 2), np.nan, np.float32)
            else:
                flow = estimator.flow(frame, following)
                frame = following
            known += float(np.isfinite(flow).all(axis=-1).mean())
            write_truth_image(folder / f"{index:06d}.png", encode_flow(flow))
        return Made(facts={"known_share": round(known / max(last, 1), 4)})

    return Plan(identity_of("flow", name, home), make)


def plan_depth(clip: Clip, model: str, home: Path | None, device: str) -> Plan:
    """Return how inverse relative depth is made.

    Raises:
        InputError, WeightsMissingError, FileFormatError: see `identity_of`.
    """
    from mcbench.estimators.depth import load_depth

    def make(folder: Path) -> Made:
        estimator = load_depth(model, home=home, device=device)
        ranges = []
        for index, frame in enumerate(clip.frames()):
            coded, spread = encode_nearness(estimator.nearness(frame))
            write_truth_image(folder / f"{index:06d}.png", coded)
            ranges.append(spread)
        return Made(ranges=tuple(ranges))

    return Plan(identity_of("depth", model, home), make)


def plan_masks(clip: Clip, name: str, home: Path | None, poses_by: str | None) -> Plan:
    """Return how people's masks are made from their poses, painted far to near.

    Args:
        clip: the clip.
        name: of the estimator.
        home: mcbench's folder.
        poses_by: whose poses; None for the best there are.

    Raises:
        InputError, WeightsMissingError: see `identity_of`.
        DataMissingError: the clip has no poses; the hint is the command that makes them.
    """
    from mcbench.estimators.masks import FROM_POSE

    source = find_condition(clip, "poses", poses_by)

    def make(folder: Path) -> Made:
        poses = source.poses()
        _check_people(poses, source)
        cut = None if name == FROM_POSE else _cutter(clip, poses, home)
        depth = poses.depth if np.isfinite(poses.depth).any() else depth_by_ground(poses)
        for index in range(poses.n_frames):
            people = body_masks(poses.keypoints[index], poses.visibility[index], poses.size) > 0
            if cut is not None:
                cut(index, people)
            write_truth_image(folder / f"{index:06d}.png", paint_labels(people, depth[index]))
        return Made(facts={"people": poses.n_people})

    return Plan(identity_of("masks", name, home), make, {"poses": source.label})


def _cutter(clip: Clip, poses: Poses, home: Path | None) -> Callable[[int, NDArray[np.bool_]], None]:
    """Return what cuts the bodies of a frame, in place, to where BlazePose sees each person."""
    from mcbench.estimators.masks import load_segmenter
    from mcbench.estimators.pose.crops import person_boxes

    segmenter = load_segmenter(home=home)
    boxes = person_boxes(poses.keypoints, poses.visibility)

    def cut(index: int, people: NDArray[np.bool_]) -> None:
        frame = clip.frame(index)
        for person in np.flatnonzero(np.isfinite(boxes[index]).all(axis=-1)):
            people[person] &= segmenter.person(frame, boxes[index, person]) > _SURE

    return cut


def paint_labels(people: NDArray[np.bool_], depth: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return one picture of labels, uint8 [height, width]: k where the k-th person is in front, 0 for nobody.

    Args:
        people: bool [people, height, width], where each is.
        depth: float32 [people], rising with distance; who has none is painted first.
    """
    labels = np.zeros(people.shape[1:], np.uint8)
    for person in np.argsort(np.where(np.isnan(depth), -np.inf, -depth), kind="stable"):
        labels[people[person]] = person + 1
    return labels


def plan_command(clip: Clip, command: str) -> Plan:
    """Return how DensePose drawings are made by a program of the user's.

    Args:
        clip: the clip.
        command: split as a shell would, but run without one. `{frames}` stands for the folder of the clip's
            frames (PNG) and `{out}` for an empty folder, where the program puts one picture a frame.

    Raises:
        InputError: the command has no `{out}` or cannot be split.
    """
    arguments = _command_arguments(command)

    def make(folder: Path) -> Made:
        with tempfile.TemporaryDirectory(prefix="mcbench-") as scratch:
            places = {"{frames}": str(clip.folder / "frames"), "{out}": scratch}
            _run([_filled(argument, places) for argument in arguments])
            drawings = open_frames(Path(scratch))
            check_frames(clip, drawings.n_frames, drawings.size, f"what {arguments[0]} drew")
            for index, drawing in enumerate(drawings):
                (folder / f"{index:06d}.png").write_bytes(encode_png(drawing))
        return Made()

    return Plan(identity_of("densepose", command), make)


def _pose_identity(name: str, home: Path | None) -> EstimatorIdentity:
    """Return the estimator's identity and how people are followed, since both decide the poses."""
    from mcbench.estimators.pose import pose_identity

    identity = pose_identity(name, home=home)
    return identity.model_copy(update={"settings": {**identity.settings, **_tracking()}})


def _tracking() -> dict[str, Setting]:
    from mcbench.estimators.pose import TrackingSettings

    return {f"tracking_{key}": value for key, value in asdict(TrackingSettings()).items()}


def _command_arguments(command: str) -> tuple[str, ...]:
    try:
        arguments = tuple(shlex.split(command))
    except ValueError as error:
        raise InputError(f"the command {command!r} cannot be split: {error}") from error
    if not any("{out}" in argument for argument in arguments):
        raise InputError(
            f"the command {command!r} does not say where its drawings go",
            "put {out} where it takes the folder to write to, and {frames} where it takes the frames",
        )
    return arguments


def _filled(argument: str, places: dict[str, str]) -> str:
    for name, place in places.items():
        argument = argument.replace(name, place)
    return argument


def _run(arguments: list[str]) -> None:
    program = shutil.which(arguments[0])
    if program is None:
        raise InputError(f"there is no program {arguments[0]!r}", "give its path, or install it")
    done = subprocess.run(
        [program, *arguments[1:]], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise MismatchError(
            f"{arguments[0]} ended with {done.returncode}: {' '.join(last) or 'it said nothing'}",
            "run it by hand on the clip's folder of frames to see why",
        )


def _check_people(poses: Poses, source: Condition) -> None:
    if poses.n_people > 255:
        raise MismatchError(f"{source.folder} has {poses.n_people} people; masks hold 255 at most")

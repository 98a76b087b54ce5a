"""From the frames of a clip to the poses of everybody in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from mcbench.data.truth import Poses
from mcbench.errors import InputError, MismatchError
from mcbench.estimators.identity import EstimatorIdentity
from mcbench.estimators.pose.blazepose import BLAZEPOSE
from mcbench.estimators.pose.blazepose_people import blazepose_identity, load_blazepose_people
from mcbench.estimators.pose.dwpose import DWPOSE, dwpose_identity, load_dwpose
from mcbench.estimators.pose.people import PoseEstimator
from mcbench.estimators.pose.tracking import Tracker, TrackingSettings
from mcbench.estimators.pose.tracks import Tracks
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Size
from mcbench.video import Frame

ESTIMATORS = (DWPOSE, BLAZEPOSE)
"""Every estimator of the poses of a whole frame, the best first."""


def pose_identity(name: str, *, home: Path | None = None) -> EstimatorIdentity:
    """Return what a record says of an estimator of poses, without loading it.

    Raises:
        InputError: there is no such estimator.
        WeightsMissingError: its weights are not on this machine; the hint is the command that gets them.
    """
    _check_name(name)
    return dwpose_identity(home) if name == DWPOSE else blazepose_identity(home)


def load_estimator(name: str, *, home: Path | None = None, device: str = "cpu") -> PoseEstimator:
    """Load an estimator of the poses of whole frames.

    Args:
        name: one of `ESTIMATORS`.
        home: mcbench's folder, where the weights lie.
        device: `cpu`, or `cuda` for DWPose; BlazePose runs on the CPU.

    Raises:
        InputError: there is no such estimator, or what runs it is not installed.
        WeightsMissingError: its weights are not on this machine; the hint is the command that gets them.
        FileFormatError: a file holds another network.
    """
    _check_name(name)
    return load_dwpose(home, device) if name == DWPOSE else load_blazepose_people(home)


def estimate_poses(
    frames: Iterable[Frame],
    size: Size,
    estimator: PoseEstimator,
    *,
    settings: TrackingSettings | None = None,
    progress: Progress | None = None,
) -> Poses:
    """Return the poses of everybody in a clip, with identities that hold through crossings.

    Frames are read once, one at a time. Depth is unknown.

    Args:
        frames: uint8 [height, width, 3] RGB each, in order.
        size: (height, width) of every frame.
        estimator: see `load_estimator`.
        settings: how people are followed; the estimator's own threshold by default.
        progress: told of every frame.

    Raises:
        MismatchError: a frame is of another size.
    """
    used = settings or replace(TrackingSettings(), threshold=estimator.threshold)
    found = estimate_tracks(frames, size, estimator, settings=used, progress=progress)
    return found.poses(size, threshold=used.threshold, bridged=used.bridged)


def estimate_tracks(
    frames: Iterable[Frame],
    size: Size,
    estimator: PoseEstimator,
    *,
    settings: TrackingSettings | None = None,
    progress: Progress | None = None,
) -> Tracks:
    """Return everybody in a clip with all points and confidences that the estimator gives.

    Arguments and errors are those of `estimate_poses`.
    """
    told = progress or SilentProgress()
    tracker = Tracker(settings or replace(TrackingSettings(), threshold=estimator.threshold))
    for index, frame in enumerate(frames):
        if frame.shape[:2] != tuple(size):
            raise MismatchError(
                f"frame {index} is {frame.shape[0]}x{frame.shape[1]}, not {size[0]}x{size[1]}",
                "all frames of a clip have one size: prepare the clip again",
            )
        tracker.add(estimator.estimate(frame, tracker.likely()), frame)
        told.advance()
    return tracker.tracks()


def _check_name(name: str) -> None:
    if name not in ESTIMATORS:
        raise InputError(f"no estimator of poses is called {name!r}", f"there are {', '.join(ESTIMATORS)}")

"""Poses: key points of people, in boxes that are known or found in whole frames and followed through clips.

Detectors read one person in a box and are what metrics judge with: `pose@embedded` comes with mcbench and was
trained on its generator's people; `blazepose` was trained on real ones, and its weights are fetched.
Estimators find everybody in a frame; `estimate_poses` follows them through a clip. See docs/pose.md.
"""

from mcbench.estimators.pose.contract import Detection, PoseDetector
from mcbench.estimators.pose.crops import person_boxes
from mcbench.estimators.pose.estimate import (
    ESTIMATORS,
    estimate_poses,
    estimate_tracks,
    load_estimator,
    pose_identity,
)
from mcbench.estimators.pose.openpose_json import read_openpose, write_openpose
from mcbench.estimators.pose.people import People, PoseEstimator
from mcbench.estimators.pose.registry import (
    DETECTORS,
    LoadedDetector,
    detector_weights,
    load_detector,
)
from mcbench.estimators.pose.tracking import Tracker, TrackingSettings, track
from mcbench.estimators.pose.tracks import Tracks

__all__ = [
    "DETECTORS",
    "ESTIMATORS",
    "Detection",
    "LoadedDetector",
    "People",
    "PoseDetector",
    "PoseEstimator",
    "Tracker",
    "TrackingSettings",
    "Tracks",
    "detector_weights",
    "estimate_poses",
    "estimate_tracks",
    "load_detector",
    "load_estimator",
    "person_boxes",
    "pose_identity",
    "read_openpose",
    "track",
    "write_openpose",
]

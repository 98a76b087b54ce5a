"""Pose detectors: key points of people in boxes that are known. See docs/pose.md.

`pose@embedded` comes with mcbench and was trained on its generator's people; `blazepose` was trained on
real ones, and its weights are fetched.
"""

from mcbench.estimators.pose.contract import Detection, PoseDetector
from mcbench.estimators.pose.crops import person_boxes
from mcbench.estimators.pose.registry import (
    DETECTORS,
    LoadedDetector,
    detector_weights,
    load_detector,
)

__all__ = [
    "DETECTORS",
    "Detection",
    "LoadedDetector",
    "PoseDetector",
    "detector_weights",
    "load_detector",
    "person_boxes",
]

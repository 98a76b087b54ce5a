"""Every pose detector, by name."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from mcbench import files, weights
from mcbench.errors import InputError, WeightsMissingError
from mcbench.estimators.openvino_network import INSTALL
from mcbench.estimators.pose.blazepose import BLAZEPOSE, load_blazepose
from mcbench.estimators.pose.contract import PoseDetector
from mcbench.estimators.pose.embedded import EMBEDDED_POSE, embedded_pose_weights, load_embedded_pose
from mcbench.records import WeightsUse

DETECTORS = (EMBEDDED_POSE, BLAZEPOSE)
"""`pose@embedded` comes with mcbench and knows generated people; `blazepose` knows real ones."""


@dataclass(frozen=True)
class LoadedDetector:
    """A detector and the file that it was loaded from."""

    detector: PoseDetector
    weights: WeightsUse


def load_detector(name: str, *, home: Path | None = None, device: str = "cpu") -> LoadedDetector:
    """Load a pose detector.

    Args:
        name: one of `DETECTORS`.
        home: mcbench's folder, where the weights of `blazepose` lie.
        device: a torch device, for `pose@embedded`; `blazepose` runs on the CPU.

    Raises:
        InputError: no such name, or what runs it is not installed.
        WeightsMissingError: its weights are not on this machine; the hint is the command that gets them.
        FileFormatError: they do not fit.
    """
    used = detector_weights(name, home=home)
    if name == EMBEDDED_POSE:
        return LoadedDetector(load_embedded_pose(device), used)
    return LoadedDetector(load_blazepose(weights.find(BLAZEPOSE, home)), used)


def detector_weights(name: str, *, home: Path | None = None) -> WeightsUse:
    """Return the file of weights of a detector, checked against its record, without loading it.

    Raises:
        InputError: no such name.
        WeightsMissingError: it, or what runs it, is not on this machine; the hint is the command that helps.
    """
    if name == EMBEDDED_POSE:
        return WeightsUse(name=EMBEDDED_POSE, sha256=files.sha256_file(embedded_pose_weights()))
    if name == BLAZEPOSE:
        there = weights.present(BLAZEPOSE, home)
        if importlib.util.find_spec("openvino") is None:
            raise WeightsMissingError("blazepose runs on OpenVINO, which is not installed", INSTALL)
        return WeightsUse(name=BLAZEPOSE, sha256=there.sha256)
    raise InputError(f"no pose detector is called {name!r}", f"there are {', '.join(DETECTORS)}")

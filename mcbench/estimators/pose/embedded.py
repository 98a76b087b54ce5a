"""The embedded pose detector: weights from the package, trained on generated people (docs/pose.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mcbench.errors import WeightsMissingError
from mcbench.estimators.pose.architecture import (
    ASPECT,
    INPUT_SIZE,
    MARGIN,
    PoseNetwork,
    box_plane,
    peaks,
)
from mcbench.estimators.pose.contract import Detection, check_request
from mcbench.estimators.pose.crops import Crop
from mcbench.weights.loading import load_strict, read_state

EMBEDDED_POSE = "pose@embedded"
_REINSTALL = "install mcbench again: these weights are part of the package"


class EmbeddedPose:
    """The embedded pose network in evaluation mode; a `PoseDetector`."""

    def __init__(self, network: PoseNetwork, device: str) -> None:
        self._device = torch.device(device)
        self._network = network.to(self._device).eval().requires_grad_(False)

    @property
    def name(self) -> str:
        """`pose@embedded`."""
        return EMBEDDED_POSE

    @property
    def threshold(self) -> float:
        """Confidence from which a key point counts as found."""
        return 0.5

    def detect(self, frame: NDArray[np.uint8], boxes: NDArray[np.floating[Any]]) -> Detection:
        """Return the key points of the people in the boxes.

        A person's points do not depend on who else is asked for: every crop goes through by itself.

        Raises:
            InputError: see `check_request`.
        """
        here = check_request(frame, boxes)
        keypoints = np.full((len(boxes), 18, 2), np.nan)
        confidence = np.zeros((len(boxes), 18))
        for person in here:
            box = np.asarray(boxes[person], np.float64)
            crop = Crop.around(box, MARGIN, ASPECT)
            with torch.inference_mode():
                logits = self._network(_planes(frame, box, crop).to(self._device))
                points, sure = (part[0].double().cpu().numpy() for part in peaks(logits.float()))
            keypoints[person], confidence[person] = crop.to_frame(points), np.clip(sure, 0.0, 1.0)
        return Detection(keypoints, confidence)


def embedded_pose_weights() -> Path:
    """Return the file of weights that the package ships.

    Raises:
        WeightsMissingError: the installed package lacks it.
    """
    path = Path(__file__).parent / "pose.safetensors"
    if not path.is_file():
        raise WeightsMissingError(f"the embedded weights {path} are missing", _REINSTALL)
    return path


def load_embedded_pose(device: str = "cpu", *, path: Path | None = None) -> EmbeddedPose:
    """Load the embedded pose detector.

    Args:
        device: a torch device.
        path: weights of one's own training; the package's by default.

    Raises:
        WeightsMissingError: the file is missing.
        FileFormatError: it is damaged, or holds another network.
    """
    source = embedded_pose_weights() if path is None else path
    if not source.is_file():
        raise WeightsMissingError(
            f"the pose weights {source} are missing",
            "train them: python -m mcbench.estimators.pose.train --out FOLDER",
        )
    network = PoseNetwork()
    load_strict(network, {name: value.float() for name, value in read_state(source).items()}, str(source))
    return EmbeddedPose(network, device)


def _planes(frame: NDArray[np.uint8], box: NDArray[np.float64], crop: Crop) -> torch.Tensor:
    """Return the network's input float32 [1, 4, 128, 96]: colours on -1..1, and the box."""
    colours = torch.from_numpy(crop.cut(frame, INPUT_SIZE)).permute(2, 0, 1).float() / 127.5 - 1
    edges = crop.from_frame(box.reshape(2, 2)) * (INPUT_SIZE[1], INPUT_SIZE[0])
    return torch.cat([colours, torch.from_numpy(box_plane(edges.ravel()))[None]])[None]

"""Optical flow from one frame to the next: RAFT (torchvision's weights) and DIS (no weights).

Flow here is what `mcbench.data.truth` calls it: float32 [height, width, 2], how many pixels to the right
and down what is seen at a pixel has moved in the next frame.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench import weights
from mcbench.errors import InputError, MismatchError
from mcbench.estimators.identity import EstimatorIdentity
from mcbench.records import WeightsUse
from mcbench.video import Frame

RAFT, DIS = "raft", "dis"
FLOW_ESTIMATORS = (RAFT, DIS)
"""`raft` is what the field uses; `dis` needs no weights and no GPU."""

_RAFT_WEIGHTS = "raft-large"
_RAFT_UPDATES = 12
_RAFT_MULTIPLE, _RAFT_SHORTEST = 8, 128
_DIS_SHORTEST = 16
_CONSISTENT = 1.0
"""Pixels by which the way there and back may miss its start for DIS' flow to be believed."""


class FlowEstimator(Protocol):
    """A loaded estimator of flow."""

    def flow(self, first: Frame, second: Frame) -> NDArray[np.float32]:
        """Return the flow from `first` to `second`.

        Args:
            first: uint8 [height, width, 3], RGB.
            second: of the same size.

        Returns:
            float32 [height, width, 2], (right, down) in pixels; NaN where the estimator does not know.

        Raises:
            MismatchError: the frames are of different sizes.
        """


def flow_identity(name: str, *, home: Path | None = None) -> EstimatorIdentity:
    """Return what a record says of an estimator, without loading it.

    Raises:
        InputError: there is no such estimator.
        WeightsMissingError: its weights are not on this machine; the hint is the command that gets them.
    """
    if name == DIS:
        return EstimatorIdentity(name=DIS, settings={"preset": "medium", "consistent_px": _CONSISTENT})
    if name != RAFT:
        raise InputError(
            f"no estimator of flow is called {name!r}", f"there are {', '.join(FLOW_ESTIMATORS)}"
        )
    used = weights.present(_RAFT_WEIGHTS, home)
    return EstimatorIdentity(
        name=RAFT,
        weights=(WeightsUse(name=_RAFT_WEIGHTS, sha256=used.sha256),),
        settings={"updates": _RAFT_UPDATES},
    )


def load_flow(name: str, *, home: Path | None = None, device: str = "cpu") -> FlowEstimator:
    """Load an estimator of flow.

    Args:
        name: one of `FLOW_ESTIMATORS`.
        home: mcbench's folder, where weights lie.
        device: of torch, for `raft`.

    Raises:
        InputError, WeightsMissingError: as `flow_identity`.
        FileFormatError: the weights are damaged or another network's.
    """
    flow_identity(name, home=home)
    return Dis() if name == DIS else Raft(weights.find(_RAFT_WEIGHTS, home), device)


class Dis:
    """Dense inverse search (Kroeger et al., ECCV 2016) as OpenCV has it, on grey pictures.

    Preset medium, without spatial propagation, which carries people's motion far into a plain background.
    DIS always answers; it is believed only where the flow back from the second frame returns to within a
    pixel of its start, and unknown (NaN) elsewhere: covered places, and surfaces without texture.
    """

    def __init__(self) -> None:
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._search.setUseSpatialPropagation(False)

    def flow(self, first: Frame, second: Frame) -> NDArray[np.float32]:
        """Return the flow; see `FlowEstimator`. Frames are padded to 16 pixels a side."""
        _check_pair(first, second)
        height, width = first.shape[:2]
        pair = [_pad(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), 1, _DIS_SHORTEST) for frame in (first, second)]
        there = np.asarray(self._search.calc(pair[0], pair[1], None), np.float32)
        back = np.asarray(self._search.calc(pair[1], pair[0], None), np.float32)
        there[_way_back_error(there, back) > _CONSISTENT] = np.nan
        return np.ascontiguousarray(there[:height, :width])


class Raft:
    """RAFT (large; Teed and Deng, ECCV 2020) as torchvision has it.

    Weights `C_T_SKHT_V2`: FlyingChairs and FlyingThings3D, then Sintel, KITTI and HD1K. It takes the place
    of PWC-Net in the reference method's flow guider.

    Args:
        path: of the state dict.
        device: of torch.

    Raises:
        FileFormatError: the file is damaged or another network's.
    """

    def __init__(self, path: Path, device: str) -> None:
        import torch
        from torchvision.models.optical_flow import raft_large

        from mcbench.weights.loading import load_strict, read_state

        network = raft_large(weights=None, progress=False)
        load_strict(network, read_state(path), str(path))
        self._device = torch.device(device)
        self._network = network.to(self._device).eval().requires_grad_(False)

    def flow(self, first: Frame, second: Frame) -> NDArray[np.float32]:
        """Return the flow; see `FlowEstimator`.

        The network wants sides that are multiples of 8, and at least 128: frames are padded on the right
        and below by repeating their edge.
        """
        import torch

        _check_pair(first, second)
        height, width = first.shape[:2]
        pair = [self._tensor(_pad(frame, _RAFT_MULTIPLE, _RAFT_SHORTEST)) for frame in (first, second)]
        with torch.inference_mode():
            found = self._network(*pair, num_flow_updates=_RAFT_UPDATES)[-1][0]
        moved = found.permute(1, 2, 0).float().cpu().numpy()
        return np.ascontiguousarray(moved[:height, :width], dtype=np.float32)

    def _tensor(self, frame: Frame) -> Any:
        import torch

        planes = torch.from_numpy(np.ascontiguousarray(frame.transpose(2, 0, 1)))[None]
        return planes.to(self._device).float() / 127.5 - 1


def _way_back_error(there: NDArray[np.float32], back: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return by how many pixels going along `there`, then along `back`, misses the start: float32 [h, w]."""
    y, x = np.mgrid[: there.shape[0], : there.shape[1]].astype(np.float32)
    returned = cv2.remap(
        back, x + there[..., 0], y + there[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    error: NDArray[np.float32] = np.linalg.norm(there + returned, axis=-1)
    return error


def _check_pair(first: Frame, second: Frame) -> None:
    if first.shape != second.shape:
        raise MismatchError(
            f"flow needs two frames of one size, not {first.shape[:2]} and {second.shape[:2]}",
            "prepare the clip again",
        )


def _pad(picture: NDArray[np.uint8], multiple: int, shortest: int) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    bottom, right = (max(-(-side // multiple) * multiple, shortest) - side for side in (height, width))
    return np.asarray(cv2.copyMakeBorder(picture, 0, bottom, 0, right, cv2.BORDER_REPLICATE), np.uint8)

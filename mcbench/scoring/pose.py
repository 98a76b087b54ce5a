"""Pose error over the frames of a video: detected key points of both sides against the exact ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.data.truth import Poses
from mcbench.data.truth_images import read_mask
from mcbench.errors import DataMissingError, MismatchError
from mcbench.metrics.networks.pose import Detection, PoseDetector, person_boxes
from mcbench.metrics.people import pose
from mcbench.records import Size

_BOTH_SIDES = ("oks", "pck", "pck_head", "mpjpe", "mpjpe_height", "pose_found")
POSE_KEYS = (*(key for name in _BOTH_SIDES for key in (name, f"{name}_truth")), "akd", "mkr")
"""What `PoseCollector` finds. `X_truth` is the detector's own error: X on the true frame."""


class PoseCollector:
    """Collects the pose error of one video, frame by frame.

    The detector is told the boxes of the true key points, on either side. Only key points that are visible
    count. OKS takes the area of the person's mask where the truth has masks, else 0.53 of his box. A frame's
    value is the mean over its people with at least one point that counts; `akd` and `mkr` are over all
    points of the frame.
    """

    def __init__(self, truth_folder: Path, target: Size, detector: PoseDetector) -> None:
        """Open a clip's truth.

        Args:
            truth_folder: with `poses.npz`, perhaps with `masks/`.
            target: (height, width) of the frames that `add` is given. A square one of a truth that is not
                square is its middle square, as protocols crop it.
            detector: from `load_detector`.

        Raises:
            DataMissingError: the truth has no poses.
            FileFormatError: they are damaged.
        """
        file = truth_folder / "poses.npz"
        if not file.is_file():
            raise DataMissingError(
                f"pose error needs true key points, and {file} is not there",
                "score a benchmark that has them, such as multi-character, or leave the pose metrics out",
            )
        self._poses = Poses.read(file)
        self._masks = truth_folder / "masks"
        self._target, self._detector = target, detector
        self._view = _View.of(self._poses.size, target)
        self._rows: list[dict[str, float]] = []

    def add(self, index: int, prediction: NDArray[Any], truth: NDArray[Any]) -> None:
        """Take in one pair of frames.

        Args:
            index: of the frame in the clip; 0 is the reference.
            prediction: [*target, 3], RGB on 0..255, any dtype.
            truth: the same.

        Raises:
            MismatchError: a frame has another size than the target, or the truth no such frame.
            FileFormatError: the frame's mask is damaged.
        """
        if not 0 <= index < self._poses.n_frames:
            raise MismatchError(
                f"the truth has poses of {self._poses.n_frames} frames, and none of frame {index}"
            )
        frames = [_eight_bit(frame, self._target) for frame in (prediction, truth)]
        points, visibility = self._view.apply(self._poses.keypoints[index], self._poses.visibility[index])
        boxes = person_boxes(points, visibility)
        people = _People(points, pose.counting(visibility), boxes, self._areas(index, boxes))
        seen, known = (self._detector.detect(frame, boxes) for frame in frames)
        row = people.errors(seen) | {f"{key}_truth": value for key, value in people.errors(known).items()}
        self._rows.append(row | people.against(seen, known, self._detector.threshold))

    def finish(self) -> dict[str, NDArray[np.float64]]:
        """Return every metric's values, float64 [n_frames] in order of `add`; NaN where undefined."""
        return {key: np.array([row[key] for row in self._rows], np.float64) for key in POSE_KEYS}

    def _areas(self, index: int, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each person's area in square pixels of the target."""
        sides = boxes[:, 2:] - boxes[:, :2]
        if not self._masks.is_dir():
            return np.asarray(pose.BOX_TO_AREA * sides[:, 0] * sides[:, 1])
        mask = read_mask(self._masks / f"{index:06d}.png")
        pixels = np.bincount(mask.ravel(), minlength=len(boxes) + 1)[1 : len(boxes) + 1]
        # The mask counts at the truth's own size.
        whole = self._poses.size[0] * self._poses.size[1] / mask.size
        scale = whole * self._view.scale[0] * self._view.scale[1]
        return np.asarray(pixels * scale, np.float64)


class _View:
    """How the truth's pixels become those of the target: cut to the middle square or not, then resized."""

    def __init__(self, offset: tuple[float, float], scale: tuple[float, float], size: Size) -> None:
        self.offset, self.scale, self.size = offset, scale, size

    @classmethod
    def of(cls, truth: Size, target: Size) -> _View:
        height, width = truth
        if target[0] == target[1] and height != width:
            side = min(truth)
            offset = float((width - side) // 2), float((height - side) // 2)
            return cls(offset, (target[1] / side, target[0] / side), target)
        return cls((0.0, 0.0), (target[1] / width, target[0] / height), target)

    def apply(
        self, keypoints: NDArray[np.float32], visibility: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
        """Return key points in the target's pixels; those that the crop cuts off are outside the picture."""
        points = (keypoints.astype(np.float64) - self.offset) * self.scale
        inside = ((points >= 0) & (points < (self.size[1], self.size[0]))).all(axis=-1)
        return points, np.where(inside, visibility, 0).astype(np.uint8)


class _People:
    """The true people of a frame, and what a detection is worth beside them."""

    def __init__(
        self,
        keypoints: NDArray[np.float64],
        counts: NDArray[np.bool_],
        boxes: NDArray[np.float64],
        area: NDArray[np.float64],
    ) -> None:
        self._keypoints, self._counts, self._area = keypoints, counts, area
        self._width, self._height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        self._head = pose.head_size(keypoints, counts)

    def errors(self, detection: Detection) -> dict[str, float]:
        found, truth, counts = detection.keypoints, self._keypoints, self._counts
        larger = np.fmax(self._width, self._height)
        similarity = pose.oks_matrix(found, truth, counts, self._area)
        values = {
            "oks": np.diagonal(similarity),
            "pck": pose.pck(found, truth, counts, larger),
            "pck_head": pose.pck(found, truth, counts, self._head, share=pose.PCK_HEAD_SHARE),
            "mpjpe": pose.mpjpe_2d(found, truth, counts),
            "mpjpe_height": pose.mpjpe_2d(found, truth, counts, self._height),
        }
        means = {key: _mean(value) for key, value in values.items()}
        return means | {"pose_found": pose.count_people(similarity).recall}

    def against(self, seen: Detection, known: Detection, threshold: float) -> dict[str, float]:
        asked = self._counts & (known.confidence >= threshold)
        here = seen.confidence >= threshold
        return {
            "akd": pose.average_keypoint_distance(seen.keypoints, known.keypoints, asked & here),
            "mkr": pose.missing_keypoint_rate(here, asked),
        }


def _mean(values: NDArray[np.float64]) -> float:
    """Return the mean of the values that exist; NaN without any."""
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else float("nan")


def _eight_bit(frame: NDArray[Any], target: Size) -> NDArray[np.uint8]:
    if frame.shape != (*target, 3):
        raise MismatchError(f"pose error takes frames of {[*target, 3]}, not {list(frame.shape)}")
    if frame.dtype == np.uint8:
        return np.asarray(frame)
    return np.clip(np.rint(frame), 0, 255).astype(np.uint8)

"""People followed through a clip, and the poses that they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcbench.data.truth import Poses
from mcbench.estimators.pose.people import BODY, People
from mcbench.records import Size


@dataclass(frozen=True)
class Tracks:
    """Everybody in every frame, in the same order throughout.

    Attributes:
        keypoints: float32 [F, P, K, 2], pixels; NaN where a person was not found. K as in `People`.
        confidence: float32 [F, P, K]; 0 where he was not found.
    """

    keypoints: NDArray[np.float32]
    confidence: NDArray[np.float32]

    @property
    def present(self) -> NDArray[np.bool_]:
        """Who was found when, bool [F, P]."""
        return np.asarray(np.isfinite(self.keypoints).all(axis=(2, 3)))

    def poses(self, size: Size, *, threshold: float, bridged: int = 0) -> Poses:
        """Return the body's 18 points as every other part of mcbench has them.

        A point in the picture is visible (2) from the threshold of confidence, else unknown (0). Where a
        person is missing for up to `bridged` frames and there before and after, his points go in a straight
        line and count as covered (1). Depth is unknown.

        Args:
            size: (height, width) of the frames.
            threshold: of confidence.
            bridged: longest gap to fill, in frames.
        """
        keypoints = self.keypoints[:, :, :BODY].copy()
        found = self.confidence[:, :, :BODY] >= threshold
        seen = np.where(found, 2, 0).astype(np.uint8)
        for person in range(keypoints.shape[1]):
            for before, after in self._gaps(person, bridged):
                share = (np.arange(before + 1, after) - before) / (after - before)
                start, end = keypoints[before, person], keypoints[after, person]
                keypoints[before + 1 : after, person] = start + share[:, None, None] * (end - start)
                seen[before + 1 : after, person] = (found[before, person] & found[after, person]) * 1
        inside = ((keypoints >= 0) & (keypoints < (size[1], size[0]))).all(axis=-1)
        seen[~inside] = 0
        points = np.where(np.isfinite(keypoints), keypoints, 0).astype(np.float32)
        return Poses(points, seen, np.full(points.shape[:2], np.nan, np.float32), size)

    def _gaps(self, person: int, longest: int) -> list[tuple[int, int]]:
        """Return the frames before and after each gap of one person that is no longer than that."""
        there = np.flatnonzero(self.present[:, person])
        pairs = zip(there[:-1].tolist(), there[1:].tolist(), strict=True)
        return [(before, after) for before, after in pairs if 1 < after - before <= longest + 1]


def assemble(seen: Sequence[Mapping[int, People]], n_frames: int, points: int) -> Tracks:
    """Return tracks as arrays: who comes first is first, those of one frame from left to right.

    Args:
        seen: of each person what was found, a `People` of one, by frame.
        n_frames: of the clip.
        points: key points of a person.
    """

    def first(track: Mapping[int, People]) -> tuple[int, float]:
        start = min(track)
        return start, float(track[start].boxes[0, 0] + track[start].boxes[0, 2])

    keypoints = np.full((n_frames, len(seen), points, 2), np.nan, np.float32)
    confidence = np.zeros((n_frames, len(seen), points), np.float32)
    for person, track in enumerate(sorted(seen, key=first)):
        for frame, found in track.items():
            keypoints[frame, person] = found.keypoints[0]
            confidence[frame, person] = found.confidence[0]
    return Tracks(keypoints, confidence)

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench import baselines
from mcbench.baselines import AnimationRequest
from mcbench.data.truth import Poses
from mcbench.errors import DataMissingError

SIZE = (160, 120)
BODY = np.array(
    [
        [60, 32], [60, 45], [50, 46], [45, 62], [43, 78], [70, 46], [75, 62], [77, 78], [54, 85],
        [53, 108], [52, 130], [66, 85], [67, 108], [68, 130], [58, 30], [62, 30], [55, 31], [65, 31],
    ],
    dtype=np.float32,
)  # fmt: skip


def _poses(*shifts: tuple[float, float]) -> Poses:
    keypoints = np.stack([BODY[None] + np.array(shift, dtype=np.float32) for shift in shifts])
    visibility = np.full(keypoints.shape[:3], 2, dtype=np.uint8)
    return Poses(keypoints, visibility, np.full(keypoints.shape[:2], 3.0, dtype=np.float32), SIZE)


LIMBS = ((0, 1), (2, 5), (2, 3), (3, 4), (5, 6), (6, 7), (2, 8), (5, 11), (8, 9), (9, 10), (11, 12), (12, 13))


def _picture() -> NDArray[np.uint8]:
    """A grey wall with a red person."""
    image = np.full((*SIZE, 3), 128, dtype=np.uint8)
    cv2.fillConvexPoly(image, BODY[[2, 5, 11, 8]].astype(int), (200, 30, 30))
    for start, end in LIMBS:
        cv2.line(image, BODY[start].astype(int).tolist(), BODY[end].astype(int).tolist(), (200, 30, 30), 7)
    return image


def _request(poses: Poses | None, n_frames: int, size: tuple[int, int] | None = None) -> AnimationRequest:
    return AnimationRequest("clip", _picture(), poses, n_frames, 10.0, size, 0)


def _centre_of_red(image: NDArray[np.uint8]) -> tuple[float, float]:
    red = image[..., 0].astype(int) - image[..., 1] > 80
    rows, columns = np.nonzero(red)
    return float(columns.mean()), float(rows.mean())


def test_copy_reference_repeats_the_reference() -> None:
    frames = list(baselines.load("copy-reference", "cpu", {}).animate(_request(None, 3)))
    assert len(frames) == 3
    assert all(np.array_equal(frame, _picture()) for frame in frames)


@pytest.mark.parametrize("name", ["copy-reference", "warp"])
@pytest.mark.parametrize("size", [(80, 60), (320, 240), (51, 33)])
def test_the_size_asked_for_is_the_size_made(name: str, size: tuple[int, int]) -> None:
    frames = list(baselines.load(name, "cpu", {}).animate(_request(_poses((0, 0), (5, 0)), 2, size)))
    assert [frame.shape for frame in frames] == [(*size, 3)] * 2


def test_warp_moves_the_person_with_the_pose() -> None:
    shifts = [(0.0, 0.0), (12.0, 0.0), (-20.0, 8.0)]
    still, right, left = baselines.load("warp", "cpu", {}).animate(_request(_poses(*shifts), 3))
    x, y = _centre_of_red(still)
    for frame, (dx, dy) in ((right, shifts[1]), (left, shifts[2])):
        moved_x, moved_y = _centre_of_red(frame)
        assert moved_x - x == pytest.approx(dx, abs=1.5)
        assert moved_y - y == pytest.approx(dy, abs=1.5)


def test_warp_of_the_reference_pose_gives_the_person_back() -> None:
    (frame,) = baselines.load("warp", "cpu", {}).animate(_request(_poses((0, 0)), 1))
    on_body = tuple(BODY[:14].astype(int).T[::-1])
    difference = np.abs(frame[on_body].astype(int) - _picture()[on_body])
    assert difference.max() <= 2


def test_warp_fills_in_where_the_person_stood() -> None:
    *_, gone = baselines.load("warp", "cpu", {}).animate(_request(_poses((0, 0), (500, 0)), 2))
    # Nothing of the person is left in the middle of where the torso was.
    red = gone[50:80, 52:68, 0].astype(int) - gone[50:80, 52:68, 1]
    assert red.mean() < 120


def test_warp_leaves_out_people_whose_joints_are_unknown() -> None:
    poses = _poses((0, 0), (4, 0))
    unknown = Poses(poses.keypoints, np.zeros_like(poses.visibility), poses.depth, SIZE)
    frames = list(baselines.load("warp", "cpu", {}).animate(_request(unknown, 2)))
    assert all(np.array_equal(frame, _picture()) for frame in frames)


def test_warp_paints_the_nearer_person_last() -> None:
    image = np.full((*SIZE, 3), 128, dtype=np.uint8)
    image[28:135, :60] = (200, 30, 30)
    image[28:135, 60:] = (30, 30, 200)
    left, right = BODY - (30, 0), BODY + (30, 0)
    meeting = np.stack([np.stack([left, right]), np.stack([BODY, BODY])]).astype(np.float32)
    visibility = np.full(meeting.shape[:3], 2, dtype=np.uint8)
    for depths, colour in (((2.0, 3.0), 0), ((3.0, 2.0), 2)):
        poses = Poses(meeting, visibility, np.array([depths, depths], dtype=np.float32), SIZE)
        request = AnimationRequest("clip", image, poses, 2, 10.0, None, 0)
        *_, met = baselines.load("warp", "cpu", {}).animate(request)
        chest = met[60, 60]
        assert int(chest.argmax()) == colour


def test_warp_without_poses_says_so() -> None:
    with pytest.raises(DataMissingError, match="clip has no driving poses"):
        list(baselines.load("warp", "cpu", {}).animate(_request(None, 2)))

"""From boxes to crops and back, and what detectors refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mcbench.errors import InputError
from mcbench.estimators.pose import person_boxes
from mcbench.estimators.pose.contract import check_request
from mcbench.estimators.pose.crops import Crop


def ramp(height: int, width: int) -> NDArray[np.uint8]:
    """A picture whose red is its x and whose green is its y, at pixel centres, in steps of a grey level."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[..., 0], picture[..., 1] = np.arange(width)[None, :], np.arange(height)[:, None]
    return picture


def test_boxes_span_the_points_in_the_picture() -> None:
    points = np.zeros((3, 18, 2), np.float32)
    visibility = np.zeros((3, 18), np.uint8)
    points[0, 3], points[0, 7], points[0, 9] = (10, 50), (30, 20), (999, 999)
    visibility[0, [3, 7]] = 2, 1
    points[1, 0] = 5, 5
    visibility[1, 0] = 2
    points[2, :3] = ((1, 2), (3, 4), (np.nan, 9))
    visibility[2, :3] = 2
    boxes = person_boxes(points, visibility)
    assert boxes[0].tolist() == [10, 20, 30, 50]
    assert np.isnan(boxes[1]).all(), "one point is no box"
    assert boxes[2].tolist() == [1, 2, 3, 4]


def test_a_crop_is_around_its_box() -> None:
    tall = Crop.around(np.array([40.0, 10.0, 60.0, 110.0]), 1.3, 0.75)
    assert (tall.height, tall.width) == (130, 98)
    assert (tall.left + tall.width / 2, tall.top + tall.height / 2) == (50 + 0.0, 60 + 0.0)
    wide = Crop.around(np.array([0.0, 0.0, 90.0, 20.0]), 1.0, 0.75)
    assert (wide.height, wide.width) == (120, 90)
    point = Crop.around(np.array([5.0, 5.0, 5.0, 5.0]), 1.25, 1.0)
    assert min(point.height, point.width) >= 2


def test_a_crop_of_its_own_size_is_the_pictures_pixels() -> None:
    picture = ramp(60, 80)
    crop = Crop(10, 20, 30, 40)
    np.testing.assert_array_equal(crop.cut(picture, (40, 30)), picture[20:60, 10:40])
    beyond = Crop(-5, 50, 20, 20).cut(picture, (20, 20))
    assert beyond[:, :6, 0].max() == 0
    assert (beyond[10:, :, 1] == 59).all(), "beyond the picture its edge is repeated"


@pytest.mark.parametrize("size", [(64, 48), (256, 256)])
def test_what_is_seen_lies_where_to_frame_says(size: tuple[int, int]) -> None:
    """Shrunk or enlarged, a place of the crop shows the place of the frame that it is mapped to."""
    crop = Crop(20, 30, 60, 75)
    seen = crop.cut(2 * ramp(120, 110), size).astype(np.float64) / 2
    rows, columns = np.mgrid[8 : size[0] - 8 : 5, 8 : size[1] - 8 : 5]
    inside = np.stack([(columns + 0.5) / size[1], (rows + 0.5) / size[0]], axis=-1)
    np.testing.assert_allclose(seen[rows, columns, :2] + 0.5, crop.to_frame(inside), atol=0.55)
    bias = (seen[rows, columns, :2] + 0.5 - crop.to_frame(inside)).mean(axis=(0, 1))
    np.testing.assert_allclose(bias, 0, atol=0.1)


@settings(max_examples=50)
@given(
    st.tuples(st.integers(-50, 50), st.integers(-50, 50), st.integers(2, 400), st.integers(2, 400)),
    st.floats(-2, 2),
    st.floats(-2, 2),
)
def test_to_frame_and_back(edges: tuple[int, int, int, int], x: float, y: float) -> None:
    crop = Crop(*edges)
    np.testing.assert_allclose(crop.from_frame(crop.to_frame(np.array([x, y]))), [x, y], atol=1e-9)


def test_what_a_detector_refuses() -> None:
    frame, boxes = np.zeros((8, 6, 3), np.uint8), np.array([[0.0, 0, 4, 4], [np.nan] * 4])
    assert check_request(frame, boxes).tolist() == [0]
    for bad in (frame.astype(np.float32), frame[..., 0], frame[..., :2], frame[:0]):
        with pytest.raises(InputError, match="takes a frame uint8"):
            check_request(bad, boxes)
    with pytest.raises(InputError, match=r"boxes are \[people, 4\]"):
        check_request(frame, boxes[:, :3])
    with pytest.raises(InputError, match="ends before it begins"):
        check_request(frame, np.array([[4.0, 0, 0, 4]]))

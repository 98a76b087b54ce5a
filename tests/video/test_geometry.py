from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcbench.errors import InputError, MismatchError
from mcbench.video import Box, fit_frame, place, place_frame, scale_box

SIDES = st.integers(1, 400)
SIZES = st.tuples(SIDES, SIDES)


@given(of=SIZES, size=SIZES, data=st.data())
def test_boxes_are_those_of_the_loader(
    of: tuple[int, int], size: tuple[int, int], data: st.DataObject
) -> None:
    left, top = data.draw(st.integers(0, of[1] - 1)), data.draw(st.integers(0, of[0] - 1))
    right, bottom = data.draw(st.integers(left + 1, of[1])), data.draw(st.integers(top + 1, of[0]))
    frame = np.arange(size[0] * size[1]).reshape(size)
    # load_videos.py: mult = ref / actual; box / mult, cut to int; frame[top:bottom, left:right]
    mult_y, mult_x = of[0] / size[0], of[1] / size[1]
    expected = frame[int(top / mult_y) : int(bottom / mult_y), int(left / mult_x) : int(right / mult_x)]
    try:
        box = scale_box(left, top, right, bottom, of, size)
    except MismatchError:
        assert expected.size == 0
    else:
        assert np.array_equal(frame[box.top : box.bottom, box.left : box.right], expected)


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ((0, 0, 101, 50), "reaches beyond frames of 200x100"),
        ((0, 0, 100, 51), "reaches beyond"),
        ((-3, 0, 10, 10), "reaches beyond"),
        ((10, 10, 10, 20), "holds no pixel"),
        ((20, 10, 10, 20), "holds no pixel"),
    ],
)
def test_boxes_that_cannot_be(box: tuple[int, int, int, int], reason: str) -> None:
    with pytest.raises(MismatchError, match=f"the crop of clip x .*{reason}"):
        scale_box(*box, of=(50, 100), size=(100, 200), what="the crop of clip x")


def test_a_box_smaller_than_a_pixel() -> None:
    with pytest.raises(MismatchError, match="holds no pixel"):
        scale_box(0, 0, 5, 5, of=(1000, 1000), size=(100, 100))


@given(frame=SIZES, size=SIZES)
def test_crop_covers_and_pad_fits(frame: tuple[int, int], size: tuple[int, int]) -> None:
    cover, within = place(frame, size=size, fit="crop"), place(frame, size=size, fit="pad")
    assert cover.scaled[0] >= size[0]
    assert cover.scaled[1] >= size[1]
    assert within.scaled[0] <= size[0]
    assert within.scaled[1] <= size[1]
    for placement in (cover, within):
        assert placement.size == size
        assert any(scaled == wanted for scaled, wanted in zip(placement.scaled, size, strict=True))
        ratios = [scaled / own for scaled, own in zip(placement.scaled, frame, strict=True)]
        # One side is exact, the other is rounded to a whole pixel (at least one).
        slack = max(1.0 / min(frame), *(1.0 / own for own in frame))
        assert abs(ratios[0] - ratios[1]) <= slack
        surplus = [scaled - wanted for scaled, wanted in zip(placement.scaled, size, strict=True)]
        for extra, offset in zip(surplus, (placement.top, placement.left), strict=True):
            before, after = -offset, extra + offset
            assert abs(after) - abs(before) in (0, 1)


@given(frame=SIZES, size=SIZES, fit=st.sampled_from(["crop", "pad"]))
def test_one_shape_is_merely_stretched(frame: tuple[int, int], size: tuple[int, int], fit: str) -> None:
    same = (frame[0] * 2, frame[1] * 2)
    assert place(frame, size=same, fit=fit) == place(frame, size=same)  # type: ignore[arg-type]


def test_the_middle_is_cut_out_and_the_rest_is_black() -> None:
    frame = np.zeros((4, 8, 3), np.uint8)
    frame[:] = np.arange(1, 9)[None, :, None]
    assert fit_frame(frame, (4, 4), "crop")[0, :, 0].tolist() == [3, 4, 5, 6]
    assert fit_frame(frame, (4, 5), "crop")[0, :, 0].tolist() == [2, 3, 4, 5, 6]
    padded = fit_frame(frame, (7, 8), "pad")
    assert padded[:, 0, 0].tolist() == [0, 1, 1, 1, 1, 0, 0]
    padded = fit_frame(frame.transpose(1, 0, 2).copy(), (8, 7), "pad")
    assert padded[0, :, 0].tolist() == [0, 1, 1, 1, 1, 0, 0]


def test_a_box_is_cut_out_first() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    box = Box(3, 5, 23, 25)
    assert np.array_equal(place_frame(frame, place((30, 40), box=box)), frame[5:25, 3:23])
    cut = place_frame(frame, place((30, 40), box=box, size=(10, 10), fit="crop"))
    assert np.array_equal(cut, fit_frame(frame[5:25, 3:23], (10, 10)))


def test_wrong_arguments() -> None:
    with pytest.raises(InputError, match="no way of fitting is called 'fill'"):
        place((4, 4), size=(2, 2), fit="fill")  # type: ignore[arg-type]
    for box in (Box(0, 0, 5, 4), Box(-1, 0, 4, 4), Box(2, 0, 2, 4)):
        with pytest.raises(InputError, match="does not lie in a frame of 4x4"):
            place((4, 4), box=box)

"""The resize that covers a network's input, against one written out in numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mcbench.errors import InputError
from mcbench.metrics.resize import resize_cover, resize_float
from tests.metrics.plain_resize import covered


@pytest.mark.parametrize("size", [(40, 30), (30, 40), (41, 30), (30, 53), (33, 33), (9, 25), (49, 49)])
@pytest.mark.parametrize("side", [16, 31, 56])
def test_it_is_the_centre_of_the_frame_whose_shorter_side_fits(size: tuple[int, int], side: int) -> None:
    frame = np.random.default_rng(size[0] * side).uniform(0, 255, (*size, 3))
    found = resize_cover(torch.from_numpy(frame), "bilinear", (side, side))
    np.testing.assert_allclose(found.numpy(), covered(frame, side), atol=1e-9)


def test_rounding_up_is_that_of_floating_point_as_the_evaluators_have_it() -> None:
    side = next(n for n in range(3, 2000) if n * (224 / n) > 224)
    assert math.ceil(side * (224 / side)) == 225
    frame = torch.rand(side, side, 3, dtype=torch.float64)
    found = resize_cover(frame, "bilinear", (224, 224))
    torch.testing.assert_close(found, resize_float(frame, "bilinear", (225, 224))[:224], rtol=0, atol=0)


def test_leading_axes_and_a_size_that_is_not_square() -> None:
    frames = torch.rand(2, 3, 20, 30, 3, dtype=torch.float64)
    found = resize_cover(frames, "bicubic-antialias", (10, 12))
    assert found.shape == (2, 3, 10, 12, 3)
    whole = resize_float(frames, "bicubic-antialias", (10, 15))
    torch.testing.assert_close(found, whole[..., 1:13, :], rtol=0, atol=0)


def test_a_frame_of_that_size_is_left_as_it_is() -> None:
    frame = torch.rand(16, 16, 3)
    assert torch.equal(resize_cover(frame, "bilinear", (16, 16)), frame)


def test_an_operator_must_be_known() -> None:
    with pytest.raises(InputError, match="nearest"):
        resize_cover(torch.zeros(4, 4, 3), "nearest", (2, 2))

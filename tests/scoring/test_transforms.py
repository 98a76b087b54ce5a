"""Crop and resize against Pillow and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from mcbench.errors import MismatchError
from mcbench.scoring import protocol
from mcbench.scoring.transforms import check_shapes, resize_float, target_size, to_protocol
from tests.scoring.making import clip

DISCO = protocol("disco/2").frames
MCBENCH = protocol("mcbench/1").frames


def test_disco_crops_a_tiktok_frame_at_row_238_and_resizes_as_pillow() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (1080, 604, 3), dtype=np.uint8)
    expected = np.asarray(
        Image.fromarray(frame[238 : 238 + 604]).resize((256, 256), Image.Resampling.BILINEAR)
    )
    found = to_protocol(frame, DISCO, target_size(DISCO, (1080, 604), (512, 512)))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)


def test_disco_crops_the_middle_of_a_wide_frame() -> None:
    frame = np.zeros((100, 201, 3), np.uint8)
    frame[:, 50:150] = 255
    assert (to_protocol(frame, DISCO, (256, 256)) == 255).all()


@pytest.mark.parametrize(
    ("size", "target"),
    [((896, 640), (358, 256)), ((640, 896), (256, 358)), ((256, 256), (256, 256)), ((1080, 604), (458, 256))],
)
def test_mcbench_keeps_the_shape(size: tuple[int, int], target: tuple[int, int]) -> None:
    assert target_size(MCBENCH, size, (512, 512)) == target
    frame = np.full((*size, 3), 37, np.uint8)
    found = to_protocol(frame, MCBENCH, target)
    assert found.shape == (*target, 3)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, 37.0, atol=1e-9)


def test_a_frame_of_the_target_size_is_left_as_it_is() -> None:
    frame = clip(0, 1, (256, 256))[0]
    np.testing.assert_array_equal(to_protocol(frame, MCBENCH, (256, 256)), frame)
    np.testing.assert_array_equal(to_protocol(frame, DISCO, (256, 256)), frame)


@pytest.mark.parametrize(
    ("operator", "filter_"), [("bicubic-antialias", "BICUBIC"), ("bilinear-antialias", "BILINEAR")]
)
def test_float_operators_are_pillows_in_mode_f(operator, filter_: str) -> None:
    frame = np.random.default_rng(1).uniform(0, 255, (90, 70, 3))
    found = resize_float(torch.from_numpy(frame), operator, (32, 24)).numpy()
    for channel in range(3):
        picture = Image.fromarray(frame[..., channel].astype(np.float32), mode=None)
        expected = np.asarray(picture.resize((24, 32), Image.Resampling[filter_]))
        np.testing.assert_allclose(found[..., channel], expected, atol=2e-3)


def test_bicubic_is_not_clipped_and_bilinear_does_not_antialias() -> None:
    edge = np.zeros((64, 64, 3))
    edge[:, 32:] = 255.0
    cubic = resize_float(torch.from_numpy(edge), "bicubic-antialias", (16, 16))
    assert float(cubic.min()) < -1.0
    assert float(cubic.max()) > 256.0
    lines = np.zeros((64, 64, 3))
    lines[:, ::2] = 255.0
    plain = resize_float(torch.from_numpy(lines), "bilinear", (64, 8))
    smooth = resize_float(torch.from_numpy(lines), "bilinear-antialias", (64, 8))
    assert float(smooth[:, 2:-2].std()) < 5.0
    assert float(plain.mean()) == pytest.approx(127.5, abs=1.0)


def test_shapes_that_differ_are_refused_and_nearly_equal_ones_are_not() -> None:
    for setting in (DISCO, MCBENCH):
        check_shapes(setting, (896, 640), (448, 320), "v")
        check_shapes(setting, (512, 368), (896, 640), "v")  # 2.7 % would not do, 0.6 % does
        with pytest.raises(MismatchError, match=r"video a: the prediction is 896x672 .* differ by 5\.0%"):
            check_shapes(setting, (896, 672), (896, 640), "video a")


def test_a_square_prediction_counts_as_cropped_only_where_the_protocol_crops() -> None:
    check_shapes(DISCO, (512, 512), (1080, 604), "v")
    with pytest.raises(MismatchError):
        check_shapes(MCBENCH, (512, 512), (1080, 604), "v")


def test_a_protocol_without_a_size_takes_the_own_size_of_the_side_that_it_names() -> None:
    truth, prediction = (1080, 604), (896, 512)
    assert target_size(protocol("humanvid/1").frames, truth, prediction) == prediction
    assert target_size(protocol("common-metrics/1").frames, truth, prediction) == truth

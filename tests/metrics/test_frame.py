"""Frame metrics against scikit-image, plain restatements and known values."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.frame import (
    l1_per_pixel,
    luma_uint8,
    mae,
    psnr,
    psnr_uint8,
    ssim_gaussian,
    ssim_gray_uniform,
)

ALL = (mae, l1_per_pixel, psnr, psnr_uint8, ssim_gaussian, ssim_gray_uniform)


def _pair(seed: int = 0, shape: tuple[int, ...] = (3, 40, 52, 3), sigma: float = 20.0):
    random = np.random.default_rng(seed)
    base = cv2.GaussianBlur(random.normal(128, 200, (shape[1], shape[2], 3)), (0, 0), 3)
    truth = np.stack([np.clip(base + 3 * k, 0, 255) for k in range(shape[0])]).astype(np.uint8)
    prediction = np.clip(truth + random.normal(0, sigma, shape), 0, 255).astype(np.uint8)
    return prediction, truth


def test_ssim_gray_uniform_is_what_skimage_computes_on_opencvs_gray() -> None:
    prediction, truth = _pair()
    expected = [
        structural_similarity(cv2.cvtColor(a, cv2.COLOR_RGB2GRAY), cv2.cvtColor(b, cv2.COLOR_RGB2GRAY))
        for a, b in zip(prediction, truth, strict=True)
    ]
    np.testing.assert_allclose(ssim_gray_uniform(prediction, truth), expected, rtol=0, atol=1e-12)


def test_ssim_gaussian_is_what_skimage_computes_with_wangs_settings() -> None:
    prediction, truth = _pair(1)
    expected = [
        structural_similarity(
            a,
            b,
            channel_axis=-1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=255,
        )
        for a, b in zip(prediction, truth, strict=True)
    ]
    found = ssim_gaussian(prediction, truth, data_range=255.0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ssim_gaussian(prediction / 255.0, truth / 255.0), found, rtol=0, atol=1e-12)


def test_the_two_ssims_are_not_the_same_number() -> None:
    prediction, truth = _pair(2)
    gap = ssim_gray_uniform(prediction, truth) - ssim_gaussian(prediction, truth, data_range=255.0)
    assert np.abs(gap).max() > 0.02


def test_luma_is_opencvs_for_every_level_of_each_channel() -> None:
    levels = np.arange(256, dtype=np.uint8)
    for channel in range(3):
        image = np.full((1, 256, 3), 77, dtype=np.uint8)
        image[0, :, channel] = levels
        np.testing.assert_array_equal(luma_uint8(image), cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def test_psnr_is_skimages() -> None:
    prediction, truth = _pair(3)
    expected = [peak_signal_noise_ratio(b, a) for a, b in zip(prediction, truth, strict=True)]
    np.testing.assert_allclose(psnr(prediction, truth), expected, rtol=1e-12)


def test_psnr_of_identical_frames_and_its_cap() -> None:
    truth = _pair()[1]
    nearly = truth.copy()
    nearly[0, 0, 0, 0] += 1
    np.testing.assert_array_equal(psnr(truth, truth), 100.0)
    wide = np.zeros((256, 256, 3), np.uint8)
    one_off = wide.copy()
    one_off[0, 0, 0] = 1
    assert psnr(one_off, wide) > 100.0
    assert psnr(one_off, wide, cap=100.0) == 100.0


def test_wrapped_psnr_never_falls_below_its_floor_and_is_not_monotone() -> None:
    bound = 10 * np.log10(255**2 / 255)
    assert bound == pytest.approx(24.0654, abs=1e-4)
    truth = np.zeros((16, 16, 3), np.uint8)
    values = [float(psnr_uint8(truth + np.uint8(d), truth)) for d in range(1, 256)]
    assert bound <= min(values) < bound + 0.11  # no square is 255 modulo 256, the largest is 249
    assert not np.all(np.diff(values) <= 0)


def test_wrapped_psnr_of_uniform_differences_tends_to_its_limit() -> None:
    mean_remainder = ((np.arange(256) ** 2) % 256).mean()
    assert 10 * np.log10(255**2 / mean_remainder) == pytest.approx(27.90, abs=0.01)
    truth = np.zeros((16, 16, 3), np.uint8)
    ramp = np.tile(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), (1, 1, 3))
    assert psnr_uint8(ramp, truth) == pytest.approx(27.90, abs=0.01)


@pytest.mark.parametrize(
    ("sigma", "true", "wrapped"),
    [(4, 36.0, 36.0), (8, 30.1, 31.2), (16, 24.0, 29.1), (32, 18.1, 28.2), (64, 12.4, 28.1)],
)
def test_true_and_wrapped_psnr_of_gaussian_error(sigma: float, true: float, wrapped: float) -> None:
    random = np.random.default_rng(0)
    truth = np.full((256, 256, 3), 128, np.uint8)
    error = np.rint(random.normal(0, sigma, truth.shape))
    prediction = np.clip(truth + error, 0, 255).astype(np.uint8)
    assert psnr(prediction, truth) == pytest.approx(true, abs=0.25)
    assert psnr_uint8(prediction, truth) == pytest.approx(wrapped, abs=0.25)


def test_l1_per_pixel_depends_on_the_resolution() -> None:
    small = np.full((256, 256, 3), 24.8 + 100)
    assert l1_per_pixel(small, np.full_like(small, 100.0)) == pytest.approx(3.78e-4, rel=2e-3)
    large = np.full((512, 512, 3), 24.8 + 100)
    assert l1_per_pixel(large, np.full_like(large, 100.0)) == pytest.approx(3.78e-4 / 4, rel=2e-3)


def test_mae_spans_zero_to_one() -> None:
    black, white = np.zeros((9, 9, 3), np.uint8), np.full((9, 9, 3), 255, np.uint8)
    assert mae(black, black) == 0.0
    assert mae(black, white) == 1.0
    assert mae(black / 255.0, white / 255.0, data_range=1.0) == 1.0


def test_batches_give_the_values_of_single_frames() -> None:
    prediction, truth = _pair(4)
    for function in ALL:
        one_by_one = [float(function(a, b)) for a, b in zip(prediction, truth, strict=True)]
        together = function(prediction, truth)
        assert together.dtype == np.float64
        np.testing.assert_allclose(together, one_by_one, rtol=1e-13)
        nested = function(prediction[None], truth[None])
        assert nested.shape == (1, 3)


@settings(max_examples=25)
@given(hnp.arrays(np.uint8, (2, 12, 13, 3), elements=st.integers(0, 255)))
def test_properties_of_any_pair(frames: np.ndarray) -> None:
    a, b = frames
    for function in ALL:
        assert function(a, b) == pytest.approx(float(function(b, a)), abs=1e-9)
    assert 0.0 <= mae(a, b) <= 1.0
    assert ssim_gaussian(a, b, data_range=255.0) <= 1.0 + 1e-12
    assert ssim_gray_uniform(a, a) == pytest.approx(1.0, abs=1e-12)
    assert psnr_uint8(a, b) >= 24.0
    # The bound that any table of L1 and PSNR must keep, frame by frame.
    assert 12 * 13 * l1_per_pixel(a, b) <= 255 * 10 ** (-psnr(a, b, identical=np.inf) / 20) + 1e-9


@pytest.mark.parametrize("function", ALL)
def test_bad_input_is_named(function) -> None:
    good = np.zeros((16, 16, 3), np.uint8)
    with pytest.raises(MismatchError, match=r"\(16, 16, 3\) and \(16, 17, 3\)"):
        function(good, np.zeros((16, 17, 3), np.uint8))
    with pytest.raises(InputError, match="RGB"):
        function(good[..., 0], good[..., 0])
    with pytest.raises(InputError, match="RGB"):
        function(np.zeros((0, 16, 16, 3), np.uint8), np.zeros((0, 16, 16, 3), np.uint8))
    with pytest.raises(InputError, match="int64"):
        function(good.astype(np.int64), good.astype(np.int64))


def test_values_that_are_not_finite_are_refused() -> None:
    bad = np.full((16, 16, 3), np.nan)
    for function in (mae, psnr, ssim_gaussian):
        with pytest.raises(InputError, match="not finite"):
            function(bad, bad)


def test_eight_bit_metrics_refuse_floats_and_ssim_refuses_tiny_frames() -> None:
    floats = np.zeros((16, 16, 3))
    for function in (psnr_uint8, ssim_gray_uniform):
        with pytest.raises(InputError, match="uint8"):
            function(floats, floats)
    tiny = np.zeros((6, 20, 3), np.uint8)
    for function in (ssim_gray_uniform, ssim_gaussian):
        with pytest.raises(InputError, match="smaller than the"):
            function(tiny, tiny)

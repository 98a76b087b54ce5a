"""SSIM with a window at every pixel, against one written out with zero-padded convolutions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import correlate1d

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.frame import ssim_gaussian, ssim_gaussian_padded


def reference(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Return the SSIM of frames on 0..1, channel by channel, with 0 outside the frame."""
    window = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def blur(plane: np.ndarray) -> np.ndarray:
        return correlate1d(correlate1d(plane, window, 0, mode="constant"), window, 1, mode="constant")

    maps = []
    for channel in range(3):
        a, b = prediction[..., channel], truth[..., channel]
        mean_a, mean_b = blur(a), blur(b)
        spread_a, spread_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
        together = blur(a * b) - mean_a * mean_b
        first = (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2)
        maps.append(first * (2 * together + 0.03**2) / (spread_a + spread_b + 0.03**2))
    return float(np.mean(maps))


@pytest.mark.parametrize("size", [(32, 24), (7, 40), (5, 5)])
def test_it_agrees_with_zero_padded_convolutions(size: tuple[int, int]) -> None:
    random = np.random.default_rng(sum(size))
    truth = random.uniform(0, 1, (3, *size, 3))
    prediction = np.clip(truth + random.normal(0, 0.2, truth.shape), 0, 1)
    expected = [reference(a, b) for a, b in zip(prediction, truth, strict=True)]
    np.testing.assert_allclose(ssim_gaussian_padded(prediction, truth), expected, atol=1e-12)
    np.testing.assert_allclose(
        ssim_gaussian_padded(prediction * 255, truth * 255, data_range=255.0), expected, atol=1e-12
    )


def test_equal_frames_read_1_and_the_border_counts() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    other = 255 - frame
    assert ssim_gaussian_padded(frame, frame, data_range=255.0) == pytest.approx(1.0, abs=1e-12)
    inner = ssim_gaussian(frame, other, data_range=255.0)
    assert abs(ssim_gaussian_padded(frame, other, data_range=255.0) - inner) > 0.01


def test_what_it_refuses() -> None:
    frame = np.zeros((12, 12, 3))
    with pytest.raises(MismatchError):
        ssim_gaussian_padded(frame, np.zeros((12, 13, 3)))
    with pytest.raises(InputError):
        ssim_gaussian_padded(np.full_like(frame, np.nan), frame)
    with pytest.raises(InputError):
        ssim_gaussian_padded(frame[..., 0], frame[..., 0])

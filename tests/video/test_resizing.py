"""RGB frames: against torch, scikit-image and the filter written out."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.transform
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.video import fit_frame
from tests.video import triangle

SIDES = st.integers(1, 70)
SIZES = st.tuples(SIDES, SIDES)


def smooth(height: int, width: int) -> np.ndarray:
    """Waves of many pixels: what every sensible low-pass filter treats alike."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 31 + phase) * np.cos(y / 23 - phase) for phase in (0.0, 1.0, 2.0)]
    return np.rint(127.5 + 120 * np.stack(waves, -1)).astype(np.uint8)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)


@settings(max_examples=60)
@given(frame=SIZES, size=SIZES)
def test_it_is_the_triangle_filter(frame: tuple[int, int], size: tuple[int, int]) -> None:
    image = noise(*frame)
    ours = fit_frame(image, size).astype(float)
    assert ours.shape == (*size, 3)
    if min(*frame, *size) > 1:
        # Pillow leaves out what is beyond the edge; torch does too. Torch 2.15 repeats
        # the first row in a result that is one pixel wide.
        planes = torch.from_numpy(image).double().permute(2, 0, 1)[None]
        theirs = torch.nn.functional.interpolate(planes, size, mode="bilinear", antialias=True)
        assert np.abs(ours - theirs[0].permute(1, 2, 0).numpy()).max() <= 1.1  # rounded twice


@pytest.mark.parametrize(
    ("frame", "size"), [((270, 480), (96, 96)), ((300, 200), (128, 90)), ((90, 90), (64, 64))]
)
def test_scikit_image_agrees_on_what_is_smooth(frame: tuple[int, int], size: tuple[int, int]) -> None:
    image = smooth(*frame)
    theirs = skimage.transform.resize(image, size, order=1, anti_aliasing=True, preserve_range=True)
    difference = np.abs(fit_frame(image, size) - theirs)[4:-4, 4:-4]
    assert difference.max() < 2.5
    assert difference.mean() < 0.6


def test_written_out() -> None:
    image = noise(90, 120)
    difference = np.abs(fit_frame(image, (33, 50)) - triangle.resize(image, (33, 50)))[2:-2, 2:-2]
    assert difference.max() <= 1.1


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_fine_patterns_become_grey_rather_than_coarse_ones(factor: int) -> None:
    y, x = np.mgrid[:192, :192]
    checks = np.where((x + y) % 2, 255, 0).astype(np.uint8)[..., None].repeat(3, -1)
    small = fit_frame(checks, (192 // factor + 1, 192 // factor + 1)).astype(float)
    assert np.abs(small - 127.5)[2:-2, 2:-2].max() < 40  # without a low-pass filter: 127.5
    plain = skimage.transform.resize(
        checks, small.shape[:2], order=1, anti_aliasing=False, preserve_range=True
    )
    assert np.abs(plain - 127.5)[2:-2, 2:-2].max() > 70


def test_a_frame_of_the_size_stays_as_it_is() -> None:
    image = noise(20, 30)
    assert np.array_equal(fit_frame(image, (20, 30)), image)


@given(level=st.integers(0, 255), frame=SIZES, size=SIZES, fit=st.sampled_from(["stretch", "crop"]))
def test_one_colour_stays_that_colour(
    level: int, frame: tuple[int, int], size: tuple[int, int], fit: str
) -> None:
    image = np.full((*frame, 3), level, np.uint8)
    assert (fit_frame(image, size, fit) == level).all()  # type: ignore[arg-type]

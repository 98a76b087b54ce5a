from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from mcbench.errors import InputError
from mcbench.metrics.people import cielab, person_palettes
from mcbench.metrics.people.palette import (
    dilated,
    eroded,
    mean_distance,
    palette,
    typical_size,
    window_of,
)
from tests.metrics.people.making import crowd, noisy


@settings(max_examples=40)
@given(st.integers(0, 1000), st.floats(0.0, 6.0), st.floats(0.0, 0.6))
def test_dilation_and_erosion_by_their_definition(seed: int, radius: float, share: float) -> None:
    inside = np.random.default_rng(seed).uniform(size=(13, 17)) < share * 0.3
    inside[4:9, 5:12] |= share > 0.3
    rows, columns = np.mgrid[:13, :17]

    def near(region: np.ndarray) -> np.ndarray:
        """Pixels that have one of a region within the radius."""
        found = np.zeros(region.shape, dtype=bool)
        for y, x in np.argwhere(region):
            found |= np.hypot(rows - y, columns - x).astype(np.float32) <= np.float32(radius)
        return found

    np.testing.assert_array_equal(dilated(inside, float(np.float32(radius))), near(inside))
    np.testing.assert_array_equal(eroded(inside, float(np.float32(radius))), inside & ~near(~inside))


def test_all_and_nothing() -> None:
    everything, nothing = np.ones((6, 7), dtype=bool), np.zeros((6, 7), dtype=bool)
    assert eroded(everything, 3.0).all(), "beyond the rim is no outside"
    assert dilated(everything, 3.0).all()
    assert not dilated(nothing, 3.0).any()
    assert not eroded(nothing, 3.0).any()
    assert window_of(nothing, 2.0) == (slice(0, 0), slice(0, 0))


def test_colours_are_smoothed_inside_alone() -> None:
    frame, labels = crowd(3)
    frame = noisy(frame, 30)
    inside = labels == 2
    size = 50.0
    found = palette(frame, inside, size)
    weight = gaussian_filter(inside.astype(float), 2.0, mode="constant", truncate=6)
    sums = [
        gaussian_filter(frame[..., channel] * inside.astype(float), 2.0, mode="constant", truncate=6)
        for channel in range(3)
    ]
    expected = cielab(np.stack(sums, axis=-1)[inside] / weight[inside][:, None])
    assert found.shape == (400, 3)
    places = np.linspace(0, len(expected) - 1, 400).round().astype(int)
    np.testing.assert_allclose(found, expected[places], atol=0.1)
    outside = frame.copy()
    outside[~inside] = 0
    np.testing.assert_array_equal(palette(outside, inside, size), found)


def test_palettes_of_people() -> None:
    frame, labels = crowd(3)
    labels[labels == 2] = 0
    found = person_palettes(frame, labels, 3)
    assert [len(one) > 0 for one in found] == [True, False, True]
    assert mean_distance(found[0], found[0]) == 0.0
    assert mean_distance(found[0], found[2]) > 20
    assert mean_distance(found[0], found[1]) == float("inf")
    areas = [(labels == person).sum() for person in (1, 3)]
    assert typical_size(labels, 3) == pytest.approx(np.sqrt(np.mean(areas)))
    assert typical_size(np.zeros_like(labels), 3) == 0.0


def test_distance_is_to_the_nearest() -> None:
    random = np.random.default_rng(0)
    colours, known = random.uniform(0, 100, (30, 3)), random.uniform(0, 100, (50, 3))
    every = np.linalg.norm(colours[:, None] - known[None], axis=2)
    assert mean_distance(colours, known) == pytest.approx(every.min(axis=1).mean())


def test_bad_frames() -> None:
    inside = np.ones((20, 20), dtype=bool)
    with pytest.raises(InputError, match="frame is"):
        palette(np.zeros((20, 20)), inside, 10.0)
    with pytest.raises(InputError, match="finite"):
        palette(np.full((20, 20, 3), np.nan), inside, 10.0)

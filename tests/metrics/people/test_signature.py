from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.people import cielab, least_distance, signature_distances, signatures
from tests.metrics.people.making import background, crowd, noisy


def straightforward(frame: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """One person's signature, as its description says."""
    pixels = frame[inside]
    lab = rgb2lab(np.clip(pixels, 0, 255)[None].astype(np.float64) / 255.0)[0].mean(axis=0)
    mean = (lab + (0, 128, 128)) / (100, 255, 255)
    histograms = [
        np.histogram(np.clip(pixels[:, channel], 0, 255), bins=8, range=(0, 256))[0] / len(pixels)
        for channel in range(3)
    ]
    return np.concatenate([mean, *histograms])


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_signature_is_as_described(dtype: type) -> None:
    frame, labels = crowd(4)
    frame = noisy(frame, 25).astype(dtype)
    if dtype != np.uint8:
        frame += np.linspace(-30, 30, frame.shape[1])[:, None].astype(dtype)  # overshoots at both ends
    found = signatures(frame, labels, 4)
    for person in range(4):
        expected = straightforward(frame, labels == person + 1)
        np.testing.assert_allclose(found[person, 3:], expected[3:], atol=1e-12)
        # skimage rounds the white point and the matrix to other digits
        np.testing.assert_allclose(found[person, :3], expected[:3], atol=2e-4)


def test_bytes_and_floats_agree() -> None:
    frame, labels = crowd()
    np.testing.assert_allclose(
        signatures(frame, labels, 3), signatures(frame.astype(np.float64), labels, 3), atol=1e-12
    )


def test_cielab_beside_two_other_implementations() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    np.testing.assert_allclose(cielab(colours), rgb2lab(colours), atol=0.02)
    theirs = cv2.cvtColor(colours.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    np.testing.assert_allclose(cielab(colours), theirs, atol=0.5)  # OpenCV looks its curve up
    np.testing.assert_allclose(cielab(np.array([[255, 255, 255]], np.uint8)), [[100, 0, 0]], atol=1e-4)
    greys = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    assert np.abs(cielab(greys)[:, 1:]).max() < 1e-9, "greys have no colour"


def test_parts_of_a_signature() -> None:
    frame, labels = crowd(3)
    found = signatures(noisy(frame, 40), labels, 3)
    np.testing.assert_allclose(found[:, 3:].reshape(3, 3, 8).sum(axis=2), 1.0)
    assert (found >= 0).all()
    assert (found <= 1).all()
    assert signature_distances(found, found).max() < 3.0


def test_who_is_too_small_has_none() -> None:
    frame, labels = crowd(2)
    labels[labels == 2] = 0
    labels[:3, :21] = 2
    assert np.isnan(signatures(frame, labels, 3)[1:]).all()
    assert not np.isnan(signatures(frame, labels, 3, minimum=63)[1]).any()
    assert np.isnan(signatures(frame, labels, 3, minimum=0)[2]).all(), "nobody is never seen"
    assert signatures(frame, np.zeros_like(labels), 0).shape == (0, 27)


@settings(max_examples=25)
@given(st.permutations(range(4)), st.integers(0, 99))
def test_names_of_people_do_not_matter(order: list[int], seed: int) -> None:
    frame, labels = crowd(4)
    frame = noisy(frame, 30, seed)
    renamed = np.array([0, *[place + 1 for place in order]], np.uint8)[labels]
    np.testing.assert_allclose(signatures(frame, renamed, 4)[order], signatures(frame, labels, 4))


@settings(max_examples=15)
@given(st.integers(2, 4))
def test_size_does_not_matter(factor: int) -> None:
    frame, labels = crowd(3)
    large = [np.repeat(np.repeat(one, factor, axis=0), factor, axis=1) for one in (frame, labels)]
    np.testing.assert_allclose(signatures(*large, 3), signatures(frame, labels, 3), atol=1e-12)


def test_distances() -> None:
    frame, labels = crowd(3)
    looks = signatures(frame, labels, 3)
    distances = signature_distances(looks, looks)
    np.testing.assert_allclose(distances, distances.T)
    np.testing.assert_array_equal(np.diag(distances), 0.0)
    assert distances[0, 1] == pytest.approx(float(np.sqrt(np.square(looks[0] - looks[1]).sum())))
    assert least_distance(looks) == pytest.approx(distances[np.triu_indices(3, 1)].min())
    hidden = looks.copy()
    hidden[1] = np.nan
    assert np.isnan(signature_distances(looks, hidden)[:, 1]).all()
    assert least_distance(hidden) == pytest.approx(distances[0, 2])
    assert np.isnan(least_distance(looks[:1]))
    assert np.isnan(least_distance(np.full((3, 27), np.nan)))
    twins = np.stack([looks[0], looks[1], looks[0]])
    assert least_distance(twins) == 0.0


def test_bad_input() -> None:
    frame, labels = crowd(2)
    for wrong in (frame[..., 0], np.dstack([frame, frame[..., :1]]), frame.astype(np.int32)):
        with pytest.raises(InputError, match="frame is"):
            signatures(wrong, labels, 2)
    with pytest.raises(InputError, match="finite"):
        signatures(np.where(labels[..., None] > 0, np.nan, 1.0) * np.ones(3), labels, 2)
    with pytest.raises(MismatchError, match="does not fit"):
        signatures(background((40, 40)), labels, 2)
    with pytest.raises(InputError, match="27"):
        signature_distances(np.zeros((2, 26)), np.zeros((2, 27)))
    with pytest.raises(InputError, match="27"):
        least_distance(np.zeros(27))

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.frame import psnr, ssim_gaussian, ssim_gaussian_map
from mcbench.metrics.people import person_mean, person_psnr, person_ssim
from tests.metrics.people.making import background, crowd, noisy


def test_psnr_of_each_persons_pixels() -> None:
    frame, labels = crowd(3)
    prediction = noisy(frame, 12)
    found = person_psnr(prediction, frame, labels, 3)
    for person in range(3):
        inside = labels == person + 1
        error = (prediction[inside].astype(float) - frame[inside].astype(float)) ** 2
        assert found[person] == pytest.approx(20 * np.log10(255 / np.sqrt(error.mean())))


def test_one_persons_error_is_his_alone() -> None:
    frame, labels = crowd(3)
    prediction = np.where((labels == 2)[..., None], noisy(frame, 30), frame)
    np.testing.assert_array_equal(person_psnr(prediction, frame, labels, 3)[[0, 2]], 100.0)
    assert person_psnr(prediction, frame, labels, 3)[1] < 25
    outside = np.where((labels == 0)[..., None], noisy(frame, 30), frame)
    np.testing.assert_array_equal(person_psnr(outside, frame, labels, 3), 100.0)
    assert person_psnr(prediction, frame, labels, 3, cap=10.0).tolist() == [10.0, 10.0, 10.0]


def test_a_mask_of_everything_is_the_frame_metric() -> None:
    frame, labels = crowd(2)
    prediction = noisy(frame, 20)
    everything = np.ones_like(labels)
    assert person_psnr(prediction, frame, everything, 1)[0] == pytest.approx(float(psnr(prediction, frame)))
    assert person_ssim(prediction, frame, everything, 1)[0] == pytest.approx(
        float(ssim_gaussian(prediction, frame, data_range=255.0))
    )


def test_ssim_map_beside_scikit_image() -> None:
    frame, labels = crowd(3)
    prediction = noisy(frame, 20)
    _, full = structural_similarity(
        prediction, frame, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        data_range=255, full=True,
    )  # fmt: skip
    expected = full.mean(axis=2)
    found = ssim_gaussian_map(prediction, frame, data_range=255.0)
    assert found.shape == (70, 110)
    np.testing.assert_allclose(found, expected[5:-5, 5:-5], atol=1e-7)
    people = person_ssim(prediction, frame, labels, 3)
    counted = np.zeros(labels.shape, dtype=bool)
    counted[5:-5, 5:-5] = True
    for person in range(3):
        assert people[person] == pytest.approx(expected[(labels == person + 1) & counted].mean(), abs=1e-7)


def test_ssim_sees_five_pixels_beyond_a_mask() -> None:
    frame, labels = crowd(3)
    near, far = np.zeros(labels.shape, dtype=bool), np.zeros(labels.shape, dtype=bool)
    near[40, 3], far[40, 0] = True, True  # person 1 begins at column 6
    for place, same in ((near, False), (far, True)):
        prediction = np.where(place[..., None], 255 - frame, frame)
        assert (person_ssim(prediction, frame, labels, 3)[0] == pytest.approx(1.0, abs=1e-12)) == same


def test_masked_lpips_is_the_mean_of_its_map() -> None:
    labels = crowd(3)[1]
    distance = np.random.default_rng(0).uniform(0, 1, labels.shape)
    found = person_mean(distance, labels, 4)
    for person in range(3):
        assert found[person] == pytest.approx(distance[labels == person + 1].mean())
    assert np.isnan(found[3])
    assert person_mean(distance.astype(np.float32), labels, 4)[0] == pytest.approx(found[0], rel=1e-6)


def test_who_is_too_small_is_not_measured() -> None:
    frame, labels = crowd(2)
    labels[labels == 2] = 0
    labels[0, :63] = 2
    for function in (person_psnr, person_ssim):
        assert np.isnan(function(frame, frame, labels, 2)[1])
    labels[0, 63] = 2
    assert person_psnr(frame, frame, labels, 2)[1] == 100.0
    assert np.isnan(person_ssim(frame, frame, labels, 2)[1]), "the rim has no whole window"


@settings(max_examples=20)
@given(st.permutations(range(4)), st.integers(0, 99))
def test_names_of_people_do_not_matter(order: list[int], seed: int) -> None:
    frame, labels = crowd(4)
    prediction = noisy(frame, 25, seed)
    renamed = np.array([0, *[place + 1 for place in order]], np.uint8)[labels]
    for function in (person_psnr, person_ssim):
        np.testing.assert_allclose(
            function(prediction, frame, renamed, 4)[order], function(prediction, frame, labels, 4)
        )


@settings(max_examples=20)
@given(st.floats(1, 20), st.floats(1.5, 3))
def test_more_noise_is_worse(sigma: float, factor: float) -> None:
    frame, labels = crowd(3)
    little, much = noisy(frame, sigma), noisy(frame, sigma * factor)
    for function in (person_psnr, person_ssim):
        assert (function(much, frame, labels, 3) < function(little, frame, labels, 3)).all()


def test_floating_frames_read_the_same() -> None:
    frame, labels = crowd(3)
    prediction = noisy(frame, 25)
    for function in (person_psnr, person_ssim):
        np.testing.assert_allclose(
            function(prediction.astype(np.float64), frame.astype(np.float64), labels, 3),
            function(prediction, frame, labels, 3),
        )


def test_bad_input() -> None:
    frame, labels = crowd(3)
    for function in (person_psnr, person_ssim):
        with pytest.raises(MismatchError):
            function(background((40, 40)), frame, labels, 3)
        with pytest.raises(MismatchError):
            function(frame[:40], frame[:40], labels, 3)
        with pytest.raises(InputError):
            function(frame.astype(float) * np.inf, frame.astype(float), labels, 3)
        with pytest.raises(InputError, match="at a time"):
            function(frame[None], frame[None], labels, 3)
        with pytest.raises(InputError, match="labels from"):
            function(frame, frame, labels, 2)
    with pytest.raises(InputError, match="smaller"):
        person_ssim(frame[:10], frame[:10], labels[:10], 3)
    with pytest.raises(InputError, match="map"):
        person_mean(np.zeros((2, 80, 120)), labels, 3)
    with pytest.raises(InputError, match="one frame"):
        ssim_gaussian_map(frame[None], frame[None])


@pytest.mark.parametrize("box", [(0, 3, 0, 30), (77, 80, 90, 120), (40, 41, 0, 120), (0, 80, 118, 120)])
def test_people_at_the_rim(box: tuple[int, int, int, int]) -> None:
    frame, _ = crowd(3)
    prediction = noisy(frame, 20)
    labels = np.zeros((80, 120), np.uint8)
    labels[box[0] : box[1], box[2] : box[3]] = 1
    full = np.zeros(labels.shape)
    full[5:-5, 5:-5] = ssim_gaussian_map(prediction, frame, data_range=255.0)
    counted = np.zeros(labels.shape, dtype=bool)
    counted[5:-5, 5:-5] = labels[5:-5, 5:-5] > 0
    found = person_ssim(prediction, frame, labels, 1, minimum=1)[0]
    assert np.isnan(found) if not counted.any() else found == pytest.approx(full[counted].mean(), abs=1e-12)
    assert np.isnan(person_ssim(prediction, frame, np.zeros_like(labels), 1)[0])

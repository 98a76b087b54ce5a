"""Distances on parts of the videos: against the distance computed anew from the items that are left."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mcbench.errors import InputError, MismatchError
from mcbench.metrics.distribution import frechet_distance, kernel_distance
from mcbench.metrics.distribution.subsets import FrechetSubsets, KernelSubsets

paired_kernel = functools.partial(kernel_distance, paired=True)


def _sides(
    lengths: list[int], dimensions: int, seed: int = 0, power: float = 1.0
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    random = np.random.RandomState(seed)
    spread = np.arange(1, dimensions + 1) ** (-power / 2)
    truth = [3.0 + spread * (random.randn(dimensions) + random.randn(n, dimensions)) for n in lengths]
    return [0.9 * one + 0.3 * spread * random.randn(*one.shape) for one in truth], truth


def _check(lengths: list[int], dimensions: int, left_out: list[int], power: float = 1.0) -> None:
    prediction, truth = _sides(lengths, dimensions, power=power)
    kept = [place for place in range(len(lengths)) if place not in left_out]
    x, y = (np.concatenate([side[place] for place in kept]) for side in (prediction, truth))
    traces = x.var(axis=0).sum() + y.var(axis=0).sum()
    frechet, kernel = FrechetSubsets(prediction, truth), KernelSubsets(prediction, truth, paired=True)
    assert frechet.without(left_out) == pytest.approx(frechet_distance(x, y), rel=1e-9, abs=1e-9 * traces)
    assert kernel.without(left_out) == pytest.approx(paired_kernel(x, y), rel=1e-9, abs=1e-12)
    loose = KernelSubsets(prediction, truth)
    assert loose.without(left_out) == pytest.approx(kernel_distance(x, y), rel=1e-9, abs=1e-12)
    assert frechet.whole() == frechet_distance(np.concatenate(prediction), np.concatenate(truth))
    assert kernel.whole() == pytest.approx(
        paired_kernel(np.concatenate(prediction), np.concatenate(truth)), rel=1e-9, abs=1e-12
    )


@pytest.mark.parametrize("power", [0.0, 1.0, 3.0, 8.0])
@pytest.mark.parametrize("dimensions", [3, 12, 40, 200])
def test_without_some_videos(dimensions: int, power: float) -> None:
    """More items than dimensions, about as many, fewer; flat spectra and such as squared lose digits of."""
    _check([5, 9, 3, 7, 8, 12], dimensions, [1, 4], power)


@settings(max_examples=25)
@given(st.lists(st.integers(1, 9), min_size=3, max_size=7), st.integers(1, 30), st.data())
def test_without_any_group(lengths: list[int], dimensions: int, data: st.DataObject) -> None:
    group = data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=len(lengths) - 2, unique=True))
    if sum(n for place, n in enumerate(lengths) if place not in group) >= 2:
        _check(lengths, dimensions, group)


@pytest.mark.parametrize("dimensions", [4, 30])
def test_between_parts_of_the_truth(dimensions: int) -> None:
    prediction, truth = _sides([5, 6, 7, 8], dimensions)
    halves = np.concatenate([truth[2], truth[0]]), np.concatenate([truth[3], truth[1]])
    frechet, kernel = FrechetSubsets(prediction, truth), KernelSubsets(prediction, truth, paired=True)
    assert frechet.between([2, 0], [3, 1]) == pytest.approx(frechet_distance(*halves), rel=1e-9)
    assert kernel.between([2, 0], [3, 1]) == pytest.approx(kernel_distance(*halves), rel=1e-9)


@pytest.mark.parametrize("dimensions", [6, 60])
def test_repeated_frames_and_dead_features_lose_no_digits(dimensions: int) -> None:
    """Eigenvalues of 0 would read some 1e-8 each after the root."""
    prediction, truth = _sides([8, 8, 8, 8], dimensions)
    for side in (prediction, truth):
        for video in side:
            video[1:] = video[0]
            video[:, -2:] = 0.0
    x, y = np.concatenate(prediction[1:]), np.concatenate(truth[1:])
    found = FrechetSubsets(prediction, truth).without([0])
    assert found == pytest.approx(frechet_distance(x, y), rel=1e-11)


def test_identical_sides_read_zero_on_every_part() -> None:
    _, truth = _sides([4, 5, 6], 8)
    for subsets in (FrechetSubsets(truth, truth), KernelSubsets(truth, truth, paired=True)):
        assert (subsets.whole(), subsets.without([1])) == (0.0, 0.0)
    mixed = [truth[0] + 1.0, *truth[1:]]
    assert FrechetSubsets(mixed, truth).without([0]) == 0.0
    assert FrechetSubsets(mixed, truth).without([1]) > 0.0


def test_sides_of_unequal_numbers_of_items() -> None:
    prediction, _ = _sides([3, 9, 4], 5)
    _, truth = _sides([7, 2, 6], 5, seed=1)
    x, y = np.concatenate(prediction[1:]), np.concatenate(truth[1:])
    assert FrechetSubsets(prediction, truth).without([0]) == pytest.approx(frechet_distance(x, y), rel=1e-9)
    assert KernelSubsets(prediction, truth).without([0]) == pytest.approx(kernel_distance(x, y), rel=1e-9)
    with pytest.raises(MismatchError, match="are not pairs"):
        KernelSubsets(prediction, truth, paired=True)


def test_arrays_and_tensors_of_any_precision() -> None:
    prediction, truth = _sides([4, 5, 6], 8)
    tensors = [[torch.from_numpy(video).float() for video in side] for side in (prediction, truth)]
    arrays = [[video.astype(np.float32) for video in side] for side in (prediction, truth)]
    for kind in (FrechetSubsets, KernelSubsets):
        assert kind(*tensors).without([1]) == kind(*arrays).without([1])


@pytest.mark.parametrize("kind", [FrechetSubsets, KernelSubsets])
def test_bad_videos_are_refused(kind: type[FrechetSubsets] | type[KernelSubsets]) -> None:
    prediction, truth = _sides([4, 1, 1], 8)
    with pytest.raises(MismatchError, match="2 predicted and 3 true videos"):
        kind(prediction[:2], truth)
    with pytest.raises(InputError, match="without feature vectors"):
        kind(prediction, [truth[0], truth[1][:0], truth[2]])
    with pytest.raises(InputError, match="not finite"):
        kind([prediction[0] * np.nan, *prediction[1:]], truth)
    with pytest.raises(MismatchError, match="dimensions"):
        kind([video[:, :3] for video in prediction], truth)
    with pytest.raises(InputError, match="no spread"):
        kind(prediction, truth).without([0, 1])
    with pytest.raises(InputError, match="no spread"):
        kind(prediction, truth).between([0], [1])

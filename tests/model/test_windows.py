import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mcbench.errors import InputError
from mcbench.model.windows import plan_windows, triangular_weights


@given(st.integers(1, 200), st.integers(1, 40), st.data())
def test_windows_cover_a_video_in_order_without_wrapping(n: int, size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, size - 1))
    windows = plan_windows(n, size, overlap)
    assert windows[0][0] == 0
    assert windows[-1][1] == n
    assert all(stop - start == min(n, size) for start, stop in windows)
    for (start, stop), (later, _) in itertools.pairwise(windows):
        assert start < later <= stop - min(overlap, 1)
        assert stop - later >= overlap
    assert set().union(*(range(*window) for window in windows)) == set(range(n))


@pytest.mark.parametrize(("size", "overlap"), [(16, 4), (24, 4), (1, 0)])
def test_every_length_to_200(size: int, overlap: int) -> None:
    for n in range(1, 201):
        windows = plan_windows(n, size, overlap)
        assert len(windows) == (1 if n <= size else -(-(n - size) // (size - overlap)) + 1)
        assert windows[0][0] == 0
        assert windows[-1][1] == n
        assert all(stop - start == min(n, size) for start, stop in windows)
        assert all(
            0 < later - start <= size - overlap for (start, _), (later, _) in itertools.pairwise(windows)
        )


def test_the_last_window_is_anchored_to_the_end() -> None:
    assert plan_windows(60, 24, 4) == [(0, 24), (20, 44), (36, 60)]


@pytest.mark.parametrize(("n", "size", "overlap"), [(0, 4, 1), (5, 0, 0), (5, 4, 4), (5, 4, -1)])
def test_windows_that_cannot_be_are_refused(n: int, size: int, overlap: int) -> None:
    with pytest.raises(InputError, match="cannot cover"):
        plan_windows(n, size, overlap)


@given(st.integers(1, 40))
def test_weights_are_a_positive_symmetric_triangle(length: int) -> None:
    weights = triangular_weights(length)
    assert weights.min() > 0
    assert weights.max() == 1
    assert torch.equal(weights, weights.flip(0))
    assert (weights[: (length + 1) // 2].diff() > 0).all()

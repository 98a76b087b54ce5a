"""Which clips are taken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcbench.scoring import protocol
from mcbench.scoring.clips import evenly, possible_starts

DISCO = protocol("disco/2").feature_setting("motion")
MCBENCH = protocol("mcbench/1").feature_setting("motion")


def test_disco_takes_every_window() -> None:
    assert possible_starts(range(20), DISCO) == [0, 1, 2, 3, 4]
    assert possible_starts(range(15), DISCO) == []


def test_mcbench_takes_clips_side_by_side() -> None:
    assert possible_starts(range(16), MCBENCH) == [0]
    assert possible_starts(range(31), MCBENCH) == [0]
    assert possible_starts(range(50), MCBENCH) == [0, 16, 32]


def test_no_clip_spans_a_gap() -> None:
    indices = [*range(10), *range(12, 30)]
    assert possible_starts(indices, DISCO) == [12, 13, 14]
    assert possible_starts(indices, MCBENCH) == [12]
    assert possible_starts([], DISCO) == []


def test_fewer_clips_are_spread_over_the_video() -> None:
    assert evenly([0, 16, 32, 48, 64], 3) == [0, 32, 64]
    assert evenly([0, 16], 5) == [0, 16]
    assert evenly([0, 16, 32], 1) == [0]
    assert evenly([0, 16], 0) == []


@given(st.lists(st.integers(0, 200), unique=True).map(sorted))
def test_every_clip_lies_in_the_frames_and_none_is_left_out(indices: list[int]) -> None:
    there = set(indices)
    expected = [start for start in indices if all(start + k in there for k in range(16))]
    assert possible_starts(indices, DISCO) == expected
    assert set(possible_starts(indices, MCBENCH)) <= set(expected)


@given(st.lists(st.integers(0, 1000), min_size=1, unique=True).map(sorted), st.integers(0, 40))
def test_evenly_gives_as_many_as_asked_for_without_repeats(starts: list[int], count: int) -> None:
    chosen = evenly(starts, count)
    assert len(chosen) == min(count, len(starts))
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(starts)

"""Which items are taken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcbench.scoring import protocol
from mcbench.scoring.items import evenly, possible_items, prefix_items

DISCO = protocol("disco/2").feature_setting("motion")
MCBENCH = protocol("mcbench/1").feature_setting("motion")


def possible_starts(indices, setting):
    """Return the first frames of all clips, each of which has the setting's length."""
    items = possible_items(list(indices), setting)
    assert {length for _, length in items} <= {setting.clip_length}
    return [start for start, _ in items]


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
    starts = [(start, 16) for start in (0, 16, 32, 48, 64)]
    assert evenly(starts, 3) == [(0, 16), (32, 16), (64, 16)]
    assert evenly(starts[:2], 5) == starts[:2]
    assert evenly(starts[:3], 1) == starts[:1]
    assert evenly(starts[:2], 0) == []


def test_images_leave_the_reference_out_where_the_protocol_does() -> None:
    image = protocol("mcbench/1").feature_setting("image")
    assert possible_items([0, 1, 2, 5], image) == [(1, 1), (2, 1), (5, 1)]
    assert possible_items([0, 1], protocol("disco/2").feature_setting("image")) == [(0, 1), (1, 1)]


def test_prefixes_begin_with_the_video_and_end_before_a_gap() -> None:
    setting = protocol("humanvid/1").feature_setting("motion")
    indices = {"a": [*range(12), *range(13, 40)], "none": [], "short": list(range(9))}
    taken = prefix_items(indices, setting)
    assert taken == {"a": [(0, 10), (0, 11), (0, 12)], "none": [], "short": []}


def test_separate_prefixes_end_with_the_shortest_video() -> None:
    setting = protocol("common-metrics/1").feature_setting("motion")
    taken = prefix_items({"a": range(13), "b": range(30), "short": range(4)}, setting)
    assert taken["a"] == taken["b"]
    assert taken["a"][-1] == (0, 13)
    assert taken["short"] == []


@given(st.lists(st.integers(0, 200), unique=True).map(sorted))
def test_every_clip_lies_in_the_frames_and_none_is_left_out(indices: list[int]) -> None:
    there = set(indices)
    expected = [start for start in indices if all(start + k in there for k in range(16))]
    assert possible_starts(indices, DISCO) == expected
    assert set(possible_starts(indices, MCBENCH)) <= set(expected)


@given(st.lists(st.integers(0, 1000), min_size=1, unique=True).map(sorted), st.integers(0, 40))
def test_evenly_gives_as_many_as_asked_for_without_repeats(starts: list[int], count: int) -> None:
    chosen = [start for start, _ in evenly([(start, 16) for start in starts], count)]
    assert len(chosen) == min(count, len(starts))
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(starts)

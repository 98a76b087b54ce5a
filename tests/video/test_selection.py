from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.filter
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcbench.errors import FileFormatError, MismatchError
from mcbench.video import Selection
from mcbench.video.selection import resample

VIDEO = Path("a.mp4")
RATES = st.sampled_from([Fraction(10), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60)])


@dataclass(frozen=True)
class Shown:
    index: int
    time: Fraction


def chosen(selection: Selection, n_frames: int, rate: Fraction) -> list[int]:
    def walk(first: int) -> Iterator[Shown]:
        return (Shown(index, index / rate) for index in range(first, n_frames))

    return [frame.index for frame in selection.choose(walk, rate, VIDEO)]


@given(
    rate=RATES,
    reference=st.sampled_from([10.0, 25.0, 29.97]),
    start=st.integers(0, 30),
    length=st.integers(2, 30),
)
def test_a_part_at_a_reference_rate_is_the_loaders(
    rate: Fraction, reference: float, start: int, length: int
) -> None:
    end = start + length
    # The condition of load_videos.py, on exact numbers.
    kept = [index for index in range(1000) if start * rate <= index * Fraction(reference) < end * rate]
    if kept:
        assert chosen(Selection(start, end, reference), 1000, rate) == kept
    else:
        with pytest.raises(MismatchError, match="selects no frame"):
            chosen(Selection(start, end, reference), 1000, rate)


@given(rate=RATES, start=st.integers(0, 30), length=st.integers(1, 30))
def test_a_part_in_the_videos_own_frames(rate: Fraction, start: int, length: int) -> None:
    assert chosen(Selection(start, start + length), 60, rate) == list(range(start, start + length))


def test_without_anything_all_frames_are_kept() -> None:
    assert chosen(Selection(), 7, Fraction(25)) == list(range(7))
    assert chosen(Selection(start=5), 7, Fraction(25)) == [5, 6]
    assert chosen(Selection(max_frames=3), 7, Fraction(25)) == [0, 1, 2]


@pytest.mark.parametrize(("rate", "reference", "end"), [(25, 10.0, 40.5), (25, 25.0, 100), (30, None, 100)])
def test_an_end_within_a_reference_frame_of_the_videos_end_will_do(
    rate: int, reference: float | None, end: float
) -> None:
    selection = Selection(0, end, reference)
    assert chosen(selection, 100, Fraction(rate)) == list(range(100))


@pytest.mark.parametrize(
    ("selection", "reason"),
    [
        (Selection(90, 101), "frames 90 to 100 of a.mp4 are wanted .* ends with frame 99"),
        (Selection(0, 42, 10.0), "frames 0 to 104 of a.mp4 are wanted .* ends with frame 99"),
        (Selection(100, 110), "has no frame 100"),
        (Selection(100), "frames from 100 on of a.mp4 are wanted .* has no frame 100"),
        (Selection(5, 5), "start 5, end 5 selects no frame"),
        (Selection(6, 5), "selects no frame"),
        (Selection(0, 0, 10.0), "selects no frame"),
    ],
)
def test_parts_that_are_not_there(selection: Selection, reason: str) -> None:
    with pytest.raises(MismatchError, match=reason):
        chosen(selection, 100, Fraction(25))


def test_the_end_does_not_matter_when_enough_frames_were_taken() -> None:
    assert chosen(Selection(0, 200, max_frames=50), 100, Fraction(25)) == list(range(50))


# --- another frame rate ----------------------------------------------------------------------------


def by_ffmpeg(times: list[Fraction], fps: Fraction) -> list[int]:
    """What FFmpeg's filter `fps` makes of frames that carry their number in a grey level.

    The last frame is left out: how long FFmpeg shows it depends on the durations of frames, not on times.
    """
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add("buffer", "width=2:height=2:pix_fmt=gray:time_base=1/1000"),
        graph.add("fps", f"fps={fps.numerator}/{fps.denominator}:start_time=0"),
        graph.add("buffersink"),
    ).configure()
    seen: list[int] = []
    for index, time in enumerate(times):
        frame = av.VideoFrame(2, 2, "gray")
        for plane in frame.planes:
            plane.update(bytes([index]) * plane.buffer_size)
        frame.pts, frame.time_base = int(time * 1000), Fraction(1, 1000)
        graph.vpush(frame)
        while True:
            try:
                seen.append(int(graph.vpull().to_ndarray()[0, 0]))
            except (av.error.BlockingIOError, av.error.EOFError):
                break
    return seen


@given(
    steps=st.lists(st.integers(1, 400), min_size=1, max_size=40),
    fps=st.sampled_from([Fraction(5), Fraction(10), Fraction(30000, 1001), Fraction(60)]),
)
def test_another_rate_is_that_of_ffmpegs_filter(steps: list[int], fps: Fraction) -> None:
    times = [Fraction(sum(steps[:index]), 1000) for index in range(len(steps) + 1)]
    frames = [Shown(index, time) for index, time in enumerate(times)]
    ours = [frame.index for frame in resample(frames, fps, Fraction(1, 10), VIDEO)]
    last = len(times) - 1
    theirs = by_ffmpeg(times, fps)
    assert [index for index in ours if index != last] == [index for index in theirs if index != last]


@pytest.mark.parametrize(
    ("rate", "fps", "expected"),
    [
        (60, 30.0, [0, 2, 4]),
        (30, 60.0, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
        (30, 30.0, [0, 1, 2, 3, 4, 5]),
        (30, 10.0, [1, 4]),
        (30, 0.5, [5]),
    ],
)
def test_constant_rates(rate: int, fps: float, expected: list[int]) -> None:
    assert chosen(Selection(fps=fps), 6, Fraction(rate)) == expected


@given(n_frames=st.integers(1, 300), rate=RATES, fps=st.sampled_from([8.0, 24.0, 25.0, 29.97, 60.0]))
def test_the_length_in_seconds_stays(n_frames: int, rate: Fraction, fps: float) -> None:
    frames = chosen(Selection(fps=fps), n_frames, rate)
    assert len(frames) == max(1, int(n_frames / rate * Fraction(fps) + Fraction(1, 2)))
    assert frames == sorted(frames)
    assert frames[-1] <= n_frames - 1


def test_a_rate_of_times_rounded_to_milliseconds_is_kept() -> None:
    rate = Fraction(30000, 1001)
    frames = [Shown(index, Fraction(round(index / rate * 1000), 1000)) for index in range(100)]
    kept = [frame.index for frame in resample(frames, rate, 1 / rate, VIDEO)]
    assert kept == list(range(100))


def test_the_part_is_cut_out_before_the_rate_is_changed() -> None:
    assert chosen(Selection(start=3, end=9, fps=10.0), 20, Fraction(20)) == [3, 5, 7]


def test_times_that_go_backwards_keep_the_order() -> None:
    frames = [Shown(0, Fraction(0)), Shown(1, Fraction(2)), Shown(2, Fraction(1)), Shown(3, Fraction(3))]
    assert [frame.index for frame in resample(frames, Fraction(1), Fraction(1), VIDEO)] == [0, 0, 2, 3]


def test_a_gap_of_an_hour_is_no_reason_to_fill_the_disk() -> None:
    frames = [Shown(0, Fraction(0)), Shown(1, Fraction(3600))]
    with pytest.raises(FileFormatError, match=r"a\.mp4 shows no frame for 3600 seconds after 0\.0 s"):
        list(resample(frames, Fraction(30), Fraction(1, 30), VIDEO))

"""Parts in the middle of long videos: frame exact, and without decoding what lies before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcbench.errors import MismatchError
from mcbench.video import Selection, stream_frames, streaming, walk
from mcbench.video.seeking import find_start
from tests.video.making import number_of, numbered, write_video

N_FRAMES = 240
VIDEOS = {
    "b-frames.mp4": ("libx264", {"crf": "24", "bf": "3", "g": "30", "preset": "superfast"}),
    "open.mkv": ("libx264", {"crf": "24", "x264-params": "open-gop=1:keyint=30:bframes=3"}),
    "refresh.mp4": ("libx264", {"crf": "24", "x264-params": "intra-refresh=1:keyint=40"}),
    "one-key.mp4": ("libx264", {"crf": "24", "x264-params": "scenecut=0:keyint=999"}),
    "a.webm": ("libvpx-vp9", {"crf": "30", "g": "50", "cpu-used": "8", "deadline": "realtime"}),
    "hevc.mp4": ("libx265", {"x265-params": "keyint=30:open-gop=1:log-level=none", "preset": "ultrafast"}),
    "av1.mkv": ("libsvtav1", {"crf": "50", "preset": "12", "svtav1-params": "keyint=40"}),
    "no-times.h264": ("libx264", {"crf": "24", "bf": "0", "g": "30", "preset": "superfast"}),
    "other.avi": ("mjpeg", {"qmin": "2", "qmax": "2"}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeking")
    for name, (codec, options) in VIDEOS.items():
        pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        write_video(folder / name, numbered(N_FRAMES), codec=codec, options=options, pixels=pixels, rate=25)
    return folder


@pytest.mark.parametrize("name", VIDEOS)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(100, N_FRAMES - 1), length=st.integers(1, 12))
def test_parts_are_frame_exact(folder: Path, name: str, start: int, length: int) -> None:
    end = min(start + length, N_FRAMES)
    frames = stream_frames(folder / name).frames(Selection(start, end))
    assert [number_of(frame) for frame in frames] == list(range(start, end))


@pytest.mark.parametrize(
    ("name", "most"),
    [("b-frames.mp4", 40), ("open.mkv", 70), ("a.webm", 60), ("hevc.mp4", 70), ("av1.mkv", 90)],
)
def test_the_beginning_is_not_decoded(
    folder: Path, name: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []

    class Counting(walk.VideoWalk):
        def __iter__(self) -> Iterator[object]:
            for frame in super().__iter__():
                decoded.append(1)
                yield frame

    monkeypatch.setattr(streaming, "VideoWalk", Counting)
    stream = stream_frames(folder / name)
    assert number_of(next(stream.frames(Selection(start=200)))) == 200
    assert len(decoded) <= most


def test_times_stay_those_of_the_whole_video(folder: Path) -> None:
    frames = stream_frames(folder / "b-frames.mp4").frames(Selection(200, 220, fps=12.5))
    assert [number_of(frame) for frame in frames] == list(range(200, 220, 2))


@pytest.mark.parametrize("name", ["one-key.mp4", "no-times.h264", "other.avi"])
def test_where_there_is_nothing_to_gain_or_to_rely_on(folder: Path, name: str) -> None:
    assert find_start(folder / name, 200) is None


def test_the_key_frame_before(folder: Path) -> None:
    start = find_start(folder / "b-frames.mp4", 200)
    assert start is not None
    assert 170 < start.key_index <= 200
    assert start.key_time <= start.time


def test_beyond_the_end(folder: Path, tmp_path: Path) -> None:
    assert find_start(folder / "b-frames.mp4", N_FRAMES) is None
    (tmp_path / "a.mp4").write_text("no video")
    assert find_start(tmp_path / "a.mp4", 200) is None
    with pytest.raises(MismatchError, match=f"has no frame {N_FRAMES}"):
        list(stream_frames(folder / "b-frames.mp4").frames(Selection(start=N_FRAMES)))

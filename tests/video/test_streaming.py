from __future__ import annotations

import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcbench.video import (
    Selection,
    decoding,
    digest_frames,
    fit_frame,
    open_frames,
    place,
    stream_frames,
    write_png,
)
from tests.video.making import (
    Colours,
    blocks,
    number_of,
    numbered,
    set_display_matrix,
    write_video,
)

ONE = 1 << 16
NOISE = np.random.default_rng(1).integers(0, 256, (4, 66, 90, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mp4", "libx264", "yuvj420p"),
        ("a.mp4", "libx264", "yuv422p"),
        ("a.mp4", "libx264", "yuv444p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.mp4", "libx265", "yuv420p"),
        ("a.mkv", "libsvtav1", "yuv420p"),
        ("a.avi", "mjpeg", "yuvj420p"),
        ("a.mkv", "ffv1", "yuv420p"),
    ],
)
@pytest.mark.parametrize("colours", [Colours("601"), Colours("709"), Colours("709", full=True)])
def test_one_pass_gives_the_same_pixels(
    tmp_path: Path, name: str, codec: str, pixels: str, colours: Colours
) -> None:
    options = {"crf": "20"} if codec in ("libx264", "libvpx-vp9") else None
    write_video(tmp_path / name, list(NOISE), codec=codec, pixels=pixels, colours=colours, options=options)
    stream, source = stream_frames(tmp_path / name), open_frames(tmp_path / name)
    assert (stream.decoder, stream.size, stream.rate) == ("pyav", source.size, source.rate)
    assert digest_frames(stream.frames()) == digest_frames(source)


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "size", "matrix"),
    [
        ("a.mkv", "ffv1", "yuv420p", (63, 85), None),
        ("a.mp4", "libx264", "yuv444p", (63, 64), None),
        ("a.mkv", "ffv1", "yuv420p10le", (64, 64), None),
        ("a.mkv", "ffv1", "gray", (64, 64), None),
        ("a.mp4", "libx264", "yuv420p", (64, 96), (0, ONE, -ONE, 0)),
        ("a.mp4", "libx264", "yuv420p", (64, 96), (-ONE, 0, 0, ONE)),
    ],
    ids=["odd", "odd height", "10 bits", "grey", "turned", "mirrored"],
)
def test_other_videos_are_read_as_by_open_frames(
    tmp_path: Path,
    name: str,
    codec: str,
    pixels: str,
    size: tuple[int, int],
    matrix: tuple[int, int, int, int] | None,
) -> None:
    picture, path = blocks(*size), tmp_path / name
    if pixels == "gray":
        with av.open(str(path), "w") as container:
            video = container.add_stream(codec, rate=10)
            video.width, video.height, video.pix_fmt = size[1], size[0], pixels
            for _ in range(3):
                container.mux(video.encode(av.VideoFrame.from_ndarray(picture[..., 0].copy(), format="gray")))
            container.mux(video.encode())
    else:
        write_video(path, [picture] * 3, codec=codec, pixels=pixels, colours=Colours("709"))
    if matrix is not None:
        set_display_matrix(path, matrix)
    stream, source = stream_frames(path), open_frames(path)
    assert (stream.decoder, stream.size, stream.rate) == (source.decoder, source.size, source.rate)
    assert digest_frames(stream.frames()) == digest_frames(source)
    small = next(stream.frames(placement=place(stream.size, size=(20, 30))))
    assert np.array_equal(small, fit_frame(source[0], (20, 30)))


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "a.mp4"
    write_video(path, numbered(90), options={"crf": "20", "bf": "3", "g": "20"})
    return path


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 89), length=st.integers(1, 90), limit=st.none() | st.integers(1, 9))
def test_parts_are_frame_exact(long_video: Path, start: int, length: int, limit: int | None) -> None:
    end = min(start + length, 90)
    frames = stream_frames(long_video).frames(Selection(start, end, max_frames=limit))
    assert [number_of(frame) for frame in frames] == list(range(start, end))[:limit]


def test_a_stream_can_be_walked_again_and_in_parallel(long_video: Path) -> None:
    stream = stream_frames(long_video)
    pairs = list(zip(stream.frames(), stream.frames(), strict=True))
    assert [(number_of(a), number_of(b)) for a, b in pairs] == [(i, i) for i in range(90)]


def test_another_rate_goes_by_the_times_of_frames(tmp_path: Path) -> None:
    times = [0, 40, 100, 300, 310, 350, 500, 900, 1000]
    write_video(tmp_path / "a.mp4", numbered(9), times_ms=times, options={"crf": "20"})
    write_video(tmp_path / "b.mkv", numbered(9), times_ms=times, codec="ffv1", pixels="yuv420p10le")
    ticks = [round(time / 100 + 0.001) for time in times]
    expected = [max(i for i, at in enumerate(ticks) if at <= tick) for tick in range(ticks[-1] + 1)]
    for name in ("a.mp4", "b.mkv"):
        frames = [number_of(frame) for frame in stream_frames(tmp_path / name).frames(Selection(fps=10))]
        assert frames[: len(expected)] == expected
        assert set(frames[len(expected) :]) <= {8}


def test_without_times_the_rate_counts(tmp_path: Path) -> None:
    write_video(tmp_path / "a.h264", numbered(12), options={"crf": "20", "bf": "0"})
    stream = stream_frames(tmp_path / "a.h264")
    assert stream.rate is not None
    halved = stream.frames(Selection(fps=float(stream.rate) / 2))
    assert [number_of(frame) for frame in halved] == list(range(0, 12, 2))


def test_a_folder_of_frames(tmp_path: Path) -> None:
    for index, picture in enumerate(numbered(10)):
        write_png(tmp_path / f"{index}.png", picture)
    stream = stream_frames(tmp_path)
    assert (stream.rate, stream.decoder) == (None, "images")
    assert [number_of(frame) for frame in stream.frames(Selection(2, 5))] == [2, 3, 4]
    by_rate = stream.frames(Selection(fps=15.0), assumed_rate=Fraction(30))
    assert [number_of(frame) for frame in by_rate] == [0, 2, 4, 6, 8]


def test_frames_are_not_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 60 frames of 0.7 MB each, few are alive at any time; FFmpeg's own are not counted here."""
    monkeypatch.setattr(decoding, "_decord", lambda: None)
    write_video(tmp_path / "a.mp4", numbered(60, 480, 512), options={"crf": "30"})
    stream = stream_frames(tmp_path / "a.mp4")
    tracemalloc.start()
    try:
        assert sum(1 for _ in stream.frames(Selection(fps=20.0))) == 120
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * 480 * 512 * 3


@pytest.mark.shared
def test_real_clips(shared: Path) -> None:
    for path in sorted((shared / "data" / "clips").glob("*.mp4"))[:2]:
        stream, source = stream_frames(path), open_frames(path)
        assert digest_frames(stream.frames(Selection(3, 9))) == digest_frames(source[i] for i in range(3, 9))

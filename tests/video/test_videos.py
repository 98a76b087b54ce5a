from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcbench.errors import FileFormatError
from mcbench.video import FrameSource, decoding, digest_frames, open_frames
from tests.video.making import (
    Colours,
    blocks,
    inner,
    number_of,
    numbered,
    set_display_matrix,
    to_rgb,
    to_yuv,
    write_video,
)

ONE = 1 << 16
WORST = 3
"""Grey levels by which FFmpeg's default conversion may miss the exact one."""


@pytest.fixture(params=["decord", "pyav"])
def decoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "decord":
        pytest.importorskip("decord", reason="decord has no wheel for this machine")
    else:
        monkeypatch.setattr(decoding, "_decord", lambda: None)
    return str(request.param)


def error_of(source: FrameSource, picture: np.ndarray, colours: Colours) -> int:
    exact = to_rgb(to_yuv(picture, colours), colours).astype(int)
    return int(np.abs(source[0].astype(int) - exact)[inner(*picture.shape[:2])].max())


@pytest.mark.parametrize("matrix", ["601", "709", "2020"])
@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("codec", ["libx264", "libvpx-vp9"])
def test_tagged_colours_are_right(tmp_path: Path, decoder: str, codec: str, matrix: str, full: bool) -> None:
    colours, picture = Colours(matrix, full), blocks(128, 128)
    path = tmp_path / ("a.mp4" if codec == "libx264" else "a.webm")
    write_video(path, [picture] * 2, codec=codec, colours=colours)
    source = open_frames(path)
    assert source.decoder == decoder
    assert error_of(source, picture, colours) <= WORST


def test_another_matrix_would_be_seen(tmp_path: Path) -> None:
    picture = blocks(128, 128)
    write_video(tmp_path / "a.mp4", [picture], colours=Colours("709", tagged=False))
    assert error_of(open_frames(tmp_path / "a.mp4"), picture, Colours("709")) > 4 * WORST


def test_untagged_is_bt601_limited(tmp_path: Path, decoder: str) -> None:
    colours, picture = Colours("601", tagged=False), blocks(128, 128)
    write_video(tmp_path / "a.mp4", [picture], colours=colours)
    assert error_of(open_frames(tmp_path / "a.mp4"), picture, colours) <= WORST


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("a.mkv", "ffv1", "yuv420p"),
        ("a.webm", "libvpx-vp9", "yuv420p"),
        ("a.mp4", "libx264", "yuv444p"),
        ("b.mp4", "libx265", "yuv420p"),
    ],
)
@pytest.mark.parametrize("size", [(63, 85), (64, 85), (63, 86)])
def test_odd_sizes(
    tmp_path: Path, decoder: str, name: str, codec: str, pixels: str, size: tuple[int, int]
) -> None:
    if codec == "libx265":
        size = (size[0] + size[0] % 2, size[1] + size[1] % 2)
    picture, colours = blocks(*size), Colours("709")
    write_video(tmp_path / name, [picture] * 3, codec=codec, pixels=pixels, colours=colours)
    source = open_frames(tmp_path / name)
    assert source.size == size == source[0].shape[:2]
    assert error_of(source, picture, colours) <= WORST


def test_ten_bits(tmp_path: Path, decoder: str) -> None:
    picture, colours = blocks(128, 128), Colours("709")
    write_video(tmp_path / "a.mp4", [picture], codec="libx265", pixels="yuv420p10le", colours=colours)
    assert error_of(open_frames(tmp_path / "a.mp4"), picture, colours) <= WORST


def test_both_decoders_give_the_same_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("decord", reason="decord has no wheel for this machine")
    noise = np.random.default_rng(1).integers(0, 256, (5, 96, 80, 3), dtype=np.uint8)
    write_video(tmp_path / "a.mp4", list(noise), colours=Colours("709"), options={"crf": "20"})
    by_decord = open_frames(tmp_path / "a.mp4")
    pixels = digest_frames(by_decord)
    monkeypatch.setattr(decoding, "_decord", lambda: None)
    by_pyav = open_frames(tmp_path / "a.mp4")
    assert (by_decord.decoder, by_pyav.decoder) == ("decord", "pyav")
    assert digest_frames(by_pyav) == pixels


def test_what_decord_cannot_read_is_read_by_pyav(tmp_path: Path) -> None:
    colours = Colours("709")
    write_video(tmp_path / "a.mkv", [blocks(128, 128)] * 2, codec="libsvtav1", colours=colours)
    source = open_frames(tmp_path / "a.mkv")
    assert source.decoder == "pyav"
    assert error_of(source, blocks(128, 128), colours) <= 2 * WORST  # the codec itself loses a little
    if hasattr(os, "sched_getscheduler"):
        assert os.sched_getscheduler(0) == os.SCHED_OTHER, "encoding made the tests real-time"


def test_gif(tmp_path: Path) -> None:
    import PIL.Image

    pictures = [PIL.Image.fromarray(picture) for picture in numbered(7)]
    pictures[0].save(tmp_path / "a.gif", save_all=True, append_images=pictures[1:], duration=100)
    source = open_frames(tmp_path / "a.gif")
    assert [number_of(frame) for frame in source] == list(range(7))
    assert source.fps == pytest.approx(10)


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "a.mp4"
    # B-frames and a rare key frame: what makes frame-exact reading hard.
    write_video(path, numbered(90), options={"crf": "20", "bf": "3", "g": "40"})
    return path


def test_every_frame_once_and_in_order(long_video: Path, decoder: str) -> None:
    source = open_frames(long_video)
    assert (len(source), source.size, source.fps) == (90, (64, 64), 10.0)
    assert [number_of(frame) for frame in source] == list(range(90))
    assert [number_of(frame) for frame in source] == list(range(90))  # a second walk


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(indices=st.lists(st.integers(-90, 89), min_size=1, max_size=6))
def test_random_access_is_frame_exact(long_video: Path, decoder: str, indices: list[int]) -> None:
    source = open_frames(long_video)
    assert [number_of(source[index]) for index in indices] == [index % 90 for index in indices]


@pytest.mark.parametrize("index", [90, -91])
def test_no_such_frame(long_video: Path, index: int) -> None:
    with pytest.raises(IndexError, match="0 to 89"):
        open_frames(long_video)[index]


def test_walks_do_not_disturb_each_other(long_video: Path, decoder: str) -> None:
    source = open_frames(long_video)
    pairs = list(zip(source, source, strict=True))
    assert [(number_of(a), number_of(b)) for a, b in pairs] == [(i, i) for i in range(90)]


def test_variable_frame_rate_keeps_every_frame(tmp_path: Path, decoder: str) -> None:
    times = [0, 40, 100, 300, 310, 350, 500, 900, 1000, 1010, 1020, 2000]
    write_video(tmp_path / "a.mp4", numbered(12), times_ms=times, options={"crf": "20"})
    source = open_frames(tmp_path / "a.mp4")
    assert [number_of(frame) for frame in source] == list(range(12))
    assert source.fps == pytest.approx(12 / 2.0, rel=0.7)  # the average, not one of the 50 steps


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        ((0, ONE, -ONE, 0), lambda image: np.rot90(image, -1)),
        ((-ONE, 0, 0, -ONE), lambda image: np.rot90(image, 2)),
        ((0, -ONE, ONE, 0), lambda image: np.rot90(image, 1)),
        ((-ONE, 0, 0, ONE), lambda image: image[:, ::-1]),
        ((ONE, 0, 0, -ONE), lambda image: image[::-1]),
        ((0, ONE, ONE, 0), lambda image: image.transpose(1, 0, 2)),
        ((0, -ONE, -ONE, 0), lambda image: np.rot90(image, 2).transpose(1, 0, 2)),
    ],
    ids=["90", "180", "270", "mirrored", "flipped", "transposed", "transversed"],
)
def test_turned_and_mirrored(tmp_path: Path, decoder: str, matrix: tuple, turn: object) -> None:
    path, picture = tmp_path / "a.mp4", blocks(64, 96)
    write_video(path, [picture] * 3)
    upright = open_frames(path)[1]
    set_display_matrix(path, matrix)
    source = open_frames(path)
    expected = turn(upright)  # type: ignore[operator]
    assert source.size == expected.shape[:2]
    assert np.array_equal(source[1], expected)
    assert all(np.array_equal(frame, expected) for frame in source)


def test_a_turn_by_45_degrees_is_refused(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", [blocks()])
    diagonal = int(ONE * 0.7071)
    set_display_matrix(tmp_path / "a.mp4", (diagonal, diagonal, -diagonal, diagonal))
    with pytest.raises(FileFormatError, match=r"a\.mp4 asks to be turned by -45"):
        open_frames(tmp_path / "a.mp4")


@pytest.mark.parametrize(("curve", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused(tmp_path: Path, curve: int, name: str) -> None:
    write_video(tmp_path / "a.mp4", [blocks()], colours=Colours("2020"), curve=curve)
    with pytest.raises(FileFormatError, match=name):
        open_frames(tmp_path / "a.mp4")


# --- truncated and damaged -----------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.6, 0.97])
@pytest.mark.parametrize(
    ("name", "codec", "mux"),
    [
        ("a.mp4", "libx264", {"movflags": "+faststart"}),
        ("b.mp4", "libx264", {}),
        ("c.mkv", "libx264", {}),
        ("d.webm", "libvpx-vp9", {}),
        ("e.avi", "mjpeg", {}),
    ],
)
def test_cut_short(tmp_path: Path, share: float, name: str, codec: str, mux: dict[str, str]) -> None:
    path = tmp_path / name
    noise = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    write_video(path, list(noise), codec=codec, pixels=pixels, mux=mux)
    assert open_frames(path).n_frames == 40
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(FileFormatError, match=str(path)):
        open_frames(path)


def test_cut_between_two_frames(tmp_path: Path) -> None:
    """The decoder is content with such a file: every frame in it is whole."""
    import av

    path = tmp_path / "a.mp4"
    write_video(path, numbered(40), options={"crf": "20", "bf": "0"}, mux={"movflags": "+faststart"})
    with av.open(str(path)) as container:
        ends = [packet.pos + packet.size for packet in container.demux(video=0) if packet.size]
    os.truncate(path, ends[24])
    with pytest.raises(FileFormatError, match="cut short"):
        open_frames(path)


@pytest.mark.parametrize("start", [0.3, 0.5, 0.8])
def test_damaged_in_the_middle(tmp_path: Path, start: float) -> None:
    path = tmp_path / "a.mp4"
    noise = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), dtype=np.uint8)
    write_video(path, list(noise), mux={"movflags": "+faststart"})
    content = bytearray(path.read_bytes())
    at = int(len(content) * start)
    content[at : at + 300] = np.random.default_rng(1).bytes(300)
    path.write_bytes(bytes(content))
    with pytest.raises(FileFormatError, match=str(path)):
        open_frames(path)


def test_not_a_video(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("this is a text, and no video at all\n" * 100)
    with pytest.raises(FileFormatError, match=r"a\.mp4 is not a video"):
        open_frames(tmp_path / "a.mp4")


def test_sound_only(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        samples.sample_rate = 8000
        container.mux(stream.encode(samples))
        container.mux(stream.encode())
    with pytest.raises(FileFormatError, match="holds no video"):
        open_frames(tmp_path / "a.mp4")


def test_changing_size(tmp_path: Path) -> None:
    for name, size in (("a.h264", 64), ("b.h264", 96)):
        write_video(tmp_path / name, numbered(5, size, size), options={"crf": "20", "bf": "0"})
    joined = tmp_path / "c.h264"
    joined.write_bytes((tmp_path / "a.h264").read_bytes() + (tmp_path / "b.h264").read_bytes())
    with pytest.raises(FileFormatError, match="is 96x96, the first is 64x64"):
        open_frames(joined)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="No such file"):
        open_frames(tmp_path / "a.mp4")
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    with pytest.raises(FileFormatError, match="circle"):
        open_frames(tmp_path / "loop.mp4")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(FileFormatError, match="neither a file nor a folder"):
        open_frames(tmp_path / "a.mp4")


@pytest.mark.shared
def test_real_clips(shared: Path) -> None:
    source = open_frames(shared / "data" / "clips" / "duo-street.mp4")
    assert (source.n_frames, source.size, source.fps) == (60, (896, 640), 8.0)
    first = source[0]
    assert first.std() > 20
    assert np.array_equal(first, next(iter(source)))

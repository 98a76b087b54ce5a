"""Videos taken in one pass that are not as they should be: an error names the file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcbench.errors import FileFormatError, McbenchError, MismatchError
from mcbench.video import Selection, open_frames, place, stream_frames
from tests.video.making import Colours, numbered, write_video

CODECS = {
    "a.mp4": "libx264",
    "a.h264": "libx264",
    "b.mp4": "libx265",
    "a.webm": "libvpx-vp9",
    "a.mkv": "ffv1",
    "a.avi": "mjpeg",
}


def noisy(path: Path) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), dtype=np.uint8)
    write_video(path, list(noise), mux={"movflags": "+faststart"})
    return path.read_bytes()


@pytest.mark.parametrize("start", [0.3, 0.5, 0.8])
def test_damage_is_found_on_the_way(tmp_path: Path, start: float) -> None:
    path = tmp_path / "a.mp4"
    content = bytearray(noisy(path))
    at = int(len(content) * start)
    content[at : at + 300] = np.random.default_rng(1).bytes(300)
    path.write_bytes(bytes(content))
    stream = stream_frames(path)
    with pytest.raises(FileFormatError, match=str(path)):
        list(stream.frames())
    # What lies before the damage can be had.
    assert len(list(stream.frames(Selection(0, 3)))) == 3


def test_a_file_cut_short_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    content = noisy(path)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FileFormatError, match="cut short"):
        stream_frames(path)


def test_what_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("this is a text, and no video at all\n" * 100)
    with pytest.raises(FileFormatError, match=r"a\.mp4 is not a video"):
        stream_frames(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").touch()
    with pytest.raises(FileFormatError, match=r"b\.mp4 is empty"):
        stream_frames(tmp_path / "b.mp4")
    with pytest.raises(FileFormatError, match=r"c\.mp4: No such file"):
        stream_frames(tmp_path / "c.mp4")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileFormatError, match="empty holds no frames"):
        stream_frames(tmp_path / "empty")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    with pytest.raises(FileFormatError, match=r"a\.mp4 is neither a file nor a folder"):
        stream_frames(tmp_path / "a.mp4")


def test_changing_size(tmp_path: Path) -> None:
    for name, size in (("a.h264", 64), ("b.h264", 96)):
        write_video(tmp_path / name, numbered(5, size, size), options={"crf": "20", "bf": "0"})
    joined = tmp_path / "c.h264"
    joined.write_bytes((tmp_path / "a.h264").read_bytes() + (tmp_path / "b.h264").read_bytes())
    with pytest.raises(FileFormatError, match="is 96x96, the first is 64x64"):
        list(stream_frames(joined).frames())


def test_a_part_beyond_the_end(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", numbered(90), options={"crf": "30"})
    stream = stream_frames(tmp_path / "a.mp4")
    with pytest.raises(MismatchError, match=r"frames 80 to 119 of .*a\.mp4 are wanted .*ends with frame 89"):
        list(stream.frames(Selection(80, 120)))


def test_no_decoder(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", numbered(3))
    content = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(content.replace(b"avc1", b"zzz1"))
    for read in (stream_frames, open_frames):
        with pytest.raises(FileFormatError, match=r"a\.mp4 is damaged, or coded in a way"):
            read(tmp_path / "a.mp4")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("samples")
    for name, codec in CODECS.items():
        pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        write_video(folder / name, numbered(4, 32, 48), codec=codec, pixels=pixels, colours=Colours("709"))
    return {name: (folder / name).read_bytes() for name in CODECS}


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(CODECS)), data=st.data())
def test_whatever_bytes_there_are(
    tmp_path: Path, samples: dict[str, bytes], name: str, data: st.DataObject
) -> None:
    content = bytearray(samples[name])
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / name
    path.write_bytes(bytes(content))
    selection = Selection(fps=data.draw(st.sampled_from([None, 5.0])), max_frames=50)
    assert str(path) in complaint(path, selection)


def complaint(path: Path, selection: Selection) -> str:
    """What an error says, or the path where frames can be had."""
    try:
        stream = stream_frames(path)
        for frame in stream.frames(selection, place(stream.size, size=(20, 24), fit="pad")):
            assert frame.shape == (20, 24, 3)
    except McbenchError as error:
        return error.message
    return str(path)

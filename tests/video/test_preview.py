from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from mcbench.errors import InputError
from mcbench.video import open_frames, write_preview
from tests.video.making import blocks, inner, number_of, numbered


@pytest.mark.parametrize("size", [(64, 64), (63, 85), (64, 1), (1, 2), (33, 32)])
def test_odd_sizes_are_made_even(tmp_path: Path, size: tuple[int, int]) -> None:
    write_preview(tmp_path / "a.mp4", numbered(5, *size), 10)
    source = open_frames(tmp_path / "a.mp4")
    assert source.size == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    assert source.n_frames == 5


def test_frames_and_colours_survive(tmp_path: Path) -> None:
    frames = [*numbered(9, 128, 128), blocks(128, 128)]
    write_preview(tmp_path / "a.mp4", iter(frames), 12.5)
    source = open_frames(tmp_path / "a.mp4")
    assert [number_of(frame) for frame in source][:9] == list(range(9))
    assert source.fps == pytest.approx(12.5)
    error = np.abs(source[9].astype(int) - frames[9])[inner(128, 128)]
    assert error.mean() < 4
    assert np.percentile(error, 99) < 16


def test_what_browsers_need(tmp_path: Path) -> None:
    write_preview(tmp_path / "a.mp4", numbered(5), 30000 / 1001)
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(tmp_path / "a.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        assert context.color_range == 1
        assert float(container.streams.video[0].average_rate) == pytest.approx(30000 / 1001)


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_preview(tmp_path / name, numbered(12), 8)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_rates(tmp_path: Path, fps: float) -> None:
    with pytest.raises(InputError, match="frames a second"):
        write_preview(tmp_path / "a.mp4", numbered(2), fps)


def test_nothing_half_is_left(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no frames"):
        write_preview(tmp_path / "a.mp4", [], 10)
    with pytest.raises(InputError, match="differ in size"):
        write_preview(tmp_path / "a.mp4", [*numbered(2), *numbered(1, 32, 32)], 10)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [(33, 47), (34, 48), (16, 18), (64, 62)])
def test_small_sizes_come_back_in_three_channels(tmp_path: Path, size: tuple[int, int]) -> None:
    # decord gives four channels of some: its rows are padded.
    frames = [np.full((*size, 3), 40 * index, dtype=np.uint8) for index in range(3)]
    write_preview(tmp_path / "small.mp4", frames, 10.0)
    even = (size[0] + size[0] % 2, size[1] + size[1] % 2, 3)
    assert [frame.shape for frame in open_frames(tmp_path / "small.mp4")] == [even] * 3


def test_more_bits_are_nearer_the_original(tmp_path: Path) -> None:
    picture = np.random.RandomState(0).randint(0, 256, (64, 64, 1), dtype=np.uint8).repeat(3, axis=-1)
    errors = []
    for crf in (1, 20, 40):
        write_preview(tmp_path / "video.mp4", [picture] * 2, 10.0, crf=crf, preset="medium")
        errors.append(np.abs(open_frames(tmp_path / "video.mp4")[0].astype(int) - picture).mean())
    assert errors == sorted(set(errors))

"""Videos resized before their colours are converted: against the same in floating point."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from mcbench.video import Box, open_frames, place, place_frame, stream_frames
from tests.video import triangle
from tests.video.making import Colours, blocks, to_rgb, write_video

WORST = 3
"""Grey levels by which 8 bits a plane and FFmpeg's arithmetic may miss the exact result."""


def textured(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Colourful waves with some noise, all within the colours that YUV can tell."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 9 + phase) * np.cos(y / 7 - 2 * phase) for phase in (0.0, 2.0, 4.0)]
    grain = np.random.default_rng(seed).normal(0, 8, (height, width, 3))
    return np.clip(127.5 + 80 * np.stack(waves, -1) + grain, 0, 255).astype(np.uint8)


def planes_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return [
            np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
            for plane in frame.planes
        ]


def exact(path: Path, colours: Colours, box: Box, size: tuple[int, int]) -> np.ndarray:
    """Each plane resized by the triangle filter, chroma samples lying in the middle of those of luma."""
    luma, *chroma = planes_of(path)
    down, across = luma.shape[0] / chroma[0].shape[0], luma.shape[1] / chroma[0].shape[1]
    height, width = box.size
    resized = [triangle.resize_plane(luma, size, box.top, box.left, height, width)]
    resized += [
        triangle.resize_plane(plane, size, box.top / down, box.left / across, height / down, width / across)
        for plane in chroma
    ]
    return to_rgb([np.rint(plane) for plane in resized], colours).astype(float)


def first_scaled(path: Path, box: Box | None, size: tuple[int, int]) -> np.ndarray:
    stream = stream_frames(path)
    return next(stream.frames(placement=place(stream.size, box=box, size=size))).astype(float)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv444p"])
@pytest.mark.parametrize(
    "colours", [Colours("601"), Colours("709"), Colours("709", full=True), Colours("601", tagged=False)]
)
@pytest.mark.parametrize("size", [(64, 64), (50, 77), (150, 170)])
def test_whole_frames(tmp_path: Path, pixels: str, colours: Colours, size: tuple[int, int]) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, [textured(144, 160)], pixels=pixels, colours=colours)
    difference = np.abs(first_scaled(path, None, size) - exact(path, colours, Box(0, 0, 160, 144), size))
    assert difference[2:-2, 2:-2].max() <= WORST
    assert difference.mean() < 0.8


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv444p"])
@pytest.mark.parametrize("box", [Box(20, 30, 120, 130), Box(21, 30, 121, 130), Box(33, 35, 119, 129)])
def test_boxes_at_odd_pixels_keep_their_colours_in_place(tmp_path: Path, pixels: str, box: Box) -> None:
    path, colours = tmp_path / "a.mp4", Colours("709")
    write_video(path, [textured(144, 160)], pixels=pixels, colours=colours)
    difference = np.abs(first_scaled(path, box, (48, 52)) - exact(path, colours, box, (48, 52)))
    assert difference[2:-2, 2:-2].max() <= WORST
    assert difference.mean() < 0.8


@pytest.mark.parametrize("box", [Box(20, 30, 121, 131), Box(21, 31, 120, 130), Box(20, 31, 120, 130)])
def test_boxes_of_odd_size_keep_their_colours_within_half_a_pixel(tmp_path: Path, box: Box) -> None:
    path, colours = tmp_path / "a.mp4", Colours("709")
    write_video(path, [textured(144, 160)], colours=colours)
    ours, size = first_scaled(path, box, (48, 52)), (48, 52)
    height, width = box.size
    luma, *chroma = planes_of(path)

    def shifted(by: float) -> np.ndarray:
        planes = [triangle.resize_plane(luma, size, box.top, box.left, height, width)]
        planes += [
            triangle.resize_plane(plane, size, (box.top + by) / 2, (box.left + by) / 2, height / 2, width / 2)
            for plane in chroma
        ]
        return to_rgb([np.rint(plane) for plane in planes], colours).astype(float)

    errors = {by: np.abs(ours - shifted(by)).mean() for by in (-1.0, 0.0, 1.0)}
    assert errors[0.0] < 2
    assert errors[0.0] < 0.5 * min(errors[-1.0], errors[1.0])


def test_colours_shifted_by_a_pixel_would_be_seen(tmp_path: Path) -> None:
    path, colours = tmp_path / "a.mp4", Colours("709")
    write_video(path, [textured(144, 160)], colours=colours)
    ours = first_scaled(path, Box(21, 31, 121, 131), (48, 52))
    luma, *chroma = planes_of(path)
    wrong = [triangle.resize_plane(luma, (48, 52), 31, 21, 100, 100)]
    wrong += [triangle.resize_plane(plane, (48, 52), 15, 10, 50, 50) for plane in chroma]
    shifted = to_rgb([np.rint(plane) for plane in wrong], colours)
    assert np.abs(ours - shifted)[2:-2, 2:-2].max() > 3 * WORST


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_it_is_nearly_what_resizing_rgb_gives(tmp_path: Path, fit: str) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, [blocks(128, 192, seed=3)], colours=Colours("709"))
    placement = place((128, 192), box=Box(5, 3, 187, 120), size=(60, 64), fit=fit)  # type: ignore[arg-type]
    direct = next(stream_frames(path).frames(placement=placement)).astype(int)
    by_rgb = place_frame(open_frames(path)[0], placement)
    assert direct.shape == (60, 64, 3)
    # Chroma is subsampled: at the edges of blocks it is smoother one way than the other.
    assert np.abs(direct - by_rgb).mean() < 4
    flat = np.ptp(by_rgb.astype(int), axis=2) < 3
    assert np.abs(direct - by_rgb)[flat].max(initial=0) < 12


def test_cutting_out_alone_computes_no_pixel_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_video(path, [textured(96, 96)])
    box = Box(7, 9, 50, 61)
    cut = next(stream_frames(path).frames(placement=place((96, 96), box=box)))
    assert np.array_equal(cut, open_frames(path)[0][9:61, 7:50])

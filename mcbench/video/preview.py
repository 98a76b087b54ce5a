"""Videos for looking at."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mcbench import files
from mcbench.errors import InputError
from mcbench.video.pictures import Frame
from mcbench.video.selection import exact_rate

H264_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo",
)  # fmt: skip
"""x264's presets, quickest first."""


def write_preview(
    path: Path, frames: Iterable[Frame], fps: float, *, crf: int = 18, preset: str = "veryfast"
) -> None:
    """Write frames as an H.264 MP4 that browsers play: 4:2:0, BT.709, index at the front.

    Odd sizes are made even by repeating the last row or column. The same frames give the same bytes with
    the same FFmpeg and x264. The file is for looking at; scores are computed on lossless frames only.

    Args:
        path: where to write, atomically.
        frames: uint8 [height, width, 3] RGB, all of one size.
        fps: frames a second, above 0.
        crf: x264's constant rate factor, 0 (best) to 51.
        preset: one of `H264_PRESETS`.

    Raises:
        InputError: there are no frames, their sizes differ, or `fps` is not a positive number.
    """
    import av
    from av.video.reformatter import ColorRange, Colorspace

    if not (math.isfinite(fps) and fps > 0):
        raise InputError(f"cannot write {path} at {fps} frames a second")
    rate = exact_rate(fps)
    shape: tuple[int, ...] | None = None
    with files.atomic_file(path) as temporary:
        with av.open(
            str(temporary), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
        ) as container:
            stream = container.add_stream("libx264", rate=rate)
            for image in frames:
                if shape is None:
                    shape = image.shape
                    _set_up_h264(stream, shape, crf, preset)
                elif image.shape != shape:
                    raise InputError(f"frames of {path} differ in size: {shape[:2]} and {image.shape[:2]}")
                even = np.pad(image, ((0, shape[0] % 2), (0, shape[1] % 2), (0, 0)), mode="edge")
                picture = av.VideoFrame.from_ndarray(even, format="rgb24").reformat(
                    format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
                )
                container.mux(stream.encode(picture))
            if shape is not None:
                container.mux(stream.encode())
        if shape is None:
            raise InputError(f"there are no frames to write to {path}")


def _set_up_h264(stream: Any, shape: tuple[int, ...], crf: int, preset: str) -> None:
    context = stream.codec_context
    context.height, context.width = shape[0] + shape[0] % 2, shape[1] + shape[1] % 2
    context.pix_fmt = "yuv420p"
    # 1: BT.709 (matrix, primaries, curve), 1: limited range.
    context.colorspace = context.color_primaries = context.color_trc = context.color_range = 1
    context.thread_count = 1
    # x264's macroblock tree reads memory that it has not set: its bytes differ between processes.
    context.options = {"crf": str(crf), "preset": preset, "x264-params": "mbtree=0"}

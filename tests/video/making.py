"""Videos for tests, made from known pixels through conversions written out here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

LUMA = {"601": (0.299, 0.114), "709": (0.2126, 0.0722), "2020": (0.2627, 0.0593)}
TAG = {"601": 5, "709": 1, "2020": 9}
BLOCK = 16


@dataclass(frozen=True)
class Colours:
    """How pixels are coded: the matrix, full or limited range, and whether the file says so."""

    matrix: str = "601"
    full: bool = False
    tagged: bool = True


def blocks(height: int = 64, width: int = 64, seed: int = 0) -> NDArray[np.uint8]:
    """A picture of flat random blocks of 16 x 16 pixels."""
    rng = np.random.default_rng(seed)
    palette = rng.integers(0, 256, (-(-height // BLOCK), -(-width // BLOCK), 3), dtype=np.uint8)
    return palette.repeat(BLOCK, 0).repeat(BLOCK, 1)[:height, :width]


def inner(height: int, width: int) -> NDArray[np.bool_]:
    """Pixels away from the borders of the blocks, where subsampled chroma does not mix."""
    y, x = np.mgrid[:height, :width]
    well_inside = (y % BLOCK > 3) & (y % BLOCK < 12) & (x % BLOCK > 3) & (x % BLOCK < 12)
    return well_inside & (y < height - 2) & (x < width - 2)


def to_yuv(rgb: NDArray[np.uint8], colours: Colours) -> list[NDArray[np.uint8]]:
    """The definition of the standards, in floating point, rounded at the end."""
    kr, kb = LUMA[colours.matrix]
    red, green, blue = (rgb[..., channel].astype(np.float64) for channel in range(3))
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    if not colours.full:
        luma, cb, cr = 16 + luma * 219 / 255, cb * 224 / 255, cr * 224 / 255
    return [np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in (luma, cb + 128, cr + 128)]


def to_rgb(planes: Sequence[NDArray[np.uint8]], colours: Colours) -> NDArray[np.uint8]:
    """The inverse of `to_yuv`, as exact as 8 bits allow."""
    kr, kb = LUMA[colours.matrix]
    luma, cb, cr = (plane.astype(np.float64) for plane in planes)
    cb, cr = cb - 128, cr - 128
    if not colours.full:
        luma, cb, cr = (luma - 16) * 255 / 219, cb * 255 / 224, cr * 255 / 224
    red, blue = luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.rint(np.stack([red, green, blue], -1)), 0, 255).astype(np.uint8)


LOSSLESS = {
    "libx264": {"qp": "0", "preset": "ultrafast"},
    "libvpx-vp9": {"lossless": "1"},
    # Without B-frames: of fewer frames than it would reorder x265 gives times that it never set.
    "libx265": {"x265-params": "lossless=1:bframes=0:log-level=none"},
    "libsvtav1": {"crf": "1", "preset": "12"},
    "ffv1": {},
    "mjpeg": {"qmin": "1", "qmax": "1"},
}


def write_video(
    path: Path,
    pictures: Sequence[NDArray[np.uint8]],
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    colours: Colours = Colours(),
    times_ms: Sequence[int] | None = None,
    rate: int = 10,
    options: dict[str, str] | None = None,
    mux: dict[str, str] | None = None,
    curve: int | None = None,
) -> None:
    """Encode RGB pictures, converting them by `to_yuv` (chroma: the top left pixel of each group)."""
    height, width = pictures[0].shape[:2]
    with _schedule_kept(), av.open(str(path), "w", options=mux or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        context = stream.codec_context
        context.height, context.width, context.pix_fmt = height, width, pixels
        context.options = LOSSLESS[codec] if options is None else options
        context.thread_count = 1
        if times_ms is not None:
            stream.time_base = context.time_base = Fraction(1, 1000)
        if colours.tagged:
            context.colorspace = context.color_primaries = TAG[colours.matrix]
            context.color_trc = curve or TAG[colours.matrix]
            context.color_range = 2 if colours.full else 1
        for index, picture in enumerate(pictures):
            frame = _frame(picture, pixels, colours)
            frame.pts = index if times_ms is None else times_ms[index]
            if times_ms is not None:
                frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


@contextmanager
def _schedule_kept() -> Iterator[None]:
    """Undo what SVT-AV1 does where it may: it makes the calling thread, and so its children, real-time."""
    if not hasattr(os, "sched_setscheduler"):
        yield
        return
    policy, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameter)


def _frame(picture: NDArray[np.uint8], pixels: str, colours: Colours) -> av.VideoFrame:
    height, width = picture.shape[:2]
    frame = av.VideoFrame(width, height, pixels)
    deep, halved = "10" in pixels, "420" in pixels
    luma, cb, cr = to_yuv(picture, colours)
    planes = (luma, cb[::2, ::2], cr[::2, ::2]) if halved else (luma, cb, cr)
    for target, plane in zip(frame.planes, planes, strict=True):
        content = (plane.astype(np.uint16) * 4).view(np.uint8).reshape(len(plane), -1) if deep else plane
        rows = np.zeros((target.height, target.line_size), np.uint8)
        rows[: content.shape[0], : content.shape[1]] = content[:, : rows.shape[1]]
        target.update(rows.tobytes())
    if colours.tagged:
        frame.colorspace, frame.color_range = TAG[colours.matrix], 2 if colours.full else 1
    return frame


def numbered(count: int, height: int = 64, width: int = 64) -> list[NDArray[np.uint8]]:
    """Pictures whose number can be read off again, by `number_of`, through any lossy codec."""
    pictures = []
    for index in range(count):
        picture = np.full((height, width, 3), 60, np.uint8)
        for bit in range(8):
            if index >> bit & 1:
                picture[:, bit * width // 8 : (bit + 1) * width // 8] = 200
        pictures.append(picture)
    return pictures


def number_of(picture: NDArray[np.uint8]) -> int:
    """The number of a picture that `numbered` made."""
    width = picture.shape[1]
    centres = [int((bit + 0.5) * width / 8) for bit in range(8)]
    middle = picture[picture.shape[0] // 2]
    return sum(1 << bit for bit, x in enumerate(centres) if middle[x].mean() > 130)


def set_display_matrix(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Write (a, b, c, d) of the display matrix, in 1/65536, into the track header of an MP4 file."""
    content = bytearray(path.read_bytes())
    header = content.index(b"tkhd") + 4
    at = header + 4 + 20 + 16  # version and flags; times, id, duration (version 0); reserved, layer, volume
    a, b, c, d = matrix
    values = (a, b, 0, c, d, 0, 0, 0, 1 << 30)
    content[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    path.write_bytes(bytes(content))


def content_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder but locks, by its path: a PNG's pixels, else the bytes."""
    return {
        str(path.relative_to(folder)): _pixels_of(path) if path.suffix == ".png" else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def _pixels_of(path: Path) -> bytes:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None, path
    return f"{pixels.dtype} {pixels.shape} ".encode() + pixels.tobytes()

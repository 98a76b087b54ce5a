"""Frames in and out: one reader for videos and folders of pictures, one writer.

**Decoders.** A video is decoded by decord where it is installed and reads the file as PyAV does (same number
of frames, same size), else by PyAV: AV1, GIF, mirrored videos and machines without decord. Both convert with
FFmpeg's default scaler and give the same pixels for 8-bit 4:2:0 video of even size, which is nearly all
there is; for odd sizes and 10 bits they may differ by up to 5 grey levels, because they carry different
FFmpeg versions.

**Colours.** The matrix (BT.601, BT.709, BT.2020) and range that the file is tagged with are honoured;
without tags BT.601 and limited range are assumed, as FFmpeg does. Flat colours come back within 3 grey
levels of the exact conversion. HDR transfer curves (PQ, HLG) are refused. Alpha is dropped.

**Frames.** Frames come in order of presentation, one per stored frame, whatever their times: a video of
variable frame rate keeps all its frames and `fps` is the average. Rotation and mirroring that the container
asks for are applied. Non-square pixels are left as stored. Opening a video decodes it once in full, without
keeping anything, so that a damaged or truncated file is refused at once rather than concealed.
"""

from __future__ import annotations

import errno
import hashlib
import math
import re
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mcbench import files
from mcbench.errors import FileFormatError, InputError
from mcbench.images import SUFFIXES as IMAGE_SUFFIXES
from mcbench.images import Frame, read_image, read_size, write_png
from mcbench.records import Size

__all__ = [
    "IMAGE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Frame",
    "FrameSource",
    "FramesDigest",
    "digest_frames",
    "open_frames",
    "read_image",
    "write_png",
    "write_preview",
]

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".ogv"}
)
"""Lower-case suffixes by which folders are searched for videos; `open_frames` itself reads any suffix."""

_OTHER_IMAGE_SUFFIXES = frozenset({".tif", ".tiff", ".exr", ".hdr", ".heic", ".avif", ".ppm", ".pgm", ".tga"})
_HDR_CURVES = {16: "PQ (SMPTE ST 2084)", 18: "HLG (ARIB STD-B67)"}
_SAFARI_SAFE_FPS_DENOMINATOR = 100_000


class FrameSource(ABC):
    """The frames of a video or of a folder, each uint8 [height, width, 3] RGB.

    Iterating streams: one frame is in memory at a time. `source[i]` is the same frame as the i-th of an
    iteration.

    Attributes:
        path: the file or folder.
        n_frames: how many frames there are.
        size: (height, width) of every frame.
        fps: frames a second (the average), or None for a folder.
        decoder: `decord`, `pyav` or `images`.
    """

    def __init__(self, path: Path, n_frames: int, size: Size, fps: float | None, decoder: str) -> None:
        self.path, self.n_frames, self.size, self.fps, self.decoder = path, n_frames, size, fps, decoder

    def __len__(self) -> int:
        return self.n_frames

    def __getitem__(self, index: int) -> Frame:
        """Return frame `index`; negative numbers count from the end.

        Raises:
            IndexError: there is no such frame.
            FileFormatError: it cannot be decoded.
        """
        position = index + self.n_frames if index < 0 else index
        if not 0 <= position < self.n_frames:
            raise IndexError(f"{self.path} has frames 0 to {self.n_frames - 1}, not {index}")
        return self._frame(position)

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Yield all frames in order."""

    @abstractmethod
    def _frame(self, index: int) -> Frame:
        """Return a frame that exists."""


def open_frames(path: Path) -> FrameSource:
    """Open a video file, or a folder of pictures in natural order of their names (2 before 10).

    In a folder, pictures are png, jpg, jpeg, webp and bmp files; hidden files, sub-folders and files of
    other kinds are passed over. All pictures must have one size.

    Raises:
        FileFormatError: nothing is there; the video is damaged, truncated, HDR, turned by other than a
            multiple of 90 degrees or of changing size; the folder holds no pictures, two for one frame,
            pictures of different sizes or of a kind that is not read. The message names the file.
    """
    try:
        path.stat()
    except OSError as error:
        reason = "a link that leads in a circle" if error.errno == errno.ELOOP else error.strerror
        raise FileFormatError(f"cannot open {path}: {reason}") from error
    return _ImageFolder(path) if path.is_dir() else _open_video(path)


class _ImageFolder(FrameSource):
    def __init__(self, path: Path) -> None:
        self._pictures = _pictures_of(path)
        first = read_size(self._pictures[0])
        for picture in self._pictures[1:]:
            if (size := read_size(picture)) != first:
                raise FileFormatError(
                    f"{picture} is {size[0]}x{size[1]}, but {self._pictures[0].name} in the same folder is "
                    f"{first[0]}x{first[1]} (height x width)",
                    "all frames of a folder must have one size",
                )
        super().__init__(path, len(self._pictures), first, None, "images")

    def __iter__(self) -> Iterator[Frame]:
        return (read_image(picture) for picture in self._pictures)

    def _frame(self, index: int) -> Frame:
        return read_image(self._pictures[index])


def _pictures_of(folder: Path) -> list[Path]:
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise FileFormatError(f"cannot list {folder}: {error.strerror}") from error
    pictures = [entry for entry in entries if entry.suffix.lower() in IMAGE_SUFFIXES]
    others = [entry for entry in entries if entry.suffix.lower() in _OTHER_IMAGE_SUFFIXES]
    if others:
        raise FileFormatError(
            f"{others[0]} is a kind of picture that is not read as a frame", "convert the folder to PNG"
        )
    if not pictures:
        raise FileFormatError(f"{folder} holds no frames (no {', '.join(sorted(IMAGE_SUFFIXES))} files)")
    by_position: dict[tuple[str | int, ...], Path] = {}
    for picture in pictures:
        twin = by_position.setdefault(natural_key(picture.stem), picture)
        if twin is not picture:
            raise FileFormatError(f"{twin} and {picture.name} are two pictures for one frame")
    return [by_position[key] for key in sorted(by_position)]


def natural_key(name: str) -> tuple[str | int, ...]:
    """Return a key that sorts names with numbers by value: text and numbers take turns, text first."""
    parts = re.split(r"([0-9]+)", name)
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts))


@dataclass(frozen=True)
class _VideoFacts:
    n_frames: int
    size: Size
    """After turning."""
    fps: float | None
    quarter_turns: int
    """Counter-clockwise, as `numpy.rot90` counts."""
    mirrored: bool


def _open_video(path: Path) -> FrameSource:
    facts = _inspect(path)
    reader = None if facts.mirrored else _open_decord(path)
    if reader is not None and len(reader) == facts.n_frames and tuple(reader[0].shape[:2]) == facts.size:
        return _DecordVideo(path, facts, reader)
    return _PyAVVideo(path, facts)


class _DecordVideo(FrameSource):
    def __init__(self, path: Path, facts: _VideoFacts, reader: Any) -> None:
        super().__init__(path, facts.n_frames, facts.size, facts.fps, "decord")
        self._reader = reader

    def __iter__(self) -> Iterator[Frame]:
        # A reader of its own: decord seeks, and two walks over one reader would throw each other back.
        reader = _open_decord(self.path)
        for index in range(self.n_frames):
            yield _decord_frame(self.path, reader, index)

    def _frame(self, index: int) -> Frame:
        return _decord_frame(self.path, self._reader, index)


def _decord_frame(path: Path, reader: Any, index: int) -> Frame:
    try:
        frame: Frame = reader[index].asnumpy()
    except Exception as error:  # decord has one error class of its own and lets others through
        raise FileFormatError(f"cannot decode frame {index} of {path}: {error}") from error
    return frame


class _PyAVVideo(FrameSource):
    def __init__(self, path: Path, facts: _VideoFacts) -> None:
        super().__init__(path, facts.n_frames, facts.size, facts.fps, "pyav")
        self._facts = facts
        self._walk: Iterator[Frame] = iter(())
        self._next = facts.n_frames

    def __iter__(self) -> Iterator[Frame]:
        for decoded in _decode(self.path):
            pixels = decoded.to_ndarray(format="rgb24", threads=1)
            pixels = np.rot90(pixels, self._facts.quarter_turns)
            yield np.ascontiguousarray(pixels[:, ::-1] if self._facts.mirrored else pixels)

    def _frame(self, index: int) -> Frame:
        # Seeking by time is not frame exact in every container; walking on from the last frame is.
        if index < self._next:
            self._walk, self._next = iter(self), 0
        for _ in range(index - self._next):
            next(self._walk)
        self._next = index + 1
        return next(self._walk)


@cache
def _decord() -> Any | None:
    """Return the decord module, quieted, or None where it is not installed or cannot be loaded."""
    try:
        import decord
    except (ImportError, OSError, RuntimeError):
        return None
    decord.logging.set_level(decord.logging.QUIET)
    return decord


def _open_decord(path: Path) -> Any | None:
    """Return decord's reader of a file, or None where decord is absent or cannot read it."""
    module = _decord()
    if module is None:
        return None
    try:
        reader = module.VideoReader(str(path), num_threads=1)
        reader[0].asnumpy()
    except Exception:  # whatever stops decord, PyAV has read the file to its end just before
        return None
    return reader


def _inspect(path: Path) -> _VideoFacts:
    """Decode a video in full and return what was found, or raise for what makes it unusable."""
    _check_extent(path)
    n_frames, first = 0, None
    for frame in _decode(path):
        if first is None:
            first = frame
        elif (frame.height, frame.width) != (first.height, first.width):
            raise FileFormatError(
                f"frame {n_frames} of {path} is {frame.height}x{frame.width}, the first is "
                f"{first.height}x{first.width}",
                "convert the video to one size",
            )
        n_frames += 1
    if first is None:
        raise FileFormatError(f"{path} holds no video frames")
    if (curve := _HDR_CURVES.get(int(first.color_trc))) is not None:
        raise FileFormatError(
            f"{path} is HDR video with the {curve} curve; its colours have no fixed meaning in 8 bits",
            "convert it to SDR (BT.709) with the tone mapping of your choice",
        )
    turns, mirrored = _orientation(path, first)
    size = (first.width, first.height) if turns % 2 else (first.height, first.width)
    with _container(path) as container:
        stream = container.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        length = _seconds(stream.metadata.get("DURATION", ""))
    if length and rate and n_frames / rate < length - max(1.0, 0.05 * length):
        raise _cut_short(path, f"{length:.2f} s", f"{float(n_frames / rate):.2f} s")
    return _VideoFacts(n_frames, size, float(rate) if rate else None, turns, mirrored)


def _cut_short(path: Path, declared: str, found: str) -> FileFormatError:
    return FileFormatError(
        f"{path} is cut short: it declares {declared} and holds {found}", "fetch or copy the file again"
    )


def _check_extent(path: Path) -> None:
    """Refuse an MP4, MOV or AVI file that ends before its outermost boxes do.

    A file cut between two frames decodes without complaint, so the decoder alone would not notice.
    """
    end = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            declared = 8 + int.from_bytes(head[4:8], "little")
            if end < declared:
                raise _cut_short(path, f"{declared} bytes", f"{end} bytes")
        if head[4:8] != b"ftyp":
            return
        position = 0
        while position + 8 <= end:
            stream.seek(position)
            box = stream.read(16)
            length = int.from_bytes(box[:4], "big")
            if length == 1:
                length = int.from_bytes(box[8:16], "big")
            if length == 0:  # the last box, as long as the file
                return
            if length < 8 or position + length > end:
                raise _cut_short(path, f"{position + length} bytes or more", f"{end} bytes")
            position += length


def _decode(path: Path) -> Iterator[Any]:
    """Yield PyAV's frames of a file, refusing damage instead of concealing it."""
    import av

    with _container(path) as container:
        if not container.streams.video:
            raise FileFormatError(f"{path} holds no video")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        index = 0
        try:
            for packet in container.demux(stream):
                if packet.is_corrupt:
                    raise FileFormatError(f"{path} is cut short or damaged near frame {index}")
                for frame in packet.decode():
                    if frame.is_corrupt:
                        raise FileFormatError(
                            f"frame {index} of {path} is damaged", "fetch or copy the file again"
                        )
                    yield frame
                    index += 1
        except (av.error.FFmpegError, ValueError) as error:
            raise FileFormatError(f"cannot decode {path} beyond frame {index}: {error}") from error


def _container(path: Path) -> Any:
    import av

    try:
        return av.open(str(path), metadata_errors="ignore")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        what = "is empty (0 bytes)" if path.stat().st_size == 0 else "is not a video that can be read"
        raise FileFormatError(f"{path} {what}: {error}") from error


def _seconds(clock: str) -> float | None:
    """Return the seconds of a Matroska track's duration, such as 00:00:06.000000000."""
    parts = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", clock)
    return int(parts[1]) * 3600 + int(parts[2]) * 60 + float(parts[3]) if parts else None


def _orientation(path: Path, frame: Any) -> tuple[int, bool]:
    """Return (quarter turns counter-clockwise, then whether to mirror left and right)."""
    import av

    data = frame.side_data.get(av.sidedata.sidedata.Type.DISPLAYMATRIX)
    if data is None:
        return 0, False
    a, b, _, c, d = struct.unpack("=5i", bytes(data)[:20])
    mirrored = a * d - b * c < 0
    # A mirrored matrix is a turn followed by x -> -x: undo the mirroring, then measure the turn.
    if mirrored:
        a, c = -a, -c
    degrees = -math.degrees(math.atan2(b, a))
    turns = round(degrees / 90)
    if abs(degrees - 90 * turns) > 1:
        raise FileFormatError(
            f"{path} asks to be turned by {degrees:.1f} degrees, which is no multiple of 90",
            "convert the video so that its frames are stored upright",
        )
    return turns % 4, mirrored


def write_preview(path: Path, frames: Iterable[Frame], fps: float) -> None:
    """Write frames as an H.264 MP4 that browsers play: 4:2:0, BT.709, index at the front.

    Odd sizes are made even by repeating the last row or column. The same frames give the same bytes with
    the same FFmpeg and x264. The file is for looking at; scores are computed on lossless frames only.

    Args:
        path: where to write, atomically.
        frames: uint8 [height, width, 3] RGB, all of one size.
        fps: frames a second, above 0.

    Raises:
        InputError: there are no frames, their sizes differ, or `fps` is not a positive number.
    """
    import av
    from av.video.reformatter import ColorRange, Colorspace

    if not (math.isfinite(fps) and fps > 0):
        raise InputError(f"cannot write {path} at {fps} frames a second")
    rate = Fraction(fps).limit_denominator(_SAFARI_SAFE_FPS_DENOMINATOR)
    shape: tuple[int, ...] | None = None
    with files.atomic_file(path) as temporary:
        with av.open(
            str(temporary), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
        ) as container:
            stream = container.add_stream("libx264", rate=rate)
            for image in frames:
                if shape is None:
                    shape = image.shape
                    _set_up_h264(stream, shape)
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


def _set_up_h264(stream: Any, shape: tuple[int, ...]) -> None:
    context = stream.codec_context
    context.height, context.width = shape[0] + shape[0] % 2, shape[1] + shape[1] % 2
    context.pix_fmt = "yuv420p"
    # 1: BT.709 (matrix, primaries, curve), 1: limited range.
    context.colorspace = context.color_primaries = context.color_trc = context.color_range = 1
    context.thread_count = 1
    context.options = {"crf": "18", "preset": "veryfast"}


class FramesDigest:
    """A streaming sha256 over decoded RGB pixels: equal for equal frames, however they are stored.

    The bytes hashed are `mcbench-frames/1`, then for each frame its height and width as 32-bit
    little-endian numbers and its pixels, row by row.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256(b"mcbench-frames/1")

    def update(self, frame: Frame) -> None:
        """Add a frame, uint8 [height, width, 3].

        Raises:
            ValueError: another type or shape.
        """
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            raise ValueError(f"a frame is uint8 [height, width, 3], not {frame.dtype} {list(frame.shape)}")
        self._hash.update(struct.pack("<II", *frame.shape[:2]))
        self._hash.update(np.ascontiguousarray(frame).data)

    def hexdigest(self) -> str:
        """Return the hash of the frames so far, in hexadecimal."""
        return self._hash.hexdigest()


def digest_frames(frames: Iterable[Frame]) -> str:
    """Return `FramesDigest` of all frames."""
    digest = FramesDigest()
    for frame in frames:
        digest.update(frame)
    return digest.hexdigest()

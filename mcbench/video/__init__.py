"""Frames in and out: readers for videos and folders of pictures, one writer.

**Two ways of reading.** `open_frames` gives any frame at any time. `stream_frames` gives frames in order, in
one pass, and selects, crops and resizes them on the way. Both give the same pixels.

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

from pathlib import Path

from mcbench.video.decoding import open_video
from mcbench.video.digest import FramesDigest, digest_frames
from mcbench.video.extent import check_exists
from mcbench.video.folders import PictureFolder
from mcbench.video.geometry import Box, Fit, Placement, place, scale_box
from mcbench.video.pictures import SUFFIXES as IMAGE_SUFFIXES
from mcbench.video.pictures import Frame, read_image, write_png
from mcbench.video.png import encode_png
from mcbench.video.preview import H264_PRESETS, write_preview
from mcbench.video.resizing import fit_frame, place_frame
from mcbench.video.selection import Selection, exact_rate
from mcbench.video.source import FrameSource
from mcbench.video.streaming import FrameStream, SourceStream, stream_frames

__all__ = [
    "H264_PRESETS",
    "IMAGE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Box",
    "Fit",
    "Frame",
    "FrameSource",
    "FrameStream",
    "FramesDigest",
    "PictureFolder",
    "Placement",
    "Selection",
    "SourceStream",
    "digest_frames",
    "encode_png",
    "exact_rate",
    "fit_frame",
    "open_frames",
    "place",
    "place_frame",
    "read_image",
    "scale_box",
    "stream_frames",
    "write_png",
    "write_preview",
]

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", ".ogv"}
)
"""Lower-case suffixes by which folders are searched for videos; `open_frames` itself reads any suffix."""


def open_frames(path: Path) -> FrameSource:
    """Open a video file, or a folder of pictures in natural order of their names (2 before 10).

    In a folder, pictures are png, jpg, jpeg, webp and bmp files; hidden files, sub-folders and files of
    other kinds are passed over. All pictures must have one size.

    Raises:
        FileFormatError: nothing is there; the video is damaged, truncated, HDR, turned by other than a
            multiple of 90 degrees or of changing size; the folder holds no pictures, two for one frame,
            pictures of different sizes or of a kind that is not read. The message names the file.
    """
    check_exists(path)
    return PictureFolder(path) if path.is_dir() else open_video(path)

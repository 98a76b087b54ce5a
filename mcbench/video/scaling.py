"""Resizing the frames of a video before their colours are converted, by FFmpeg's scaler in one step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcbench.errors import FileFormatError
from mcbench.video.geometry import Box, Placement
from mcbench.video.pictures import Frame
from mcbench.video.resizing import put

PLAIN_FORMATS = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"})
"""Pixel formats that are resized in this way, and that all versions of FFmpeg convert to the same RGB."""

_CENTRE = 128
"""Where FFmpeg takes chroma samples to lie between two luma pixels, in 1/256 of a luma pixel."""
_FLAGS = "bilinear+full_chroma_int+accurate_rnd+bitexact"


class FrameScaler:
    """Cuts a box out of each frame and resizes it by the triangle filter.

    FFmpeg's crop keeps whole chroma samples, so a box that begins at an odd pixel would shift the colours by
    one pixel; the scaler is told where they lie instead. Of a box of odd width the scaler takes half a chroma
    sample too many: that is shared out, and leaves the colours within half a pixel of their place.

    Args:
        path: of the video, for messages.
        placement: for frames of their size.
    """

    def __init__(self, path: Path, placement: Placement) -> None:
        self._path, self._placement = path, placement
        self._made_for: tuple[str, int, int] | None = None
        self._graph: Any = None

    def scale(self, frame: Any) -> Frame:
        """Return PyAV's frame, of a format among `PLAIN_FORMATS`, as the placement says.

        Raises:
            FileFormatError: the file tags its colours in a way that has no meaning.
        """
        import av

        kind = (frame.format.name, int(frame.colorspace), int(frame.color_range))
        try:
            if kind != self._made_for:
                self._graph, self._made_for = self._build(frame, kind), kind
            self._graph.vpush(frame)
            scaled: Frame = self._graph.vpull().to_ndarray()
        except (av.error.FFmpegError, ValueError) as error:
            raise FileFormatError(f"cannot convert the colours of {self._path}: {error}") from error
        return put(scaled, self._placement)

    def _build(self, frame: Any, kind: tuple[str, int, int]) -> Any:
        import av.filter

        name, colorspace, color_range = kind
        box, (height, width) = self._placement.box, self._placement.scaled
        graph = av.filter.Graph()
        graph.link_nodes(
            graph.add(
                "buffer",
                f"width={frame.width}:height={frame.height}:pix_fmt={name}:time_base=1/1000:"
                f"colorspace={colorspace}:range={color_range}",
            ),
            graph.add("crop", f"w={box.size[1]}:h={box.size[0]}:x={box.left}:y={box.top}:exact=1"),
            # One thread: clips are prepared in parallel.
            graph.add("scale", f"w={width}:h={height}:flags={_FLAGS}:threads=1{_chroma_place(name, box)}"),
            # RGB in planes: the same pixels as packed, which FFmpeg has no vector code for at full chroma.
            graph.add("format", "pix_fmts=gbrp"),
            graph.add("buffersink"),
        ).configure()
        return graph


def _chroma_place(name: str, box: Box) -> str:
    """Return the scaler's options that tell where chroma lies."""
    options = ""
    if "444" not in name:
        options += f":in_h_chr_pos={_position(box.left, box.size[1])}"
    if "420" in name:
        options += f":in_v_chr_pos={_position(box.top, box.size[0])}"
    return options


def _position(begin: int, length: int) -> int:
    return _CENTRE - 2 * _CENTRE * (begin % 2) + _CENTRE * (length % 2)

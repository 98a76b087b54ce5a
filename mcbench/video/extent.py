"""Is a video file as long as it says?

A file that is cut between two frames decodes without complaint, so a decoder alone would not notice. MP4,
MOV, AVI, Matroska and WebM say how long their parts are; other formats do not, nor does a file that was
written to a pipe, and then only damaged frames tell.
"""

from __future__ import annotations

import errno
from pathlib import Path
from typing import BinaryIO

from mcbench.errors import FileFormatError

_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_EBML_HEADER = b"\x1a\x45\xdf\xa3"
_LONGEST_EBML_HEADER = 2**16
_EBML_SEGMENT = b"\x18\x53\x80\x67"


def check_exists(path: Path) -> None:
    """Refuse what is neither a file nor a folder; a pipe would be waited for.

    Raises:
        FileFormatError: nothing is there, or something else.
    """
    try:
        path.stat()
    except OSError as error:
        reason = "a link that leads in a circle" if error.errno == errno.ELOOP else error.strerror
        raise FileFormatError(f"cannot open {path}: {reason}") from error
    if not path.is_file() and not path.is_dir():
        raise FileFormatError(f"{path} is neither a file nor a folder")


def check_extent(path: Path) -> None:
    """Refuse a video file that ends before its outermost parts do.

    Raises:
        FileFormatError: it is cut short.
    """
    present = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[4:8] in _FIRST_BOXES:
            declared = _end_of_boxes(stream, present)
        elif head[:4] == b"RIFF" and head[8:] == b"AVI ":
            declared = 8 + int.from_bytes(head[4:8], "little")
        elif head[:4] == _EBML_HEADER:
            declared = _end_of_segment(stream)
        else:
            return
    if present < declared:
        raise FileFormatError(
            f"{path} is cut short: it declares {declared:,} bytes or more and has {present:,}",
            "fetch or copy the file again",
        )


def _end_of_boxes(stream: BinaryIO, present: int) -> int:
    """Return the end of the first box of an MP4 or MOV file that reaches beyond the file, else the file's."""
    position = 0
    while present - position >= 8:
        stream.seek(position)
        header = stream.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:], "big")
        if length == 0:  # the last box: as long as the file
            return present
        position += max(length, 8)
    return max(position, present)


def _end_of_segment(stream: BinaryIO) -> int:
    """Return where the segment of a Matroska or WebM file ends; 0 where it does not say."""
    stream.seek(4)
    header = _ebml_size(stream)
    if header is None or header > _LONGEST_EBML_HEADER:
        return 0
    stream.seek(header, 1)
    if stream.read(4) != _EBML_SEGMENT:
        # Cut within the header, or something lies between; the decoder judges what there is.
        return 0
    size = _ebml_size(stream)
    return 0 if size is None else stream.tell() + size


def _ebml_size(stream: BinaryIO) -> int | None:
    """Read a size: as many further bytes as the first has leading zeros, all bits set for unknown."""
    first = int.from_bytes(stream.read(1), "big")
    extra = 8 - first.bit_length()
    value_bits = 7 * (extra + 1)
    value = int.from_bytes(bytes([first]) + stream.read(extra), "big") & ((1 << value_bits) - 1)
    return None if value == (1 << value_bits) - 1 else value

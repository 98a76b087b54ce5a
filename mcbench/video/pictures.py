"""One picture in, one picture out.

How pictures become uint8 RGB when they are read:

| kind | rule |
| --- | --- |
| grey, palette, black and white | the same colours as RGB |
| 16 bits a channel | the high byte |
| transparency | dropped where every pixel is opaque, else an error: a frame has no see-through parts |
| CMYK, YCbCr, LAB (JPEG, TIFF kinds) | Pillow's plain conversion; colour profiles are not applied |
| EXIF orientation | applied |
| 32-bit integer or floating point, several pictures in one file | an error |
| more than 16384 pixels a side or 2^26 in all | an error |

PNG files are written, and those are read, by `mcbench.video.png`; Pillow reads all others.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mcbench import files
from mcbench.errors import FileFormatError
from mcbench.video.png import LARGEST_AREA, decode_own_png, encode_png

if TYPE_CHECKING:
    from PIL import Image

Frame = NDArray[np.uint8]
"""uint8 [height, width, 3], RGB."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})
"""Lower-case file suffixes of pictures that are read as frames."""

LARGEST_SIDE = 16384

_SIGNATURE_LENGTH = 8
_ORIENTATION = 0x0112
_TRANSPOSING_ORIENTATIONS = frozenset({5, 6, 7, 8})
_CHUNKS_WITH_METADATA = frozenset({b"eXIf", b"tEXt", b"zTXt", b"iTXt"})
_DAMAGE = (OSError, ValueError, SyntaxError, zlib.error, struct.error)
"""What Pillow raises for files that are not as they should be."""
_MODES_WITHOUT_8_BITS = frozenset({"I", "F"})


def write_png(path: Path, image: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    """Write a picture (as for `encode_png`) to `path`, lossless and atomic."""
    files.write_bytes(path, encode_png(image))


def read_image(path: Path) -> Frame:
    """Read a picture as uint8 [height, width, 3] RGB by the rules of this module.

    Raises:
        FileFormatError: it is missing, damaged, truncated, no picture, or one that has no single meaning
            as a frame; the message names the file.
    """
    if path.suffix == ".png" and (frame := _read_own(path)) is not None:
        return frame
    from PIL import ImageOps

    with _opened(path) as image:
        _refuse_ambiguous(path, image)
        try:
            image.load()
            upright = ImageOps.exif_transpose(image)
        except _DAMAGE as error:
            raise FileFormatError(f"{path} is damaged or cut short: {error}") from error
        return _as_rgb(path, upright)


def _read_own(path: Path) -> Frame | None:
    """Return the frame of a PNG file that `encode_png` wrote; None for all else, for Pillow to judge."""
    try:
        # A file that is far longer than its pixels could be is none of ours, and is not taken into memory.
        if not path.is_file() or path.stat().st_size > 4 * LARGEST_AREA:
            return None
        frame = decode_own_png(path.read_bytes())
    except OSError:
        return None
    return frame


def read_size(path: Path) -> tuple[int, int]:
    """Return a picture's (height, width) as `read_image` would give it, without decoding it if that can be.

    Raises:
        FileFormatError: it is missing or no picture.
    """
    with _opened(path) as image:
        width, height = image.size
        turned = False
        # Pillow decodes a PNG file in full to look for EXIF data behind the pixels.
        if image.format != "PNG" or _has_metadata(path):
            try:
                turned = image.getexif().get(_ORIENTATION) in _TRANSPOSING_ORIENTATIONS
            except _DAMAGE as error:
                raise FileFormatError(f"{path} is damaged or cut short: {error}") from error
    return (width, height) if turned else (height, width)


def _opened(path: Path) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    try:
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "missing, or a link that leads nowhere"
            raise FileFormatError(f"{path} should be a picture but is {kind}")
        image = Image.open(path)
    except UnidentifiedImageError as error:
        size = path.stat().st_size
        what = "is empty (0 bytes)" if size == 0 else "is not a picture that can be read"
        raise FileFormatError(f"{path} {what}") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FileFormatError(f"cannot read {path}: {error}") from error
    try:
        check_size(path, (image.height, image.width))
    except FileFormatError:
        image.close()
        raise
    return image


def check_size(path: Path, size: tuple[int, int]) -> None:
    """Refuse frames of a size that no memory is meant for, as a damaged or malicious file may declare it.

    Args:
        path: of the picture or video, for the message.
        size: (height, width).

    Raises:
        FileFormatError: a side or the number of pixels is beyond what a frame can have.
    """
    if max(size) > LARGEST_SIDE or size[0] * size[1] > LARGEST_AREA:
        raise FileFormatError(
            f"{path} is {size[0]}x{size[1]} (height x width); a frame has at most {LARGEST_SIDE} pixels a "
            f"side and {LARGEST_AREA:,} in all"
        )


def _has_metadata(png: Path) -> bool:
    """Return whether a PNG file has chunks that may say how it is turned, looking at chunk headers only."""
    with png.open("rb") as stream:
        stream.seek(_SIGNATURE_LENGTH)
        while len(header := stream.read(8)) == 8:
            if header[4:] in _CHUNKS_WITH_METADATA:
                return True
            stream.seek(int.from_bytes(header[:4], "big") + 4, 1)
    return False


def _refuse_ambiguous(path: Path, image: Image.Image) -> None:
    pictures = getattr(image, "n_frames", 1)
    if pictures > 1:
        raise FileFormatError(
            f"{path} holds {pictures} pictures; a frame is one", "give it as a video, or split it"
        )
    if image.mode in _MODES_WITHOUT_8_BITS:
        raise FileFormatError(
            f"{path} has pixels of type {image.mode!r}, whose white is not defined",
            "convert it to 8 bits a channel",
        )


def _as_rgb(path: Path, image: Image.Image) -> Frame:
    if image.mode.startswith("I;16"):
        high = (np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(high[..., None], 3, axis=2)
    if image.has_transparency_data:
        with_alpha = np.asarray(image.convert("RGBA"))
        if with_alpha[..., 3].min() < 255:
            raise FileFormatError(
                f"{path} has transparent pixels; a frame has none",
                "flatten it onto the background that is meant",
            )
        return np.ascontiguousarray(with_alpha[..., :3])
    pixels: NDArray[Any] = np.array(image.convert("RGB"))
    return pixels

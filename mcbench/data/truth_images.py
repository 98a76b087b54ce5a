"""Masks, depth and flow as pictures on disk: see the table in `mcbench.data.truth`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import FileFormatError
from mcbench.video import encode_png

FLOW_SCALE = 64.0
FLOW_ZERO = 32768
NO_DEPTH = 65535
"""Depth where nothing is."""


def encode_flow(flow: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return flow as uint16 [height, width, 3]: u, v as round(64 x + 32768), and validity 0 or 1.

    Args:
        flow: [height, width, 2], pixels to the right and down to the next frame. A vector that is not
            finite or does not fit (512 pixels or more) is marked as not valid.
    """
    scaled = np.rint(flow.astype(np.float64) * FLOW_SCALE + FLOW_ZERO)
    valid = np.all(np.isfinite(scaled) & (scaled >= 0) & (scaled <= 65535), axis=2)
    coded = np.zeros((*flow.shape[:2], 3), np.uint16)
    coded[valid, :2] = scaled[valid].astype(np.uint16)
    coded[..., 2] = valid
    return coded


def decode_flow(coded: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return float32 [h, w, 2] of what `encode_flow` made: within 1/128 pixel; NaN where not valid."""
    flow = (coded[..., :2].astype(np.float32) - FLOW_ZERO) / np.float32(FLOW_SCALE)
    flow[coded[..., 2] == 0] = np.nan
    return flow


def write_truth_image(path: Path, image: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    """Write a mask (uint8), depth (uint16) or encoded flow (uint16, 3 channels) inside an atomic folder."""
    path.write_bytes(encode_png(image))


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Return uint8 [height, width]: 0 background, k the k-th person.

    Raises:
        FileFormatError: missing, damaged or no 8-bit grey picture.
    """
    mask: NDArray[np.uint8] = _read(path, np.uint8, 2)
    return mask


def read_depth(path: Path) -> NDArray[np.uint16]:
    """Return uint16 [height, width] in millimetres, `NO_DEPTH` where nothing is.

    Raises:
        FileFormatError: missing, damaged or no 16-bit grey picture.
    """
    depth: NDArray[np.uint16] = _read(path, np.uint16, 2)
    return depth


def read_flow(path: Path) -> NDArray[np.float32]:
    """Return float32 [height, width, 2], (right, down) in pixels to the next frame; NaN where unknown.

    Raises:
        FileFormatError: missing, damaged or no 16-bit picture of three channels.
    """
    return decode_flow(_read(path, np.uint16, 3)[..., ::-1])


def _read(path: Path, dtype: type, dimensions: int) -> Any:
    import cv2

    try:
        content = np.fromfile(os.fspath(path), np.uint8)
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror}") from error
    try:
        image = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    except cv2.error as error:
        raise FileFormatError(f"{path} is damaged: {error}") from error
    if image is None:
        raise FileFormatError(f"{path} is damaged or no PNG")
    if image.dtype != dtype or image.ndim != dimensions:
        raise FileFormatError(
            f"{path} holds {image.dtype} {list(image.shape)}, "
            f"not {np.dtype(dtype)} in {dimensions} dimensions"
        )
    return image

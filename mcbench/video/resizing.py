"""Resizing frames without aliasing: the triangle filter, widened by the factor that a frame shrinks by.

That is what "bilinear" with antialiasing means in Pillow and torch; pixel centres lie at half-integers.
Frames that are RGB already are resized by Pillow, in each colour by itself and rounded to 8 bits after each
direction. Frames of a video are resized before their colours are converted (`mcbench.video.scaling`), which
takes half the time.
"""

from __future__ import annotations

import numpy as np

from mcbench.records import Size
from mcbench.video.geometry import Fit, Placement, place
from mcbench.video.pictures import Frame


def fit_frame(frame: Frame, size: Size, fit: Fit = "stretch") -> Frame:
    """Bring a frame to a size.

    Args:
        frame: uint8 [height, width, 3] RGB.
        size: (height, width).
        fit: `stretch`, `crop` or `pad`, as `mcbench.video.place` says.

    Returns:
        uint8 [*size, 3].

    Raises:
        InputError: `fit` is none of these.
    """
    height, width = frame.shape[:2]
    return place_frame(frame, place((height, width), size=size, fit=fit))


def place_frame(frame: Frame, placement: Placement) -> Frame:
    """Return a frame, uint8 [height, width, 3] RGB, as a placement for frames of its size says."""
    box = placement.box
    part = frame[box.top : box.bottom, box.left : box.right]
    if placement.resizes:
        from PIL import Image

        height, width = placement.scaled
        picture = Image.fromarray(np.ascontiguousarray(part))
        part = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))
    return put(part, placement)


def put(part: Frame, placement: Placement) -> Frame:
    """Return what was cut out and resized, uint8 [*placement.scaled, 3], at its place in the result."""
    if placement.scaled == placement.size:
        return np.ascontiguousarray(part)
    height, width = placement.size
    top, left = placement.top, placement.left
    result = np.zeros((height, width, 3), np.uint8)
    inside = part[max(-top, 0) :, max(-left, 0) :][: height - max(top, 0), : width - max(left, 0)]
    result[max(top, 0) :, max(left, 0) :][: inside.shape[0], : inside.shape[1]] = inside
    return result

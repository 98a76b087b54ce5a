"""The background flow map: where the background moves, with the bodies painted white."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.errors import MismatchError
from mcbench.records import Size

FULL_SCALE = 0.05
"""Displacement, as a share of the picture's height, that is drawn at full brightness."""


def flow_colours(flow: NDArray[np.float32], full_scale: float) -> NDArray[np.uint8]:
    """Draw a flow field: hue is direction, brightness is speed, black stands still.

    Args:
        flow: float32 [height, width, 2], (u, v) in pixels; NaN counts as no motion.
        full_scale: displacement in pixels drawn at full brightness; faster is drawn the same.

    Returns:
        uint8 [height, width, 3], RGB.
    """
    known = np.nan_to_num(flow.astype(np.float32), nan=0.0)
    speed, angle = cv2.cartToPolar(known[..., 0].copy(), known[..., 1].copy(), angleInDegrees=True)
    colours = np.empty((*known.shape[:2], 3), dtype=np.uint8)
    colours[..., 0] = np.mod(np.round(angle / 2), 180).astype(np.uint8)
    colours[..., 1] = 255
    colours[..., 2] = np.clip(np.round(speed * (255 / full_scale)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_HSV2RGB), dtype=np.uint8)


def background_flow_map(
    flow: NDArray[np.float32] | None, bodies: NDArray[np.uint8], size: Size
) -> NDArray[np.uint8]:
    """Return the flow guider's map of one frame: background flow in colour, bodies white.

    Args:
        flow: float32 [height, width, 2], displacement of the background to the next frame in pixels of
            `size`, or None for none: what the paper does at inference, so that the background stands still.
        bodies: uint8 [height, width], 255 where any dilated body is (`union_mask`).
        size: (height, width) of the map.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        MismatchError: the arrays are not of `size`.
    """
    if bodies.shape != tuple(size) or (flow is not None and flow.shape != (*size, 2)):
        raise MismatchError(
            f"bodies {bodies.shape} or flow {None if flow is None else flow.shape} are not of size {size}",
            "compute the poses and the flow at the size of the map",
        )
    if flow is None:
        colours = np.zeros((*size, 3), dtype=np.uint8)
    else:
        colours = flow_colours(flow, FULL_SCALE * size[0])
    colours[bodies > 0] = 255
    return colours

"""The depth order map: dilated bodies in one solid colour a person, nearer people over farther ones.

The paper's Algorithm 1 is not public. This is a reconstruction from its figure and abstract, and says so
wherever it is used: bodies are the dilated skeletons of `bodies.py`, and colours follow the rank of depth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcbench.conditions.bodies import body_masks
from mcbench.errors import MismatchError
from mcbench.records import Size

PALETTE: NDArray[np.uint8] = np.array(
    [
        [255, 255, 0], [255, 0, 0], [0, 255, 255], [0, 0, 255], [255, 0, 255], [0, 255, 0],
        [255, 128, 0], [128, 0, 255], [255, 255, 255], [128, 128, 128],
    ],
    dtype=np.uint8,
)  # fmt: skip
"""Colour of the nearest, second nearest ... person: yellow before red, as in the paper's figure."""


def depth_ranks(depth: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the rank of each person's depth: 0 for the nearest. People of unknown depth (NaN) come last.

    Args:
        depth: float32 [people], distance from the camera in metres.
    """
    order = np.argsort(np.where(np.isnan(depth), np.inf, depth), kind="stable")
    ranks = np.empty(len(depth), dtype=np.int64)
    ranks[order] = np.arange(len(depth))
    return ranks


def depth_order_map(
    keypoints: NDArray[np.float32],
    visibility: NDArray[np.uint8],
    depth: NDArray[np.float32],
    size: Size,
    *,
    colour_ranks: NDArray[np.int64] | None = None,
    masks: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Paint the dilated bodies of one frame from far to near, each in one solid colour.

    Args:
        keypoints: float32 [people, 18, 2], (x, y) in pixels of `size`.
        visibility: uint8 [people, 18].
        depth: float32 [people], metres: who is painted over whom.
        size: (height, width) of the map.
        colour_ranks: int64 [people], index into `PALETTE` of each person (beyond its end it starts
            again); by default the ranks of `depth`. A clip fixes them at its reference frame, so that a
            person keeps his colour when people change places.
        masks: the `body_masks` of this frame, where they are at hand.

    Returns:
        uint8 [height, width, 3], RGB on black.

    Raises:
        MismatchError: the arrays do not fit each other.
    """
    if depth.shape != keypoints.shape[:1]:
        raise MismatchError(
            f"depths {depth.shape} do not fit key points {keypoints.shape}", "give one depth a person"
        )
    ranks = depth_ranks(depth)
    colours = PALETTE[(ranks if colour_ranks is None else colour_ranks) % len(PALETTE)]
    masks = body_masks(keypoints, visibility, size) if masks is None else masks
    canvas = np.zeros((*size, 3), dtype=np.uint8)
    for person in np.argsort(-ranks, kind="stable"):
        canvas[masks[person] > 0] = colours[person]
    return canvas

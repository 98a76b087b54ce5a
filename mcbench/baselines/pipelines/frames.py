"""Sizes, seeds and pictures between requests and diffusers' pipelines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from mcbench.baselines.builtin.common import fit
from mcbench.baselines.contract import AnimationRequest
from mcbench.errors import DataMissingError
from mcbench.records import Size


def generation_size(shape: Size, pixels: int, multiple: int) -> Size:
    """Return (height, width) to generate at: the clip's shape with about `pixels` pixels.

    Both sides are the nearest multiples of `multiple`, one of it at least: nothing is padded, and pictures
    are stretched by the rounding alone.
    """
    scale = math.sqrt(pixels / (shape[0] * shape[1]))
    height, width = (max(multiple, round(side * scale / multiple) * multiple) for side in shape)
    return height, width


def reference_picture(request: AnimationRequest, size: Size) -> Image.Image:
    """Return the reference at the size of generation."""
    return Image.fromarray(fit(request.reference, size))


def drawings(request: AnimationRequest, kind: str, size: Size) -> list[Image.Image]:
    """Return the drawings of a kind of all frames, at the size of generation.

    Raises:
        DataMissingError: the request has none.
    """
    draw: Callable[[int, Size], NDArray[np.uint8]] | None = request.pictures.get(kind)
    if draw is None:
        raise DataMissingError(f"{request.video} has no {kind}", "use a clip with poses")
    return [Image.fromarray(draw(index, size)) for index in range(request.n_frames)]


def generator(seed: int) -> torch.Generator:
    """Return a generator on the CPU, so that noise is the same whatever the device."""
    return torch.Generator("cpu").manual_seed(seed)


def finished(
    frames: Sequence[Image.Image] | Iterator[Image.Image], request: AnimationRequest
) -> Iterator[NDArray[np.uint8]]:
    """Yield frames as they were asked for: uint8 RGB, at the size of the request or else the reference's."""
    size = request.size or request.reference_size
    for frame in frames:
        yield fit(np.asarray(frame.convert("RGB")), size)

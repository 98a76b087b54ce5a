"""What the methods without weights share."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.errors import DataMissingError, InputError
from mcbench.records import Size


def fit(image: NDArray[np.uint8], size: Size | None) -> NDArray[np.uint8]:
    """Return `image` (uint8 [H, W, 3]) at `size`, averaging areas when it shrinks; as it is for None."""
    if size is None or image.shape[:2] == size:
        return image
    shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    resized: NDArray[np.uint8] = cv2.resize(image, (size[1], size[0]), interpolation=interpolation)
    return resized


def true_frame(request: AnimationRequest, model: str, index: int) -> NDArray[np.uint8]:
    """Return a frame of the clip itself.

    Raises:
        DataMissingError: the request does not show the truth.
    """
    if request.true_frame is None:
        raise DataMissingError(
            f"{model} gives back true frames, and was shown none of {request.video}",
            "run it on a prepared clip, where the truth is known",
        )
    return request.true_frame(index)


def true_frames(request: AnimationRequest, model: str) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of the clip itself, as many as are asked for; errors as of `true_frame`."""
    return (true_frame(request, model, index) for index in range(request.n_frames))


def number(options: Options, name: str, default: float) -> float:
    """Return an option as a finite number.

    Raises:
        InputError: it is none.
    """
    value = options.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise InputError(f"{name}={value} is no number", f"give a number, such as {name}={default}")
    return float(value)


def whole_number(options: Options, name: str, default: int) -> int:
    """Return an option as a whole number.

    Raises:
        InputError: it is none.
    """
    value = number(options, name, default)
    if value != int(value):
        raise InputError(f"{name}={value:g} is no whole number", f"give a number, such as {name}={default}")
    return int(value)

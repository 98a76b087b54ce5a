"""What the methods without weights share."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mcbench.baselines.contract import Options
from mcbench.errors import InputError
from mcbench.records import Size


def fit(image: NDArray[np.uint8], size: Size | None) -> NDArray[np.uint8]:
    """Return `image` (uint8 [H, W, 3]) at `size`, averaging areas when it shrinks; as it is for None."""
    if size is None or image.shape[:2] == size:
        return image
    shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    resized: NDArray[np.uint8] = cv2.resize(image, (size[1], size[0]), interpolation=interpolation)
    return resized


def refuse_options(model: str, options: Options) -> None:
    """Raise an `InputError` if any option is given to a method that takes none."""
    if options:
        raise InputError(f"{model} takes no options, but was given {', '.join(sorted(options))}")

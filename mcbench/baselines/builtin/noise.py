"""`noise`: pictures without any content, the floor below the floor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mcbench.baselines.builtin.common import number
from mcbench.baselines.contract import AnimationRequest, Options
from mcbench.errors import InputError
from mcbench.records import ModelDescription

_DISTRIBUTIONS = ("uniform", "gaussian")


class Noise:
    """Independent grey levels for every pixel, channel and frame.

    Args:
        distribution: `uniform` over 0 to 255, or `gaussian`, rounded and cut to 0 to 255.
        mean: of the Gaussian, in grey levels.
        deviation: its standard deviation, in grey levels.
    """

    def __init__(self, distribution: str, mean: float, deviation: float) -> None:
        self._distribution, self._mean, self._deviation = distribution, mean, deviation

    def describe(self) -> ModelDescription:
        """Return its description: no weights; the distribution is its sampler."""
        gaussian = {"mean": self._mean, "deviation": self._deviation}
        return ModelDescription(
            id="noise",
            display_name="noise",
            kind="builtin",
            licence="Apache-2.0",
            sampler={
                "distribution": self._distribution,
                **(gaussian if self._distribution == "gaussian" else {}),
            },
        )

    def animate(self, request: AnimationRequest) -> Iterator[NDArray[np.uint8]]:
        """Yield noise, drawn anew for each frame from the request's seed and the frame's index."""
        height, width = request.size or request.reference_size
        low, high = request.seed & 0xFFFFFFFF, request.seed >> 32
        for index in range(request.n_frames):
            # RandomState's stream is frozen: the same seed gives the same pictures under any numpy.
            random = np.random.RandomState([low, high, index])
            if self._distribution == "uniform":
                yield random.randint(0, 256, (height, width, 3), dtype=np.uint8)
            else:
                drawn = random.normal(self._mean, self._deviation, (height, width, 3))
                yield np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


def load(device: str, options: Options) -> Noise:
    """Return the method; `options` has `distribution`, and `mean` and `deviation` of the Gaussian.

    Raises:
        InputError: there is no such distribution, or a number is out of range.
    """
    del device
    distribution = options.get("distribution", "uniform")
    if distribution not in _DISTRIBUTIONS:
        raise InputError(f"no noise is called {distribution!r}", f"there are {', '.join(_DISTRIBUTIONS)}")
    mean, deviation = number(options, "mean", 127.5), number(options, "deviation", 64.0)
    if deviation < 0:
        raise InputError(f"deviation={deviation:g} is below 0", "give a number of grey levels from 0 on")
    return Noise(str(distribution), mean, deviation)

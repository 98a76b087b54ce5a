"""How much of a Frechet distance between few videos is nothing but their fewness."""

from __future__ import annotations


def reading_of_equals(half: float, quarter: float | None) -> float:
    """Return about what two independent samples of one distribution read, of all videos each.

    The reading falls as a power of the number of videos: slowly while there are fewer items than
    dimensions, with 1/N beyond. The power is taken from the data: from a quarter of the videos to a half
    the reading changes by half / quarter, and it is taken to change as much again to the whole.

    Args:
        half: mean distance between two disjoint halves of the true videos (the noise floor).
        quarter: mean distance between two disjoint quarters, or None where there are too few videos.

    Returns:
        The reading, between half / 2 and half; `half` itself where there is no quarter.
    """
    if quarter is None or quarter <= 0.0:
        return half
    return half * min(1.0, max(0.5, half / quarter))


def is_mostly_bias(value: float, reading: float) -> bool:
    """Return whether at least half of a distance is what equal distributions would read.

    A distance of 0 (identical sides) is not: it has no bias to speak of.
    """
    return 1e-9 * reading < value <= 2.0 * reading

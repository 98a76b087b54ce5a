"""Arithmetic that gives the same bits on every machine.

Only IEEE 754 `+ - * /`, square roots, comparisons and integers are used, one elementwise operation at
a time: those are rounded correctly everywhere. Library sines, powers, matrix products and sums differ
between processors and builds, so none of them may reach a pixel or the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Item = TypeVar("Item")

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
# Taylor coefficients of sin(2 pi x) in x, written out so that no library computes them.
_SINE = (
    6.283185307179586,
    -41.34170224039975,
    81.60524927607506,
    -76.70585975306136,
    42.05869394489765,
    -15.094642576822984,
    3.8199525848482803,
)


def _mix(value: int) -> int:
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def seed_of(*labels: int | str) -> int:
    """Return a 64-bit seed that depends on every label and their order."""
    state = 0x6D6362656E6368
    for label in labels:
        for byte in f"{label}\x00".encode():
            state = _mix((state + _GOLDEN + byte) & _MASK)
    return state


class Random:
    """SplitMix64: a stream of random numbers in pure integer arithmetic."""

    def __init__(self, *labels: int | str) -> None:
        self._state = seed_of(*labels)

    def bits(self) -> int:
        """Return 64 random bits."""
        self._state = (self._state + _GOLDEN) & _MASK
        return _mix(self._state)

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * ((self.bits() >> 11) * 2.0**-53)

    def integer(self, count: int) -> int:
        """Return an integer in [0, count)."""
        return (self.bits() >> 11) * count >> 53

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self.uniform() < probability

    def choice(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        return items[self.integer(len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return the items in random order."""
        result = list(items)
        for last in range(len(result) - 1, 0, -1):
            other = self.integer(last + 1)
            result[last], result[other] = result[other], result[last]
        return result


def sine(turns: Floats | float) -> Floats:
    """Return the sine of angles in turns (1 is a full circle), with an error below 1e-7."""
    turns = np.asarray(turns, dtype=np.float64)
    x = turns - np.floor(turns + 0.5)  # -0.5 .. 0.5
    x = np.where(x > 0.25, 0.5 - x, np.where(x < -0.25, -0.5 - x, x))
    square = x * x
    total = np.full_like(x, _SINE[-1])
    for coefficient in reversed(_SINE[:-1]):
        total = total * square + coefficient
    return np.asarray(total * x)


def cosine(turns: Floats | float) -> Floats:
    """Return the cosine of angles in turns."""
    return sine(np.asarray(turns, dtype=np.float64) + 0.25)


def smooth(x: Floats) -> Floats:
    """Return the cubic step: 0 below 0, 1 above 1, with level ends."""
    x = np.minimum(np.maximum(x, 0.0), 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x))


def fixed(x: Floats) -> Floats:
    """Round to multiples of 2**-16."""
    return np.asarray(np.rint(x * 65536.0) * (1.0 / 65536.0))


def dot(a: Floats, b: Floats) -> Floats:
    """Return the scalar products of vectors along the last axis, which holds three numbers."""
    return np.asarray(a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2])


def cross(a: Floats, b: Floats) -> Floats:
    """Return the vector products along the last axis."""
    return np.stack(
        (
            a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1],
            a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2],
            a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0],
        ),
        axis=-1,
    )


def length(a: Floats) -> Floats:
    """Return the lengths of vectors along the last axis."""
    return np.sqrt(dot(a, a))


def unit(a: Floats) -> Floats:
    """Return vectors of length one."""
    return np.asarray(a / np.maximum(length(a), 1e-9)[..., None])


def across(a: Floats, axis: Floats) -> Floats:
    """Return the unit vectors of what is left of `a` without its part along the unit vectors `axis`."""
    return unit(a - axis * dot(a, axis)[..., None])


def vector(x: Floats | float, y: Floats | float, z: Floats | float) -> Floats:
    """Stack three coordinates, broadcast against each other, along a new last axis."""
    return np.stack(np.broadcast_arrays(*(np.asarray(c, dtype=np.float64) for c in (x, y, z))), axis=-1)


def noise(x: NDArray[np.int64], y: NDArray[np.int64], seed: int) -> NDArray[np.float32]:
    """Return a random number in [0, 1) for each whole (x, y), from an integer hash."""
    state = x.astype(np.uint32) * np.uint32(0x9E3779B1) + y.astype(np.uint32) * np.uint32(0x85EBCA77)
    state = state + np.uint32(seed & 0xFFFFFFFF)
    state = (state ^ (state >> np.uint32(15))) * np.uint32(0x2C1B3C6D)
    state = (state ^ (state >> np.uint32(12))) * np.uint32(0x297A2D39)
    state = state ^ (state >> np.uint32(15))
    value: NDArray[np.float32] = (state >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
    return value

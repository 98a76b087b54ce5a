"""More than two methods: what many tests do to p, and which methods no test parts."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import ArrayLike

from mcbench.errors import InputError


def holm(p_values: ArrayLike) -> list[float]:
    """Return the p values adjusted for their number by Holm's step-down method.

    Sorted upwards, the k-th of n (from 0) is multiplied by n - k, is no smaller than the one before and at
    most 1. Calling those below 5 % different, the chance of one or more false differences is at most 5 %,
    however the tests depend on each other.

    Raises:
        InputError: a value outside 0 to 1.

    Source: Holm 1979.
    """
    found = np.asarray(p_values, dtype=np.float64).reshape(-1)
    if not ((found >= 0.0) & (found <= 1.0)).all():
        raise InputError("p values lie within 0 to 1")
    order = np.argsort(found, kind="stable")
    factors = np.arange(len(found), 0, -1)
    adjusted = np.empty_like(found)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(found[order] * factors))
    return [float(one) for one in adjusted]


def tie_letters(methods: Sequence[str], parted: Collection[tuple[str, str]]) -> dict[str, str]:
    """Return the compact letter display: methods that share a letter are not parted by the test.

    "Not parted" is not transitive: a may be level with b and b with c while a and c differ. A method
    therefore may have several letters, and two methods share one if, and only if, the test does not part
    them. The letters are the largest sets of methods none of which are parted, named in the order of their
    first methods; so all that are level with the first method of the list share a letter with it.

    Args:
        methods: best first, each once.
        parted: pairs that differ, in either order.

    Returns:
        method -> its letters, such as "a" or "bc"; after z come aa, ab and so on, parted by commas.

    Raises:
        InputError: a method occurs twice, or a pair names an unknown one.

    Source: Piepho 2004 (insert and absorb).
    """
    places = {method: place for place, method in enumerate(methods)}
    if len(places) != len(methods):
        raise InputError("two methods have the same name")
    if unknown := {name for pair in parted for name in pair} - set(places):
        raise InputError(f"no method is called {sorted(unknown)[0]!r}")
    sets = [frozenset(range(len(methods)))] if methods else []
    for first, second in sorted({tuple(sorted((places[a], places[b]))) for a, b in parted}):
        split: list[frozenset[int]] = []
        for one in sets:
            split += [one - {first}, one - {second}] if {first, second} <= one else [one]
        distinct = list(dict.fromkeys(split))
        sets = [one for one in distinct if not any(one < other for other in distinct)]
    sets.sort(key=sorted)
    names = [_letter(place) for place in range(len(sets))]
    separator = "," if len(sets) > 26 else ""
    return {
        method: separator.join(name for name, one in zip(names, sets, strict=True) if place in one)
        for method, place in places.items()
    }


def _letter(place: int) -> str:
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters

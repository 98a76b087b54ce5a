"""Chance that is the same on every machine and with every version of NumPy."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from mcbench import files
from mcbench.errors import InputError


def random_state(seed: int) -> np.random.RandomState:
    """Return the generator of draws.

    It is NumPy's old one on purpose: its stream is frozen (NEP 19), while that of `default_rng` may change
    from version to version.

    Raises:
        InputError: the seed is not within 0 to 2^32 - 1.
    """
    if not 0 <= seed < 2**32:
        raise InputError(f"the seed {seed} is not within 0 to {2**32 - 1}", "choose another --seed")
    return np.random.RandomState(seed)


def deal(names: Sequence[str], groups: int, seed: int) -> list[list[int]]:
    """Deal videos into groups of nearly equal size.

    The dealing hangs on the set of names and the seed alone, not on the order of the names, so that two
    methods that are scored on the same videos leave out the same ones together.

    Args:
        names: of the videos, each once.
        groups: how many groups, at most; one video each if there are fewer.
        seed: another seed deals another way.

    Returns:
        for each group the places of its videos in `names`. The first groups have one video more where
        sizes differ.

    Raises:
        InputError: a name occurs twice, or `groups` is below 1.
    """
    if len(set(names)) != len(names):
        raise InputError("two videos have the same name")
    if groups < 1:
        raise InputError(f"videos cannot be dealt into {groups} groups")
    order = sorted(range(len(names)), key=lambda place: files.sha256_text(f"{seed}/{names[place]}"))
    size, larger = divmod(len(names), max(1, min(groups, len(names))))
    begins = [place * size + min(place, larger) for place in range(min(groups, len(names)) + 1)]
    return [order[begin:end] for begin, end in itertools.pairwise(begins)]

"""Which items (frames, clips, prefixes) of which video a network looks at, decided before the walk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcbench.scoring.pairing import PairedVideo
from mcbench.scoring.protocols import FeatureSetting, Protocol, Role

Item = tuple[int, int]
"""Index of the first frame, and how many frames."""
Items = dict[Role, tuple[Item, ...]]


def plan_items(protocol: Protocol, videos: Sequence[PairedVideo]) -> dict[str, Items]:
    """Return video -> role -> items that a protocol takes, in rising order."""
    plan: dict[str, Items] = {video.name: {} for video in videos}
    for setting in protocol.features:
        indices = {video.name: [pair.index for pair in video.frames] for video in videos}
        taken = prefix_items(indices, setting) if setting.prefixes else clip_items(indices, setting)
        for name, items in taken.items():
            plan[name][setting.role] = tuple(items)
    return plan


def clip_items(indices: Mapping[str, Sequence[int]], setting: FeatureSetting) -> dict[str, list[Item]]:
    """Return video -> clips of one length, or single frames."""
    possible = {name: possible_items(frames, setting) for name, frames in indices.items()}
    if not setting.equal_per_video:
        return possible
    fewest = min((len(items) for items in possible.values() if items), default=0)
    return {name: evenly(items, fewest) for name, items in possible.items()}


def prefix_items(indices: Mapping[str, Sequence[int]], setting: FeatureSetting) -> dict[str, list[Item]]:
    """Return video -> its first frames for each of the setting's lengths, as far as it has no gap."""
    first = {name: (_runs(frames) or [(0, 0)])[0] for name, frames in indices.items()}
    enough = [length for _, length in first.values() if length >= setting.clip_length]
    shortest = min(enough, default=0)
    return {
        name: [(start, one) for one in setting.prefix_lengths(length, shortest) if one <= length]
        for name, (start, length) in first.items()
    }


def possible_items(indices: Sequence[int], setting: FeatureSetting) -> list[Item]:
    """Return all clips that fit: at every stride from the start of each unbroken run, never across a gap."""
    if setting.skip_reference:
        indices = [index for index in indices if index != 0]
    return [
        (start, setting.clip_length)
        for begin, length in _runs(indices)
        for start in range(begin, begin + length - setting.clip_length + 1, setting.stride)
    ]


def evenly(items: Sequence[Item], count: int) -> list[Item]:
    """Return `count` of the items, spread evenly from the first to the last."""
    if count >= len(items):
        return list(items)
    if count == 1:
        return [items[0]]
    return [items[round(place * (len(items) - 1) / (count - 1))] for place in range(count)]


def _runs(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Return (first index, length) of every stretch without a gap."""
    runs: list[tuple[int, int]] = []
    for index in indices:
        if runs and sum(runs[-1]) == index:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((index, 1))
    return runs

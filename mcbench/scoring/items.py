"""Which items (frames, clips, prefixes) of which video a network looks at, decided before the walk."""

from __future__ import annotations

from collections.abc import Sequence

from mcbench.scoring.pairing import PairedVideo
from mcbench.scoring.protocols import FeatureSetting, Protocol, Role

Item = tuple[int, int]
"""Index of the first frame, and how many frames."""
Items = dict[Role, tuple[Item, ...]]


def plan_items(protocol: Protocol, videos: Sequence[PairedVideo]) -> dict[str, Items]:
    """Return video -> role -> items that a protocol takes, in rising order."""
    plan: dict[str, Items] = {video.name: {} for video in videos}
    for setting in protocol.features:
        possible = {
            video.name: possible_items([pair.index for pair in video.frames], setting) for video in videos
        }
        if setting.equal_per_video:
            fewest = min((len(items) for items in possible.values() if items), default=0)
            possible = {name: evenly(items, fewest) for name, items in possible.items()}
        for name, items in possible.items():
            plan[name][setting.role] = tuple(items)
    return plan


def possible_items(indices: Sequence[int], setting: FeatureSetting) -> list[Item]:
    """Return all items that fit into unbroken runs of frames.

    Clips begin at every stride from the start of each run, never across a gap. Prefixes begin with the
    video's first frame.
    """
    if setting.skip_reference:
        indices = [index for index in indices if index != 0]
    runs = _runs(indices)
    if setting.prefixes:
        first, length = runs[0] if runs else (0, 0)
        return [(first, prefix) for prefix in sorted(setting.prefixes) if prefix <= length]
    return [
        (start, setting.clip_length)
        for begin, length in runs
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

"""Which clips of which video are taken, decided before the walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mcbench.scoring.pairing import PairedVideo
from mcbench.scoring.protocols import FeatureSetting, Protocol, Role


@dataclass(frozen=True)
class ClipPlan:
    """First frames of the clips to take: role -> video -> indices; images are not planned."""

    starts: dict[Role, dict[str, frozenset[int]]] = field(default_factory=dict)

    def starts_of(self, video: str) -> dict[Role, frozenset[int]]:
        """Return role -> first frames of the clips of one video."""
        return {role: by_video[video] for role, by_video in self.starts.items()}


def plan_clips(protocol: Protocol, videos: Sequence[PairedVideo]) -> ClipPlan:
    """Return the clips that a protocol takes of each video."""
    plan: dict[Role, dict[str, frozenset[int]]] = {}
    for setting in protocol.features:
        if setting.clip_length == 1:
            continue
        possible = {
            video.name: possible_starts([pair.index for pair in video.frames], setting) for video in videos
        }
        if setting.equal_per_video:
            fewest = min((len(starts) for starts in possible.values() if starts), default=0)
            possible = {name: evenly(starts, fewest) for name, starts in possible.items()}
        plan[setting.role] = {name: frozenset(starts) for name, starts in possible.items()}
    return ClipPlan(plan)


def possible_starts(indices: Sequence[int], setting: FeatureSetting) -> list[int]:
    """Return the first frames of all clips that fit: every stride from the start of each unbroken run."""
    starts: list[int] = []
    begin = 0
    for place in range(1, len(indices) + 1):
        if place == len(indices) or indices[place] != indices[place - 1] + 1:
            last = indices[place - 1] - setting.clip_length + 1
            starts += range(indices[begin], last + 1, setting.stride)
            begin = place
    return starts


def evenly(starts: Sequence[int], count: int) -> list[int]:
    """Return `count` of the starts, spread evenly from the first to the last."""
    if count >= len(starts):
        return list(starts)
    if count == 1:
        return [starts[0]]
    return [starts[round(place * (len(starts) - 1) / (count - 1))] for place in range(count)]

"""The registry of guiders: what their maps show, and how each is drawn.

A guider of one's own is three lines, in a module that the `mcbench.guiders` entry point of its package
names, or anywhere before a configuration that uses it is read:

    def body_parts(clip: ClipMaps, index: int) -> NDArray[np.uint8]: ...

    register_guider("body_parts", channels=3, draw=body_parts)

From then on `names = ["pose", "body_parts"]` is a valid configuration, and training, sampling and saved
pipelines know it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from mcbench.errors import InputError

if TYPE_CHECKING:
    from mcbench.conditions import ClipConditions, FrameMaps

ENTRY_POINTS = "mcbench.guiders"
"""Group of the entry points (callables without arguments) that register guiders of other packages."""


class ClipMaps(Protocol):
    """What a guider's map can be drawn from."""

    @property
    def conditions(self) -> ClipConditions:
        """Poses and bodies of the clip, at the size of the maps."""

    @property
    def reference(self) -> NDArray[np.uint8]:
        """The reference picture, uint8 [H, W, 3]."""

    def frame(self, index: int) -> FrameMaps:
        """Return pose, depth order and flow map of a frame; computed once for all guiders."""

    def appearance(self, index: int) -> NDArray[np.uint8]:
        """Return what the reference says of how a frame looks, uint8 [H, W, 8]."""


DrawMap = Callable[[ClipMaps, int], NDArray[np.uint8]]
"""(clip, index of the frame) -> uint8 [H, W, channels]."""


@dataclass(frozen=True)
class GuiderKind:
    """What a guider is shown.

    Attributes:
        channels: of its map.
        draw: makes the map of one frame.
    """

    channels: int
    draw: DrawMap


_KINDS: dict[str, GuiderKind] = {}


def register_guider(name: str, channels: int, draw: DrawMap) -> None:
    """Make a guider known under a name.

    Args:
        name: an identifier, as configurations have it.
        channels: of the map.
        draw: returns the map of one frame, uint8 [H, W, channels] at `clip.conditions.size`.

    Raises:
        InputError: the name is taken or is no identifier, or there are no channels.
    """
    if not name.isidentifier() or channels < 1:
        raise InputError(
            f"a guider cannot be named {name!r} with {channels} channels",
            "use letters, digits and _, and at least one channel",
        )
    if name in _KINDS:
        raise InputError(f"there is a guider {name!r} already", "choose another name")
    _KINDS[name] = GuiderKind(channels, draw)


def forget_guider(name: str) -> None:
    """Take a guider out of the registry again, such as at the end of a test."""
    _KINDS.pop(name, None)


def find_guider(name: str) -> GuiderKind:
    """Return a guider of the registry.

    Raises:
        InputError: no guider has the name; the hint lists those there are.
    """
    if name not in _KINDS:
        _load_entry_points()
    if name not in _KINDS:
        raise InputError(
            f"there is no guider {name!r}",
            f"use {', '.join(_KINDS)}, or register it (mcbench.model.guider_kinds.register_guider)",
        )
    return _KINDS[name]


@cache
def _load_entry_points() -> None:
    for entry in metadata.entry_points(group=ENTRY_POINTS):
        entry.load()()


# The four of the paper.
register_guider("pose", 3, lambda clip, index: clip.frame(index).pose)
register_guider("reference_pose", 3, lambda clip, _index: clip.conditions.reference_pose())
register_guider("depth_order", 3, lambda clip, index: clip.frame(index).depth_order)
register_guider("flow", 3, lambda clip, index: clip.frame(index).flow)
# Ours, for small networks: the reference (3), where its people are (1), and its people carried into the
# frame's pose with where that is so (4).
register_guider("appearance", 8, lambda clip, index: clip.appearance(index))

"""How long work reports its progress, without knowing whether a terminal is listening."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """What long work calls. The command line shows it; a notebook or a service may bring its own."""

    def start(self, label: str, total: int) -> None:
        """Begin a stage of `total` units of work; ends the stage before it, if any."""

    def advance(self, units: int = 1) -> None:
        """Count `units` of the current stage as done."""

    def message(self, text: str) -> None:
        """Tell the user one line that should stay on the screen."""


class SilentProgress:
    """A `Progress` that shows nothing: the default of every function."""

    def start(self, label: str, total: int) -> None:
        """Ignore the stage."""

    def advance(self, units: int = 1) -> None:
        """Ignore the units."""

    def message(self, text: str) -> None:
        """Ignore the text."""

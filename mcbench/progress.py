"""How long work reports its progress, without knowing whether a terminal is listening."""

from __future__ import annotations

import sys
import time
from typing import Protocol


class Progress(Protocol):
    """What long work calls. The command line shows it; a notebook or a service may bring its own."""

    def start(self, label: str, total: int) -> None:
        """Begin a stage of `total` units of work; ends the stage before it, if any."""

    def advance(self, units: int = 1) -> None:
        """Count `units` of the current stage as done."""

    def note(self, text: str) -> None:
        """Show a few words beside the current stage, such as a loss, in the place of those before."""

    def message(self, text: str) -> None:
        """Tell the user one line that should stay on the screen."""


class SilentProgress:
    """A `Progress` that shows nothing: the default of every function."""

    def start(self, label: str, total: int) -> None:
        """Ignore the stage."""

    def advance(self, units: int = 1) -> None:
        """Ignore the units."""

    def note(self, text: str) -> None:
        """Ignore the words."""

    def message(self, text: str) -> None:
        """Ignore the text."""


class LineProgress:
    """A `Progress` that writes plain lines to standard error: for `python -m` programs and logs."""

    def start(self, label: str, total: int) -> None:
        """Write the stage and its number of units."""
        self._label, self._total, self._done, self._since = label, total, 0, time.monotonic()
        self.message(f"{label}: {total}")

    def advance(self, units: int = 1) -> None:
        """Count the units; write how long the stage took when the last is done."""
        self._done += units
        if self._done == self._total:
            self.message(f"{self._label}: done in {time.monotonic() - self._since:.0f} s")

    def note(self, text: str) -> None:
        """Write nothing: lines stay, and words that change would fill the log."""

    def message(self, text: str) -> None:
        """Write the line."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

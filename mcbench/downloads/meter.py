"""Counting bytes for a progress bar, from several threads, and the way to stop them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mcbench.downloads.trouble import StoppedError
from mcbench.progress import Progress


class Meter:
    """Tells a `Progress` how many MiB of one file have come.

    A download that begins anew does not set the bar back: it moves on when it passes the old mark.

    Args:
        name: of the file, for the label.
        progress: who is told.
        stop: set when the download has to end.
        shared: stands for a stage of several files: it is advanced, no stage of its own is begun.
    """

    def __init__(
        self,
        name: str,
        progress: Progress,
        stop: threading.Event,
        shared: Callable[[int], None] | None = None,
    ) -> None:
        self._name = name
        self._progress = progress
        self._stop = stop
        self._shared = shared
        self._begun = shared is not None
        self._mebibytes = 0

    def expect(self, total: int | None) -> None:
        """Begin the stage of this file, whose size is `total` bytes where that is known."""
        if not self._begun:
            self._begun = True
            self._progress.start(f"fetching {self._name} (MiB)", (total or 0) >> 20)

    def at(self, n_bytes: int) -> None:
        """Say that `n_bytes` of the file are here.

        Raises:
            StoppedError: the download has to end.
        """
        if self._stop.is_set():
            raise StoppedError
        new = (n_bytes >> 20) - self._mebibytes
        if new > 0:
            self._mebibytes += new
            (self._shared or self._progress.advance)(new)

    def wait(self, seconds: float) -> None:
        """Wait, unless the download has to end.

        Raises:
            StoppedError: it has to.
        """
        if self._stop.wait(seconds):
            raise StoppedError

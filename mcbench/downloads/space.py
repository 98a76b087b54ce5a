"""Room on the disk, looked at before something large is written."""

from __future__ import annotations

import shutil
from pathlib import Path

from mcbench.errors import DiskSpaceError

MARGIN_BYTES = 64 << 20
"""What is left free, since a full disk breaks other programs."""


def free_bytes(folder: Path) -> int:
    """Return how many bytes may be written below `folder`, which need not exist yet."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    return max(0, shutil.disk_usage(there).free - MARGIN_BYTES)


def check_space(folder: Path, n_bytes: int, what: str) -> None:
    """Make sure that `n_bytes` more fit below `folder`.

    Raises:
        DiskSpaceError: they do not; the message tells both numbers.
    """
    free = free_bytes(folder)
    if n_bytes > free:
        raise DiskSpaceError(
            f"{what} needs {readable(n_bytes)}, and {folder} has room for {readable(free)}",
            "make room, or choose another disk with --home or MCBENCH_HOME",
        )


def readable(n_bytes: int) -> str:
    """Return a number of bytes as people read it, such as `1.5 GB`."""
    value, unit = float(n_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"

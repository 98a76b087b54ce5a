"""Ends a program when the mcbench that started it is gone, even if that was killed outright.

`run_program` starts this file as a process of its own (`PYTHON -I -S guard.py`, standard library alone) and
holds the other end of its standard input. The first line there is the program's process group; a second line
says that the program has been seen to its end. An input that ends without it means that mcbench died: nobody
waits for the program any more, and its group is killed. Unlike Linux's death signal of a parent, this reaches
what the program started, too, and works wherever there are process groups.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress


def main() -> None:
    """Wait for the two lines, and kill the group if the second never comes."""
    group = sys.stdin.readline().strip()
    if group and not sys.stdin.readline():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(int(group), signal.SIGKILL)


if __name__ == "__main__":
    main()

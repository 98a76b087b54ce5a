"""Ends what mcbench started when mcbench itself is gone, even if that was killed outright.

`programs` starts this file as a process of its own (`PYTHON -I -S guard.py`, standard library alone) and
holds the other end of its standard input. The first line there is what to do, as JSON: the number of a
process group to kill, or the arguments of a command that ends what no process group reaches, such as a
container; a second line says that all has come to its end. An input that ends without it means that mcbench
died, and that nobody waits for the program any more. Unlike Linux's death signal of a parent, a group reaches
what the program started, too, and works wherever there are process groups.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

TRIES, PAUSE, PATIENCE = 3, 2.0, 60.0
"""A command is repeated: what was only being started when mcbench died may appear a moment later."""


def main() -> None:
    """Wait for the two lines, and do what the first says if the second never comes."""
    told = sys.stdin.readline()
    if not told.strip() or sys.stdin.readline():
        return
    wanted = json.loads(told)
    if isinstance(wanted, int):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(wanted, signal.SIGKILL)
        return
    for attempt in range(TRIES):
        time.sleep(PAUSE if attempt else 0)
        run(wanted)


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run the command that ends something; whether there still was something to end is not looked at."""
    quiet = subprocess.DEVNULL
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            command, env=environment, stdin=quiet, stdout=quiet, stderr=quiet, timeout=PATIENCE, check=False
        )


if __name__ == "__main__":
    main()

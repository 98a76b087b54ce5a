"""Whether the network may be used."""

from __future__ import annotations

import os

OFFLINE_VARIABLE = "MCBENCH_OFFLINE"


def is_offline(offline: bool | None = None) -> bool:
    """Return whether no socket may be opened.

    The environment variable MCBENCH_OFFLINE (anything but empty, `0`, `false` and `no`) wins over the
    argument, so that no caller can open a socket by having a default.

    Args:
        offline: what an option such as `--offline` says; None where there is none.
    """
    return bool(offline) or os.environ.get(OFFLINE_VARIABLE, "").lower() not in ("", "0", "false", "no")

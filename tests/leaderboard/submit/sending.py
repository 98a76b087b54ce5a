"""Submitting the run of `place`, spoiling files, and verifying."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcbench.leaderboard.submit import Verification, Wishes, submit_run, verify_submission


def send(place: Path, **wishes: Any) -> Path:
    sent = submit_run(place / "run", place / "board", wishes=Wishes(**wishes), home=place / "home")
    (path,) = sent.paths
    return path


def verify(place: Path, path: Path) -> Verification:
    return verify_submission(path, home=place / "home", offline=True)


def failures(found: Verification) -> list[str]:
    return [check.detail for check in found.checks if check.state == "failed"]


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))

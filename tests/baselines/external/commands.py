"""Programs that tests put on the path."""

from __future__ import annotations

from pathlib import Path


def client(folder: Path, name: str, script: str) -> None:
    """Write a program of this name."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)

"""Fixtures of several files on scoring."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scoring.making import clip, noisy, write_folder


@pytest.fixture
def sides(tmp_path: Path) -> Path:
    """A folder with predictions p/ and truth t/ of two videos, four frames each."""
    truth = {name: clip(seed, 4) for seed, name in enumerate(("v", "w"))}
    write_folder(tmp_path / "t", truth)
    write_folder(tmp_path / "p", {name: noisy(frames, 12.0) for name, frames in truth.items()})
    return tmp_path

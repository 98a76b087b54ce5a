"""Shared fixtures. Tests run on one thread each: several test processes share few cores."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# No test asserts a time: on a busy machine an example may take any. The same examples are tried in every run;
# `./run pytest --hypothesis-profile hunt` looks for new ones.
settings.register_profile("mcbench", deadline=None, derandomize=True)
settings.register_profile("hunt", deadline=None, max_examples=500)
settings.load_profile("mcbench")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of sample data beside the checkout; tests that need it skip without it."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "README.md").is_file():
        pytest.skip(f"no sample data: {folder} is absent")
    return folder


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test away from the user's own prepared data and weights."""
    monkeypatch.setenv("MCBENCH_HOME", str(tmp_path / "mcbench-home"))


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Take back what another test made of torch's threads; OMP_NUM_THREADS alone is read only once."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)

from __future__ import annotations

import mmap
import subprocess
from pathlib import Path

import pytest

from mcbench import environment
from mcbench.errors import InputError


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_git_state_tells_commit_and_changes(tmp_path: Path) -> None:
    try:
        _git(tmp_path, "init", "--quiet")
    except FileNotFoundError:
        pytest.skip("git is not installed")
    (tmp_path / "file").write_text("one")
    _git(tmp_path, "add", "file")
    _git(tmp_path, "commit", "--quiet", "--message", "first")
    head = _git(tmp_path, "rev-parse", "HEAD")
    assert environment.git_state(tmp_path) == (head, False)
    (tmp_path / "file").write_text("two")
    assert environment.git_state(tmp_path) == (head, True)


def test_git_state_of_a_folder_that_is_no_checkout_is_unknown(tmp_path: Path) -> None:
    assert environment.git_state(tmp_path) == (None, None)


def test_environment_names_what_can_change_a_number() -> None:
    described = environment.describe_environment("cpu")
    assert described.device == "cpu"
    assert described.packages["torch"]
    assert described.packages["numpy"]
    assert "cores" in described.hardware


def test_devices() -> None:
    assert environment.pick_device("cpu") == "cpu"
    for name in ("toaster", "cuda:99", ""):
        with pytest.raises(InputError, match="cannot be used"):
            environment.pick_device(name)


def test_peak_memory_can_be_measured_anew() -> None:
    environment.reset_peak_memory("cpu")
    before = environment.peak_memory_bytes("cpu")
    # A mapping of its own: memory from the heap may be what an earlier test gave back.
    with mmap.mmap(-1, 64 * 2**20) as block:
        for page in range(0, len(block), mmap.PAGESIZE):
            block[page] = 1
        during = environment.peak_memory_bytes("cpu")
    assert before is not None
    assert during is not None
    assert during - before > 32 * 2**20

"""A benchmark of two short, small generated clips, prepared once for the chain's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mcbench import data

MANIFEST = """
id = "tiny"
title = "Two short clips of two and three people, for tests"
default_source = "generated"

[sources.generated]
kind = "generated"
networks = "embedded"
size = [112, 80]
generator_version = {version}
max_frames = 20

[sources.generated.subsets.default]
clips = ["demo-01", "demo-02"]
"""

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def tiny_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with the benchmark `tiny` prepared in it."""
    from mcbench.data.generated import GENERATOR_VERSION

    home = tmp_path_factory.mktemp("home")
    (home / "manifests").mkdir()
    (home / "manifests" / "tiny.toml").write_text(MANIFEST.format(version=GENERATOR_VERSION))
    data.prepare("tiny", home=home, workers=1)
    return home


def start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start mcbench as a process of its own, in a group that can be killed as a whole."""
    return subprocess.Popen(
        [sys.executable, "-m", "mcbench", *arguments],
        env={**os.environ, "MCBENCH_HOME": str(home), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def mcbench(tiny_home: Path) -> Command:
    """Run mcbench to its end with the tiny benchmark at hand."""

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        process = start(tiny_home, *arguments)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    return call

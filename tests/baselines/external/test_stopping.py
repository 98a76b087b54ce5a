"""A process that is really stopped or killed takes its driver along and leaves nothing to trust."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from mcbench.baselines.external.installing import install_state
from mcbench.data import prepare
from mcbench.runs import RunRequest, run_model
from tests.baselines.test_installing import with_environment
from tests.baselines.test_runner import GOOD, SIZE, animate, write_method
from tests.signals import listen
from tests.video.making import numbered, write_video

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups and signals are those of POSIX")

# It has a child of its own, as drivers that start the authors' script have.
HANGS = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
pids = pathlib.Path({pids!r})
(pids.parent / "partial").write_text(f"{{os.getpid()}} {{child.pid}}")
(pids.parent / "partial").rename(pids)
time.sleep(600)
"""
ANIMATES = """
import sys
from tests.baselines.test_runner import animate
animate(sys.argv[1])
"""
RUNS = """
import os, pathlib, sys
from mcbench.baselines.external.programs import run_program
here = pathlib.Path(sys.argv[2]).parent
run_program(sys.argv[1:], cwd=here, environment=os.environ, log=here / "log", minutes=60)
"""
_LONG = 120.0
"""Seconds after which a test gives up, and fails; nothing here depends on how long anything takes."""


def until(happened: Callable[[], object]) -> bool:
    deadline = time.monotonic() + _LONG
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(happened())


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # nobody may be there to reap it
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], list[int]]]]:
    """Start a Python program that runs the method `hanging`; give it, and the pids of driver and child."""
    started: list[subprocess.Popen[str]] = []
    pids = tmp_path / "pids"

    def begin(*words: str) -> tuple[subprocess.Popen[str], list[int]]:
        process = subprocess.Popen(
            [sys.executable, *words], cwd=Path(__file__).parents[3], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=listen,
        )  # fmt: skip
        started.append(process)
        assert until(lambda: pids.is_file() or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        return process, [int(word) for word in pids.read_text().split()]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def hanging(tmp_path: Path) -> str:
    return write_method(tmp_path / "hanging", HANGS.format(pids=str(tmp_path / "pids")))


def job_folders(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "mcbench-home" / "baselines" / "jobs").iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stopped_process_takes_its_program_along(tmp_path, hanging, start, number):
    program = Path(hanging).with_name("driver.py")
    process, pids = start("-c", RUNS, sys.executable, str(program))
    process.send_signal(number)
    _, told = process.communicate()
    assert "KeyboardInterrupt" in told if number == signal.SIGINT else process.returncode == 128 + number
    assert [pid for pid in pids if not until(lambda pid=pid: is_gone(pid))] == []


def test_a_run_that_was_told_to_end_goes_on_afterwards(tmp_path, hanging, start):
    (tmp_path / "videos").mkdir()
    write_video(tmp_path / "videos" / "a.mp4", numbered(4, *SIZE))
    assert prepare("local", from_path=tmp_path / "videos", name="real").complete
    out = tmp_path / "results"
    words = ["--model", hanging, "--split", "local/real", "--out", str(out)]
    process, pids = start("-m", "mcbench", "run", *words)
    assert len(job_folders(tmp_path)) == 1
    process.terminate()
    _, told = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert "the same command goes on from here" in told
    assert [pid for pid in pids if not until(lambda pid=pid: is_gone(pid))] == []
    assert job_folders(tmp_path) == []
    assert not [path for path in out.rglob("*") if path.suffix == ".png" or "partial" in path.name]
    write_method(
        tmp_path / "hanging", GOOD.replace("(job)\n", "(job).copy()\n    reference[0, 0] ^= 255\n", 1)
    )
    (video,) = run_model(RunRequest(hanging, "local/real", out=out)).videos
    assert (video.status, video.reason) == ("done", "")


def test_a_killed_process_takes_its_driver_along_and_the_next_removes_its_folder(tmp_path, hanging, start):
    process, pids = start("-c", ANIMATES, hanging)
    (folder,) = job_folders(tmp_path)
    good = write_method(tmp_path / "good", GOOD)
    assert len(animate(good)) == 3
    assert job_folders(tmp_path) == [folder]  # its process lives
    assert process.poll() is None
    process.kill()
    process.communicate()
    assert [pid for pid in pids if not until(lambda pid=pid: is_gone(pid))] == []
    assert (folder / "job.json").is_file()
    assert len(animate(good)) == 3
    assert job_folders(tmp_path) == []


def test_an_installation_that_was_told_to_end_is_not_trusted(tmp_path, start):
    package = tmp_path / "package"
    package.mkdir()
    (package / "setup.py").write_text(HANGS.format(pids=str(tmp_path / "pids")))
    method = with_environment(f"{package}")
    path = tmp_path / "method.json"
    path.write_text(method.model_dump_json())
    program = """
import pathlib, sys
from mcbench.baselines.external.installing import install
from mcbench.baselines.spec import Spec
install(Spec.model_validate_json(pathlib.Path(sys.argv[1]).read_text()), builder="venv", offline=True)
"""
    process, pids = start("-c", program, str(path))
    process.terminate()
    process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert [pid for pid in pids if not until(lambda pid=pid: is_gone(pid))] == []
    state = install_state(method)
    assert (state.state, state.reason) == ("failed", "it was stopped")

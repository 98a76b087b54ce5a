"""What makes an environment on this machine: uv, venv or conda. Each is one function with one outcome."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcbench.baselines.external.containers.engine import PROGRAMS
from mcbench.baselines.external.containers.record import ContainerImage
from mcbench.baselines.external.programs import disk_was_full, last_lines, run_program
from mcbench.baselines.external.variables import variables
from mcbench.baselines.spec import PythonEnvironment
from mcbench.errors import DiskSpaceError, InputError, WorkerError

MINUTES = 240.0
"""What a step may take."""
PIP_SETTINGS = {"PYTHONNOUSERSITE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
WHICH_PYTHON = ("-c", "import sys; print('%d.%d' % sys.version_info[:2])")
"""Arguments by which an interpreter tells its version, as 3.11."""
_LINES = 8
_ELSEWHERE = {"conda": ("micromamba", "mamba", "conda"), "docker": PROGRAMS}
"""Builders that are never chosen by themselves -> their programs."""


@dataclass(frozen=True)
class Order:
    """What is to be built.

    Attributes:
        method: its id.
        wanted: the environment of its spec.
        folder: of the installation, which exists.
        requirements: the file of requirements in it.
        base: the image to start from; empty for the default. Of containers alone.
        offline: forbid the network for such an image.
    """

    method: str
    wanted: PythonEnvironment
    folder: Path
    requirements: Path
    base: str = ""
    offline: bool = False


class Steps:
    """Runs the steps of a build one after the other, what they say in one log."""

    def __init__(self, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._log = log
        self._environment = variables(PIP_SETTINGS, installing=True) if environment is None else environment

    def run(self, arguments: Sequence[str], what: str) -> None:
        """Run a program to its end.

        Args:
            arguments: the program and its arguments.
            what: what it does, for the message.

        Raises:
            WorkerError: it failed; the message has the log's last lines.
            DiskSpaceError: the disk is full.
        """
        with self._log.open("a", encoding="utf-8") as stream:
            stream.write(f"\n$ {' '.join(arguments)}\n")
        outcome = run_program(
            arguments, cwd=self._log.parent, environment=self._environment, log=self._log, minutes=MINUTES
        )
        if outcome.code == 0:
            return
        told = self.told()
        if disk_was_full(self._log):
            raise DiskSpaceError(
                f"the disk was full while the environment was built: {' | '.join(told[-1:])}",
                "make room, or choose another disk with --home or MCBENCH_HOME",
            )
        why = "it took too long" if outcome.cut else f"exit code {outcome.code}"
        raise WorkerError(f"{what} failed ({why}): {' | '.join(told)}", f"the whole log: {self._log}")

    def told(self) -> list[str]:
        """Return the last lines of the last step; what earlier ones said explains nothing."""
        lines = last_lines(self._log, _LINES)
        begun = max((place for place, line in enumerate(lines) if line.startswith("$ ")), default=-1)
        return lines[begun + 1 :]

    def ask(self, arguments: Sequence[str]) -> str:
        """Return what a program prints; empty where it fails."""
        told = subprocess.run(
            arguments, capture_output=True, text=True, check=False, env=dict(self._environment)
        )
        return told.stdout.strip() if told.returncode == 0 else ""


@dataclass(frozen=True)
class Made:
    """An environment that has been made, its packages not yet in it.

    Attributes:
        steps: what runs its programs.
        python: how its interpreter is called, as a user of the method will.
        pip: a command of pip (`install`, `freeze`) -> how that is called for this environment.
        keep: ends the making; returns the image where there is one.
    """

    steps: Steps
    python: Sequence[str]
    pip: Callable[[str], list[str]]
    keep: Callable[[], ContainerImage | None] = lambda: None


@dataclass(frozen=True)
class Maker:
    """A way to make environments.

    Attributes:
        check: raises InputError where this machine lacks what it needs; asked before anything is removed.
        make: (what is to be built, log) -> the environment, while its packages are put into it.
    """

    check: Callable[[], object]
    make: Callable[[Order, Path], AbstractContextManager[Made]]


def python_of(folder: Path) -> Path:
    """Return where the interpreter of an installation is, if its environment is on this machine."""
    if os.name == "nt":
        return folder / "venv" / "Scripts" / "python.exe"
    return folder / "venv" / "bin" / "python"


@contextmanager
def by_uv(order: Order, log: Path) -> Iterator[Made]:
    """Make an environment by uv, which brings a Python that is not here.

    Raises:
        InputError: there is no uv.
        WorkerError: it has no such Python; the hint names other builders that are here.
    """
    uv, steps, python = check_uv(), Steps(log), str(python_of(order.folder))
    try:
        steps.run(
            [*uv, "venv", "--no-project", "--python", order.wanted.python, str(order.folder / "venv")],
            "uv venv",
        )
    except WorkerError as error:
        raise WorkerError(error.message, "; ".join([error.hint, *_others_here()])) from None
    yield Made(steps, [python], lambda command: [*uv, "pip", command, "--python", python])


@contextmanager
def by_venv(order: Order, log: Path) -> Iterator[Made]:
    """Make an environment by the venv of a Python that is here.

    Raises:
        InputError: there is no such Python; the hint names other builders that are here.
        WorkerError: it failed.
    """
    steps = Steps(log)
    interpreter = _interpreter(order.wanted.python)
    steps.run([interpreter, "-m", "venv", str(order.folder / "venv")], "python -m venv")
    yield _with_its_own_pip(steps, order)


@contextmanager
def by_conda(order: Order, log: Path) -> Iterator[Made]:
    """Make an environment by micromamba, mamba or conda.

    Raises:
        InputError: there is none of them.
        WorkerError: it failed.
    """
    conda, steps = check_conda(), Steps(log)
    what = [f"python={order.wanted.python}", "pip"]
    steps.run([conda, "create", "--yes", "--prefix", str(order.folder / "venv"), *what], "conda create")
    yield _with_its_own_pip(steps, order)


def find_uv() -> list[str]:
    """Return how uv is called: from the path, or beside the interpreter that mcbench runs in."""
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    found = shutil.which("uv") or beside
    return [found] if found else []


def check_uv() -> list[str]:
    """Return how uv is called.

    Raises:
        InputError: there is none.
    """
    if uv := find_uv():
        return uv
    raise InputError("there is no uv on this machine", "pip install uv, or: --with venv")


def check_conda() -> str:
    """Return the path of micromamba, mamba or conda.

    Raises:
        InputError: there is none of them.
    """
    for name in _ELSEWHERE["conda"]:
        if found := shutil.which(name):
            return found
    raise InputError("there is no conda, mamba or micromamba on this machine", "use uv: --with uv")


def _with_its_own_pip(steps: Steps, order: Order) -> Made:
    python = str(python_of(order.folder))
    return Made(steps, [python], lambda command: [python, "-m", "pip", command])


def _interpreter(version: str) -> str:
    """Return an interpreter of the wanted version that runs."""
    candidates = [sys.executable, *(shutil.which(name) for name in (f"python{version}", "python3"))]
    for candidate in filter(None, candidates):
        told = subprocess.run([candidate, *WHICH_PYTHON], capture_output=True, text=True, check=False)
        if told.stdout.strip() == version:
            return candidate
    raise InputError(
        f"there is no Python {version} on this machine",
        "; ".join(["install it, or let uv bring it: pip install uv", *_others_here()]),
    )


def _others_here() -> list[str]:
    """Return how to ask for the builders that are here and are never chosen by themselves."""
    return [
        f"or let {name} bring it, which is here: --with {builder}"
        for builder, programs in _ELSEWHERE.items()
        for name in list(filter(shutil.which, programs))[:1]
    ]

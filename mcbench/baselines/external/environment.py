"""Environments of methods: Python and its packages, by uv, else venv, or conda where it is asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from mcbench.baselines.external.programs import disk_was_full, last_lines, run_program, variables
from mcbench.baselines.spec import PythonEnvironment
from mcbench.errors import DiskSpaceError, InputError, WorkerError

Builder = Literal["auto", "uv", "venv", "conda"]
BUILDERS: tuple[Builder, ...] = ("auto", "uv", "venv", "conda")
_MINUTES = 240.0
_OWN = {"PYTHONNOUSERSITE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
_NEEDED_BY_DRIVERS = "import numpy, PIL.Image; PIL.Image.Resampling"


def python_of(folder: Path) -> Path:
    """Return where the interpreter of an environment is."""
    if os.name == "nt":
        return folder / "Scripts" / "python.exe"
    return folder / "bin" / "python"


def build(
    wanted: PythonEnvironment, folder: Path, log: Path, builder: Builder, *, drivers: bool
) -> tuple[str, tuple[str, ...]]:
    """Make an environment.

    Args:
        wanted: of the spec.
        folder: does not exist; what a failed build leaves there is the caller's to remove.
        log: where the installers' output goes.
        builder: `auto` takes uv where there is one, else venv.
        drivers: make sure that it has what `driver_kit` needs.

    Returns:
        what built it, and its packages as `NAME==VERSION`.

    Raises:
        InputError: there is no such builder or Python on this machine.
        WorkerError: a step failed; the message has the log's last lines.
        DiskSpaceError: the disk is full.
    """
    uv = _uv()
    if builder == "auto":
        builder = "uv" if uv else "venv"
    requirements = folder.with_name("requirements.txt")
    requirements.write_text("".join(f"{line}\n" for line in wanted.requirements), encoding="utf-8")
    python = python_of(folder)
    if builder == "uv":
        if not uv:
            raise InputError("there is no uv on this machine", "pip install uv, or: --with venv")
        _step([*uv, "venv", "--no-project", "--python", wanted.python, str(folder)], log)
        pip = [*uv, "pip"]
        where = ["--python", str(python)]
    else:
        if builder == "venv":
            _step([_interpreter(wanted.python), "-m", "venv", str(folder)], log)
        else:
            _step(
                [_conda(), "create", "--yes", "--prefix", str(folder), f"python={wanted.python}", "pip"], log
            )
        pip, where = [str(python), "-m", "pip"], []
    if wanted.requirements:
        _step([*pip, "install", *where, "--requirement", str(requirements)], log)
    frozen = subprocess.run(
        [*pip, "freeze", *where], capture_output=True, text=True, check=False, env=_variables()
    )
    if drivers:
        _step([str(python), "-c", _NEEDED_BY_DRIVERS], log, "an environment without numpy and Pillow 9.1")
    return builder, tuple(sorted(line for line in frozen.stdout.splitlines() if line.strip()))


def _step(arguments: Sequence[str], log: Path, what: str = "") -> None:
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"\n$ {' '.join(arguments)}\n")
    outcome = run_program(arguments, cwd=log.parent, environment=_variables(), log=log, minutes=_MINUTES)
    if outcome.code == 0:
        return
    told = last_lines(log, 8)
    if disk_was_full(log):
        raise DiskSpaceError(
            f"the disk was full while the environment was built: {' | '.join(told[-1:])}",
            "make room, or choose another disk with --home or MCBENCH_HOME",
        )
    reason = what or " ".join(Path(word).name for word in arguments[:3])
    raise WorkerError(
        f"{reason} failed ({'it took too long' if outcome.cut else f'exit code {outcome.code}'}): "
        + " | ".join(told),
        f"the whole log: {log}",
    )


def _variables() -> dict[str, str]:
    return variables(_OWN, installing=True)


def _uv() -> list[str]:
    """Return how uv is called: from the path, or beside the interpreter that mcbench runs in."""
    beside = shutil.which("uv", path=str(Path(sys.executable).parent))
    found = shutil.which("uv") or beside
    return [found] if found else []


def _conda() -> str:
    for name in ("micromamba", "mamba", "conda"):
        if found := shutil.which(name):
            return found
    raise InputError("there is no conda, mamba or micromamba on this machine", "use uv: --with uv")


def _interpreter(version: str) -> str:
    """Return an interpreter of the wanted version that runs."""
    candidates = [sys.executable, *(shutil.which(name) for name in (f"python{version}", "python3"))]
    for candidate in filter(None, candidates):
        told = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if told.stdout.strip() == version:
            return candidate
    raise InputError(
        f"there is no Python {version} on this machine", "install it, or let uv bring it: pip install uv"
    )

"""The engine of containers: docker or podman, which speak one command line; which answers, and as whom."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any, Literal

from mcbench.baselines.external.variables import engine_variables
from mcbench.errors import InputError

PROGRAMS = ("docker", "podman")
"""In the order of preference."""
_PATIENCE = 60.0
"""Seconds for a question."""
_START = {
    "docker": "start it (systemctl start docker, or Docker Desktop), and see that `docker info` works",
    "podman": "see that `podman info` works",
}


@dataclass(frozen=True)
class Engine:
    """An engine that answers.

    Attributes:
        program: what is called, one of `PROGRAMS`.
        path: where that lies.
        kind: what it is; a program `docker` may be podman's.
        users: how users in a container are those outside: the same, all shifted but the caller's own (who
            is root inside with docker), or all shifted.
        limits_memory: whether it keeps to a limit of memory; podman without root does not on older systems
            (cgroups of version 1), and says nothing.
    """

    program: str
    path: str
    kind: Literal["docker", "podman"]
    users: Literal["same", "rootless", "remapped"]
    limits_memory: bool

    def words(self, *arguments: str) -> list[str]:
        """Return a command of the engine as a list of arguments."""
        return [self.path, *arguments]

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Return what a short command says; one that takes too long counts as failed."""
        return _asked(self.words(*arguments))

    def image_id(self, image: str) -> str:
        """Return the id of an image that is here, by its name or id; empty if it is not."""
        told = self.ask("image", "inspect", "--format", "{{.Id}}", image)
        return told.stdout.strip() if told.returncode == 0 else ""

    @property
    def caller(self) -> str:
        """Who the caller is inside a container, as USER:GROUP."""
        rootless_docker = self.kind == "docker" and self.users == "rootless"
        return "0:0" if rootless_docker else f"{os.getuid()}:{os.getgid()}"

    def as_caller(self) -> list[str]:
        """Return the options with which the caller owns what a container writes into the caller's folders."""
        spaces = {
            ("docker", "remapped"): ["--userns", "host"],
            ("podman", "rootless"): ["--userns", "keep-id"],
        }
        return [*spaces.get((self.kind, self.users), []), "--user", self.caller]

    def with_gpus(self) -> list[str]:
        """Return the options that give a container the GPUs of this machine."""
        return ["--gpus", "all"] if self.kind == "docker" else ["--device", "nvidia.com/gpu=all"]


def find_engine(program: str = "") -> Engine:
    """Return the engine to use: docker where it is and answers, else podman.

    Args:
        program: take this one and no other.

    Raises:
        InputError: there is none, or none that answers; the message has what it said.
    """
    if os.name != "posix":
        raise InputError(
            "containers need the paths and users of Linux or macOS", "on Windows run mcbench inside WSL"
        )
    wanted = (program,) if program else PROGRAMS
    silent: dict[str, str] = {}
    for name in wanted:
        if path := shutil.which(name):
            told = _asked([path, "info", "--format", "{{json .}}"])
            if engine := _engine(name, path, told):
                return engine
            silent[name] = ((told.stderr or told.stdout).strip().splitlines() or ["it said nothing"])[-1]
    if not silent:
        raise InputError(
            f"there is no {' or '.join(wanted)} on this machine", "install one of them, or use uv: --with uv"
        )
    raise InputError(
        "; ".join(f"{name} is here, and no engine answers it: {why}" for name, why in silent.items()),
        "; or: ".join(_START[name] for name in silent),
    )


def _engine(program: str, path: str, told: subprocess.CompletedProcess[str]) -> Engine | None:
    """Return the engine that an answer is from; a client alone answers, too, and is none."""
    if told.returncode:
        return None
    try:
        info = json.loads(told.stdout)
    except ValueError:
        return None
    if isinstance(info, dict) and info.get("ServerVersion"):
        return Engine(program, path, "docker", _users(info), bool(info.get("MemoryLimit")))
    if isinstance(info, dict) and isinstance(info.get("host"), dict):
        host = info["host"]
        users: Literal["same", "rootless"] = (
            "rootless" if (host.get("security") or {}).get("rootless") else "same"
        )
        return Engine(program, path, "podman", users, "memory" in (host.get("cgroupControllers") or ()))
    return None


def _users(info: dict[str, Any]) -> Literal["same", "rootless", "remapped"]:
    options = [str(option) for option in info.get("SecurityOptions") or ()]
    if any(option.startswith("name=rootless") for option in options):
        return "rootless"
    return "remapped" if any(option.startswith("name=userns") for option in options) else "same"


def _asked(words: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            words, capture_output=True, text=True, check=False, env=engine_variables(),
            stdin=subprocess.DEVNULL, timeout=_PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, 1, "", f"no answer for {_PATIENCE:g} seconds")
    except OSError as error:
        return subprocess.CompletedProcess(words, 1, "", error.strerror or str(error))

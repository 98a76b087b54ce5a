"""Where and with what a result was made: versions, git, hardware, memory."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import mcbench
from mcbench.errors import InputError
from mcbench.records import Environment

_PACKAGES = (
    "torch", "torchvision", "torchmetrics", "numpy", "scipy", "lpips", "pytorch-fid", "pandas", "diffusers",
    "transformers", "accelerate", "safetensors", "decord", "av", "opencv-python-headless", "pillow",
)  # fmt: skip


def pick_device(device: str) -> str:
    """Return the torch device for a `--device` value; `auto` takes CUDA, then MPS, then the CPU.

    Raises:
        InputError: the device's name is unknown to torch, or this machine has none of it.
    """
    import torch

    if device == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=torch.device(device))
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"device {device!r} cannot be used: {reason}", "mcbench doctor shows the devices of this machine"
        ) from error
    return device


def describe_environment(device: str = "cpu") -> Environment:
    """Return the record of this process's surroundings for a run or score on `device`."""
    commit, dirty = git_state()
    return Environment(
        mcbench=mcbench.__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages=package_versions(),
        hardware=_hardware(device),
        device=device,
        git_commit=commit,
        git_dirty=dirty,
    )


@lru_cache(maxsize=1)
def package_versions() -> dict[str, str]:
    """Return name -> version of the packages that can change a number; absent ones are left out."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def git_state(folder: Path | None = None) -> tuple[str | None, bool | None]:
    """Return (commit, whether files differ from it) of the checkout that mcbench runs from.

    (None, None) where mcbench is installed as a package, or there is no git.
    """
    where = folder or Path(mcbench.__file__).resolve().parent.parent
    if not (where / ".git").exists():
        return None, None
    commit = _git(where, "rev-parse", "HEAD")
    status = _git(where, "status", "--porcelain", "--untracked-files=no")
    return commit, None if status is None else bool(status)


def reset_peak_memory(device: str) -> None:
    """Begin a new measurement for `peak_memory_bytes`, where the system allows it."""
    if device.startswith("cuda"):
        import torch

        torch.cuda.reset_peak_memory_stats(device)
    with suppress(OSError):
        # Writing 5 resets the peak resident size of this process (Linux; see proc(5)).
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_memory_bytes(device: str) -> int | None:
    """Return the peak memory since `reset_peak_memory`; None where the system does not tell.

    On a CUDA device what torch allocated there, otherwise the resident size of this process. Off Linux
    the latter cannot be reset, and counts from the process's start.
    """
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.max_memory_allocated(device))
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _hardware(device: str) -> str:
    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_name(device)
    return f"{_cpu_name()}, {os.cpu_count()} cores"


@lru_cache(maxsize=1)
def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()

"""Programs of other people: argument lists, no shell; chosen variables; ended when they exceed a limit."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

_PASSED_ON = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP",
        "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "APPDATA",
        "LOCALAPPDATA", "USERPROFILE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME", "XDG_DATA_HOME", "PYENV_ROOT",
    }
)  # fmt: skip
"""Variables that programs of methods are given, where they are set; no password or token among them."""
_PASSED_ON_STARTS = ("LC_", "CUDA_", "NVIDIA_", "OMP_", "MKL_", "OPENBLAS_", "GIT_CONFIG_")
_BUILDERS = ("UV_", "PIP_", "CONDA_")
"""What an installer is given besides: where the user's package index is."""
_LOOK_AGAIN = 0.2
_PATIENCE = 5.0
"""Seconds that a program has to end by itself after it was told to."""


@dataclass(frozen=True)
class Outcome:
    """How a program ended.

    Attributes:
        code: its exit code; negative for a signal.
        cut: the limit that it exceeded, if one.
        seconds: how long it ran.
    """

    code: int
    cut: Literal["", "time", "memory"]
    seconds: float


def variables(extra: Mapping[str, str] | None = None, *, installing: bool = False) -> dict[str, str]:
    """Return the environment variables for a program: those on the list, and `extra`."""
    starts = _PASSED_ON_STARTS + (_BUILDERS if installing else ())
    passed = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _PASSED_ON or name.upper().startswith(starts)
    }
    return {**passed, **(extra or {})}


def run_program(
    arguments: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    log: Path,
    minutes: float,
    memory_gb: float | None = None,
) -> Outcome:
    """Run a program to its end, its output appended to a log.

    It runs in a process group of its own, which is ended with all that it started when a limit is exceeded,
    when this process is interrupted, and when the program itself ends.

    Args:
        arguments: the program and its arguments.
        cwd: the folder it runs in.
        environment: all of its environment variables.
        log: where standard output and error go.
        minutes: wall time that it may take.
        memory_gb: resident memory that it and its children may take, in 10^9 bytes.

    Raises:
        OSError: the program cannot be started, or the log not be written.
    """
    began = time.monotonic()
    cut: Literal["", "time", "memory"] = ""
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(arguments),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=os.name == "posix",
        )
        try:
            while process.poll() is None and not cut:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LOOK_AGAIN)
                if time.monotonic() - began > minutes * 60:
                    cut = "time"
                elif memory_gb is not None and _resident_bytes(process.pid) > memory_gb * 1e9:
                    cut = "memory"
        finally:
            _end(process)
    return Outcome(process.returncode, "" if process.returncode == 0 else cut, time.monotonic() - began)


def last_lines(log: Path, most: int) -> list[str]:
    """Return the last lines of a log that are not empty; progress bars count as their last state."""
    if not log.is_file():
        return []
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 65536))
        text = stream.read().decode("utf-8", errors="replace")
    lines = (line.rstrip().rpartition("\r")[2] for line in text.split("\n"))
    return [line for line in lines if line.strip()][-most:]


def _resident_bytes(pid: int) -> int:
    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += each.memory_info().rss
    return total


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it started."""
    family: list[psutil.Process] = []
    with suppress(psutil.Error):
        family = psutil.Process(process.pid).children(recursive=True)
    if process.poll() is None:
        _signal(process, family, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE)
    _signal(process, family, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _signal(process: subprocess.Popen[bytes], family: list[psutil.Process], number: int) -> None:
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
    else:
        with suppress(OSError):
            process.terminate()
    for each in family:
        with suppress(psutil.Error):
            each.send_signal(number)

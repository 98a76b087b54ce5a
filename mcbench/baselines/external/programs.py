"""Programs of other people: argument lists, no shell; ended beyond a limit, and with this process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Literal, NoReturn

import psutil

from mcbench.baselines.external import guard
from mcbench.baselines.external.variables import variables

_FULL_DISK = ("no space left on device", "disk quota exceeded", "file too large")
_LINES = 20
"""How far from a log's end a full disk is looked for: errors of other packages may follow it."""
_NO_ROOM = 2**16
"""Bytes; with fewer left a program may not even have been able to write its log."""
_LOOK_AGAIN = 0.2
_PATIENCE = 5.0
"""Seconds that a program has to end by itself after it was told to."""
_KILLED = 128
"""Exit codes of processes that a signal ended, as shells give them, are this and the signal's number."""


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
    when this process is interrupted or told to end (Ctrl-C, SIGTERM, SIGHUP), when it is killed outright
    (`guard.py` sees to that, where there are process groups), and when the program itself ends.

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
    with log.open("ab") as output, _told_to_end(), _guard(variables()) as watching:
        process = subprocess.Popen(
            list(arguments),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=os.name == "posix",
        )
        watching.watch(process.pid)
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
            watching.dismiss()
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


def disk_was_full(log: Path) -> bool:
    """Return whether a program failed for lack of room: its log says so, or there was none to say it in."""
    told = (line.lower() for line in last_lines(log, _LINES))
    return any(sign in line for line in told for sign in _FULL_DISK) or (
        shutil.disk_usage(log.parent).free < _NO_ROOM
    )


@contextmanager
def ended_by(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[None]:
    """Run `command` at the end of the block, however that ends, and also where this process is killed in it.

    For what is no child of this process, and so has to be ended by name.

    Args:
        command: the program and its arguments; whether it succeeds is not looked at.
        environment: all of its environment variables.
    """
    with _guard(environment) as watching:
        watching.watch(list(command))
        try:
            yield
        finally:
            guard.run(list(command), dict(environment))
            watching.dismiss()


class _Guard:
    """This side of `guard.py`; without process groups (Windows), nothing."""

    def __init__(self, told: IO[bytes] | None) -> None:
        self._told = told

    def watch(self, wanted: int | list[str]) -> None:
        """Say what to do where this process dies: kill a process group, or run a command."""
        self._say(json.dumps(wanted))

    def dismiss(self) -> None:
        """Say that all has come to its end; a guard that was never told so does what it was told to."""
        self._say("ended")

    def _say(self, line: str) -> None:
        if self._told is not None:
            with suppress(BrokenPipeError):
                self._told.write(f"{line}\n".encode())
                self._told.flush()


@contextmanager
def _guard(environment: Mapping[str, str]) -> Iterator[_Guard]:
    """Yield a guard that waits in a session of its own, started before what it guards."""
    if os.name != "posix":
        yield _Guard(None)
        return
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__],
        cwd="/",
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin is not None  # as it was asked for
    try:
        yield _Guard(process.stdin)
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()


@contextmanager
def _told_to_end() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end this process as an exception does while a program runs: by way of `finally`.

    Where somebody else handles or ignores them, or outside the main thread, they stay as they are.
    """
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    with ExitStack() as restored:
        if threading.current_thread() is threading.main_thread():
            for number in numbers:
                if signal.getsignal(number) is signal.SIG_DFL:
                    signal.signal(number, _leave)
                    restored.callback(signal.signal, number, signal.SIG_DFL)
        yield


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(_KILLED + number)


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

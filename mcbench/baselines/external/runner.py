"""One job: the method's program runs in its environment, and what it made is looked at before it counts."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mcbench.baselines.external.containers.mounts import named_in, targets
from mcbench.baselines.external.containers.running import STARTED_NOTHING, in_container
from mcbench.baselines.external.installing import Installation
from mcbench.baselines.external.job import RESULT, JobRecord, ResultRecord
from mcbench.baselines.external.programs import Outcome, disk_was_full, last_lines, run_program
from mcbench.baselines.external.variables import engine_variables, variables
from mcbench.baselines.spec import Limits, Spec
from mcbench.errors import (
    DataMissingError,
    DiskSpaceError,
    InputError,
    McbenchError,
    MismatchError,
    WorkerError,
)
from mcbench.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES, Frame, FrameSource, open_frames

DRIVERS = Path(__file__).parent / "drivers"
LOG = "driver.log"
_SAID_ITSELF = 3
"""Exit code of a driver that says what is wrong: `driver_kit.FAILED`."""
_SIGNALLED = 128
"""Exit codes of containers whose program a signal ended are this and the signal's number."""
_LINES, _ALL_LINES = 6, 200
_QUIET = {
    "PYTHONNOUSERSITE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONIOENCODING": "utf-8",
    "PYTHONPATH": str(DRIVERS),
    # Weights come by the spec, checked: nothing is to be fetched behind the user's back.
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}


@dataclass(frozen=True)
class _Launch:
    """How a job's program is started, and what `run_program` has to see to."""

    arguments: Sequence[str]
    environment: dict[str, str]
    memory_gb: float | None


def driver_path(spec: Spec) -> Path:
    """Return the file of a spec's driver.

    Raises:
        DataMissingError: there is none.
    """
    path = Path(spec.driver) if spec.driver.endswith(".py") else DRIVERS / f"{spec.driver}.py"
    if not path.is_file():
        raise DataMissingError(f"{spec.id} has no driver {path}", "correct `driver` in its spec")
    return path


def run_job(
    spec: Spec, installation: Installation, folder: Path, job: JobRecord, limits: Limits
) -> ResultRecord:
    """Run a method's program on a job folder.

    Args:
        spec: the method's.
        installation: where its program runs.
        folder: of the job.
        job: its record.
        limits: when the program is ended.

    Returns:
        what the driver says; for a command, what can be told without one.

    Raises:
        WorkerError: the program failed, exceeded a limit, or left frames that cannot be used; the message has
            the last lines of its log, and the error's notes have more.
        DiskSpaceError: it found the disk full.
        InputError: the program cannot be started.
    """
    log = folder / LOG
    launched = _here if installation.container is None else _contained
    with launched(spec, installation, folder, job, limits) as launch:
        try:
            outcome = run_program(
                launch.arguments,
                cwd=folder,
                environment=launch.environment,
                log=log,
                minutes=limits.minutes,
                memory_gb=launch.memory_gb,
            )
        except (FileNotFoundError, PermissionError) as error:
            raise InputError(
                f"{spec.id}: cannot start {launch.arguments[0]}: {error.strerror}",
                "correct the command in its spec",
            ) from error
    if installation.container is not None:
        outcome = _as_of_the_program(outcome, limits)
    if outcome.code and not outcome.cut and disk_was_full(log):
        raise DiskSpaceError(
            f"{spec.id} on {job.video}: the disk was full while its program wrote to {folder.parent}",
            "make room, or choose another disk with --home or MCBENCH_HOME",
        )
    if outcome.code or outcome.cut:
        raise _ended(spec, installation, job, outcome, limits, log)
    try:
        return _checked(spec, folder, job, outcome)
    except McbenchError as error:
        raise _with_log(f"{spec.id} on {job.video}: {error.message}", log) from error


def made_frames(spec: Spec, folder: Path, job: JobRecord) -> FrameSource:
    """Return the frames that a program left: pictures, or of a command also one video.

    Raises:
        MismatchError: there are none.
        FileFormatError: they cannot be read, or their sizes differ.
    """
    output = folder / job.output
    entries = sorted(output.iterdir()) if output.is_dir() else []
    pictures = [path for path in entries if path.suffix.lower() in IMAGE_SUFFIXES]
    videos = [path for path in entries if path.suffix.lower() in VIDEO_SUFFIXES]
    if spec.command and not pictures and len(videos) == 1:
        return open_frames(videos[0])
    if not pictures:
        raise MismatchError(f"it made no frame of {job.n_frames}")
    return open_frames(output)


@contextmanager
def _here(
    spec: Spec, installation: Installation, folder: Path, job: JobRecord, limits: Limits
) -> Iterator[_Launch]:
    given = variables(_variables_of(spec))
    yield _Launch(_arguments(spec, installation, folder, job), given, limits.memory_gb)


@contextmanager
def _contained(
    spec: Spec, installation: Installation, folder: Path, job: JobRecord, limits: Limits
) -> Iterator[_Launch]:
    """The engine limits the memory: what it runs is no child of this process."""
    assert installation.container is not None  # as the caller looked
    weights = [Path(path) for path in job.weights.values()]
    read = [DRIVERS, *targets(weights), *named_in(str(value) for value in job.options.values())]
    read += [Path(each) for each in (job.repository, job.weights_folder) if each]
    with in_container(
        installation.container,
        _arguments(spec, installation, folder, job),
        folder=folder,
        read=[*read, *([driver_path(spec).parent] if spec.driver else [])],
        environment=_variables_of(spec),
        gpus=job.device.startswith("cuda"),
        memory_gb=limits.memory_gb,
    ) as words:
        yield _Launch(words, engine_variables(), None)


def _variables_of(spec: Spec) -> dict[str, str]:
    """Return the variables that a method's program is given besides those of the list."""
    return {**_QUIET, **(spec.environment.variables if spec.environment else {})}


def _as_of_the_program(outcome: Outcome, limits: Limits) -> Outcome:
    """Return how a program in a container ended, from what the engine's own program ended with."""
    if outcome.cut or outcome.code <= _SIGNALLED:
        return outcome
    number = outcome.code - _SIGNALLED
    too_large = number == signal.SIGKILL and limits.memory_gb is not None
    return replace(outcome, code=-number, cut="memory" if too_large else "")


def _arguments(spec: Spec, installation: Installation, folder: Path, job: JobRecord) -> Sequence[str]:
    if spec.driver:
        return [str(installation.python), str(driver_path(spec)), str(folder)]
    (folder / job.output).mkdir()
    values = {
        "job": str(folder),
        "output": str(folder / job.output),
        "reference": str(folder / job.reference),
        "frames": str(job.n_frames),
        "seed": str(job.seed),
        "width": str(job.size[1]),
        "height": str(job.size[0]),
        "fps": f"{job.fps:g}",
        "device": job.device,
        "python": str(installation.python),
        "repository": job.repository or "",
        "weights": job.weights_folder or "",
    }
    return [word.format(**values) for word in spec.command]


def _checked(spec: Spec, folder: Path, job: JobRecord, outcome: Outcome) -> ResultRecord:
    """Return the result after a look at every frame.

    Raises:
        MismatchError: too few or too many frames, of another size, or all of one colour.
        FileFormatError: a frame or the result cannot be read.
    """
    source = made_frames(spec, folder, job)
    if source.n_frames != job.n_frames:
        raise MismatchError(f"it made {source.n_frames} frames, not {job.n_frames}")
    if source.size != job.size:
        raise MismatchError(
            f"it made frames of {source.size[0]}x{source.size[1]}, not {job.size[0]}x{job.size[1]} "
            "(height x width)"
        )
    if spec.driver:
        names = [f"{index:06d}.png" for index in range(job.n_frames)]
        absent = [name for name in names if not (folder / job.output / name).is_file()]
        if absent:
            raise MismatchError(f"it made no {absent[0]}; frames are 000000.png, 000001.png, ...")
    flat = sum(_is_flat(frame) for frame in source)  # every frame is decoded, so a damaged one is told
    if flat == job.n_frames:
        raise MismatchError("all of its frames are of one colour")
    if spec.command:
        return ResultRecord(n_frames=job.n_frames, size=job.size, seconds=round(outcome.seconds, 3))
    result = ResultRecord.read(folder / RESULT)
    if result.n_frames != job.n_frames:
        raise MismatchError(f"its {RESULT} tells of {result.n_frames} frames, not {job.n_frames}")
    return result


def _is_flat(frame: Frame) -> bool:
    return bool((frame == frame[0, 0]).all())


def _ended(
    spec: Spec, installation: Installation, job: JobRecord, outcome: Outcome, limits: Limits, log: Path
) -> WorkerError:
    if outcome.cut == "time":
        why = f"was ended after {limits.minutes:g} minutes"
        hint = "give it longer: --option limit_minutes=N"
    elif outcome.cut == "memory":
        why = f"was ended, as it took more than {limits.memory_gb:g} GB of memory"
        hint = "give it more: --option limit_memory_gb=N"
    elif outcome.code < 0:
        why, hint = f"was killed by signal {-outcome.code}", "is there enough memory?"
    elif installation.container is not None and outcome.code == STARTED_NOTHING:
        why = f"was not started: {installation.container.engine.program} could not run its container"
        hint = ""
    else:
        why, hint = f"ended with exit code {outcome.code}", ""
    if outcome.code == _SAID_ITSELF and spec.driver:
        told = [line for line in last_lines(log, _ALL_LINES) if line.startswith("driver: ")]
        if told:
            return _noted(WorkerError(f"{spec.id} on {job.video}: {told[-1].removeprefix('driver: ')}"), log)
    return _with_log(f"{spec.id} on {job.video} {why}", log, hint)


def _with_log(message: str, log: Path, hint: str = "") -> WorkerError:
    told = last_lines(log, _LINES)
    said = f"; its log ends: {' | '.join(told)}" if told else "; its log is empty"
    return _noted(WorkerError(message + said, hint), log)


def _noted(error: WorkerError, log: Path) -> WorkerError:
    error.add_note("log of the program:\n" + "\n".join(last_lines(log, _ALL_LINES)))
    return error

"""What lies in an engine because of a folder of mcbench: noted before it is made, removed with the folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcbench.baselines.external.containers.engine import Engine, find_engine
from mcbench.baselines.external.containers.record import Left
from mcbench.baselines.external.programs import ended_by
from mcbench.baselines.external.variables import engine_variables
from mcbench.errors import FileFormatError, InputError, WorkerError

NOTE = "container.json"
_REMOVE = ("rm", "--force", "--volumes")


@contextmanager
def container_held(engine: Engine, left: Left, folder: Path) -> Iterator[None]:
    """See to it that a container is gone after the block, however that ends and even if mcbench is killed.

    To kill the program `docker` does not end what it started, which is the engine's. The container is ended
    by its name: here, or by a guard where mcbench is killed outright, or by whoever finds the note where
    both are.

    Args:
        engine: that it is started in.
        left: its name, and that of the image which it may become.
        folder: of mcbench, for the note.
    """
    left.write(folder / NOTE)
    end = (*_REMOVE, left.container)
    engine.ask(*end)  # of an attempt that was killed together with its guard
    with ended_by(engine.words(*end), engine_variables()):
        yield


def remove_left(folder: Path) -> None:
    """Remove what a folder's note names: the container, and the image. Without a note there is nothing.

    Raises:
        InputError: the engine is gone or does not answer.
        WorkerError: the image cannot be removed, as something uses it.
    """
    if not (folder / NOTE).is_file():
        return
    try:
        left = Left.read(folder / NOTE)
    except FileFormatError:
        return  # damaged: it names nothing
    try:
        engine = find_engine(left.engine)
    except InputError as error:
        what = f"the image {left.image}" if left.image else f"the container {left.container}"
        raise InputError(f"{what} cannot be removed: {error.message}", error.hint) from error
    engine.ask(*_REMOVE, left.container)
    if left.image and engine.image_id(left.image):
        told = engine.ask("image", "rm", left.image)
        if told.returncode:
            why = (told.stderr.strip().splitlines() or ["it does not say why"])[-1]
            raise WorkerError(
                f"{engine.program} cannot remove the image {left.image}: {why}",
                "does a job of the method still run? Wait for it to end, and run the same again",
            )
    (folder / NOTE).unlink()

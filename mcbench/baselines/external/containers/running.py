"""Runs a method's program in a container: it sees its job, its code and its weights, and no network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcbench.baselines.external.containers.engine import Engine, find_engine
from mcbench.baselines.external.containers.left import container_held
from mcbench.baselines.external.containers.mounts import confined, mounts, targets
from mcbench.baselines.external.containers.record import ContainerImage, Left
from mcbench.baselines.external.variables import container_variables
from mcbench.errors import DataMissingError, InputError

_SHARED_MEMORY = "2g"
"""Of /dev/shm, through which workers of data loaders hand on tensors; engines give 64 MB by themselves."""
_GPU = {"NVIDIA_DRIVER_CAPABILITIES": "compute,utility,video"}
STARTED_NOTHING = 125
"""Exit code of an engine's program that could not start the container."""


@dataclass(frozen=True)
class Container:
    """Where a method runs that is in an image.

    Attributes:
        engine: it answers.
        image: it is there.
    """

    engine: Engine
    image: ContainerImage


def find_container(image: ContainerImage, again: str) -> Container:
    """Return where an image can be run.

    Args:
        image: of an installation.
        again: the command that makes it anew.

    Raises:
        InputError: the engine that it was made in does not answer.
        DataMissingError: the engine has the image no more.
    """
    engine = find_engine(image.engine)
    if not engine.image_id(image.id):
        raise DataMissingError(
            f"{image.engine} has the image {image.name} no more, {image.id[:19]}", f"{again} --with docker"
        )
    return Container(engine, image)


@contextmanager
def in_container(
    container: Container,
    arguments: Sequence[str],
    *,
    folder: Path,
    read: Sequence[Path],
    environment: Mapping[str, str],
    gpus: bool,
    memory_gb: float | None,
) -> Iterator[list[str]]:
    """Yield the command that runs a program in a container, which is gone after the block.

    Args:
        container: where.
        arguments: the program and its arguments, with paths as they are on this machine.
        folder: of the job, which is the working folder and the user's home.
        read: what else it sees, and cannot change; where links of these lead to as well.
        environment: its variables besides those on the list.
        gpus: give it those of this machine.
        memory_gb: resident memory that it may take, in 10^9 bytes.

    Raises:
        InputError: there is a limit of memory, and the engine does not keep to one.
    """
    engine = container.engine
    if memory_gb is not None and not engine.limits_memory:
        raise InputError(
            f"{engine.program} cannot limit the memory of its containers on this machine",
            "leave out the limit, or install the method with an engine that can: as root, or with cgroups 2",
        )
    name = f"mcbench-{re.sub('[^A-Za-z0-9_.-]', '-', folder.name)}"
    given = container_variables({"HOME": str(folder), **(_GPU if gpus else {}), **environment})
    limit = [] if memory_gb is None else [f"{round(memory_gb * 1e9)}b"]
    words = engine.words(
        "run", "--rm", "--init", "--name", name, "--pull", "never", "--network", "none",
        *confined(engine), "--shm-size", _SHARED_MEMORY, "--workdir", str(folder),
        *mounts([*read, *targets(read)], [folder]),
        *(word for key, value in given.items() for word in ("--env", f"{key}={value}")),
        *(word for most in limit for word in ("--memory", most, "--memory-swap", most)),
        *(engine.with_gpus() if gpus else []),
        "--entrypoint", arguments[0], container.image.id, *arguments[1:],
    )  # fmt: skip
    with container_held(engine, Left(engine=engine.program, container=name), folder):
        yield words

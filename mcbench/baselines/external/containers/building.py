"""Makes an environment as an image: a container of the base, the pins put into it, and kept as it is then.

The steps are those of every builder, each run inside the container by `exec`: what they reach the package
index by is nowhere in the image, where the variables of a build file would stay. The container is removed
however the build ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mcbench import files
from mcbench.baselines.external.builders import PIP_SETTINGS, WHICH_PYTHON, Made, Order, Steps
from mcbench.baselines.external.containers.engine import Engine, find_engine
from mcbench.baselines.external.containers.left import container_held
from mcbench.baselines.external.containers.mounts import mounts, named_in
from mcbench.baselines.external.containers.record import ContainerImage, Left
from mcbench.baselines.external.variables import container_builder_variables, engine_variables
from mcbench.errors import InputError, NetworkError, WorkerError

PYTHON = Path("/opt/method/bin/python")
"""The interpreter of the environment, in the image."""
_SETTINGS = {**PIP_SETTINGS, "PIP_NO_CACHE_DIR": "1"}
_PIP_FILE = Path("/etc/pip.conf")
_USERS_PIP_FILES = (".config/pip/pip.conf", ".pip/pip.conf")
_WAITS = "import time; time.sleep(86400)"
_DIGITS = 12


@contextmanager
def by_container(order: Order, log: Path) -> Iterator[Made]:
    """Make an environment in a container of docker, or of podman where no docker answers.

    Raises:
        InputError: no engine answers, or the base has another Python.
        NetworkError: the base is not here and cannot be had.
        WorkerError: a step failed.
    """
    engine = find_engine()
    given = _given()
    steps = Steps(log, {**given, **engine_variables()})
    base = order.base or f"docker.io/library/python:{order.wanted.python}"
    base_id = _bring(engine, base, steps, order.offline)
    name, tag = _names(order.folder)
    inside = engine.words("exec", *(word for each in given for word in ("--env", each)), name)
    with container_held(engine, Left(engine=engine.program, container=name, image=tag), order.folder):
        steps.run(_container(engine, name, base_id, order, given), f"a container of {base}")
        version = steps.ask([*inside, "python3", *WHICH_PYTHON])
        if version != order.wanted.python:
            raise InputError(
                f"{base} has Python {version}, and {order.method} wants {order.wanted.python}",
                f"give an image that has it: --base python:{order.wanted.python}",
            )
        steps.run([*inside, "python3", "-m", "venv", str(PYTHON.parents[1])], "python -m venv")
        yield Made(
            steps,
            # Methods run as the caller, who has to be able to read what root installs here.
            engine.words("exec", "--user", engine.caller, name, str(PYTHON), "-B"),
            lambda command: [*inside, str(PYTHON), "-m", "pip", command],
            lambda: _kept(engine, name, tag, order.method, base, base_id, steps),
        )


def _given() -> dict[str, str]:
    """Return the variables for pip in the container, the user's settings of pip among them."""
    given = container_builder_variables(_SETTINGS)
    found = [Path.home() / name for name in _USERS_PIP_FILES if (Path.home() / name).is_file()]
    return {"PIP_CONFIG_FILE": str(found[0]), **given} if found else given


def _names(folder: Path) -> tuple[str, str]:
    """Return the names of container and image: of spec and place, as several homes may share an engine."""
    key = f"{folder.name.rpartition('-')[2]}-{files.sha256_text(str(folder))[:_DIGITS]}"
    # An engine takes `localhost` for a registry: nobody else's image of this name is ever fetched.
    return f"mcbench-install-{key}", f"localhost/mcbench-method:{key}"


def _bring(engine: Engine, base: str, steps: Steps, offline: bool) -> str:
    """Return the id of the base, which is fetched unless it is here."""
    if here := engine.image_id(base):
        return here
    other = "give one that is here or can be reached: --base IMAGE"
    if offline:
        raise NetworkError(f"the image {base} has to be fetched, and mcbench is offline", other)
    try:
        steps.run(engine.words("pull", base), f"{engine.program} pull")
    except WorkerError as error:
        raise NetworkError(
            f"{engine.program} cannot get the image {base}: {' | '.join(steps.told())}",
            f"is its registry reached from here? Or {other}",
        ) from error
    return engine.image_id(base)


def _container(engine: Engine, name: str, base_id: str, order: Order, given: Mapping[str, str]) -> list[str]:
    """Return the command that starts the container, which waits; the network is this machine's, as for uv."""
    read = [order.requirements, *named_in([*order.wanted.requirements, *given.values()])]
    return engine.words(
        "run", "--detach", "--rm", "--init", "--name", name, "--pull", "never", "--network", "host",
        "--user", "0:0", "--security-opt", "label=disable", "--workdir", "/",
        *mounts([*read, *([_PIP_FILE] if _PIP_FILE.is_file() else [])]),
        "--entrypoint", "python3", base_id, "-c", _WAITS,
    )  # fmt: skip


def _kept(
    engine: Engine, container: str, tag: str, method: str, base: str, base_id: str, steps: Steps
) -> ContainerImage:
    label = f"LABEL mcbench.method={method}"
    steps.run(engine.words("commit", "--change", label, container, tag), f"{engine.program} commit")
    made = engine.image_id(tag)
    if not made:
        raise WorkerError(f"{engine.program} made no image {tag}")
    return ContainerImage(engine=engine.program, name=tag, id=made, base=base, base_id=base_id)

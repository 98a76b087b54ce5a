"""Environments of methods: Python and its packages, by uv, else venv; conda or docker where asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mcbench.baselines.external.builders import (
    Maker,
    Order,
    by_conda,
    by_uv,
    by_venv,
    check_conda,
    check_uv,
    find_uv,
)
from mcbench.baselines.external.containers.building import by_container
from mcbench.baselines.external.containers.engine import find_engine
from mcbench.baselines.external.containers.record import ContainerImage
from mcbench.baselines.spec import PythonEnvironment
from mcbench.errors import InputError

Builder = Literal["auto", "uv", "venv", "conda", "docker"]
_MAKERS: Mapping[Builder, Maker] = {
    "uv": Maker(check_uv, by_uv),
    "venv": Maker(lambda: None, by_venv),
    "conda": Maker(check_conda, by_conda),
    "docker": Maker(find_engine, by_container),
}
BUILDERS: tuple[Builder, ...] = ("auto", *_MAKERS)
_NEEDED_BY_DRIVERS = "import numpy, PIL.Image; PIL.Image.Resampling"


@dataclass(frozen=True)
class Built:
    """An environment that is whole.

    Attributes:
        builder: what made it.
        packages: what is in it, as `NAME==VERSION`.
        image: where it is, unless that is this machine.
    """

    builder: Builder
    packages: tuple[str, ...]
    image: ContainerImage | None


def check_builder(builder: Builder, base: str) -> None:
    """Make sure that this machine has a builder, before anything is removed or fetched for it.

    Raises:
        InputError: it has not, or `base` is not for this builder.
    """
    if base and builder != "docker":
        raise InputError("--base names an image, and no container was asked for", "add --with docker")
    if builder != "auto":
        _MAKERS[builder].check()


def build(
    method: str,
    wanted: PythonEnvironment,
    folder: Path,
    log: Path,
    builder: Builder,
    *,
    drivers: bool,
    base: str = "",
    offline: bool = False,
) -> Built:
    """Make an environment.

    Args:
        method: the id of the method it is for.
        wanted: of the spec.
        folder: of the installation; what a failed build leaves there is the caller's to remove.
        log: where the installers' output goes.
        builder: `auto` takes uv where there is one, else venv.
        drivers: make sure that it has what `driver_kit` needs.
        base: the image that a container starts from, in place of the official one of that Python.
        offline: forbid the network for that image; installers of packages follow their own settings.

    Raises:
        InputError: there is no such builder or Python on this machine.
        NetworkError: the image cannot be had.
        WorkerError: a step failed; the message has the log's last lines.
        DiskSpaceError: the disk is full.
    """
    if builder == "auto":
        builder = "uv" if find_uv() else "venv"
    requirements = folder / "requirements.txt"
    requirements.write_text("".join(f"{line}\n" for line in wanted.requirements), encoding="utf-8")
    order = Order(method, wanted, folder, requirements, base, offline)
    with _MAKERS[builder].make(order, log) as made:
        if wanted.requirements:
            made.steps.run([*made.pip("install"), "--requirement", str(requirements)], "pip install")
        frozen = made.steps.ask(made.pip("freeze"))
        if drivers:
            needed = [*made.python, "-c", _NEEDED_BY_DRIVERS]
            made.steps.run(needed, "an environment without numpy and Pillow 9.1")
        image = made.keep()
    return Built(builder, tuple(sorted(line for line in frozen.splitlines() if line.strip())), image)

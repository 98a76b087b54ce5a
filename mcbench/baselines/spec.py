"""The typed shape of a spec: what mcbench knows of a method before it is imported or installed."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic
from pydantic import AfterValidator, Field, model_validator

from mcbench import files
from mcbench.downloads.records import RemoteFile
from mcbench.errors import FileFormatError, InputError
from mcbench.records import Part, Record, Sha256, Size

Kind = Literal["ours", "builtin", "diffusers", "external", "import"]
Input = Literal[
    "poses", "pose-drawings", "dwpose-drawings", "densepose", "driving-frames", "masks", "prompt", "truth"
]
Level = Literal["verified", "code-run", "contract", "import-only", "untried"]
LEVELS: dict[Level, str] = {
    "verified": "ran end to end with its released weights, or has none, and its frames were scored",
    "code-run": "the authors' code at the pinned commit ran from our driver, with seeded weights",
    "contract": "our driver ran against a stand-in program that takes the same arguments and files",
    "import-only": "nobody can run it here; its videos are imported",
    "untried": "described, and never run",
}
"""What was really tried of a method, the most first."""

PLACEHOLDERS = (
    "job", "output", "reference", "frames", "seed", "width", "height", "fps", "device", "python",
    "repository", "weights",
)  # fmt: skip
"""What `{NAME}` may stand in the command of a spec."""


def _name(name: str) -> str:
    try:
        return files.safe_name(name, "name in a spec")
    except InputError as error:
        raise ValueError(f"{error.message}; {error.hint}") from None


Name = Annotated[str, AfterValidator(_name)]


class Source(Part):
    """Where a value of the spec is stated."""

    field: str
    """The field or option, such as `options.steps`."""
    place: str
    """Such as `paper, section 4.1` or `README of the pinned commit`."""


class Native(Part):
    """What a method was made for."""

    size: Size | None = None
    """(height, width) that it generates at; None: at the size asked for, or else the clip's."""
    multiple_of: Annotated[int, Field(ge=1)] = 1
    """Both sides have to be multiples of this; a size that is none is rounded to the nearest."""
    fit: Literal["stretch", "pad"] = "stretch"
    """How a clip of another shape is brought to the size; what `pad` adds is cut off again."""
    fps: Annotated[float, Field(gt=0)] | None = None
    clip_frames: Annotated[int, Field(ge=1)] | None = None
    """Frames that it makes at a time."""


class Repository(Part):
    """The authors' code."""

    url: str
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    licence: str = ""
    leave_out: tuple[str, ...] = ()
    """Paths that are not checked out, as in .gitignore: large files that the code does not read."""


class WeightsFile(Part):
    """One file of weights."""

    name: Name
    """What drivers ask for."""
    path: str = ""
    """Where it lies below the folder of the method's weights; `name` if empty."""
    url: str = ""
    """Where a program can get it; empty where a person has to."""
    manual: str = ""
    """How a person gets it."""
    size_bytes: Annotated[int, Field(ge=0)] | None = None
    sha256: Sha256 | None = None
    """None: nobody published it. What came first is recorded and held to afterwards."""
    licence: str = ""

    @property
    def remote(self) -> RemoteFile:
        """The file as `mcbench.downloads` takes it."""
        return RemoteFile(
            name=self.path or self.name,
            urls=(self.url,) if self.url else (),
            size=self.size_bytes,
            sha256=self.sha256,
            manual=self.manual,
        )

    @model_validator(mode="after")
    def _can_be_a_file(self) -> Self:
        _ = self.remote  # raises for a path or an address that cannot be one
        return self


class EnvironmentChange(Part):
    """A version other than the authors'."""

    package: str
    pinned: str
    """What the authors ask for."""
    runs: str
    """What runs here."""
    why: str


class PythonEnvironment(Part):
    """The environment that a method's code runs in."""

    python: Annotated[str, Field(pattern=r"^3\.[0-9]{1,2}$")]
    requirements: tuple[str, ...] = ()
    """As in requirements files, pinned; drivers need numpy and Pillow of at least 9.1."""
    changes: tuple[EnvironmentChange, ...] = ()
    variables: dict[str, str] = Field(default_factory=dict)
    """Environment variables that the code needs besides those on mcbench's list."""


class Limits(Part):
    """When a program is ended."""

    minutes: Annotated[float, Field(gt=0)] = 240.0
    """Wall time of one video."""
    memory_gb: Annotated[float, Field(gt=0)] | None = None
    """Resident memory of the program and its children, in 10^9 bytes; None for no limit."""


class Status(Part):
    """What was really tried."""

    level: Level = "untried"
    date: datetime.date | None = None
    what: str = ""

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.level in ("verified", "code-run", "contract") and not (self.date and self.what):
            raise ValueError(f"level {self.level!r} needs a date and what was tried")
        return self


class Spec(Record):
    """What is known of a method without importing it; one TOML file."""

    id: Name
    """The name for `--model`."""
    display_name: str
    """The name in tables."""
    description: str
    kind: Kind
    paper: str = ""
    licence: str = ""
    """Of code and weights."""
    inputs: tuple[Input, ...] = ()
    """What of a clip it is shown besides the reference image."""
    options: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Its options and their defaults."""
    free_options: tuple[str, ...] = ()
    """Options whose default the method decides itself."""
    sources: tuple[Source, ...] = ()
    native: Native = Native()
    factory: str = ""
    """Kinds that run in this process: `module:attribute` of `(device, options) -> Animator`; where the spec
    names weights, also `weights`: name -> Path."""
    driver: str = ""
    """Name of a file in `mcbench/baselines/external/drivers/`, or the path of one, ending in .py."""
    command: tuple[str, ...] = ()
    """Instead of a driver: a program and its arguments, with `{job}` and other placeholders."""
    repository: Repository | None = None
    weights: tuple[WeightsFile, ...] = ()
    environment: PythonEnvironment | None = None
    """None: a driver runs in mcbench's own, a command is a program of the user's."""
    limits: Limits = Limits()
    status: Status = Status()

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        ways = [name for name in ("factory", "driver", "command") if getattr(self, name)]
        wanted = {"external": ("driver", "command"), "import": ()}.get(self.kind, ("factory",))
        if (self.kind == "import" and ways) or (self.kind != "import" and len(ways) != 1):
            raise ValueError(
                f"a method of kind {self.kind!r} has {' or '.join(wanted) or 'nothing to run'}, "
                f"and this has {' and '.join(ways) or 'none'}"
            )
        if ways and ways[0] not in wanted:
            raise ValueError(f"a method of kind {self.kind!r} has {' or '.join(wanted)}, not {ways[0]}")
        if self.kind != "external" and (self.repository or self.environment):
            raise ValueError(f"a method of kind {self.kind!r} has no repository or environment of its own")
        return self

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.factory and not all(part for part in self.factory.partition(":")):
            raise ValueError(f"factory {self.factory!r} is not of the form module:attribute")
        names = [each.name for each in self.weights]
        for what, given in (("inputs", list(self.inputs)), ("weights", names)):
            if len(set(given)) != len(given):
                raise ValueError(f"{what} names something twice")
        for word in self.command:
            try:
                word.format(**dict.fromkeys(PLACEHOLDERS, ""))
            except (KeyError, ValueError, IndexError, AttributeError) as error:
                known = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
                raise ValueError(
                    f"command: {word!r} has a placeholder that is none ({error}); known: {known}"
                ) from None
        return self


def read_spec(path: Path) -> Spec:
    """Read a spec's TOML file. The path of a driver in it is taken relative to the file.

    Raises:
        FileFormatError: the file is missing, no TOML, or no spec; the message names the field.
    """
    try:
        content = tomllib.loads(files.read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise FileFormatError(f"{path} is no TOML: {error}") from error
    try:
        spec = Spec.model_validate(content)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise FileFormatError(
            f"{path} is no valid spec: {field}: {first['msg'].removeprefix('Value error, ')}",
            "docs/baselines.md describes every field",
        ) from error
    if spec.driver.endswith(".py"):
        spec = spec.model_copy(update={"driver": str((path.parent / spec.driver).absolute())})
    return spec

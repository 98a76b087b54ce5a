"""Manifests: one TOML file a benchmark, which says where its clips come from and how many there are.

Built-in manifests lie in `data/manifests/` of a checkout and inside an installed package. A user's own lie
in `manifests/` of mcbench's home folder, or are named by their path. A new kind of source is a new class
here, a member of `Source`, and a way to make its clips in `mcbench.data.jobs`.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic
from pydantic import Field, model_validator

from mcbench import files
from mcbench.errors import FileFormatError, InputError
from mcbench.records import NetworkFamily, Part, Sha256, Size

DEFAULT_SUBSET = "default"
LOCAL = "local"
"""Id of the manifest that stands for every `local/NAME`."""


class PaperFacts(Part):
    """What the paper of a benchmark says of its size."""

    videos: Annotated[int, Field(ge=1)]
    frames: Annotated[int, Field(ge=1)]


class Subset(Part):
    """A named choice of a source's clips."""

    description: str = ""
    clips: tuple[str, ...] | None = None
    """Ids of the clips, or None for all that the source turns out to hold."""
    videos: Annotated[int, Field(ge=1)] | None = None
    """How many videos there should be; None where any number will do."""
    frames: Annotated[int, Field(ge=1)] | None = None
    """How many frames they should have in all; None where any number will do."""

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        if self.clips is not None:
            if len(set(self.clips)) != len(self.clips):
                raise ValueError("a clip is named twice")
            if self.videos is not None and self.videos != len(self.clips):
                raise ValueError(f"videos is {self.videos}, but {len(self.clips)} clips are named")
        return self


class _SourceBase(Part):
    description: str = ""
    networks: NetworkFamily
    """Which family of metric networks scores use unless asked otherwise."""
    subsets: dict[str, Subset]

    @model_validator(mode="after")
    def _has_default(self) -> Self:
        if DEFAULT_SUBSET not in self.subsets:
            raise ValueError(f"subsets lacks {DEFAULT_SUBSET!r}")
        return self


class GeneratedSource(_SourceBase):
    """Clips that mcbench renders itself, with exact truth."""

    kind: Literal["generated"]
    size: Size
    """The canonical (height, width) at which frames and truth are kept."""
    generator_version: int
    """Version of the generator whose pixels the hashes below are of."""
    max_frames: Annotated[int, Field(ge=1)] | None = None
    """Cut clips to this many frames; for trying things."""
    hashes: Mapping[str, Sha256] = Field(default_factory=dict)
    """Clip -> recorded hash of its frames, where one is known."""

    @model_validator(mode="after")
    def _clips_are_named(self) -> Self:
        unnamed = [name for name, subset in self.subsets.items() if subset.clips is None]
        if unnamed:
            raise ValueError(f"subset {unnamed[0]!r} of a generated source must name its clips")
        return self


class LocalSource(_SourceBase):
    """Videos or frame folders that a user has."""

    kind: Literal["local"]


Source = Annotated[GeneratedSource | LocalSource, Field(discriminator="kind")]


class Manifest(Part):
    """What mcbench knows of a benchmark before any of it is prepared."""

    id: str
    title: str
    description: str = ""
    licence: str = ""
    citation: str = ""
    paper: PaperFacts | None = None
    default_source: str
    sources: dict[str, Source]

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        for name in (self.id, *self.sources, *(key for one in self.sources.values() for key in one.subsets)):
            files.safe_name(name, "name in a manifest")
        if self.default_source not in self.sources:
            raise ValueError(f"default_source is {self.default_source!r}, which is not among the sources")
        return self


def list_manifests(home: Path | None = None) -> tuple[Manifest, ...]:
    """Return all manifests that can be named by id: the built-in ones, then the user's own.

    Raises:
        FileFormatError: one of them is not valid.
        InputError: two have the same id.
    """
    found: dict[str, tuple[Path, Manifest]] = {}
    for path in [*_in_folder(_built_in_folder()), *_in_folder(files.home(home) / "manifests")]:
        manifest = _read(path)
        if manifest.id in found:
            raise InputError(
                f"two manifests have the id {manifest.id!r}: {found[manifest.id][0]} and {path}",
                "give yours another id",
            )
        found[manifest.id] = (path, manifest)
    return tuple(manifest for _, manifest in found.values())


def load_manifest(name: str, home: Path | None = None) -> Manifest:
    """Return a manifest by its id, or by the path of its file if `name` ends in `.toml`.

    Raises:
        InputError: there is none of that id; the hint lists near matches.
        FileFormatError: the file is missing or not valid; the message names the field.
    """
    if name.endswith(".toml"):
        return _read(Path(name).expanduser())
    known = {manifest.id: manifest for manifest in list_manifests(home)}
    if name not in known:
        near = difflib.get_close_matches(name, known, cutoff=0.5)
        raise InputError(
            f"there is no benchmark {name!r}",
            f"known: {', '.join(near or sorted(known))} (mcbench data list)",
        )
    return known[name]


def _built_in_folder() -> Path:
    package = Path(__file__).resolve().parent
    in_wheel = package / "manifests"
    return in_wheel if in_wheel.is_dir() else package.parents[1] / "data" / "manifests"


def _in_folder(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.toml"))


def _read(path: Path) -> Manifest:
    try:
        return Manifest.model_validate(tomllib.loads(files.read_text(path)))
    except tomllib.TOMLDecodeError as error:
        raise FileFormatError(f"{path} is not valid TOML: {error}") from error
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise FileFormatError(f"{path} is not a valid manifest: {field}: {first['msg']}") from error

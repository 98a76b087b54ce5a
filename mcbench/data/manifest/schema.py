"""The typed shape of a manifest: what mcbench knows of a benchmark before any of it is here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

import pydantic
from pydantic import AfterValidator, Field, field_validator, model_validator

from mcbench import files
from mcbench.data.layouts.names import clip_id
from mcbench.data.layouts.specs import FolderLayout, Layout, TableLayout
from mcbench.data.manifest.ranges import expand_ranges
from mcbench.downloads.records import RemoteFile
from mcbench.errors import FileFormatError, InputError
from mcbench.records import Fact, NetworkFamily, Part, Sha256, Size

DEFAULT_SUBSET = "default"
LOCAL = "local"
"""Id of the manifest that stands for every `local/NAME`."""


def _check_name(name: str) -> str:
    try:
        return files.safe_name(name, "name in a manifest")
    except InputError as error:
        raise ValueError(f"{error.message}; {error.hint}") from None


Name = Annotated[str, AfterValidator(_check_name)]
"""One component of a path that can be used everywhere."""


class PaperFacts(Part):
    """What the paper of a benchmark says of its size."""

    videos: Annotated[int, Field(ge=1)]
    frames: Annotated[int, Field(ge=1)]


class Terms(Part):
    """Under which terms the files may be used."""

    url: str = ""
    """Where they are written; empty where nobody published them at an address of their own."""
    summary: str
    """What they say, in a sentence."""
    must_accept: bool = False
    """Nothing is downloaded before the user has accepted them, once."""


class Subset(Part):
    """A named choice of a source's clips."""

    description: str = ""
    clips: tuple[Name, ...] | None = None
    """Ids of the clips, or None for all that the source turns out to hold. A manifest may write a range of
    numbers of equal length as `00301..00340`."""
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Only clips of which each of these facts has one of these values, such as `split = ["test"]`."""
    files: tuple[str, ...] = ()
    """Patterns such as `val*` of the names of the files that its clips need, so that preparing it fetches
    no others; empty: all files of the source."""
    videos: Annotated[int, Field(ge=1)] | None = None
    """How many videos there should be; None where any number will do."""
    frames: Annotated[int, Field(ge=1)] | None = None
    """How many frames they should have in all; None where any number will do."""

    @field_validator("clips", mode="before")
    @classmethod
    def _ranges_are_expanded(cls, clips: object) -> object:
        return expand_ranges(clips) if isinstance(clips, list | tuple) else clips

    @model_validator(mode="after")
    def _counts_fit(self) -> Self:
        if self.clips is not None:
            if len(set(self.clips)) != len(self.clips):
                raise ValueError("a clip is named twice")
            if self.videos is not None and self.videos != len(self.clips):
                raise ValueError(f"videos is {self.videos}, but {len(self.clips)} clips are named")
            if self.where:
                raise ValueError("clips and where exclude each other")
        return self

    def holds(self, clip: str, facts: Mapping[str, Fact]) -> bool:
        """Return whether a clip of these facts belongs to the subset."""
        if self.clips is not None:
            return clip in self.clips
        return all(_values(facts.get(name)) & set(wanted) for name, wanted in self.where.items())


def _values(fact: Fact | None) -> set[str]:
    if fact is None:
        return set()
    return set(fact) if isinstance(fact, tuple) else {str(fact)}


class _SourceBase(Part):
    description: str = ""
    networks: NetworkFamily
    """Which family of metric networks scores use unless asked otherwise."""
    subsets: Annotated[dict[Name, Subset], Field(min_length=1)]
    """Without one called `default` a user must say which one is meant."""


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


class FileList(Part):
    """A text file with one address a line, each of a file of the source."""

    file: RemoteFile
    """The list itself. Empty lines and lines that begin with `#` are passed over."""
    into: str = ""
    """Folder that the listed files are put in, each under the last part of its address; empty: no folder
    of their own."""

    @field_validator("into")
    @classmethod
    def _is_a_folder(cls, into: str) -> str:
        if into:
            RemoteFile(name=into)
        return into

    def listed(self, path: Path) -> tuple[RemoteFile, ...]:
        """Return the files that the downloaded list names, in its order; an address twice is one file.

        Args:
            path: the list, a text file of `https://`, `http://` and `youtube:` addresses.

        Raises:
            FileFormatError: it cannot be read, a line is no such address, or two files would get one name;
                the message tells the line.
        """
        found: dict[str, RemoteFile] = {}
        for number, line in enumerate(files.read_text(path).splitlines(), start=1):
            url = line.strip()
            if not url or url.startswith("#"):
                continue
            try:
                file = RemoteFile(name=f"{self.into}/{_name_of(url)}".lstrip("/"), urls=(url,))
            except ValueError as error:
                reason = (
                    error.errors()[0]["msg"] if isinstance(error, pydantic.ValidationError) else str(error)
                )
                raise FileFormatError(
                    f"{path}, line {number}: {reason.removeprefix('Value error, ')}"
                ) from error
            if found.setdefault(file.name.lower(), file).urls != file.urls:
                raise FileFormatError(f"{path}, line {number}: a second file would be {file.name}")
        return tuple(found.values())


def _name_of(url: str) -> str:
    """Return the name under which the file of an address is kept.

    Raises:
        ValueError: the address tells no name.
    """
    scheme, _, rest = url.partition(":")
    if scheme.lower() == "youtube":
        return clip_id(f"{rest}.mp4")
    if scheme.lower() not in ("http", "https"):
        raise ValueError(f"{url!r} is no address of a list: write https://HOST/NAME or youtube:VIDEO_ID")
    return clip_id(PurePosixPath(unquote(urlsplit(url).path)).name)


class ClipSettings(Part):
    """How the frames of a source become the frames of clips."""

    fps: Annotated[float, Field(gt=0)] | None = None
    """Frames a second to bring videos to, by leaving out or repeating frames; None keeps every frame."""
    size: Size | None = None
    """(height, width) to resize to, after any crop; None keeps the size."""
    fit: Literal["stretch", "crop", "pad"] = "stretch"
    """What to do where the shape differs from `size`: ignore it, cut the middle out, or add black."""
    assumed_fps: Annotated[float, Field(gt=0)] = 30.0
    """Frames a second of frames of which nothing says it."""
    max_frames: Annotated[int, Field(ge=1)] | None = None
    """Keep at most so many frames of a clip, from its beginning."""

    def key(self) -> str:
        """Return what decides the frames of a clip as text, empty where they are kept as they are."""
        chosen = self.model_dump(mode="json", exclude={"assumed_fps"}, exclude_defaults=True)
        return json.dumps(chosen, sort_keys=True) if chosen else ""


class FilesSource(_SourceBase):
    """Videos or frames that are downloaded, or that a user has."""

    kind: Literal["files"]
    files: tuple[RemoteFile, ...] = ()
    lists: tuple[FileList, ...] = ()
    layout: Layout = FolderLayout()
    """How the files lie, below the folder of downloads or below the folder that is given with --from."""
    clips: ClipSettings = ClipSettings()
    terms: Terms | None = None
    """Terms of this source, where they differ from the benchmark's."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [file.name for file in (*self.files, *(each.file for each in self.lists))]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two files have the name {twice[0]!r}")
        return self

    @model_validator(mode="after")
    def _patterns_fit(self) -> Self:
        if self.lists or isinstance(self.layout, TableLayout):
            return self  # those name files that are not known yet
        for name, subset in self.subsets.items():
            for pattern in subset.files:
                if not any(fnmatchcase(file.name, pattern) for file in self.files):
                    raise ValueError(f"subset {name!r}: no file of the source fits {pattern!r}")
        return self

    @property
    def needs_folder(self) -> bool:
        """Whether nothing of it can be fetched, so that a user must bring the folder."""
        return not (self.files or self.lists)


Source = Annotated[GeneratedSource | FilesSource, Field(discriminator="kind")]


class Manifest(Part):
    """What mcbench knows of a benchmark before any of it is prepared."""

    schema_version: Literal[1] = 1
    """Which shape the manifest has."""
    id: Name
    version: str = ""
    """Which version of the benchmark this is, where it has versions."""
    title: str
    description: str = ""
    homepage: str = ""
    licence: str = ""
    terms: Terms | None = None
    citation: str = ""
    paper: PaperFacts | None = None
    default_source: str
    sources: dict[Name, Source]

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        if self.default_source not in self.sources:
            raise ValueError(f"default_source is {self.default_source!r}, which is not among the sources")
        return self

    def terms_of(self, source: str) -> Terms | None:
        """Return the terms of a source: its own, else the benchmark's; None where there are none."""
        chosen = self.sources[source]
        return (chosen.terms or self.terms) if isinstance(chosen, FilesSource) else None

"""Names and places: what BENCHMARK/SUBSET means, and where downloads and prepared clips lie.

```
HOME/downloads/BENCHMARK/SOURCE/...                  files as they came, and what archives held
HOME/prepared/BENCHMARK/SOURCE/source.json           what a source of files was found to hold
HOME/prepared/BENCHMARK/SOURCE/clips/CLIP/clip.json  written last: its presence says the clip is whole
HOME/prepared/BENCHMARK/SOURCE/clips/CLIP/frames/000000.png
HOME/prepared/BENCHMARK/SOURCE/clips/CLIP/truth/...  see `mcbench.data.truth`
HOME/prepared/BENCHMARK/SOURCE/clips/CLIP/beside/... what came with the frames, see `mcbench.data.beside`
```
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mcbench import files
from mcbench.data.layouts import ClipMaterial
from mcbench.data.manifest import (
    DEFAULT_SUBSET,
    LOCAL,
    FilesSource,
    GeneratedSource,
    Manifest,
    Subset,
    load_manifest,
    split_path,
)
from mcbench.errors import DataMissingError, FileFormatError, InputError
from mcbench.records import ClipRecord, Record


class SourceListing(Record):
    """`source.json`: what was found in the folder of a source of files when it was last prepared."""

    benchmark: str
    source: str
    origin: str
    """The folder that was read: the one given with --from, or that of the downloads."""
    brought: bool
    """Whether it was given with --from."""
    clips: tuple[ClipMaterial, ...]
    passed_over: tuple[str, ...] = ()
    """What lies in the folder and is no clip."""
    problems: tuple[str, ...] = ()
    """What the layout's reader had to say of the folder."""
    assumed_fps: float
    """Frames a second of frames of which nothing says it."""

    def material(self) -> dict[str, ClipMaterial]:
        """Return clip -> what it is made of, or why it cannot be."""
        return {clip.id: clip for clip in self.clips}


@dataclass(frozen=True)
class Target:
    """A subset of a source of a benchmark, and where it is prepared.

    Attributes:
        manifest: of the benchmark.
        benchmark: its id; `local/NAME` for local folders.
        subset_name: name of the subset.
        source_name: name of the source.
        home: mcbench's home folder.
        manifest_path: the path by which the manifest was named; empty where that was its id.
    """

    manifest: Manifest
    benchmark: str
    subset_name: str
    source_name: str
    home: Path
    manifest_path: str = ""

    @property
    def source(self) -> GeneratedSource | FilesSource:
        """The source."""
        return self.manifest.sources[self.source_name]

    @property
    def subset(self) -> Subset:
        """The subset."""
        return self.source.subsets[self.subset_name]

    @property
    def name(self) -> str:
        """BENCHMARK, or BENCHMARK/SUBSET where the subset is not the default one."""
        if self.subset_name == DEFAULT_SUBSET:
            return self.benchmark
        return f"{self.benchmark}/{self.subset_name}"

    @property
    def folder(self) -> Path:
        """Folder of the prepared source."""
        return self.home / "prepared" / self.benchmark / self.source_name

    @property
    def downloads(self) -> Path:
        """Folder of the source's downloads."""
        return self.home / "downloads" / self.benchmark / self.source_name

    def clip_folder(self, clip: str) -> Path:
        """Return the folder of a clip, prepared or not."""
        return self.folder / "clips" / clip

    def listing(self) -> SourceListing | None:
        """Return what the source of files was found to hold, or None if it was never prepared."""
        path = self.folder / "source.json"
        return SourceListing.read(path) if path.exists() else None

    def expected(self) -> tuple[str, ...]:
        """Return the ids of the subset's clips, sorted; none for a source of files never prepared.

        Clips that are known and cannot be had, such as videos that are gone, are among them.
        """
        if self.subset.clips is not None:
            return tuple(sorted(self.subset.clips))
        listing = self.listing()
        clips = listing.clips if listing else ()
        return tuple(sorted(clip.id for clip in clips if self.subset.holds(clip.id, clip.facts)))

    def frames_of(self, clips: Sequence[str]) -> dict[str, int]:
        """Return clip -> number of frames, of those clips whose number is known before they are prepared."""
        if not clips:
            return {}
        known: dict[str, int] = {}
        most: int | None = None
        if isinstance(self.source, GeneratedSource):
            from mcbench.data import generated

            specs = (*generated.test_clips(), *generated.demo_clips())
            known, most = {spec.id: spec.n_frames for spec in specs}, self.source.max_frames
        elif self.source.clips.fps is None and (listing := self.listing()) is not None:
            known = {clip.id: clip.expected_frames for clip in listing.clips if clip.expected_frames}
            most = self.source.clips.max_frames
        return {clip: min(known[clip], most or known[clip]) for clip in clips if clip in known}

    @property
    def typed(self) -> str:
        """What stands for the benchmark in commands: its id, or the path of its manifest."""
        return self.manifest_path or self.benchmark

    @property
    def typed_split(self) -> str:
        """What stands for the subset in commands."""
        return self.typed if self.subset_name == DEFAULT_SUBSET else f"{self.typed}/{self.subset_name}"

    @property
    def source_option(self) -> str:
        """` --source NAME` where commands need it, else nothing."""
        return "" if self.source_name == self.manifest.default_source else f" --source {self.source_name}"

    def command(self) -> str:
        """Return the command that prepares this."""
        parts = [f"mcbench data prepare {self.typed_split}{self.source_option}"]
        needs_folder = isinstance(self.source, FilesSource) and self.source.needs_folder
        if needs_folder and not (self.folder / "source.json").exists():
            parts.append("--from DIR")
        return " ".join(parts)

    def fetch_command(self, *, whole: bool = False) -> str:
        """Return the command that fetches what the subset needs, or the whole source."""
        name = self.typed_split if self.subset.files and not whole else self.typed
        return f"mcbench data fetch {name}{self.source_option}"

    def prepared(self, clip: str) -> ClipRecord | None:
        """Return the record of a clip, or None if it is not prepared, or prepared by other settings.

        Raises:
            FileFormatError: `clip.json` is there and damaged.
        """
        path = self.clip_folder(clip) / "clip.json"
        if not path.exists():
            return None
        record = ClipRecord.read(path)
        if isinstance(self.source, GeneratedSource):
            made_by = (record.origin.get("generator_version"), record.origin.get("max_frames"), record.size)
            wanted = (self.source.generator_version, self.source.max_frames or 0, self.source.size)
            return record if made_by == wanted else None
        return record if record.origin.get("settings", "") == self.source.clips.key() else None


def resolve(name: str, *, source: str | None = None, home: Path | None = None) -> Target:
    """Return what BENCHMARK, BENCHMARK/SUBSET, local/NAME, PATH.toml or PATH.toml/SUBSET stands for.

    Raises:
        InputError: an unknown benchmark, subset or source, a name that cannot be one, or a benchmark of which
            a subset must be named.
    """
    named = _parse(name, source, home)
    return _target(named, _subset_of(named), home)


def resolve_source(name: str, *, source: str | None = None, home: Path | None = None) -> Target:
    """Return what `resolve` does, for work on a whole source: no subset need be named.

    Raises:
        InputError: an unknown benchmark, subset or source, or a name that cannot be one.
    """
    named = _parse(name, source, home)
    subsets = named.manifest.sources[named.source].subsets
    if named.subset is None and DEFAULT_SUBSET not in subsets:
        return _target(named, next(iter(subsets)), home)
    return _target(named, _subset_of(named), home)


def names_subset(name: str) -> bool:
    """Return whether a name as `resolve` takes it is BENCHMARK/SUBSET or PATH.toml/SUBSET."""
    path = split_path(name)
    return path[1] is not None if path is not None else "/" in name.strip("/")


class _Named(NamedTuple):
    """What a name says: `typed` is what stands for the benchmark in commands."""

    manifest: Manifest
    benchmark: str
    subset: str | None
    source: str
    manifest_path: str = ""

    @property
    def typed(self) -> str:
        return self.manifest_path or self.benchmark


def _target(named: _Named, subset: str, home: Path | None) -> Target:
    return Target(
        manifest=named.manifest,
        benchmark=named.benchmark,
        subset_name=subset,
        source_name=named.source,
        home=files.home(home),
        manifest_path=named.manifest_path,
    )


def _parse(name: str, source: str | None, home: Path | None) -> _Named:
    """Return the manifest, the benchmark's id, the subset if one is named, and the source."""
    subset: str | None = None
    path = split_path(name)
    if path is not None:
        manifest, subset = load_manifest(path[0]), path[1]
        benchmark = manifest.id
    else:
        first, *rest = name.strip("/").split("/")
        manifest = load_manifest(first, home)
        if len(rest) > 1 or (first == LOCAL and not rest):
            raise InputError(f"{name!r} names no split", "use BENCHMARK, BENCHMARK/SUBSET or local/NAME")
        benchmark = first
        if first == LOCAL:
            benchmark = f"{LOCAL}/{files.safe_name(rest[0], 'NAME in local/NAME')}"
        elif rest:
            subset = rest[0]
    if source is not None and source not in manifest.sources:
        raise InputError(
            f"{benchmark} has no source {source!r}", f"its sources: {', '.join(sorted(manifest.sources))}"
        )
    chosen = source or _source_with(manifest, subset)
    return _Named(manifest, benchmark, subset, chosen, path[0] if path else "")


def _source_with(manifest: Manifest, subset: str | None) -> str:
    """Return the default source, or the only other one that has the subset where that one lacks it."""
    default = manifest.default_source
    if subset is None or subset in manifest.sources[default].subsets:
        return default
    others = [name for name, source in manifest.sources.items() if subset in source.subsets]
    return others[0] if len(others) == 1 else default


def _subset_of(named: _Named) -> str:
    manifest, source, subset = named.manifest, named.source, named.subset
    subsets = manifest.sources[source].subsets
    if (subset or DEFAULT_SUBSET) in subsets:
        return subset or DEFAULT_SUBSET
    names = ", ".join(
        name if each == source else f"{name} (source {each})"
        for each in sorted(manifest.sources, key=lambda each: each != source)
        for name in manifest.sources[each].subsets
    )
    if subset is None:
        example = next(iter(subsets))
        raise InputError(
            f"{manifest.id} has several subsets and none that stands for it: say which one is meant",
            f"its subsets: {names}; for instance {named.typed}/{example}",
        )
    raise InputError(f"source {source} of {manifest.id} has no subset {subset!r}", f"its subsets: {names}")


def local_names(home: Path | None = None) -> tuple[str, ...]:
    """Return the NAME of every local/NAME that has been prepared, sorted."""
    folder = files.home(home) / "prepared" / LOCAL
    return tuple(sorted(path.parents[1].name for path in folder.glob("*/*/source.json")))


def nothing_prepared(target: Target) -> DataMissingError:
    """Return the error for a split of which no clip is prepared."""
    if target.manifest.id == LOCAL and target.listing() is None:
        known = [f"{LOCAL}/{name}" for name in local_names(target.home)]
        if near := difflib.get_close_matches(target.benchmark, known, n=1):
            return DataMissingError(
                f"there is no {target.benchmark}", f"did you mean {near[0]}? Or: {target.command()}"
            )
    return DataMissingError(f"{target.name} (source {target.source_name}) is not prepared", target.command())


def damaged_record(error: FileFormatError, target: Target, clip: str) -> FileFormatError:
    """Return the error for a clip whose record cannot be read, with the command that makes it anew."""
    return FileFormatError(error.message, f"{target.command()} --clip {clip} --force")

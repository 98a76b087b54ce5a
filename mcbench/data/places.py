"""Names and places: what BENCHMARK/SUBSET means, and where prepared clips lie.

```
HOME/prepared/BENCHMARK/SOURCE/source.json          what a local source was found to hold
HOME/prepared/BENCHMARK/SOURCE/clips/CLIP/clip.json written last: its presence says the clip is whole
HOME/prepared/BENCHMARK/SOURCE/clips/CLIP/frames/000000.png
HOME/prepared/BENCHMARK/SOURCE/clips/CLIP/truth/...  see `mcbench.data.truth`
```
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcbench import files
from mcbench.data.manifest import (
    DEFAULT_SUBSET,
    LOCAL,
    FilesSource,
    GeneratedSource,
    Manifest,
    Subset,
    is_path,
    load_manifest,
)
from mcbench.errors import DataMissingError, FileFormatError, InputError
from mcbench.records import ClipRecord, Part, Record


class ListedClip(Part):
    """A clip that a local source holds."""

    id: str
    path: str
    """The video or frame folder."""
    poses: str | None = None
    """The file of driving poses beside it, if there is one."""


class SourceListing(Record):
    """`source.json`: what was found in the folder of a local source when it was last prepared."""

    benchmark: str
    source: str
    origin: str
    """The folder that was given with --from."""
    clips: tuple[ListedClip, ...]
    passed_over: tuple[str, ...] = ()
    """What lies in the folder and is no clip."""
    assumed_fps: float
    """Frames a second of frame folders, which do not say."""


@dataclass(frozen=True)
class Target:
    """A subset of a source of a benchmark, and where it is prepared.

    Attributes:
        manifest: of the benchmark.
        benchmark: its id; `local/NAME` for local folders.
        subset_name: name of the subset.
        source_name: name of the source.
        home: mcbench's home folder.
    """

    manifest: Manifest
    benchmark: str
    subset_name: str
    source_name: str
    home: Path

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

    def clip_folder(self, clip: str) -> Path:
        """Return the folder of a clip, prepared or not."""
        return self.folder / "clips" / clip

    def listing(self) -> SourceListing | None:
        """Return what the local source was found to hold, or None if it was never prepared."""
        path = self.folder / "source.json"
        return SourceListing.read(path) if path.exists() else None

    def expected(self) -> tuple[str, ...]:
        """Return the ids of the subset's clips, sorted; none for a local source never prepared."""
        if self.subset.clips is not None:
            return tuple(sorted(self.subset.clips))
        listing = self.listing()
        return tuple(sorted(clip.id for clip in listing.clips)) if listing else ()

    def frames_of(self, clips: Sequence[str]) -> dict[str, int]:
        """Return clip -> number of frames, of those clips whose number is known before they are prepared."""
        if not isinstance(self.source, GeneratedSource) or not clips:
            return {}
        from mcbench.data import generated

        specs = {spec.id: spec.n_frames for spec in (*generated.test_clips(), *generated.demo_clips())}
        most = self.source.max_frames
        return {clip: min(specs[clip], most or specs[clip]) for clip in clips if clip in specs}

    def command(self) -> str:
        """Return the command that prepares this."""
        parts = ["mcbench data prepare", self.name]
        if self.source_name != self.manifest.default_source:
            parts.append(f"--source {self.source_name}")
        if isinstance(self.source, FilesSource) and not (self.folder / "source.json").exists():
            parts.append("--from DIR")
        return " ".join(parts)

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
        return record


def resolve(name: str, *, source: str | None = None, home: Path | None = None) -> Target:
    """Return what BENCHMARK, BENCHMARK/SUBSET, local/NAME or the path of a manifest stands for.

    Raises:
        InputError: an unknown benchmark, subset or source, or a name that cannot be one.
    """
    if is_path(name):
        manifest, subset = load_manifest(name), None
        benchmark = manifest.id
    else:
        first, *rest = name.strip("/").split("/")
        manifest = load_manifest(first, home)
        if len(rest) > 1 or (first == LOCAL and not rest):
            raise InputError(f"{name!r} names no split", "use BENCHMARK, BENCHMARK/SUBSET or local/NAME")
        if first == LOCAL:
            benchmark, subset = f"{LOCAL}/{files.safe_name(rest[0], 'NAME in local/NAME')}", None
        else:
            benchmark, subset = first, rest[0] if rest else None
    if source is not None and source not in manifest.sources:
        raise InputError(
            f"{benchmark} has no source {source!r}", f"its sources: {', '.join(sorted(manifest.sources))}"
        )
    chosen = source or _source_with(manifest, subset)
    return Target(manifest, benchmark, _subset_of(manifest, chosen, subset), chosen, files.home(home))


def _source_with(manifest: Manifest, subset: str | None) -> str:
    """Return the default source, or the only other one that has the subset where that one lacks it."""
    default = manifest.default_source
    if subset is None or subset in manifest.sources[default].subsets:
        return default
    others = [name for name, source in manifest.sources.items() if subset in source.subsets]
    return others[0] if len(others) == 1 else default


def _subset_of(manifest: Manifest, source: str, subset: str | None) -> str:
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
            f"its subsets: {names}; for instance {manifest.id}/{example}",
        )
    raise InputError(f"source {source} of {manifest.id} has no subset {subset!r}", f"its subsets: {names}")


def local_names(home: Path | None = None) -> tuple[str, ...]:
    """Return the NAME of every local/NAME that has been prepared, sorted."""
    folder = files.home(home) / "prepared" / LOCAL
    return tuple(sorted(path.parents[1].name for path in folder.glob("*/*/source.json")))


def nothing_prepared(target: Target) -> DataMissingError:
    """Return the error for a split of which no clip is prepared."""
    return DataMissingError(f"{target.name} (source {target.source_name}) is not prepared", target.command())


def damaged_record(error: FileFormatError, target: Target, clip: str) -> FileFormatError:
    """Return the error for a clip whose record cannot be read, with the command that makes it anew."""
    return FileFormatError(error.message, f"{target.command()} --clip {clip} --force")

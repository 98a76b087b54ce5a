"""Prepared clips and splits, as everything after preparing sees them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench import files
from mcbench.data.manifest import GeneratedSource
from mcbench.data.places import Target, damaged_record, nothing_prepared, resolve
from mcbench.data.truth import Poses
from mcbench.data.truth_images import read_depth, read_flow, read_mask
from mcbench.errors import DataMissingError, FileFormatError
from mcbench.records import BesideKind, ClipRecord, SplitRecord, TruthKind
from mcbench.video import Frame, read_image


@dataclass(frozen=True)
class Clip:
    """A prepared clip: its record and the files beside it.

    Attributes:
        record: what `clip.json` says.
        folder: where it lies.
    """

    record: ClipRecord
    folder: Path

    def frame_path(self, index: int) -> Path:
        """Return the PNG file of frame `index`.

        Raises:
            IndexError: the clip has no such frame.
        """
        return self._file(Path("frames"), index)

    def frame(self, index: int) -> Frame:
        """Return frame `index`, uint8 [height, width, 3] RGB.

        Raises:
            IndexError: the clip has no such frame.
            FileFormatError: its file is missing or damaged.
        """
        return read_image(self.frame_path(index))

    def frames(self) -> Iterator[Frame]:
        """Yield all frames in order; one is in memory at a time."""
        return (self.frame(index) for index in range(self.record.n_frames))

    def poses(self) -> Poses:
        """Return the exact key points of everybody in every frame, in pixels of the clip's own size.

        Raises:
            DataMissingError: the clip has none.
            FileFormatError: the file is damaged.
        """
        self._require("poses")
        return Poses.read(self.folder / "truth" / "poses.npz")

    def masks(self, index: int) -> NDArray[np.uint8]:
        """Return the instance mask of a frame, uint8 [height, width]: 0 background, k the k-th person.

        Raises:
            DataMissingError, FileFormatError, IndexError: as for `poses` and `frame_path`.
        """
        self._require("masks")
        return read_mask(self._file(Path("truth", "masks"), index))

    def depth(self, index: int) -> NDArray[np.uint16]:
        """Return the depth of a frame, uint16 [height, width] in millimetres, 65535 where nothing is.

        Raises:
            DataMissingError, FileFormatError, IndexError: as for `poses` and `frame_path`.
        """
        self._require("depth")
        return read_depth(self._file(Path("truth", "depth"), index))

    def flow(self, index: int) -> NDArray[np.float32]:
        """Return the flow to the next frame, float32 [height, width, 2] (right, down); NaN where unknown.

        Raises:
            DataMissingError, FileFormatError, IndexError: as for `poses` and `frame_path`.
        """
        self._require("flow")
        return read_flow(self._file(Path("truth", "flow"), index))

    def beside_path(self, kind: BesideKind, index: int) -> Path:
        """Return the file of a frame that came with the data set, see `mcbench.data.beside`.

        Raises:
            DataMissingError: nothing of the kind came with the clip.
            IndexError: the clip has no such frame.
        """
        if kind not in self.record.beside:
            raise DataMissingError(f"no {kind} came with {self.record.id} of {self.record.benchmark}")
        suffix = ".json" if kind == "openpose" else ".png"
        return self._file(Path("beside", kind), index, suffix)

    def _file(self, folder: Path, index: int, suffix: str = ".png") -> Path:
        if not 0 <= index < self.record.n_frames:
            raise IndexError(f"{self.record.id} has frames 0 to {self.record.n_frames - 1}, not {index}")
        return self.folder / folder / f"{index:06d}{suffix}"

    def _require(self, kind: TruthKind) -> None:
        if kind in self.record.truth:
            return
        hint = ""
        if kind == "poses":
            origin = Path(str(self.record.origin.get("path", self.record.id)))
            hint = (
                f"put {origin.stem}.poses.npz beside {origin.name} (keys keypoints, visibility, depth, size; "
                "see mcbench.data.truth.Poses) and prepare the folder again"
            )
        raise DataMissingError(f"{self.record.id} of {self.record.benchmark} has no {kind}", hint)


@dataclass(frozen=True)
class Split:
    """The prepared clips of a subset.

    Attributes:
        record: which clips belong to it, which are missing, and the hash of what is there.
        clips: the prepared ones, sorted by id.
    """

    record: SplitRecord
    clips: tuple[Clip, ...]


def load_clip(folder: Path) -> Clip:
    """Return the prepared clip of a folder.

    Raises:
        DataMissingError: the folder holds no whole clip.
        FileFormatError: its record is damaged.
    """
    if not (folder / "clip.json").exists():
        raise DataMissingError(f"{folder} holds no prepared clip (no clip.json)", "mcbench data status")
    return Clip(ClipRecord.read(folder / "clip.json"), folder)


def open_split(name: str, *, source: str | None = None, home: Path | None = None) -> Split:
    """Return the prepared clips of BENCHMARK, BENCHMARK/SUBSET or local/NAME.

    Args:
        name: what to open.
        source: name of the source; the benchmark's default one if None.
        home: mcbench's home folder.

    Raises:
        InputError: unknown benchmark, subset or source.
        DataMissingError: no clip of it is prepared; the hint is the command that does it.
        FileFormatError: a clip's record is damaged.
    """
    target = resolve(name, source=source, home=home)
    expected = target.expected()
    clips = tuple(clip for clip in (_prepared_clip(target, one) for one in expected) if clip is not None)
    if not clips:
        raise nothing_prepared(target)
    there = {clip.record.id for clip in clips}
    missing = tuple(clip for clip in expected if clip not in there)
    record = SplitRecord(
        benchmark=target.benchmark,
        subset=target.subset_name,
        source=target.source_name,
        canonical_size=target.source.size if isinstance(target.source, GeneratedSource) else None,
        networks=target.source.networks,
        data_sha256=data_hash(clip.record for clip in clips),
        expected=expected,
        missing=missing,
        missing_frames=target.frames_of(missing),
        videos=target.subset.videos,
        frames=target.subset.frames,
        notes=shortfall(target, [clip.record for clip in clips]),
    )
    return Split(record, clips)


def data_hash(records: Iterable[ClipRecord]) -> str:
    """Return the sha256 over lines of clip id, space, frames' hash, in order of id."""
    lines = sorted(f"{record.id} {record.frames_sha256}\n" for record in records)
    return files.sha256_text("".join(lines))


def shortfall(target: Target, records: list[ClipRecord]) -> tuple[str, ...]:
    """Return what a local copy differs in from the benchmark: its numbers of videos and frames.

    A generated source needs no such note, since the clips that are missing have names.
    """
    if isinstance(target.source, GeneratedSource):
        return ()
    frames = sum(record.n_frames for record in records)
    pairs = (("videos", len(records), target.subset.videos), ("frames", frames, target.subset.frames))
    return tuple(
        f"{found:,} {what} where {target.name} has {wanted:,}"
        for what, found, wanted in pairs
        if wanted is not None and found != wanted
    )


def _prepared_clip(target: Target, clip: str) -> Clip | None:
    try:
        record = target.prepared(clip)
    except FileFormatError as error:
        raise damaged_record(error, target, clip) from error
    return None if record is None else Clip(record, target.clip_folder(clip))

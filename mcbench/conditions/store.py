"""Conditions of prepared clips: exact where the clip has truth, else kept estimates.

```
HOME/prepared/BENCHMARK/SOURCE/conditions/CLIP/KIND@ESTIMATOR/condition.json   written last
```

Beside the record lie, in the formats of `mcbench.data.truth`, `poses.npz` (and `wholebody.npz`), or one PNG
file a frame: masks (8-bit labels), flow (16-bit), depth (16-bit inverse relative depth between the frame's
lowest and highest value, which are in the record; 65535 is unknown), densepose (8-bit RGB drawings).

Masks and DensePose drawings that came with a data set lie in the clip's own folder
(`mcbench.data.beside`), and are found here under the name `dataset`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from mcbench import files
from mcbench.data.clips import Clip
from mcbench.data.truth import Poses
from mcbench.data.truth_images import NO_DEPTH, read_depth, read_flow, read_mask
from mcbench.errors import DataMissingError, FileFormatError, McbenchError, MismatchError
from mcbench.estimators.identity import EstimatorIdentity, Setting
from mcbench.records import Record, Sha256, Size
from mcbench.video import Frame, read_image

ConditionKind = Literal["poses", "masks", "depth", "flow", "densepose"]
KINDS: tuple[ConditionKind, ...] = ("poses", "masks", "depth", "flow", "densepose")
OPTIONS: dict[ConditionKind, str] = {
    "poses": "--pose", "masks": "--masks", "depth": "--depth", "flow": "--flow", "densepose": "--densepose",
}  # fmt: skip
"""The option of `mcbench data conditions` that asks for a kind."""

EXACT, DATASET = "exact", "dataset"
"""Names for what is no estimate: truth that lies beside the clip, and what came with the data set."""

PREFERRED: dict[ConditionKind, tuple[str, ...]] = {
    "poses": (DATASET, "dwpose", "blazepose"),
    "masks": (DATASET, "blazepose", "from-pose"),
    "depth": (DATASET, "depth-anything-v2-small"),
    "flow": (DATASET, "raft", "dis"),
    "densepose": (DATASET, "command"),
}
"""Names of estimators by kind, the most trusted first; others come after them, by name."""
WHOLE_BODIES = "wholebody.npz"
_DEPTH_STEPS = NO_DEPTH - 1


class ConditionRecord(Record):
    """`condition.json`: one kept condition of one clip, written last: its presence says that all is there."""

    clip: str
    kind: ConditionKind
    frames_sha256: Sha256
    """`frames_sha256` of the clip that it was made from."""
    n_frames: int
    size: Size
    estimator: EstimatorIdentity
    inputs: dict[ConditionKind, str] = Field(default_factory=dict)
    """Other conditions that it was made from: kind -> label (`Condition.label`)."""
    ranges: tuple[tuple[float, float], ...] = ()
    """Depth: lowest and highest inverse relative depth of each frame."""
    facts: dict[str, Setting] = Field(default_factory=dict)
    """What is worth knowing of it, such as the number of people found."""

    @property
    def label(self) -> str:
        """ESTIMATOR@ and twelve digits of a hash of all that decided the outcome but the frames."""
        made_by = f"{self.kind} {self.estimator.model_dump_json()} {sorted(self.inputs.items())}"
        return f"{self.estimator.name}@{files.sha256_text(made_by)[:12]}"


@dataclass(frozen=True)
class Condition:
    """One kind of condition of one clip.

    Attributes:
        clip: the clip.
        kind: what it is.
        record: of the kept estimate; None for the clip's own truth.
        folder: where its files lie.
    """

    clip: Clip
    kind: ConditionKind
    record: ConditionRecord | None
    folder: Path

    @property
    def estimator(self) -> str:
        """Name of the estimator; `exact` for truth."""
        return EXACT if self.record is None else self.record.estimator.name

    @property
    def label(self) -> str:
        """What run records say of it: `exact`, or the estimator's name and a hash of how it was made."""
        if self.record is not None:
            return self.record.label
        given = self.clip.record.origin.get("poses_sha256") if self.kind == "poses" else None
        return EXACT if given is None else f"{EXACT}@{str(given)[:12]}"

    def poses(self) -> Poses:
        """Return the poses, in pixels of the clip's own size.

        Raises:
            FileFormatError: the file is damaged, or does not fit the clip.
        """
        if self.record is None:
            return self.clip.poses()
        poses = Poses.read(self.folder / "poses.npz")
        if (poses.n_frames, poses.size) != (self.clip.record.n_frames, self.clip.record.size):
            raise FileFormatError(f"{self.folder} does not fit its clip", _command(self.clip, self.kind))
        return poses

    def whole_bodies(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return all points of whole bodies, for `mcbench.conditions.drawing.draw_whole_bodies`.

        Returns:
            key points float32 [frames, people, 134, 2], NaN where a person was not found, and confidence
            float32 [frames, people, 134]; people as in `poses`, points as in `estimators.pose.People`.

        Raises:
            DataMissingError: these poses are of 18 points only.
            FileFormatError: the file is damaged.
        """
        path = self.folder / WHOLE_BODIES
        if self.kind != "poses" or self.record is None or not path.is_file():
            raise DataMissingError(
                f"{self.kind} ({self.estimator}) of {self.clip.record.id} have no whole bodies",
                _command(self.clip, "poses", "dwpose"),
            )
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
                return archive["keypoints"], archive["confidence"]
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise FileFormatError(f"cannot read {path}: {error}", "compute the poses again") from error

    def masks(self, index: int) -> NDArray[np.uint8]:
        """Return a frame's mask, uint8 [height, width]: 0 background, k the k-th person of the poses.

        Raises:
            FileFormatError, IndexError: as for `Clip.masks`.
        """
        return self.clip.masks(index) if self.record is None else read_mask(self._file(index))

    def flow(self, index: int) -> NDArray[np.float32]:
        """Return the flow to the next frame, float32 [height, width, 2] (right, down); NaN where unknown.

        Raises:
            FileFormatError, IndexError: as for `Clip.flow`.
        """
        return self.clip.flow(index) if self.record is None else read_flow(self._file(index))

    def nearness(self, index: int) -> NDArray[np.float32]:
        """Return a frame's inverse depth, float32 [height, width]: larger is nearer, NaN where unknown.

        Of truth it is in 1/metres; an estimate has no unit, and is comparable within a frame only.

        Raises:
            FileFormatError, IndexError: as for `Clip.depth`.
        """
        stored = self.clip.depth(index) if self.record is None else read_depth(self._file(index))
        known = stored.astype(np.float32)
        known[stored == NO_DEPTH] = np.nan
        if self.record is None:
            return np.asarray(1000 / np.maximum(known, 1), np.float32)
        low, high = self.record.ranges[index]
        return np.asarray(low + known * ((high - low) / _DEPTH_STEPS), np.float32)

    def drawing(self, index: int) -> Frame:
        """Return a frame's DensePose drawing, uint8 [height, width, 3] RGB.

        Raises:
            FileFormatError, IndexError: as for `Clip.frame`.
        """
        return read_image(self._file(index))

    def _file(self, index: int) -> Path:
        if not 0 <= index < self.clip.record.n_frames:
            raise IndexError(f"{self.clip.record.id} has no frame {index}")
        return self.folder / f"{index:06d}.png"


def write_whole_bodies(folder: Path, keypoints: NDArray[np.float32], confidence: NDArray[np.float32]) -> None:
    """Write what `Condition.whole_bodies` reads, inside an atomic folder."""
    with (folder / WHOLE_BODIES).open("wb") as stream:
        np.savez_compressed(stream, keypoints=keypoints, confidence=confidence)


def encode_nearness(values: NDArray[np.float32]) -> tuple[NDArray[np.uint16], tuple[float, float]]:
    """Return inverse depth as uint16 [height, width], and the values that 0 and 65534 stand for.

    Args:
        values: [height, width]; what is not finite becomes 65535, unknown.
    """
    finite = np.isfinite(values)
    if not finite.any():
        return np.full(values.shape, NO_DEPTH, np.uint16), (0.0, 0.0)
    low, high = float(values[finite].min()), float(values[finite].max())
    coded = np.full(values.shape, NO_DEPTH, np.uint16)
    steps = (values[finite].astype(np.float64) - low) * (_DEPTH_STEPS / (high - low) if high > low else 0.0)
    coded[finite] = np.rint(steps).astype(np.uint16)
    return coded, (low, high)


def clip_conditions_folder(clip: Clip) -> Path:
    """Return the folder of all kept conditions of a clip."""
    return clip.folder.parent.parent / "conditions" / clip.folder.name


def condition_folder(clip: Clip, kind: ConditionKind, estimator: str) -> Path:
    """Return the folder of one kept condition, there or not."""
    return clip_conditions_folder(clip) / f"{kind}@{files.safe_name(estimator, 'name of an estimator')}"


def kept_condition(clip: Clip, kind: ConditionKind, estimator: str) -> Condition | None:
    """Return a kept condition, or None where there is none that is whole and of these very frames.

    One that was made from another condition counts only while that one is the same.
    """
    if estimator == DATASET and kind in ("masks", "densepose"):
        return _of_data_set(clip, kind)
    folder = condition_folder(clip, kind, estimator)
    if not (folder / "condition.json").is_file():
        return None
    try:
        record = ConditionRecord.read(folder / "condition.json")
    except FileFormatError:
        return None  # of another version of mcbench, or damaged: to be made again
    wanted = (kind, estimator, clip.record.frames_sha256, clip.record.n_frames, clip.record.size)
    if (record.kind, record.estimator.name, record.frames_sha256, record.n_frames, record.size) != wanted:
        return None
    if not _is_whole(folder, record) or not _inputs_stand(clip, record):
        return None
    return Condition(clip, kind, record, folder)


def kept_conditions(clip: Clip, kind: ConditionKind) -> tuple[Condition, ...]:
    """Return all kept conditions of a kind, the preferred one first (see docs/conditions.md)."""
    names = {path.name.partition("@")[2] for path in clip_conditions_folder(clip).glob(f"{kind}@*")}
    preferred = PREFERRED[kind]
    ordered = sorted(
        names | {DATASET},
        key=lambda name: (preferred.index(name) if name in preferred else len(preferred), name),
    )
    found = (kept_condition(clip, kind, name) for name in ordered)
    return tuple(condition for condition in found if condition is not None)


def find_condition(clip: Clip, kind: ConditionKind, estimator: str | None = None) -> Condition:
    """Return a condition of a clip: exact truth where the clip has it, else the preferred kept estimate.

    Args:
        clip: a prepared clip.
        kind: what is wanted.
        estimator: `exact`, or the name of an estimator; None for the best there is.

    Raises:
        DataMissingError: there is none; the hint is the command that makes it.
    """
    if estimator in (None, EXACT) and kind in clip.record.truth:
        return Condition(clip, kind, None, clip.folder / "truth" / kind)
    if estimator is None:
        if kept := kept_conditions(clip, kind):
            return kept[0]
    elif estimator != EXACT and (condition := kept_condition(clip, kind, estimator)) is not None:
        return condition
    which = f"{kind} of {estimator}" if estimator else kind
    raise DataMissingError(
        f"{clip.record.id} of {clip.record.benchmark} has no {which}", _command(clip, kind, estimator)
    )


def check_frames(clip: Clip, n_frames: int, size: Size, what: str) -> None:
    """Check that something is of a clip's number of frames and size.

    Raises:
        MismatchError: it is not.
    """
    record = clip.record
    if (n_frames, size) != (record.n_frames, record.size):
        raise MismatchError(
            f"{what} has {n_frames} frames of {size[0]}x{size[1]}, and {record.id} has {record.n_frames} of "
            f"{record.size[0]}x{record.size[1]}"
        )


def _of_data_set(clip: Clip, kind: ConditionKind) -> Condition | None:
    if kind not in clip.record.beside:
        return None
    given: dict[str, Setting] = {"sha256": str(clip.record.origin.get(f"{kind}_sha256", ""))}
    record = ConditionRecord(
        clip=clip.record.id,
        kind=kind,
        frames_sha256=clip.record.frames_sha256,
        n_frames=clip.record.n_frames,
        size=clip.record.size,
        estimator=EstimatorIdentity(name=DATASET, settings=given),
    )
    return Condition(clip, kind, record, clip.folder / "beside" / kind)


def _is_whole(folder: Path, record: ConditionRecord) -> bool:
    if record.kind == "poses":
        return (folder / "poses.npz").is_file()
    return sum(1 for entry in folder.iterdir() if entry.suffix == ".png") == record.n_frames


def _inputs_stand(clip: Clip, record: ConditionRecord) -> bool:
    for kind, label in record.inputs.items():
        name = label.partition("@")[0]
        try:
            if find_condition(clip, kind, name).label != label:
                return False
        except DataMissingError:
            return False
    return True


def _command(clip: Clip, kind: ConditionKind, estimator: str | None = None) -> str:
    record = clip.record
    source = "" if record.benchmark.startswith("local/") else f" --source {record.source}"
    others = _kept_by_others(clip, kind)
    name = others[0] if estimator is None and others else estimator
    only = f" --clip {record.id}" if name in others else ""
    if name is None and kind == "poses":
        name = _poses_by_what_is_here(clip)
    word = "" if name in (None, EXACT, DATASET) else f" {name}"
    command = f"mcbench data conditions {record.benchmark}{source} {OPTIONS[kind]}{word}{only}"
    if kind != "poses" or estimator is not None or not record.benchmark.startswith("local/"):
        return command
    stem = Path(str(record.origin.get("path", record.id))).stem
    return (
        f"{command}; or put {stem}.poses.npz beside the video (see docs/conditions.md) and prepare it again"
    )


def _kept_by_others(clip: Clip, kind: ConditionKind) -> list[str]:
    """Return the estimators that other clips of the source have a kind from, the preferred first."""
    own = clip_conditions_folder(clip)
    folders = [path.parent for path in own.parent.glob(f"*/{kind}@*/condition.json")]
    kept = {folder.name.partition("@")[2] for folder in folders if folder.parent != own}
    return [name for name in PREFERRED[kind] if name in kept and name not in (DATASET, "command")]


def _poses_by_what_is_here(clip: Clip) -> str | None:
    """Return None where the field's own estimator of poses can run on this machine, or none can."""
    from mcbench.estimators.pose import pose_identity

    # HOME/prepared/BENCHMARK/SOURCE/clips/CLIP, where local benchmarks are two folders deep
    home = clip.folder.parents[4 + clip.record.benchmark.count("/")]
    for name in (name for name in PREFERRED["poses"] if name != DATASET):
        try:
            pose_identity(name, home=home)
        except McbenchError:
            continue
        return None if name == "dwpose" else name
    return None

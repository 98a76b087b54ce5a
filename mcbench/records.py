"""The typed records that the stages hand on to each other through files.

Each record is one JSON file. Unknown fields are errors, numbers are finite, and `schema_version`
says which shape a file has. Hashes are sha256 in hexadecimal; sizes are (height, width) in pixels;
durations are seconds; times are UTC in ISO 8601.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from mcbench import files
from mcbench.errors import FileFormatError

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = tuple[Annotated[int, Field(ge=1, le=16384)], Annotated[int, Field(ge=1, le=16384)]]
TruthKind = Literal["poses", "masks", "depth", "flow"]
BesideKind = Literal["poses", "openpose", "masks", "densepose"]
Fact = str | int | float | tuple[str, ...]
NetworkFamily = Literal["reference", "embedded"]
Precision = Literal["fp32", "fast"]
"""`fast`: the quickest way of running a network that stays within 0.1 % of fp32 on every metric."""


def now() -> str:
    """Return the present time as records have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Record(BaseModel):
    """A record that is kept in a file of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    schema_version: Literal[1] = 1

    def write(self, path: Path) -> None:
        """Write the record as indented JSON, atomically."""
        files.write_text(path, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a record.

        Raises:
            FileFormatError: the file is missing, is no JSON, or does not fit the record; the
                message names the field.
        """
        text = files.read_text(path)
        try:
            return cls.model_validate_json(text)
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "the file"
            raise FileFormatError(
                f"{path} is not a valid {cls.__name__}: {field}: {first['msg']}",
                "remove the file and run the command that writes it again, or use the mcbench version "
                "that wrote it",
            ) from error


class Part(BaseModel):
    """A part of a record; it has no file and no version of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


# --- data: a prepared clip -------------------------------------------------------------------


class ClipRecord(Record):
    """`clip.json`: one prepared clip. It is written last, so its presence says the clip is whole."""

    id: str
    benchmark: str
    """Benchmark id, such as `multi-character` or `local/NAME`."""
    source: str
    """Where the frames come from, such as `generated` or `local`."""
    n_frames: Annotated[int, Field(ge=1)]
    fps: Annotated[float, Field(gt=0)]
    size: Size
    frames_sha256: Sha256
    """Hash of the decoded RGB pixels of all frames (`mcbench.video.FramesDigest`), not of the PNG files."""
    truth: tuple[TruthKind, ...] = ()
    """Which exact truth lies beside the frames."""
    n_people: int | None = None
    """Number of people where it is known."""
    origin: dict[str, str | int | float | bool] = {}
    """What the clip was made from: a path and its sha256, or a generator's version and seed."""
    beside: tuple[BesideKind, ...] = ()
    """What came with the frames and lies in `beside/KIND/`, one file a frame; not exact truth."""
    facts: dict[str, Fact] = {}
    """What annotations say of the clip, such as a caption; a tuple where several values hold at once."""
    notes: tuple[str, ...] = ()
    """What came with the frames and was left out, with the reason."""


class SplitRecord(Record):
    """Which clips a run or a score is about; made from what is prepared, kept inside their records."""

    benchmark: str
    subset: str
    source: str
    canonical_size: Size | None
    """The size at which truth is kept, or None where clips differ."""
    networks: NetworkFamily
    """The metric networks that the benchmark's manifest names."""
    data_sha256: Sha256
    """Hash over the ids and frame hashes of the prepared clips, in order of id."""
    expected: tuple[str, ...]
    """Ids of all clips that belong to the subset, in order."""
    missing: tuple[str, ...] = ()
    """Ids among them that are not prepared."""
    missing_frames: dict[str, int] = {}
    """Missing clip -> how many frames it has, where that is known without it."""
    videos: int | None = None
    """How many videos the benchmark has, where it says so."""
    frames: int | None = None
    """How many frames they have in all, where it says so."""
    notes: tuple[str, ...] = ()
    """How it differs from what the benchmark should be, such as fewer videos than the paper's."""

    @property
    def name(self) -> str:
        """The name to ask for it by: BENCHMARK or BENCHMARK/SUBSET."""
        return self.benchmark if self.subset == "default" else f"{self.benchmark}/{self.subset}"


# --- runs: a job (model x clip) and what came of it --------------------------------------------


class VideoJob(Record):
    """One video to generate: everything that `mcbench.runs.generate_video` needs, as plain values."""

    model: str
    video: str
    clip_folder: str
    out_folder: str
    n_frames: Annotated[int, Field(ge=1)]
    size: Size | None = None
    """The size asked for, or None for the model's own."""
    poses_by: str | None = None
    """Whose driving poses to take: `exact` or an estimator; None for the best that the clip has."""
    seed: int = 0
    device: str = "auto"
    options: dict[str, str | int | float | bool] = {}
    home: str | None = None
    """mcbench's home folder; None for the default."""


class VideoResult(Part):
    """What came of one video of a run."""

    video: str
    status: Literal["done", "failed"]
    reason: str = ""
    """Why it failed; empty when done."""
    n_frames: int = 0
    size: Size | None = None
    frames_sha256: Sha256 | None = None
    clip_sha256: Sha256 | None = None
    """`frames_sha256` of the prepared clip that it was made from."""
    conditions: dict[str, str] = {}
    """What drove it: `poses`, `depth_order` -> `exact`, or the estimator and a hash of how it was made."""
    facts: dict[str, str | int | float | bool] = {}
    """What the method said of it, such as the versions that an external one ran on."""
    seconds: float | None = None
    peak_memory_bytes: int | None = None
    """Peak resident memory of the process (CPU) or peak allocated memory of the device (GPU)."""


class WeightsUse(Part):
    """A file of weights that took part in a result."""

    name: str
    sha256: Sha256


class ModelDescription(Part):
    """The model of a run, as its baseline spec and loaded weights tell it."""

    id: str
    display_name: str
    kind: str
    licence: str = ""
    paper: str = ""
    weights: tuple[WeightsUse, ...] = ()
    sampler: dict[str, str | int | float | bool] = {}
    """Steps, guidance, window and whatever else decides the output."""
    inputs: tuple[str, ...] = ()
    """What of a clip it was shown besides the reference, such as `poses`; empty also in old records."""

    @property
    def sees_truth(self) -> bool:
        """Whether it was shown the frames that it is judged by: a yardstick, never ranked as a method."""
        return "truth" in self.inputs


class Environment(Part):
    """Where and with what a result was made."""

    mcbench: str
    python: str
    platform: str
    packages: dict[str, str]
    hardware: str
    device: str
    git_commit: str | None
    git_dirty: bool | None


class RunRecord(Record):
    """`run.json`: one model on one split. Rewritten after each video, so a killed run goes on."""

    model: ModelDescription
    split: SplitRecord
    seed: int
    size: Size | None
    limit_videos: int | None = None
    limit_frames: int | None = None
    videos: tuple[VideoResult, ...] = ()
    environment: Environment
    created: str
    """UTC time at which the run began."""


# --- scoring ------------------------------------------------------------------------------------


class MetricValue(Part):
    """One aggregate number and how sure it is."""

    value: float
    ci_low: float | None = None
    """Lower end of the 95 % interval over videos: bootstrap, or jackknife for distribution metrics."""
    ci_high: float | None = None
    n_videos: int
    n_items: int
    """Frames, or clips for the metrics over clips, that the value is made of."""
    dimensions: int | None = None
    """Feature dimensions of a distribution metric."""
    noise_floor: float | None = None
    """What a distribution metric reads between two disjoint halves of the true videos."""
    with_reference: float | None = None
    """The value with the reference frame included, where the protocol excludes it."""
    higher_is_better: bool
    unit: str = ""
    note: str = ""
    warning: str = ""
    """Why the number should not be leaned on, such as a distance that is mostly bias; empty where none."""
    truth: Literal["", "given", "detected"] = ""
    """For metrics of people: whether masks and poses were given with the data or found by a detector."""
    by_video: dict[str, float] = {}
    """Video -> its mean, for frame and people metrics: what paired tests between methods need."""
    by_video_items: dict[str, int] = {}
    """Video -> how many items its mean is of, where videos weigh by that; empty where all weigh alike."""
    replicates: tuple[float, ...] = ()
    """Distribution metrics: the value without each group of videos in turn, in the order of the groups."""


class Unavailable(Part):
    """A metric that could not be computed, and what gets it."""

    reason: str
    command: str = ""


class Coverage(Part):
    """How much of what was expected has been scored."""

    videos_expected: int
    videos_scored: int
    frames_expected: int
    frames_scored: int
    missing_videos: tuple[str, ...] = ()
    excluded: dict[str, str] = {}
    """Frames or videos left out because a flag asked for it, with the reason."""

    @property
    def complete(self) -> bool:
        """Whether all that was expected has been scored."""
        return self.videos_scored == self.videos_expected and self.frames_scored == self.frames_expected


class ScoreRecord(Record):
    """`scores/PROTOCOL.json`: one run, or one pair of folders, under one protocol."""

    protocol: str
    protocol_sha256: Sha256
    """Hash of all settings of the protocol."""
    networks: NetworkFamily
    metrics: dict[str, MetricValue]
    unavailable: dict[str, Unavailable] = {}
    weights: dict[str, WeightsUse] = {}
    """Metric network (as `lpips_alex`) -> the file that was used."""
    coverage: Coverage
    split: SplitRecord | None = None
    """None for `compare`, which knows no benchmark."""
    model: ModelDescription | None = None
    predictions_sha256: Sha256
    ground_truth_sha256: Sha256
    original_sizes: dict[str, tuple[Size, Size]] = {}
    """Video -> (size of the prediction, size of the truth), before any resize."""
    seed: int = 0
    """Seed of bootstrap draws, and of the dealing of videos into groups and halves."""
    precision: Precision = "fp32"
    backends: dict[str, str] = {}
    """Metric network -> what ran it, such as `torch-fp32` or `openvino-f32`."""
    slices: dict[str, dict[str, MetricValue]] = {}
    """Part of the frames, such as `people=2` or `overlap`, -> metric -> value over that part alone."""
    environment: Environment
    created: str

"""What a layout reader finds: per clip, where its pixels are and which part of them is meant."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from mcbench.records import BesideKind, Fact, Part, Size


class Trim(Part):
    """Which frames of a video are meant.

    With `reference_fps`, frame i is kept when `start * fps <= i * reference_fps < end * fps`, where fps is
    the file's own rate: `start` and `end` count frames at the reference rate. Without it they count the
    video's own frames: i is kept when `start <= i < end`.
    """

    start: Annotated[float, Field(ge=0)] = 0
    end: Annotated[float, Field(gt=0)]
    reference_fps: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _selects_something(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"start {self.start:g} and end {self.end:g} select no frame")
        return self


class Crop(Part):
    """A box in pixels of a frame of `of_width` x `of_height`: right and bottom are the first outside it.

    On a frame of another size, left and right are divided by `of_width / width`, top and bottom by
    `of_height / height`, and cut to int.
    """

    left: Annotated[float, Field(ge=0)]
    top: Annotated[float, Field(ge=0)]
    right: float
    bottom: float
    of_width: Annotated[int, Field(ge=1)]
    of_height: Annotated[int, Field(ge=1)]

    @model_validator(mode="after")
    def _is_a_box(self) -> Self:
        if not (self.left < self.right <= self.of_width and self.top < self.bottom <= self.of_height):
            raise ValueError(
                f"the box {self.left:g}-{self.top:g}-{self.right:g}-{self.bottom:g} (left, top, right, "
                f"bottom) does not lie in a frame of {self.of_width}x{self.of_height} (width x height)"
            )
        return self


class ClipMaterial(Part):
    """Everything that is needed to make one clip, or the reason why it cannot be made."""

    id: str
    path: str = ""
    """The video, the folder of frames, or the container file; empty where `missing` says why."""
    member: str = ""
    """Rows of a TSV file that are the clip's frames, in order, as `0-239` or `0-9,20-29`; else empty."""
    frames: str = ""
    """Which files of the folder `path` are frames, as a glob such as `*.png`; empty: all its pictures."""
    fps: Annotated[float, Field(gt=0)] | None = None
    """Frames a second where annotations say it of frames that do not."""
    trim: Trim | None = None
    crop: Crop | None = None
    beside: dict[BesideKind, str] = Field(default_factory=dict)
    """What came with the clip: `poses` one NPZ file; the others one file a frame, as the path of a glob
    (`.../00001/masks/*.png`, in the frames' order), or a TSV file with the same rows as the frames."""
    missing: str = ""
    """Why the clip cannot be had, such as `not downloaded`; empty where it can."""
    expected_frames: Annotated[int, Field(ge=1)] | None = None
    """Number of frames, where annotations or a listing say it."""
    expected_size: Size | None = None
    """(height, width) of the frames before any crop, where annotations say it."""
    facts: dict[str, Fact] = Field(default_factory=dict)
    """What annotations say: caption, categories, `people` (their number), `split`."""

    @model_validator(mode="after")
    def _is_there_or_not(self) -> Self:
        if bool(self.path) == bool(self.missing):
            raise ValueError(f"clip {self.id} must have either a path or a reason why it is missing")
        return self


class LayoutContent(Part):
    """What was found: clips in order of id, with those that are known and missing among them."""

    clips: tuple[ClipMaterial, ...]
    passed_over: tuple[str, ...] = ()
    """What lies there and is no clip."""
    problems: tuple[str, ...] = ()
    """What a user should know: frames missing in between, annotations that cannot be used."""

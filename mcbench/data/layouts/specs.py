"""How the files of a source lie in their folder: the part of a manifest that `read_layout` follows."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mcbench.data.layouts.patterns import ClipPattern, PathPattern, placeholders
from mcbench.records import BesideKind, Part


class FolderLayout(Part):
    """Videos and folders of frames directly in one folder, whatever their names."""

    kind: Literal["folder"] = "folder"


class FramesLayout(Part):
    """A folder of pictures a clip."""

    kind: Literal["frames"]
    patterns: Annotated[tuple[ClipPattern, ...], Field(min_length=1)]
    """Where frames are, such as `{clip}/images/*.png`. The first pattern that matches anything counts."""
    beside: dict[BesideKind, tuple[ClipPattern, ...]] = Field(default_factory=dict)
    """Where what came with the frames is, one file a frame; the first pattern that matches counts."""
    id_digits: Annotated[int, Field(ge=1, le=12)] | None = None
    """Clips are numbers: their ids are padded with zeros to so many digits, and other names are passed
    over."""

    @model_validator(mode="after")
    def _clips_are_folders(self) -> Self:
        for pattern in (*self.patterns, *(one for many in self.beside.values() for one in many)):
            *folders, last = pattern.split("/")
            if not folders or "{" in last or ("*" not in last and "?" not in last):
                raise ValueError(f"{pattern!r} must be folders, {{clip}} among them, then a glob of files")
        known = {name for pattern in self.patterns for name in placeholders(pattern)}
        for pattern in (one for many in self.beside.values() for one in many):
            if unknown := set(placeholders(pattern)) - known:
                raise ValueError(f"{pattern!r} names {{{min(unknown)}}}, which no pattern of frames does")
        return self


class VideosLayout(Part):
    """A video file a clip."""

    kind: Literal["videos"]
    patterns: Annotated[tuple[ClipPattern, ...], Field(min_length=1)]
    """Where videos are, such as `{split}/{clip}.mp4`. The first pattern that matches anything counts."""


class MotLayout(Part):
    """Frames with boxes as the MOT Challenge keeps them: `SPLIT/CLIP/img1/*.jpg`, `seqinfo.ini`, `gt/gt.txt`.

    The frame rate is read from `seqinfo.ini`; the number of people from `gt.txt`, where there is one.
    """

    kind: Literal["mot"]


class TsvLayout(Part):
    """Frames in rows of a TSV file, as DisCo packs them: a key, a tab, a picture in base64.

    Each row is `KEY<tab>...<tab>PICTURE`, the picture being a PNG or JPEG file in base64. A file of the same
    name with `.lineidx` for `.tsv` may tell the byte at which each row begins, one number a line.
    """

    kind: Literal["tsv"]
    images: Annotated[tuple[PathPattern, ...], Field(min_length=1)]
    """Where the files with the frames are, such as `*images.tsv`."""
    beside: dict[BesideKind, PathPattern] = Field(default_factory=dict)
    """Where the files with the same keys are that came with the frames."""
    key: str = "{clip}_{frame}"
    """How keys name the clip and the number of the frame; folders before and a file suffix after are
    ignored."""

    @model_validator(mode="after")
    def _key_names_both(self) -> Self:
        if sorted(placeholders(self.key)) != ["clip", "frame"]:
            raise ValueError(f"key is {self.key!r}, and must hold {{clip}} and {{frame}} once each")
        return self


class TableLayout(Part):
    """Videos of which a table of annotations names the parts that are clips.

    Format `mraa` is the CSV of the MRAA loaders (`video_id,start,end,bbox,fps,width,height,partition`),
    format `wyd` the JSON of the WYD benchmark.
    """

    kind: Literal["table"]
    format: Literal["mraa", "wyd"]
    annotations: Annotated[tuple[PathPattern, ...], Field(min_length=1)]
    """Where the table is; the first that is there counts."""
    videos: str = "videos"
    """Folder, below the downloads, that videos are put in whose addresses the table gives."""


Layout = Annotated[
    FolderLayout | FramesLayout | VideosLayout | MotLayout | TsvLayout | TableLayout,
    Field(discriminator="kind"),
]


def facts_of(layout: Layout) -> frozenset[str] | None:
    """Return the names of the facts that a layout tells of its clips; None where annotations decide."""
    if isinstance(layout, FramesLayout | VideosLayout):
        return frozenset(name for pattern in layout.patterns for name in placeholders(pattern)) - {"clip"}
    if isinstance(layout, MotLayout):
        return frozenset({"split", "people"})
    if isinstance(layout, TableLayout):
        return frozenset({"split", "video"}) if layout.format == "mraa" else None
    return frozenset()

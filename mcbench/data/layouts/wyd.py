"""The table `wyd`: parts of videos of DiDeMo, Oops and UVO, as the WYD benchmark annotates them.

Annotations: `wyd.json` of https://github.com/google-deepmind/wyd-benchmark (commit b018685c), whose fields
DATASET.md tells. Its `start_frame` and `end_frame` are `start_ix` and `end_ix` in the file; both are read.
`end_ix` is the last frame and may lie behind the end of the video; `video_length` is how many frames there
are, so a clip is the `video_length` frames from `start_ix` on (inferred: in 1,121 of 1,544 entries that ends
at `end_ix`, in 340 one frame before it, in 211 of these because a video of 300 frames has `end_ix` 300).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pydantic
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from mcbench import files
from mcbench.data.layouts.found_videos import FoundVideos
from mcbench.data.layouts.material import ClipMaterial, LayoutContent, Trim
from mcbench.data.layouts.names import clip_id, in_order
from mcbench.errors import FileFormatError
from mcbench.records import Fact


class WydEntry(BaseModel):
    """One annotated clip; fields that are not needed are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    wyd_id: Annotated[str, Field(min_length=1)]
    video_name: Annotated[str, Field(min_length=1)]
    dataset_name: str
    """`didemo_valid`, `oops_test`, `uvo_valid` and the like."""
    caption: str = ""
    actor_name: str = ""
    start_ix: Annotated[int, Field(ge=0, validation_alias=AliasChoices("start_ix", "start_frame"))]
    end_ix: Annotated[int, Field(ge=0, validation_alias=AliasChoices("end_ix", "end_frame"))]
    video_length: Annotated[int, Field(ge=1)]
    video_height: Annotated[int, Field(ge=1)]
    video_width: Annotated[int, Field(ge=1)]
    video_fps: Annotated[float, Field(gt=0)]
    categories: dict[str, tuple[str, ...]]


_ENTRIES = pydantic.TypeAdapter(tuple[WydEntry, ...])


def read_entries(table: Path) -> tuple[WydEntry, ...]:
    """Return the annotations.

    Raises:
        FileFormatError: the file is missing or does not hold them; the message names the entry and field.
    """
    try:
        return _ENTRIES.validate_json(files.read_text(table))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise FileFormatError(
            f"{table} does not hold WYD's annotations: {place}: {first['msg']}", "download it again"
        ) from error


def read_wyd(table: Path, videos: FoundVideos) -> LayoutContent:
    """Return the annotated clips; those without a video are missing with the reason.

    Facts are `dataset` and `part` (`uvo`, `test`), video, caption, actor, fps of the video and every
    category, such as `num_actors`, `camera` and `actions`.

    Raises:
        FileFormatError: as for `read_entries`.
        InputError: two entries would become one clip.
    """
    clips = in_order(_material(entry, videos) for entry in read_entries(table))
    missing = sum(1 for clip in clips if clip.missing)
    problems = (
        (f"{table.name}: the videos of {missing:,} of {len(clips):,} clips are not there",) if missing else ()
    )
    return LayoutContent(clips=clips, problems=problems)


def _material(entry: WydEntry, videos: FoundVideos) -> ClipMaterial:
    dataset, _, part = entry.dataset_name.partition("_")
    path, missing = videos.find(entry.video_name, within=dataset)
    facts: dict[str, Fact] = {
        "dataset": dataset,
        "part": part,
        "video": entry.video_name,
        "caption": entry.caption,
        "actor": entry.actor_name.strip(),
        "fps": entry.video_fps,
        **entry.categories,
    }
    if entry.categories.get("num_actors") in (("1",), ("2",)):
        facts["people"] = int(entry.categories["num_actors"][0])
    return ClipMaterial(
        id=clip_id(entry.wyd_id),
        path=str(path or ""),
        trim=Trim(start=entry.start_ix, end=entry.start_ix + entry.video_length),
        missing=missing if path is None else "",
        expected_frames=entry.video_length,
        expected_size=(entry.video_height, entry.video_width),
        facts=facts,
    )

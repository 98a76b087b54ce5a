"""The table `mraa`: clips as parts of videos, as MRAA, FOMM and their successors publish their data sets.

Rows are read as `load_videos.py` of https://github.com/AliaksandrSiarohin/video-preprocessing reads them:
the video is `video_id` up to its first `#`; rows of one `video_id` are chunks of one video, and fps, width,
height and partition come from the first of them; a frame is kept by `Trim` and cut by `Crop`. What that
loader takes in silence is refused here with a reason: rows that select no frame, boxes outside their frame.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

import pydantic

from mcbench import files
from mcbench.data.layouts.found_videos import FoundVideos
from mcbench.data.layouts.material import ClipMaterial, Crop, LayoutContent, Trim
from mcbench.data.layouts.names import clip_id, in_order
from mcbench.downloads.records import RemoteFile
from mcbench.errors import FileFormatError

COLUMNS = ("video_id", "start", "end", "bbox", "fps", "width", "height", "partition")
_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")


@dataclass(frozen=True)
class Chunk:
    """A row of the table.

    Attributes:
        clip: the id that the clip gets: the name of the file that the loader would write, made safe.
        video: id of the video, a YouTube id in the published tables.
        partition: such as `train`.
        trim: which frames; None where the row is refused.
        crop: which part of them; None where the row is refused.
        refusal: why the row cannot be used; empty where it can.
    """

    clip: str
    video: str
    partition: str
    trim: Trim | None
    crop: Crop | None
    refusal: str


def read_mraa(table: Path, videos: FoundVideos) -> LayoutContent:
    """Return the clips of a table; those without a video, and refused rows, are missing with the reason.

    Raises:
        FileFormatError: the table lacks columns or holds a row that cannot be read.
        InputError: two rows would become one clip.
    """
    chunks = read_chunks(table)
    clips = [_material(chunk, videos) for chunk in chunks]
    return LayoutContent(clips=in_order(clips), problems=_problems(table, chunks))


def remote_videos(table: Path, folder: str, *, also_refused: bool = False) -> tuple[RemoteFile, ...]:
    """Return the YouTube videos that the usable rows of a table are cut from, each once, in order of id.

    Args:
        table: the CSV file.
        folder: folder that they are put in.
        also_refused: also those of rows that cannot be used, as a report on links wants.
    """
    wanted = {chunk.video for chunk in read_chunks(table) if also_refused or not chunk.refusal}
    return tuple(
        RemoteFile(name=f"{folder}/{clip_id(video)}.mp4", urls=(f"youtube:{video}",))
        for video in sorted(wanted)
        if _YOUTUBE_ID.fullmatch(video)
    )


def read_chunks(table: Path) -> list[Chunk]:
    """Return the rows of a table in its own order.

    Raises:
        FileFormatError: columns are missing, or a row holds no numbers where numbers belong.
    """
    reader = csv.DictReader(io.StringIO(files.read_text(table), newline=""))
    try:
        absent = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        rows = [] if absent else [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise FileFormatError(f"{table}, line {reader.line_num}, cannot be read: {error}") from error
    if absent:
        raise FileFormatError(
            f"{table} has no column {absent[0]!r}", f"its first line should be {','.join(COLUMNS)}"
        )
    first_of: dict[str, dict[str, str]] = {}
    chunks: list[Chunk] = []
    for number, row in rows:
        try:
            if None in row.values() or not row["video_id"]:
                raise ValueError("a column is empty")
            chunks.append(_chunk(row, first_of.setdefault(row["video_id"], row)))
        except (ValueError, OverflowError) as error:
            raise FileFormatError(f"{table}, line {number}, cannot be read: {error}") from error
    if not chunks:
        raise FileFormatError(f"{table} has no rows")
    return chunks


def _chunk(row: dict[str, str], first: dict[str, str]) -> Chunk:
    video_id = row["video_id"]
    start, end = float(row["start"]), float(row["end"])
    fps, of_size = float(first["fps"]), (int(first["width"]), int(first["height"]))
    trim, crop, refusal = None, None, ""
    try:
        crop = _crop(row["bbox"], *of_size)
        if end > start:
            trim = Trim(start=start, end=end, reference_fps=fps)
        else:
            refusal = f"start {start:g} and end {end:g} select no frame"
    except pydantic.ValidationError as error:
        refusal = error.errors()[0]["msg"].removeprefix("Value error, ")
    name = "#".join(reversed(video_id.split("#")))
    return Chunk(
        clip=clip_id(f"{name}#{int(start):06d}#{int(end):06d}"),
        video=video_id.split("#")[0],
        partition=first["partition"],
        trim=trim,
        crop=crop,
        refusal=refusal,
    )


def _crop(bbox: str, width: int, height: int) -> Crop:
    left, top, right, bottom = (float(side) for side in bbox.split("-"))
    return Crop(left=left, top=top, right=right, bottom=bottom, of_width=width, of_height=height)


def _material(chunk: Chunk, videos: FoundVideos) -> ClipMaterial:
    path, missing = (None, chunk.refusal) if chunk.refusal else videos.find(chunk.video)
    return ClipMaterial(
        id=chunk.clip,
        path=str(path or ""),
        trim=chunk.trim,
        crop=chunk.crop,
        missing=missing,
        facts={"split": chunk.partition, "video": chunk.video},
    )


def _problems(table: Path, chunks: list[Chunk]) -> tuple[str, ...]:
    refused = [chunk for chunk in chunks if chunk.refusal]
    if not refused:
        return ()
    count = f"{table.name}: {len(refused):,} of {len(chunks):,} rows cannot be used"
    text = f"{count}, such as {refused[0].clip}: {refused[0].refusal}"
    return (text,) if any(chunk.trim is not None for chunk in chunks) else (text, _NO_TIMES)


_NO_TIMES = (
    "No row has a start and an end. The TED-talks table that the MRAA repository ships is so, and cannot "
    "reproduce the clips: its boxes lie in a square crop made before, whose place in the video is not given. "
    "The table that works is attached to issue 12 of that repository (ted384-metadata.csv); a folder of "
    "ready-made clips works too (--source ready)."
)

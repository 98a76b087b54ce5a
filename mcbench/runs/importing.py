"""Videos that somebody has of a method become a run: names, rates, sizes and coverage are checked first."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mcbench import baselines, data, environment, files, video
from mcbench.data import Clip
from mcbench.errors import InputError, McbenchError, MismatchError
from mcbench.progress import Progress, SilentProgress
from mcbench.records import ModelDescription, RunRecord, VideoResult, now
from mcbench.runs.generate import write_video
from mcbench.runs.previews import write_truth_previews
from mcbench.runs.run import run_folder, wanted_videos
from mcbench.video import FrameSource, Selection, exact_rate

Resampling = Literal["fps", "size"]
_RATE_TOLERANCE = 0.01
"""Frames a second that two rates may differ by, since containers round them."""
_SHAPE_TOLERANCE = 0.02
"""Part that height by width may differ by, since sizes are rounded to multiples."""
_SHOWN = 8


@dataclass(frozen=True)
class ImportRequest:
    """What `mcbench import` is asked for; the fields are its options."""

    model: str
    folder: Path
    split: str
    source: str | None = None
    out: Path = Path("results")
    display_name: str = ""
    licence: str = ""
    fps: float | None = None
    resample: tuple[Resampling, ...] = ()
    limit_frames: int | None = None
    partial: bool = False
    overwrite: bool = False
    home: Path | None = None


@dataclass(frozen=True)
class _Found:
    """One clip and the video that somebody has of it."""

    clip: Clip
    source: FrameSource
    n_frames: int
    """How many frames are wanted."""
    fps: float | None
    """Rate to bring it from; None to take the frames as they are."""
    notes: tuple[str, ...]


def import_run(request: ImportRequest, progress: Progress | None = None) -> RunRecord:
    """Copy the videos of a folder into a run that `score` and `leaderboard` take like any other.

    The folder holds VIDEO.mp4 (or another video) or a folder VIDEO of pictures for each clip of the split.
    Everything is checked before anything is written, and all that is wrong is told at once.

    Raises:
        InputError: no such folder or split, or a run is there already.
        DataMissingError: the split is not prepared.
        MismatchError: clips without a video, or videos of other rates, shapes or numbers of frames.
        FileFormatError: a video is damaged.
    """
    shown = progress or SilentProgress()
    split = data.open_split(request.split, source=request.source, home=request.home)
    model = _description(request)
    folder = run_folder(request.out, model.id, split.record)
    path = folder / "run.json"
    with files.locked(path, wait=False):
        if path.exists() and not request.overwrite:
            raise InputError(
                f"{folder} holds a run already", "use --overwrite to replace it, or another --out"
            )
        found = _all_found(request, split, shown)
        path.unlink(missing_ok=True)
        for name in ("frames", "previews", "scores", "logs"):
            shutil.rmtree(folder / name, ignore_errors=True)
        shown.start(f"importing {model.display_name} on {split.record.name}", len(found))
        results = []
        for each in found:
            results.append(_copied(each, folder, request))
            shown.advance()
        record = RunRecord(
            model=model,
            split=split.record,
            seed=0,
            size=None,
            limit_frames=request.limit_frames,
            videos=tuple(results),
            environment=environment.describe_environment("cpu"),
            created=now(),
        )
        record.write(path)
        write_truth_previews(split.record, [each.clip for each in found], request.out, shown)
    return record


def _description(request: ImportRequest) -> ModelDescription:
    known = {spec.id: spec for spec in baselines.specs(request.home)}
    spec = known.get(request.model)
    settings: dict[str, str | int | float | bool] = {}
    if request.resample:
        settings["resampled"] = ", ".join(sorted(request.resample))
    name = request.display_name or (spec.display_name if spec else request.model)
    return ModelDescription(
        id=files.safe_name(request.model, "name of a model"),
        display_name=f"{name} (imported)",
        kind="import",
        licence=request.licence or (spec.licence if spec else ""),
        paper=spec.paper if spec else "",
        sampler=settings,
        inputs=spec.inputs if spec else (),
    )


def _all_found(request: ImportRequest, split: data.Split, progress: Progress) -> list[_Found]:
    """Return every clip's video, or raise with all that is wrong."""
    there = _videos(request.folder)
    wanted = set(wanted_videos(split.record, None, None))
    prepared = {clip.record.id: clip for clip in split.clips}
    missing = [name for name in sorted(wanted) if name not in there]
    others = sorted(set(there) - wanted)
    if missing and (not request.partial or len(missing) == len(wanted)):
        raise MismatchError(
            f"{request.folder} has no video of {_shortened(missing)}, of {len(wanted)} clips",
            (f"it has {_shortened(others)}: name" if others else "name")
            + " each like its clip; --partial imports what is there",
        )
    if others:
        progress.message(f"not of this split, left out: {_shortened(others)}")
    found, wrong = [], []
    for name in sorted(wanted & set(there) & set(prepared)):
        try:
            found.append(_fitting(prepared[name], there[name], request))
        except McbenchError as error:
            wrong.append(error)
    if wrong:
        told = "; ".join(error.message for error in wrong[:_SHOWN])
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise MismatchError(
            f"{len(wrong)} of {len(wrong) + len(found)} videos do not fit: {told}{more}", wrong[0].hint
        )
    if not found:
        raise MismatchError(f"none of the videos in {request.folder} is of a clip that is prepared")
    return found


def _videos(folder: Path) -> dict[str, Path]:
    """Return name -> video file or folder of pictures."""
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    there: dict[str, Path] = {}
    for entry in sorted(folder.iterdir()):
        is_video = entry.is_file() and entry.suffix.lower() in video.VIDEO_SUFFIXES
        if entry.name.startswith(".") or not (is_video or entry.is_dir()):
            continue
        name = entry.stem if is_video else entry.name
        if name in there:
            raise InputError(f"{there[name]} and {entry.name} are two videos of one clip", "remove one")
        there[name] = entry
    return there


def _fitting(clip: Clip, path: Path, request: ImportRequest) -> _Found:
    """Return a video if it fits its clip, brought to its rate or size where that was asked for."""
    source = video.open_frames(path)
    record = clip.record
    wanted = min(record.n_frames, request.limit_frames or record.n_frames)
    notes = []
    rate = source.fps or request.fps
    resamples = rate is not None and abs(rate - record.fps) > _RATE_TOLERANCE
    if resamples and "fps" not in request.resample:
        raise MismatchError(
            f"{path.name} has {rate:g} frames a second, and its clip {record.fps:g}",
            "bring videos to the rate of their clips: --resample fps",
        )
    if resamples:
        notes.append(f"fps {rate:g} to {record.fps:g}")
    enough = source.n_frames >= wanted if request.limit_frames else source.n_frames == wanted
    if not resamples and not enough:
        raise MismatchError(
            f"{path.name} has {source.n_frames} frames, and {wanted} are wanted",
            "give whole videos, frame by frame; --limit-frames N takes the first N of each",
        )
    there, true = source.size[0] / source.size[1], record.size[0] / record.size[1]
    if source.size != record.size and "size" in request.resample:
        notes.append(f"size {source.size[0]}x{source.size[1]} to {record.size[0]}x{record.size[1]}")
    elif abs(there / true - 1) > _SHAPE_TOLERANCE:
        raise MismatchError(
            f"{path.name} is {source.size[0]}x{source.size[1]}, another shape than its clip's "
            f"{record.size[0]}x{record.size[1]} (height x width)",
            "stretch videos to the size of their clips: --resample size",
        )
    return _Found(clip, source, wanted, rate if resamples else None, tuple(notes))


def _copied(found: _Found, folder: Path, request: ImportRequest) -> VideoResult:
    began = time.perf_counter()
    record = found.clip.record
    frames = _frames(found, "size" in request.resample)
    digest, size = write_video(folder, record.id, frames, record.fps)
    return VideoResult(
        video=record.id,
        status="done",
        n_frames=found.n_frames,
        size=size,
        frames_sha256=digest,
        clip_sha256=record.frames_sha256,
        conditions={"imported": found.source.path.name},
        facts={"resampled": ", ".join(found.notes)} if found.notes else {},
        seconds=round(time.perf_counter() - began, 3),
    )


def _frames(found: _Found, stretch: bool) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames wanted, or raise if there are fewer."""
    record = found.clip.record
    selection = Selection(fps=record.fps if found.fps is not None else None, max_frames=found.n_frames)
    assumed = exact_rate(found.fps or record.fps)
    stream = video.stream_frames(found.source.path)
    made = 0
    for frame in islice(stream.frames(selection, assumed_rate=assumed), found.n_frames):
        made += 1
        yield video.fit_frame(frame, record.size) if stretch else frame
    if made < found.n_frames:
        raise MismatchError(
            f"{found.source.path.name} gives {made} frames at {record.fps:g} a second, and "
            f"{found.n_frames} are wanted",
            "give whole videos; --limit-frames N takes the first N of each",
        )


def _shortened(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")

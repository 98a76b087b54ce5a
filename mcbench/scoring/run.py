"""Scoring a run of `mcbench run` against its benchmark's prepared clips."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from mcbench import data, files
from mcbench.data import Clip
from mcbench.environment import pick_device
from mcbench.errors import DataMissingError, FileFormatError, McbenchError, MismatchError
from mcbench.progress import Progress
from mcbench.records import NetworkFamily, RunRecord, ScoreRecord, VideoResult
from mcbench.scoring.aggregate import headline_mask
from mcbench.scoring.cache import cache_folder
from mcbench.scoring.compute import Compute
from mcbench.scoring.engine import MapJobs, Scored, score_pairings
from mcbench.scoring.networks import NetworkRequest, find_networks
from mcbench.scoring.pairing import FramePair, PairedVideo, Pairing
from mcbench.scoring.protocols import Protocol, choose_protocols
from mcbench.scoring.scores import score_records
from mcbench.scoring.values import VideoValues
from mcbench.video import open_frames


def find_runs(folder: Path) -> list[Path]:
    """Return the folders of all runs at or below a folder, sorted.

    Raises:
        DataMissingError: the folder does not exist, or there is none.
    """
    if not folder.is_dir():
        raise DataMissingError(f"there is no folder {folder}", "mcbench run --help")
    if (folder / "run.json").is_file():
        return [folder]
    found = sorted(path.parent for path in folder.rglob("run.json") if path.is_file())
    if not found:
        raise DataMissingError(
            f"no run lies in {folder} (no run.json)",
            "generate one with mcbench run, or score plain folders with mcbench compare",
        )
    return found


def score_run(
    run_folder: Path,
    *,
    protocols: Sequence[str] | None = None,
    networks: NetworkFamily | None = None,
    leave_out: Collection[str] = (),
    home: Path | None = None,
    compute: Compute | None = None,
    allow_missing: bool = False,
    seed: int = 0,
    map_jobs: MapJobs | None = None,
    progress: Progress | None = None,
) -> list[ScoreRecord]:
    """Score what a run has made, and write `scores/PROTOCOL.json` with the values it is made of.

    Beside each record lie `PROTOCOL.frames.jsonl` (one line a frame) and `PROTOCOL.videos.jsonl` (one
    line a video); `/` in a protocol's name becomes `-` in file names. What the run has not made, because
    it was limited or a video failed, shows in the record's coverage.

    Args:
        run_folder: holds `run.json` and `frames/`.
        protocols: names, or `all`; None for `DEFAULT_PROTOCOLS` and, where the clips have masks, those of
            people. One pass over the frames feeds them all.
        networks: the family of feature networks, or None for the one that the benchmark names.
        leave_out: keys of metrics not to compute; the record lists them as left out.
        home: mcbench's folder of prepared data, weights and cache.
        compute: how to carry it out.
        allow_missing: leave out videos that cannot be read or whose clip has changed, and list them.
        seed: of the bootstrap.
        map_jobs: where to run the jobs, such as on a cluster; by default as `compute` says.
        progress: told of frames.

    Raises:
        InputError: an unknown protocol, metric or device.
        FileFormatError: the run's record or a frame cannot be read.
        DataMissingError: the run made nothing, or the benchmark's clips are not prepared.
        MismatchError: frames or clips are not those of the run.
    """
    return score_runs(
        [run_folder],
        protocols=protocols,
        networks=networks,
        leave_out=leave_out,
        home=home,
        compute=compute,
        allow_missing=allow_missing,
        seed=seed,
        map_jobs=map_jobs,
        progress=progress,
    )[run_folder]


def score_runs(
    run_folders: Sequence[Path],
    *,
    protocols: Sequence[str] | None = None,
    networks: NetworkFamily | None = None,
    leave_out: Collection[str] = (),
    home: Path | None = None,
    compute: Compute | None = None,
    allow_missing: bool = False,
    seed: int = 0,
    map_jobs: MapJobs | None = None,
    failures: dict[Path, McbenchError] | None = None,
    progress: Progress | None = None,
) -> dict[Path, list[ScoreRecord]]:
    """Score runs on one split together: the truth is decoded, and goes through networks, once for all.

    The records are those that `score_run` gives for each run alone; most arguments and errors are its, too.

    Args:
        run_folders: the runs.
        protocols, networks, leave_out, home, compute: see `score_run`.
        allow_missing, seed, map_jobs, progress: likewise.
        failures: where given, a run that cannot be scored is put there with its error, and the others go on.

    Raises:
        MismatchError: the runs are on different splits.
    """
    how = compute or Compute()
    runs = {folder: RunRecord.read(folder / "run.json") for folder in run_folders}
    first = next(iter(runs.values()))
    if any(_split_of(run) != _split_of(first) for run in runs.values()):
        raise MismatchError(
            "these runs are on different splits", "score the runs of each split by themselves"
        )
    split = data.open_split(first.split.name, source=first.split.source, home=home)
    clips = {clip.record.id: clip for clip in split.clips}
    masked = any("masks" in clip.record.truth for clip in split.clips)
    chosen = choose_protocols(protocols, with_people=masked)
    failed = {} if failures is None else failures
    pairings: dict[str, Pairing] = {}
    for folder, run in runs.items():
        try:
            pairings[str(folder)] = _pair(run, folder, clips, allow_missing)
        except McbenchError as error:
            _fail(folder, error, failed, failures is None)
    request = NetworkRequest(
        family=networks or first.split.networks,
        left_out=tuple(leave_out),
        home=home,
        device=pick_device(how.device),
        precision=how.precision,
    )
    found = find_networks(chosen, request)
    cache = cache_folder(home) if how.cache else None
    scored = score_pairings(
        pairings,
        chosen,
        found,
        compute=how,
        cache=cache,
        allow_missing=allow_missing,
        map_jobs=map_jobs,
        progress=progress,
    )
    records: dict[Path, list[ScoreRecord]] = {}
    for folder in (folder for folder in runs if str(folder) in pairings):
        run, values = runs[folder], scored[str(folder)]
        if isinstance(values, McbenchError):
            _fail(folder, values, failed, failures is None)
            continue
        made = score_records(
            values,
            pairings[str(folder)],
            chosen,
            found,
            allow_missing=allow_missing,
            seed=seed,
            cache=cache,
            progress=progress,
        )
        records[folder] = [
            record.model_copy(update={"split": run.split, "model": run.model}) for record in made
        ]
        for record, protocol in zip(records[folder], chosen, strict=True):
            _write(record, protocol, values, folder / "scores")
    return records


def _fail(folder: Path, error: McbenchError, failures: dict[Path, McbenchError], stop: bool) -> None:
    if stop:
        raise error
    failures[folder] = error


def group_runs(
    run_folders: Sequence[Path], failures: dict[Path, McbenchError] | None = None
) -> list[list[Path]]:
    """Return the runs in groups that `score_runs` takes together, in order.

    Args:
        run_folders: the runs.
        failures: where given, a run whose record cannot be read is put there with its error.

    Raises:
        FileFormatError: the record of a run cannot be read, and `failures` is not given.
    """
    groups: dict[tuple[str, str, NetworkFamily], list[Path]] = {}
    failed = {} if failures is None else failures
    for folder in run_folders:
        try:
            groups.setdefault(_split_of(RunRecord.read(folder / "run.json")), []).append(folder)
        except FileFormatError as error:
            _fail(folder, error, failed, failures is None)
    return list(groups.values())


def _split_of(run: RunRecord) -> tuple[str, str, NetworkFamily]:
    """Return what runs must share to be scored together: the split's name, source and networks."""
    return run.split.name, run.split.source, run.split.networks


def score_path(run_folder: Path, protocol: str) -> Path:
    """Return where the score of a run under a protocol lies."""
    return run_folder / "scores" / f"{protocol.replace('/', '-')}.json"


def _pair(run: RunRecord, folder: Path, clips: dict[str, Clip], allow_missing: bool) -> Pairing:
    results = {result.video: result for result in run.videos}
    pairing = Pairing(videos_expected=list(run.split.expected))
    for name in run.split.expected:
        result, clip = results.get(name), clips.get(name)
        pairing.frames_expected += clip.record.n_frames if clip else (result.n_frames if result else 0)
        if result is None or result.status == "failed":
            pairing.missing_videos.append(name)
            if result is not None:
                pairing.excluded[name] = f"the run failed: {result.reason}"
            continue
        try:
            pairing.videos.append(_pair_video(result, folder / "frames" / name, clip, run))
        except (FileFormatError, MismatchError, DataMissingError) as error:
            if not allow_missing:
                raise
            pairing.missing_videos.append(name)
            pairing.excluded[name] = error.message
    if not pairing.videos:
        raise DataMissingError(
            f"the run {folder} has no video that can be scored",
            "; ".join(pairing.excluded.values()) or "finish it with mcbench run",
        )
    return pairing


def _pair_video(result: VideoResult, frames: Path, clip: Clip | None, run: RunRecord) -> PairedVideo:
    if clip is None:
        raise DataMissingError(
            f"the clip {result.video} of {run.split.name} is not prepared",
            f"mcbench data prepare {run.split.benchmark} --source {run.split.source}",
        )
    if result.clip_sha256 is not None and result.clip_sha256 != clip.record.frames_sha256:
        raise MismatchError(
            f"the clip {result.video} has changed since the run was made from it",
            "generate it again: mcbench run with the same options and --overwrite",
        )
    predicted = open_frames(frames)
    if predicted.n_frames != result.n_frames or result.n_frames > clip.record.n_frames:
        raise MismatchError(
            f"{frames} holds {predicted.n_frames} frames, run.json says {result.n_frames}, the clip has "
            f"{clip.record.n_frames}",
            "run the same mcbench run again; it makes the video anew",
        )
    wrong = [index for index in range(result.n_frames) if not (frames / f"{index:06d}.png").is_file()]
    if wrong:
        raise MismatchError(f"{frames} has no {wrong[0]:06d}.png", "run the same mcbench run again")
    whole = result.n_frames == clip.record.n_frames
    return PairedVideo(
        name=result.video,
        prediction=frames,
        truth=clip.folder / "frames",
        prediction_size=predicted.size,
        truth_size=clip.record.size,
        frames=tuple(FramePair(index, index, index) for index in range(result.n_frames)),
        prediction_sha256=result.frames_sha256,
        truth_sha256=clip.record.frames_sha256 if whole else None,
        truth_clip=clip.folder,
    )


def _write(record: ScoreRecord, protocol: Protocol, found: Scored, folder: Path) -> None:
    path = folder / f"{protocol.name.replace('/', '-')}.json"
    # The record goes first and comes last, so that it never stands beside values of another score.
    path.unlink(missing_ok=True)
    videos = found.values[protocol.name]
    files.write_text(path.with_suffix(".frames.jsonl"), "".join(_frame_lines(protocol, videos)))
    files.write_text(path.with_suffix(".videos.jsonl"), "".join(_video_lines(protocol, videos, found)))
    record.write(path)


def _frame_lines(protocol: Protocol, videos: Sequence[VideoValues]) -> list[str]:
    lines = []
    for video in videos:
        counted = headline_mask(protocol, video)
        for place, index in enumerate(video.indices.tolist()):
            values = {key: float(series[place]) for key, series in video.frames.items()}
            values |= _people_of_frame(video, place)
            row = {"video": video.name, "frame": index, "counted": bool(counted[place]), **values}
            lines.append(json.dumps(row, allow_nan=False) + "\n")
    return lines


def _people_of_frame(video: VideoValues, place: int) -> dict[str, Any]:
    """Return the metrics of people in a frame; null where one has no meaning there."""
    people = video.people
    if people is None:
        return {}
    values: dict[str, Any] = {key: _or_none(column[place]) for key, column in people.frames.items()}
    each = {key: [_or_none(one) for one in table[place]] for key, table in people.people.items()}
    return values | {
        "people": int(people.visible[place]),
        "overlap": bool(people.overlap[place]),
        "each": each,
    }


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _video_lines(protocol: Protocol, videos: Sequence[VideoValues], found: Scored) -> list[str]:
    lines = []
    for video in videos:
        counted = headline_mask(protocol, video)
        means = {
            key: float(series[counted].mean()) if counted.any() else None
            for key, series in video.frames.items()
        }
        row = {
            "video": video.name,
            "frames": int(counted.sum()),
            "clips": {role: len(one.items) for role, one in video.features.items()},
            "prediction_sha256": found.digests[video.name][0],
            "truth_sha256": found.digests[video.name][1],
            **means,
        }
        lines.append(json.dumps(row, allow_nan=False) + "\n")
    return lines

"""One model on one split: plans the jobs, does what is not done yet, keeps `run.json` true throughout."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcbench import baselines, data, environment, files
from mcbench.baselines import Animator, Options
from mcbench.errors import DataMissingError, InputError, MismatchError
from mcbench.progress import Progress, SilentProgress
from mcbench.records import ModelDescription, RunRecord, Size, SplitRecord, VideoJob, VideoResult, now
from mcbench.runs.generate import generate_video, video_inputs
from mcbench.runs.previews import write_truth_previews


@dataclass(frozen=True)
class RunRequest:
    """What `mcbench run` is asked for; the fields are its options."""

    model: str
    split: str
    source: str | None = None
    out: Path = Path("results")
    clips: tuple[str, ...] | None = None
    limit_videos: int | None = None
    limit_frames: int | None = None
    size: Size | None = None
    poses_by: str | None = None
    seed: int = 0
    device: str = "auto"
    options: Options = field(default_factory=dict)
    overwrite: bool = False
    home: Path | None = None


def run_folder(out: Path, model: str, split: SplitRecord) -> Path:
    """Return `OUT/MODEL/SPLIT`, where a run's record, frames, previews and scores lie."""
    return out / model / split.name


def wanted_videos(split: SplitRecord, clips: Sequence[str] | None, limit: int | None) -> tuple[str, ...]:
    """Return the ids of the clips that a run is asked for, in order: the chosen ones, the first of them.

    Raises:
        InputError: the split has no such clip.
    """
    unknown = sorted(set(clips or ()) - set(split.expected))
    if unknown:
        near = difflib.get_close_matches(unknown[0], split.expected, cutoff=0.5) or split.expected[:10]
        raise InputError(
            f"{split.name} has no clip {unknown[0]!r}",
            f"among its {len(split.expected)} clips: {', '.join(near)}",
        )
    return tuple(clip for clip in split.expected if clips is None or clip in clips)[:limit]


def run_model(request: RunRequest, progress: Progress | None = None) -> RunRecord:
    """Generate every video of a split that is not generated yet, and return the record.

    A video is the unit of resume: after a kill at any moment the same request goes on and ends with the
    same frames. A video that fails is recorded with its reason and the others go on; failed videos
    are tried again by the next call. Clips of a generated
    source that are not prepared yet are prepared first.

    Raises:
        InputError: unknown model, split or option, or a run is under way in this folder.
        DataMissingError: the split is not prepared, and its source cannot be generated.
        MismatchError: the folder holds a run of other data, weights, seed, sizes or code.
    """
    progress = progress or SilentProgress()
    spec = baselines.get(request.model, request.home)
    _check_limits(request)
    data.ensure_prepared(
        request.split,
        source=request.source,
        home=request.home,
        clips=request.clips,
        limit=request.limit_videos,
        progress=progress,
    )
    split = data.open_split(request.split, source=request.source, home=request.home)
    wanted = wanted_videos(split.record, request.clips, request.limit_videos)
    device = environment.pick_device(request.device)
    animator = baselines.load(request.model, device, request.options, request.home)
    folder = run_folder(request.out, spec.id, split.record)
    record_path = folder / "run.json"
    with files.locked(record_path, wait=False):
        clips = [clip for clip in split.clips if clip.record.id in wanted]
        fresh = RunRecord(
            model=animator.describe(),
            split=split.record,
            seed=request.seed,
            size=request.size,
            limit_videos=request.limit_videos,
            limit_frames=request.limit_frames,
            environment=environment.describe_environment(device),
            created=now(),
        )
        jobs = [_job(request, clip, folder, device) for clip in clips]
        record = _begin(record_path, fresh, jobs, clips, request.overwrite)
        record = _work(record, record_path, jobs, animator, progress)
        done = {result.video for result in record.videos if result.status == "done"}
        shown = [clip for clip in clips if clip.record.id in done]  # the page plays truth beside predictions
        write_truth_previews(split.record, shown, request.out, progress)
    return record


def _check_limits(request: RunRequest) -> None:
    for name, limit in (("--limit-videos", request.limit_videos), ("--limit-frames", request.limit_frames)):
        if limit is not None and limit < 1:
            raise InputError(f"{name} is {limit}, and must be at least 1")


def _begin(
    path: Path,
    fresh: RunRecord,
    jobs: Sequence[VideoJob],
    clips: Sequence[data.Clip],
    overwrite: bool,
) -> RunRecord:
    """Return the record to go on with: the one in the folder if it is of the same run."""
    old = None if overwrite or not path.exists() else RunRecord.read(path)
    if old is None or not any(result.status == "done" for result in old.videos):
        # Where nothing was finished there is nothing to go on from, and nothing to protect.
        for name in ("frames", "previews", "scores", "logs"):
            shutil.rmtree(path.parent / name, ignore_errors=True)
        files.remove_leftovers(path.parent)
        fresh.write(path)
        return fresh
    for part in ("", "frames", "previews", "logs"):
        files.remove_leftovers(path.parent / part)
    differing = [*_differences(old, fresh, clips), *_other_conditions(old, jobs, clips)]
    if differing:
        raise MismatchError(
            f"{path.parent} holds a run with another {', '.join(differing)}",
            "use --overwrite to replace it, or another --out to keep both",
        )
    return old.model_copy(update={"limit_videos": fresh.limit_videos, "split": fresh.split})


def _differences(old: RunRecord, fresh: RunRecord, clips: Sequence[data.Clip]) -> list[str]:
    """Name what would make videos of the two runs incomparable."""
    made_from = {result.video: result.clip_sha256 for result in old.videos if result.status == "done"}
    pairs: dict[str, tuple[object, object]] = {
        "model": (_without_settings(old.model), _without_settings(fresh.model)),
        "set of weights": (old.model.weights, fresh.model.weights),
    }
    settings: dict[str, tuple[object, object]] = {
        "source": (old.split.source, fresh.split.source),
        "seed": (old.seed, fresh.seed),
        "size": (_sides(old.size), _sides(fresh.size)),
        "frame limit": (old.limit_frames, fresh.limit_frames),
        **{
            f"option {name}": (old.model.sampler.get(name), fresh.model.sampler.get(name))
            for name in sorted({*old.model.sampler, *fresh.model.sampler})
        },
    }
    for clip in clips:
        if clip.record.id in made_from:
            pairs[f"{clip.record.id} (the clip has changed)"] = (
                made_from[clip.record.id],
                clip.record.frames_sha256,
            )
    if made_from and any(clip.record.id not in made_from for clip in clips):
        # What is left would be made by other code than what is there.
        pairs["version of mcbench"] = (_code(old), _code(fresh))
    return [
        *(
            f"{name} ({_said(before)} there, {_said(after)} now)"
            for name, (before, after) in settings.items()
            if before != after
        ),
        *(name for name, (before, after) in pairs.items() if before != after),
    ]


def _without_settings(model: ModelDescription) -> ModelDescription:
    return model.model_copy(update={"weights": (), "sampler": {}})


def _sides(size: Size | None) -> str | None:
    return None if size is None else f"{size[0]}x{size[1]}"


def _said(value: object) -> str:
    return "none" if value is None else str(value)


def _other_conditions(old: RunRecord, jobs: Sequence[VideoJob], clips: Sequence[data.Clip]) -> list[str]:
    """Name the videos that are there and were driven by something else than they would be now."""
    driven_by = {result.video: result.conditions for result in old.videos if result.status == "done"}
    changed = []
    for job, clip in zip(jobs, clips, strict=True):
        before = driven_by.get(job.video)
        if not before:
            continue
        try:
            after = video_inputs(job, clip).conditions
        except DataMissingError:
            continue  # what drove it is gone since, and what is done needs it no more
        kinds = [kind for kind in before if before[kind] != after.get(kind)]
        if kinds:
            changed.append(f"kind of {kinds[0]} for {job.video} (it was driven by {before[kinds[0]]})")
    return changed


def _code(record: RunRecord) -> tuple[str, str | None]:
    return record.environment.mcbench, record.environment.git_commit


def _job(request: RunRequest, clip: data.Clip, folder: Path, device: str) -> VideoJob:
    return VideoJob(
        model=request.model,
        video=clip.record.id,
        clip_folder=str(clip.folder),
        out_folder=str(folder),
        n_frames=min(clip.record.n_frames, request.limit_frames or clip.record.n_frames),
        size=request.size,
        poses_by=request.poses_by,
        seed=request.seed,
        device=device,
        options=dict(request.options),
        home=None if request.home is None else str(request.home),
    )


def _work(
    record: RunRecord, path: Path, jobs: list[VideoJob], animator: Animator, progress: Progress
) -> RunRecord:
    """Do the jobs that are not done, rewriting the record after each."""
    results = {result.video: result for result in record.videos if _is_whole(result, path.parent)}
    progress.start(f"{record.model.display_name} on {record.split.name}", len(jobs))
    for job in jobs:
        if job.video not in results:
            result = generate_video(job, animator)
            results[job.video] = result
            if result.status == "failed":
                progress.message(f"{job.video} failed: {result.reason}")
        ordered = tuple(results[video] for video in sorted(results))
        record = record.model_copy(update={"videos": ordered})
        record.write(path)
        progress.advance()
    return record


def _is_whole(result: VideoResult, folder: Path) -> bool:
    frames = folder / "frames" / result.video
    preview = folder / "previews" / f"{result.video}.mp4"
    return (
        result.status == "done"
        and preview.is_file()
        and frames.is_dir()
        and sum(1 for entry in frames.iterdir() if entry.suffix == ".png") == result.n_frames
    )

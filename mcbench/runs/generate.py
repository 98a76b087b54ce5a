"""One video: a job becomes frames, a preview and a result. A pure, idempotent function of its job."""

from __future__ import annotations

import hashlib
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench import baselines, environment, files, video
from mcbench.baselines import AnimationRequest, Animator
from mcbench.conditions import DrivingPoses, driving_poses
from mcbench.data import Clip, load_clip
from mcbench.errors import McbenchError, MismatchError
from mcbench.records import Size, VideoJob, VideoResult


def generate_video(job: VideoJob, animator: Animator | None = None) -> VideoResult:
    """Generate one video below `job.out_folder` and say what came of it.

    Writes `frames/VIDEO/000000.png ...` (the folder appears whole or not at all) and
    `previews/VIDEO.mp4`. A failure is returned, not raised, and its traceback kept in
    `logs/VIDEO.txt`; what an earlier attempt left of this video is removed first.

    Args:
        job: which model, clip, sizes and seed.
        animator: the job's model if it is loaded already; loaded here otherwise.
    """
    out = Path(job.out_folder)
    log = out / "logs" / f"{job.video}.txt"
    log.unlink(missing_ok=True)
    try:
        device = environment.pick_device(job.device)
        clip = load_clip(Path(job.clip_folder))
        driving = video_poses(job, clip)
        if animator is None:
            animator = baselines.load(job.model, device, job.options)
        environment.reset_peak_memory(device)
        began = time.perf_counter()
        digest, size = _write_frames(job, clip, driving, animator, out)
        seconds = time.perf_counter() - began
    except Exception as error:  # any failure of a model is this video's, and the run goes on
        files.write_text(log, traceback.format_exc())
        return VideoResult(video=job.video, status="failed", reason=_reason(error))
    return VideoResult(
        video=job.video,
        status="done",
        n_frames=job.n_frames,
        size=size,
        frames_sha256=digest,
        clip_sha256=clip.record.frames_sha256,
        conditions={} if driving is None else driving.conditions,
        seconds=round(seconds, 3),
        peak_memory_bytes=environment.peak_memory_bytes(device),
    )


def video_seed(seed: int, model: str, name: str) -> int:
    """Return the seed of one video: the same whichever other videos a run makes, and in which order."""
    digest = hashlib.sha256(f"mcbench/{seed}/{model}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def video_poses(job: VideoJob, clip: Clip) -> DrivingPoses | None:
    """Return the poses that drive a video, or None for a model that needs none.

    Raises:
        DataMissingError: the clip has none; the hint is the command that makes them.
        FileFormatError: they are damaged.
    """
    return driving_poses(clip, job.poses_by) if "poses" in baselines.get(job.model).needs else None


def _write_frames(
    job: VideoJob, clip: Clip, driving: DrivingPoses | None, animator: Animator, out: Path
) -> tuple[str, Size]:
    digest = video.FramesDigest()
    preview = out / "previews" / f"{job.video}.mp4"
    preview.unlink(missing_ok=True)
    size: Size | None = None
    with files.atomic_folder(out / "frames" / job.video) as folder:
        for index, frame in enumerate(_checked(animator.animate(_request(job, clip, driving)), job)):
            size = (frame.shape[0], frame.shape[1])
            digest.update(frame)
            video.write_png(folder / f"{index:06d}.png", frame)
        if size is None:
            raise MismatchError(f"{job.model} made no frame of {job.video}")
        video.write_preview(preview, video.open_frames(folder), clip.record.fps)
    return digest.hexdigest(), size


def _request(job: VideoJob, clip: Clip, driving: DrivingPoses | None) -> AnimationRequest:
    return AnimationRequest(
        video=job.video,
        reference=clip.frame(0),
        poses=None if driving is None else driving.poses.first(job.n_frames),
        n_frames=job.n_frames,
        fps=clip.record.fps,
        size=job.size,
        seed=video_seed(job.seed, job.model, job.video),
    )


def _checked(frames: Iterator[NDArray[np.uint8]], job: VideoJob) -> Iterator[NDArray[np.uint8]]:
    """Pass frames on, and raise if they are not what the contract says."""
    count = 0
    shape: tuple[int, ...] | None = None
    for frame in frames:
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            raise MismatchError(f"{job.model} made a frame of {frame.dtype} {frame.shape}, not uint8 RGB")
        if shape is not None and frame.shape != shape:
            raise MismatchError(f"{job.model} changed the size from {shape} to {frame.shape}")
        if job.size is not None and frame.shape[:2] != job.size:
            raise MismatchError(f"{job.model} made {frame.shape[:2]} where {job.size} was asked for")
        shape = frame.shape
        count += 1
        yield frame
    if count != job.n_frames:
        raise MismatchError(f"{job.model} made {count} frames of {job.video}, not {job.n_frames}")


def _reason(error: Exception) -> str:
    if isinstance(error, McbenchError):
        return error.in_one_line
    return f"{type(error).__name__}: {error}"

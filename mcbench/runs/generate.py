"""One video: a job becomes frames, a preview and a result. A pure, idempotent function of its job."""

from __future__ import annotations

import hashlib
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench import baselines, environment, files, video
from mcbench.baselines import Animator
from mcbench.baselines.contract import TellsFacts
from mcbench.baselines.inputs import ClipInputs, clip_inputs
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
        inputs = video_inputs(job, clip)
        if animator is None:
            animator = baselines.load(job.model, device, job.options, _home(job))
        environment.reset_peak_memory(device)
        began = time.perf_counter()
        model = baselines.get(job.model, _home(job)).id
        request = inputs.request(
            clip, job.video, job.n_frames, job.size, video_seed(job.seed, model, job.video)
        )
        frames = _checked(animator.animate(request), job)
        digest, size = write_video(out, job.video, frames, clip.record.fps)
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
        conditions=inputs.conditions,
        facts=animator.facts() if isinstance(animator, TellsFacts) else {},
        seconds=round(seconds, 3),
        peak_memory_bytes=environment.peak_memory_bytes(device),
    )


def video_seed(seed: int, model: str, name: str) -> int:
    """Return the seed of one video: the same whichever other videos a run makes, and in which order."""
    digest = hashlib.sha256(f"mcbench/{seed}/{model}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def video_inputs(job: VideoJob, clip: Clip) -> ClipInputs:
    """Return what a video's model is shown of its clip.

    Raises:
        DataMissingError: the clip lacks what the model needs; the hint is the command that makes it.
        FileFormatError: something is damaged.
    """
    spec = baselines.get(job.model, _home(job))
    return clip_inputs(spec, clip, poses_by=job.poses_by, options={**spec.options, **job.options})


def write_video(out: Path, name: str, frames: Iterable[NDArray[np.uint8]], fps: float) -> tuple[str, Size]:
    """Write `frames/NAME/000000.png ...`, whole or not at all, and `previews/NAME.mp4`.

    Args:
        out: folder of the run.
        name: of the video.
        frames: uint8 [height, width, 3] RGB, all of one size.
        fps: of the preview.

    Returns:
        `FramesDigest` of the frames, and their (height, width).

    Raises:
        MismatchError: there are no frames.
    """
    digest = video.FramesDigest()
    preview = out / "previews" / f"{name}.mp4"
    preview.unlink(missing_ok=True)
    size: Size | None = None
    with files.atomic_folder(out / "frames" / name) as folder:
        for index, frame in enumerate(frames):
            size = (frame.shape[0], frame.shape[1])
            digest.update(frame)
            video.write_png(folder / f"{index:06d}.png", frame)
        if size is None:
            raise MismatchError(f"there is no frame of {name}")
        video.write_preview(preview, video.open_frames(folder), fps)
    return digest.hexdigest(), size


def _home(job: VideoJob) -> Path | None:
    return None if job.home is None else Path(job.home)


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

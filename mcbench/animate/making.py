"""One picture and what drives it become a video, and a record of how it was made."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcbench import baselines, environment, files, video
from mcbench.animate.matching import Match, match_people
from mcbench.animate.reading import Estimating, open_driving, read_driving, read_reference_people
from mcbench.animate.retarget import fit_poses, retarget_poses
from mcbench.baselines import AnimationRequest, Options
from mcbench.data.truth import Poses
from mcbench.errors import InputError, MismatchError
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Environment, ModelDescription, Record, Sha256, Size, now

_ASPECT_TOLERANCE = 0.02
_FOLDER_SUFFIX, _VIDEO_SUFFIX = "", ".mp4"


@dataclass(frozen=True)
class AnimateRequest:
    """What `mcbench animate` is asked for; the fields are its options."""

    reference: Path
    pose: Path
    out: Path
    model: str = "ours"
    options: Options = field(default_factory=dict)
    reference_pose: Path | None = None
    pose_estimator: str = "dwpose"
    matches: tuple[Match, ...] | None = None
    retarget: bool = True
    size: Size | None = None
    fps: float | None = None
    max_frames: int | None = None
    seed: int = 0
    device: str = "auto"
    home: Path | None = None


class AnimateRecord(Record):
    """`OUT.json`: how a video of a user's own picture was made."""

    model: ModelDescription
    reference: str
    """Name of the picture's file."""
    reference_sha256: Sha256
    """Hash of its decoded pixels."""
    reference_people: int
    reference_poses: str
    """The estimator, or `file`."""
    pose: str
    """Name of what drove."""
    pose_sha256: Sha256
    """Hash of its file, or of the decoded pixels of the frames that were looked at."""
    driving_people: int
    driving_poses: str
    matches: tuple[tuple[int, int], ...]
    """(person of the picture, person of the driving video), from the left, from 1."""
    standing_still: tuple[int, ...]
    """People of the picture whom nobody drives."""
    retargeted: bool
    """Whether poses were moved and scaled a person (approximate), or the driving frame fitted as it is."""
    depth_order: str = "ground"
    """Who is nearer was told by whose feet are lower in the picture: a rule that can be wrong."""
    size: Size
    n_frames: int
    fps: float
    seed: int
    frames_sha256: Sha256
    seconds: float
    peak_memory_bytes: int | None
    environment: Environment
    created: str


def animate_picture(request: AnimateRequest, progress: Progress | None = None) -> AnimateRecord:
    """Animate the people of a picture, write the video and, beside it, `OUT.json`.

    Args:
        request: `out` is a `.mp4` file, or a folder (a name without suffix) for PNG frames.
        progress: told of estimated and generated frames, and of what should be known.

    Raises:
        InputError: the output cannot be written there, people cannot be matched, or an option is wrong.
        DataMissingError: nobody was found in the picture or the video.
        FileFormatError: the picture or the video cannot be read, or the picture has transparent pixels.
        WeightsMissingError: the model's or the estimator's weights are not on this machine.
        MismatchError: the size asked for has another aspect than the picture.
    """
    progress = progress or SilentProgress()
    _check_out(request.out)
    picture = video.read_image(request.reference)
    _check_size(request.size, picture)
    opened = open_driving(request.pose, fps=request.fps, max_frames=request.max_frames)
    device = environment.pick_device(request.device)
    estimating = Estimating(request.pose_estimator, request.home, device)
    given = None
    if request.reference_pose is not None:
        given = read_reference_people(picture, request.reference_pose, estimating)
    _check_inputs(request.model, request.home)
    # What a user has mistyped is told by now: from here on it takes long.
    animator = baselines.load(request.model, device, request.options, request.home)
    reference = given if given is not None else read_reference_people(picture, None, estimating)
    driving = read_driving(
        opened, estimating, fps=request.fps, max_frames=request.max_frames, progress=progress
    )
    assert driving.fps is not None  # open_driving has seen to it
    matches = match_people(reference, driving.poses, request.matches)
    standing = _tell(progress, matches, reference.n_people, driving.poses.n_people)
    poses = (retarget_poses if request.retarget else fit_poses)(reference, driving.poses, matches)
    environment.reset_peak_memory(device)
    began = time.perf_counter()
    frames = animator.animate(_request(request, picture, poses, driving.fps))
    digest, size = _write(request.out, _told(frames, poses.n_frames - 1, progress), driving.fps)
    record = AnimateRecord(
        model=animator.describe(),
        reference=request.reference.name,
        reference_sha256=video.digest_frames([picture]),
        reference_people=reference.n_people,
        reference_poses="file" if request.reference_pose else request.pose_estimator,
        pose=request.pose.name,
        pose_sha256=driving.sha256,
        driving_people=driving.poses.n_people,
        driving_poses=driving.made_by,
        matches=tuple((person + 1, driver + 1) for person, driver in matches),
        standing_still=standing,
        retargeted=request.retarget,
        size=size,
        n_frames=poses.n_frames - 1,
        fps=driving.fps,
        seed=request.seed,
        frames_sha256=digest,
        seconds=round(time.perf_counter() - began, 3),
        peak_memory_bytes=environment.peak_memory_bytes(device),
        environment=environment.describe_environment(device),
        created=now(),
    )
    record.write(record_path(request.out))
    return record


def record_path(out: Path) -> Path:
    """Return where the record of an output lies: beside it, `OUT.json`."""
    return out.with_name(f"{out.name}.json")


def _request(
    request: AnimateRequest, picture: NDArray[np.uint8], poses: Poses, fps: float
) -> AnimationRequest:
    return AnimationRequest(
        video=request.out.stem,
        reference=picture,
        poses=poses,
        n_frames=poses.n_frames,
        fps=fps,
        size=request.size,
        seed=request.seed,
    )


def _told(
    frames: Iterator[NDArray[np.uint8]], n_frames: int, progress: Progress
) -> Iterator[NDArray[np.uint8]]:
    """Pass on all frames but the first, which shows the picture's own pose."""
    progress.start("Frames", n_frames)
    for frame in islice(frames, 1, None):
        yield frame
        progress.advance()


def _write(out: Path, frames: Iterable[NDArray[np.uint8]], fps: float) -> tuple[str, Size]:
    digest = video.FramesDigest()
    sizes: list[Size] = []

    def counted() -> Iterator[NDArray[np.uint8]]:
        for frame in frames:
            digest.update(frame)
            sizes.append((frame.shape[0], frame.shape[1]))
            yield frame

    if out.suffix == _VIDEO_SUFFIX:
        video.write_preview(out, counted(), fps)
    else:
        with files.atomic_folder(out) as folder:
            for index, frame in enumerate(counted()):
                video.write_png(folder / f"{index:06d}.png", frame)
    return digest.hexdigest(), sizes[-1]


def _tell(progress: Progress, matches: list[Match], here: int, there: int) -> tuple[int, ...]:
    """Say who drives whom; return the people (from 1) who stand still."""
    said = ", ".join(f"{person + 1} by {driver + 1}" for person, driver in matches)
    progress.message(f"{here} people in the picture, {there} in what drives; from the left: {said}")
    standing = tuple(person + 1 for person in range(here) if person not in dict(matches))
    if standing:
        progress.message(f"standing still: {', '.join(map(str, standing))}")
    return standing


def _check_out(out: Path) -> None:
    if out.suffix not in (_VIDEO_SUFFIX, _FOLDER_SUFFIX):
        raise InputError(
            f"{out} is neither a video nor a folder", "end it in .mp4, or in nothing for a folder of PNG"
        )
    if out.is_dir() and (out.suffix == _VIDEO_SUFFIX or any(out.iterdir())):
        raise InputError(f"{out} is a folder that holds something", "give a new name, or empty it")
    if out.is_file() and out.suffix == _FOLDER_SUFFIX:
        raise InputError(f"{out} is a file", "give another name for the folder")


def _check_size(size: Size | None, picture: NDArray[np.uint8]) -> None:
    height, width = picture.shape[:2]
    if size is None or abs(size[0] * width / (size[1] * height) - 1) <= _ASPECT_TOLERANCE:
        return
    near = (f"{size[0]}x{round(size[0] * width / height)}", f"{round(size[1] * height / width)}x{size[1]}")
    raise MismatchError(
        f"{size[0]}x{size[1]} would squeeze a picture of {height}x{width}", f"ask for {near[0]} or {near[1]}"
    )


def _check_inputs(model: str, home: Path | None) -> None:
    lacking = [name for name in baselines.get(model, home).inputs if name != "poses"]
    if lacking:
        raise InputError(
            f"{model} also needs {', '.join(lacking)}, which a picture and poses do not give",
            "use a model that is driven by poses alone, such as ours or warp",
        )

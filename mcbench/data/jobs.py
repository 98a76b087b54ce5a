"""One clip to prepare: a typed job becomes a folder of frames, truth and a record, whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from mcbench import files
from mcbench.data.truth import Poses
from mcbench.data.truth_images import encode_flow, write_truth_image
from mcbench.errors import FileFormatError, InputError, McbenchError, MismatchError
from mcbench.records import ClipRecord, Part, Record, Size, TruthKind
from mcbench.video import FramesDigest, encode_png, open_frames

if TYPE_CHECKING:
    from mcbench.data.generated import SceneSpec

Origin = dict[str, str | int | float | bool]


class GeneratedWork(Part):
    """Render a clip of the generator."""

    kind: Literal["generated"] = "generated"
    size: Size
    generator_version: int
    max_frames: int | None = None


class LocalWork(Part):
    """Decode a video, or copy a folder of frames."""

    kind: Literal["local"] = "local"
    path: str
    assumed_fps: Annotated[float, Field(gt=0)]
    """Frames a second of a folder of frames; a video says itself."""
    poses: str | None = None
    """File of driving poses that goes with it."""


class ClipJob(Record):
    """Everything that `prepare_clip` needs."""

    clip: str
    benchmark: str
    source: str
    folder: str
    """The clip's own folder, which appears whole."""
    force: bool = False
    """Make it anew even if it is there."""
    work: Annotated[GeneratedWork | LocalWork, Field(discriminator="kind")]


def prepare_clip(job: ClipJob) -> ClipRecord:
    """Prepare one clip and return its record; at once if it is there already, made from the same.

    The folder is written under a temporary name and renamed, so that a killed call leaves nothing that
    a later one would trust.

    Raises:
        McbenchError: the clip cannot be made; the message names the file.
    """
    folder = Path(job.folder)
    origin = _origin(job)
    if not job.force and (record := _already(folder, origin)) is not None:
        return record
    with files.atomic_folder(folder) as temporary:
        (temporary / "frames").mkdir()
        if isinstance(job.work, GeneratedWork):
            record = _render(job, job.work, origin, temporary)
        else:
            record = _decode(job, job.work, origin, temporary)
        record.write(temporary / "clip.json")
    return record


def find_prepared(job: ClipJob) -> ClipRecord | None:
    """Return the record if the clip is there already, made from the same; None if there is work to do."""
    if job.force or not (Path(job.folder) / "clip.json").exists():
        return None
    try:
        return _already(Path(job.folder), _origin(job))
    except McbenchError:
        # What is wrong with the clip's origin is for `prepare_clip` to say.
        return None


def _already(folder: Path, origin: Origin) -> ClipRecord | None:
    """Return the record in a folder if it is whole at a glance and made from the same."""
    try:
        record = ClipRecord.read(folder / "clip.json")
    except FileFormatError:
        return None
    # Where the files lay, and what decoded them, does not change what they are.
    identity = {key: value for key, value in record.origin.items() if key not in ("path", "decoder")}
    if identity != {key: value for key, value in origin.items() if key != "path"}:
        return None
    folders = [folder / "frames", *(folder / "truth" / kind for kind in record.truth if kind != "poses")]
    whole = all(_count_png(each) == record.n_frames for each in folders)
    return record if whole and ("poses" not in record.truth or _poses_path(folder).exists()) else None


def _count_png(folder: Path) -> int:
    return sum(1 for entry in folder.iterdir() if entry.suffix == ".png") if folder.is_dir() else 0


def _poses_path(folder: Path) -> Path:
    return folder / "truth" / "poses.npz"


def _origin(job: ClipJob) -> Origin:
    if isinstance(job.work, GeneratedWork):
        spec = _spec(job.clip, job.work)
        return {
            "generator_version": job.work.generator_version,
            "seed": str(spec.seed),
            "max_frames": job.work.max_frames or 0,
            "size": f"{job.work.size[0]}x{job.work.size[1]}",
        }
    path = Path(job.work.path)
    origin: Origin = {"path": str(path), "sha256": _sha256_of(path)}
    if path.is_dir():
        origin["assumed_fps"] = job.work.assumed_fps
    if job.work.poses is not None:
        origin["poses_sha256"] = files.sha256_file(Path(job.work.poses))
    return origin


def _sha256_of(path: Path) -> str:
    """Return the hash of a file, or of the names and bytes of the visible files directly in a folder."""
    try:
        if not path.is_dir():
            return files.sha256_file(path)
        digest = hashlib.sha256()
        for entry in sorted(path.iterdir()):
            if entry.is_file() and not entry.name.startswith("."):
                digest.update(f"{entry.name} {files.sha256_file(entry)}\n".encode())
        return digest.hexdigest()
    except OSError as error:
        raise FileFormatError(f"cannot read {error.filename or path}: {error.strerror}") from error


# --- generated ----------------------------------------------------------------------------------


def _spec(clip: str, work: GeneratedWork) -> SceneSpec:
    from mcbench.data import generated

    if work.generator_version != generated.GENERATOR_VERSION:
        raise InputError(
            f"the manifest is for version {work.generator_version} of the generator, this mcbench has "
            f"version {generated.GENERATOR_VERSION}",
            "use a manifest and an mcbench that belong together",
        )
    for spec in (*generated.test_clips(), *generated.demo_clips()):
        if spec.id == clip:
            return spec
    raise InputError(f"the generator has no clip {clip!r}", "its clips: mc-01 to mc-20, demo-01 to demo-04")


def _render(job: ClipJob, work: GeneratedWork, origin: Origin, folder: Path) -> ClipRecord:
    from mcbench.data import generated

    spec = _spec(job.clip, work)
    scene = generated.build_scene(spec)
    n_frames = min(spec.n_frames, work.max_frames or spec.n_frames)
    for kind in ("masks", "depth", "flow"):
        (folder / "truth" / kind).mkdir(parents=True)
    digest = FramesDigest()
    for index in range(n_frames):
        rendered = scene.render(index, work.size)
        name = f"{index:06d}.png"
        (folder / "frames" / name).write_bytes(encode_png(rendered.image))
        digest.update(rendered.image)
        write_truth_image(folder / "truth" / "masks" / name, rendered.masks)
        write_truth_image(folder / "truth" / "depth" / name, rendered.depth)
        write_truth_image(folder / "truth" / "flow" / name, encode_flow(rendered.flow))
    scene.poses(work.size).first(n_frames).write(_poses_path(folder))
    return ClipRecord(
        id=job.clip,
        benchmark=job.benchmark,
        source=job.source,
        n_frames=n_frames,
        fps=spec.fps,
        size=work.size,
        frames_sha256=digest.hexdigest(),
        truth=("poses", "masks", "depth", "flow"),
        n_people=spec.n_people,
        origin=origin,
    )


# --- local --------------------------------------------------------------------------------------


def _decode(job: ClipJob, work: LocalWork, origin: Origin, folder: Path) -> ClipRecord:
    source = open_frames(Path(work.path))
    poses = _poses_for(work, source.n_frames, source.size)
    digest = FramesDigest()
    for index, frame in enumerate(source):
        (folder / "frames" / f"{index:06d}.png").write_bytes(encode_png(frame))
        digest.update(frame)
    truth: tuple[TruthKind, ...] = ()
    if poses is not None:
        poses.write(_poses_path(folder))
        truth = ("poses",)
    return ClipRecord(
        id=job.clip,
        benchmark=job.benchmark,
        source=job.source,
        n_frames=source.n_frames,
        fps=source.fps or work.assumed_fps,
        size=source.size,
        frames_sha256=digest.hexdigest(),
        truth=truth,
        n_people=None if poses is None else poses.n_people,
        origin={**origin, "decoder": source.decoder},
    )


def _poses_for(work: LocalWork, n_frames: int, size: Size) -> Poses | None:
    if work.poses is None:
        return None
    poses = Poses.read(Path(work.poses))
    if poses.n_frames != n_frames or poses.size != size:
        raise MismatchError(
            f"{work.poses} has {poses.n_frames} frames of {poses.size[0]}x{poses.size[1]}, "
            f"but {work.path} has {n_frames} of {size[0]}x{size[1]}",
            "make the poses from this very video, or move the file away to prepare the clip without",
        )
    return poses

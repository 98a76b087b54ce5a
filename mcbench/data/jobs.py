"""One clip to prepare: a typed job becomes a folder of frames, truth and a record, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from mcbench import files
from mcbench.data.beside import keep_beside
from mcbench.data.decode import FilesWork, decode_clip
from mcbench.data.layouts.tsv_file import member_pictures
from mcbench.data.origin import Origin, origin_of_files, same_origin, state_of_files
from mcbench.data.truth import Poses
from mcbench.data.truth_images import encode_flow, write_truth_image
from mcbench.errors import FileFormatError, InputError, McbenchError, MismatchError
from mcbench.records import ClipRecord, Part, Record, Size, TruthKind
from mcbench.video import FramesDigest, encode_png

if TYPE_CHECKING:
    from mcbench.data.generated import SceneSpec


class GeneratedWork(Part):
    """Render a clip of the generator."""

    kind: Literal["generated"] = "generated"
    size: Size
    generator_version: int
    max_frames: int | None = None


class ClipJob(Record):
    """Everything that `prepare_clip` needs."""

    clip: str
    benchmark: str
    source: str
    folder: str
    """The clip's own folder, which appears whole."""
    force: bool = False
    """Make it anew even if it is there."""
    work: Annotated[GeneratedWork | FilesWork, Field(discriminator="kind")]


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
            record = _take(job, job.work, origin, temporary)
        record.write(temporary / "clip.json")
    return record


def find_prepared(job: ClipJob) -> ClipRecord | None:
    """Return the record if the clip is there already, made from the same; None if there is work to do.

    Files whose names, sizes and times are those of before count as unchanged; others are hashed.
    """
    folder = Path(job.folder)
    if job.force or not (folder / "clip.json").exists():
        return None
    try:
        if isinstance(job.work, FilesWork):
            record = _whole(folder)
            if record is not None and record.origin.get("state") == state_of_files(job.work):
                return record
        return _already(folder, _origin(job))
    except McbenchError:
        # What is wrong with the clip's origin is for `prepare_clip` to say.
        return None


def _already(folder: Path, origin: Origin) -> ClipRecord | None:
    """Return the record in a folder if it is whole at a glance and made from the same."""
    record = _whole(folder)
    return record if record is not None and same_origin(record.origin, origin) else None


def _whole(folder: Path) -> ClipRecord | None:
    try:
        record = ClipRecord.read(folder / "clip.json")
    except FileFormatError:
        return None
    folders = [folder / "frames", *(folder / "truth" / kind for kind in record.truth if kind != "poses")]
    whole = all(_count(each, ".png") == record.n_frames for each in folders) and all(
        _count(folder / "beside" / kind) == record.n_frames for kind in record.beside
    )
    return record if whole and ("poses" not in record.truth or _poses_path(folder).exists()) else None


def _count(folder: Path, suffix: str = "") -> int:
    return sum(entry.name.endswith(suffix) for entry in folder.iterdir()) if folder.is_dir() else 0


def _poses_path(folder: Path) -> Path:
    return folder / "truth" / "poses.npz"


def _origin(job: ClipJob) -> Origin:
    if isinstance(job.work, FilesWork):
        return origin_of_files(job.work)
    spec = _spec(job.clip, job.work)
    return {
        "generator_version": job.work.generator_version,
        "seed": str(spec.seed),
        "max_frames": job.work.max_frames or 0,
        "size": f"{job.work.size[0]}x{job.work.size[1]}",
    }


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


# --- files --------------------------------------------------------------------------------------


def _take(job: ClipJob, work: FilesWork, origin: Origin, folder: Path) -> ClipRecord:
    with _rows_as_files(work, folder) as readable:
        decoded = decode_clip(readable, folder)
    poses = _poses_for(work, decoded.n_frames, decoded.size)
    truth: tuple[TruthKind, ...] = ()
    if poses is not None:
        poses.write(_poses_path(folder))
        truth = ("poses",)
    kept = keep_beside(work, folder, decoded.n_frames, decoded.size)
    people = work.material.facts.get("people")
    return ClipRecord(
        id=job.clip,
        benchmark=job.benchmark,
        source=job.source,
        n_frames=decoded.n_frames,
        fps=decoded.fps,
        size=decoded.size,
        frames_sha256=decoded.frames_sha256,
        truth=truth,
        n_people=poses.n_people if poses is not None else people if isinstance(people, int) else None,
        origin={**origin, "decoder": decoded.decoder, "state": state_of_files(work)},
        beside=kept.kinds,
        facts=work.material.facts,
        notes=(*kept.notes, *_other_size(work, decoded.size)),
    )


def _other_size(work: FilesWork, size: Size) -> tuple[str, ...]:
    """Return what to say of a copy whose frames are not of the size that annotations tell."""
    told = work.material.expected_size
    if told in (None, size) or work.material.crop is not None or work.settings.size is not None:
        return ()
    assert told is not None
    return (f"its frames are {size[0]}x{size[1]}, and {told[0]}x{told[1]} in the annotations",)


@contextmanager
def _rows_as_files(work: FilesWork, folder: Path) -> Iterator[FilesWork]:
    """Yield work on a folder of pictures in the place of rows of a TSV file; other work as it is."""
    material = work.material
    if not material.member:
        yield work
        return
    rows = folder / "rows"
    rows.mkdir()
    for index, picture in enumerate(member_pictures(Path(material.path), material.member)):
        suffix = ".png" if picture.startswith(b"\x89PNG") else ".jpg"
        (rows / f"{index:06d}{suffix}").write_bytes(picture)
    as_files = material.model_copy(update={"path": str(rows), "member": "", "beside": {}})
    try:
        yield work.model_copy(update={"material": as_files})
    except FileFormatError as error:
        raise FileFormatError(f"{material.path}, rows {material.member}: {error.message}") from error
    shutil.rmtree(rows)


def _poses_for(work: FilesWork, n_frames: int, size: Size) -> Poses | None:
    path = work.material.beside.get("poses")
    if path is None:
        return None
    poses = Poses.read(Path(path))
    if poses.n_frames != n_frames or poses.size != size:
        raise MismatchError(
            f"{path} has {poses.n_frames} frames of {poses.size[0]}x{poses.size[1]}, "
            f"but {work.material.path} has {n_frames} of {size[0]}x{size[1]}",
            "make the poses from this very video, or move the file away to prepare the clip without",
        )
    return poses

"""Is what is prepared still what it was?"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mcbench.data.beside import checked_json
from mcbench.data.clips import Clip, shortfall
from mcbench.data.manifest import GeneratedSource
from mcbench.data.places import nothing_prepared, resolve
from mcbench.errors import FileFormatError, McbenchError, MismatchError
from mcbench.processes import KILLED, run_each
from mcbench.progress import Progress, SilentProgress
from mcbench.records import ClipRecord, Part, Record, Sha256
from mcbench.video import digest_frames, read_image


class ClipCheck(Part):
    """What came of checking one clip."""

    clip: str
    status: Literal["ok", "damaged", "missing"]
    reason: str = ""


class VerifyReport(Part):
    """What came of `verify`."""

    name: str
    source: str
    clips: tuple[ClipCheck, ...]
    notes: tuple[str, ...] = ()
    command: str
    """The command that mends it."""

    def with_status(self, status: Literal["ok", "damaged", "missing"]) -> tuple[ClipCheck, ...]:
        """Return the clips of one status."""
        return tuple(clip for clip in self.clips if clip.status == status)

    @property
    def complete(self) -> bool:
        """Whether every clip is there and whole."""
        return len(self.with_status("ok")) == len(self.clips)


class _CheckJob(Record):
    folder: str
    recorded_sha256: Sha256 | None


def verify(
    name: str,
    *,
    source: str | None = None,
    home: Path | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> VerifyReport:
    """Decode every frame and all truth of the prepared clips and compare with what was recorded.

    Frames are compared with the hash in `clip.json` and, for a generated source, with the hash in the
    manifest where it has one. Truth, and what came beside the frames, must be readable and of the right size.

    Args:
        name: BENCHMARK, BENCHMARK/SUBSET or local/NAME.
        source: name of the source; the benchmark's default one if None.
        home: mcbench's home folder.
        workers: processes.
        progress: how to report.

    Raises:
        InputError: unknown names.
        DataMissingError: nothing of it is prepared.
    """
    progress = progress or SilentProgress()
    target = resolve(name, source=source, home=home)
    checks: list[ClipCheck] = []
    jobs: list[_CheckJob] = []
    for clip in target.expected():
        folder = target.clip_folder(clip)
        if not (folder / "clip.json").exists():
            checks.append(ClipCheck(clip=clip, status="missing", reason="not prepared"))
            continue
        try:
            current = target.prepared(clip) is not None
        except FileFormatError as error:
            checks.append(ClipCheck(clip=clip, status="damaged", reason=error.message))
            continue
        if current:
            recorded = target.source.hashes.get(clip) if isinstance(target.source, GeneratedSource) else None
            jobs.append(_CheckJob(folder=str(folder), recorded_sha256=recorded))
        else:
            checks.append(ClipCheck(clip=clip, status="missing", reason="prepared by another version"))
    if not jobs and not any(check.status == "damaged" for check in checks):
        raise nothing_prepared(target)
    progress.start(f"verifying {target.name}", len(jobs))
    for check in run_each(_check, jobs, workers, _killed):
        checks.append(check)
        progress.advance()
    records = [record for check in checks if check.status == "ok" and (record := target.prepared(check.clip))]
    return VerifyReport(
        name=target.name,
        source=target.source_name,
        clips=tuple(sorted(checks, key=lambda check: check.clip)),
        notes=shortfall(target, records),
        command=target.command(),
    )


def _check(job: _CheckJob) -> ClipCheck:
    folder = Path(job.folder)
    record = ClipRecord.read(folder / "clip.json")
    clip = Clip(record, folder)
    try:
        found = digest_frames(clip.frames())
        if found != record.frames_sha256:
            raise MismatchError("its frames are not those that were prepared")
        if job.recorded_sha256 not in (None, found):
            raise MismatchError("its frames differ from the hash recorded in the manifest")
        _check_truth(clip)
        _check_beside(clip)
    except (McbenchError, OSError) as error:
        reason = error.message if isinstance(error, McbenchError) else str(error)
        return ClipCheck(clip=record.id, status="damaged", reason=reason)
    return ClipCheck(clip=record.id, status="ok")


def _check_truth(clip: Clip) -> None:
    record = clip.record
    if "poses" in record.truth:
        poses = clip.poses()
        if poses.n_frames != record.n_frames or poses.size != record.size:
            raise MismatchError(f"its poses are {poses.n_frames} frames of {poses.size}")
    for index in range(record.n_frames):
        shapes = {
            "masks": clip.masks(index).shape if "masks" in record.truth else None,
            "depth": clip.depth(index).shape if "depth" in record.truth else None,
            "flow": clip.flow(index).shape if "flow" in record.truth else None,
        }
        for kind, shape in shapes.items():
            if shape is not None and shape[:2] != record.size:
                raise MismatchError(f"{kind} of frame {index} is not of the frames' size")


def _check_beside(clip: Clip) -> None:
    for kind in clip.record.beside:
        for index in range(clip.record.n_frames):
            path = clip.beside_path(kind, index)
            if path.suffix == ".json":
                checked_json(str(path), path.read_bytes())
            elif read_image(path).shape[:2] != clip.record.size:
                raise MismatchError(f"{path} is not of the frames' size")


def _killed(job: _CheckJob) -> ClipCheck:
    return ClipCheck(clip=Path(job.folder).name, status="damaged", reason=KILLED)

"""What continuous integration does with a submission: check it and, if it is closed, compute it again."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from mcbench import data, files, scoring
from mcbench.downloads import RemoteFile, fetch_file, unpack_archive
from mcbench.errors import DataMissingError, FileFormatError, McbenchError
from mcbench.leaderboard.submissions import Predictions, Submission, read_submission
from mcbench.leaderboard.submit.checking import Check, check_score
from mcbench.progress import Progress, SilentProgress
from mcbench.records import Part, RunRecord, ScoreRecord

_TOLERANCE = 1e-3
"""Relative: other processors differ by 1e-5, the fast mode by less than this."""
_FLOOR = 1e-6
_MOST_UNPACKED = 200_000_000_000
_MOST_FILES = 1_000_000


class Verification(Part):
    """What came of verifying one file."""

    path: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return all(check.state != "failed" for check in self.checks)


def find_submissions(paths: Sequence[Path]) -> list[Path]:
    """Return the submission files among paths and below those that are folders, each once, sorted.

    Raises:
        DataMissingError: a path does not exist.
    """
    found: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise DataMissingError(f"there is no submission {path}", "give files or folders that are there")
        found |= set(path.rglob("*.json")) if path.is_dir() else {path}
    return sorted(path for path in found if not path.name.startswith("."))


def verify_submission(
    path: Path,
    *,
    home: Path | None = None,
    workers: int = 1,
    offline: bool | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Check a submission and, in the closed division, compute its metrics again from its predictions.

    Nothing of the submitter's is run: the file is read as data, predictions are unpacked within bounds and
    decoded as PNG images, and the metrics are this mcbench's own.

    Args:
        path: ends in MODEL/SPLIT/PROTOCOL.json.
        home: mcbench's folder; where the benchmark's clips are not prepared and mcbench can make or fetch
            them, they are prepared there.
        workers: processes that prepare and score.
        offline: fetch nothing; MCBENCH_OFFLINE does too.
        progress: told of files, clips and frames.

    Returns:
        what was looked at; what could not be read or computed is a failed check.
    """
    progress = progress or SilentProgress()
    try:
        if path.is_symlink():
            raise FileFormatError(f"{path} is a link", "submit the file itself")
        submission = read_submission(path)
    except McbenchError as error:
        failed = Check(name="structure", state="failed", detail=error.message, hint=error.hint)
        return Verification(path=str(path), checks=(failed,))
    checks = [Check(name="structure", state="passed", detail=f"{submission.division} division")]
    checks += check_score(submission.score, home=home)
    # A leaderboard marks numbers of uncommitted code; they are the submitter's choice, not a fault.
    checks = [
        check.model_copy(update={"state": "remark"})
        if check.name == "changes" and check.state == "failed"
        else check
        for check in checks
    ]
    if submission.division == "closed" and all(check.state != "failed" for check in checks):
        try:
            with tempfile.TemporaryDirectory() as scratch:
                checks += _compute_again(submission, path, Path(scratch), home, workers, offline, progress)
        except McbenchError as error:
            checks.append(Check(name="predictions", state="failed", detail=error.message, hint=error.hint))
    return Verification(path=str(path), checks=tuple(checks))


def _compute_again(
    submission: Submission,
    path: Path,
    scratch: Path,
    home: Path | None,
    workers: int,
    offline: bool | None,
    progress: Progress,
) -> Iterator[Check]:
    record, predictions = submission.score, submission.predictions
    assert predictions is not None
    assert record.split is not None
    archive = _archive(predictions, path, scratch, offline, progress)
    folder = scratch / "run"
    unpack_archive(archive, folder, max_bytes=_MOST_UNPACKED, max_files=_MOST_FILES)
    run = RunRecord.read(folder / "run.json")
    if run.split != record.split or run.model != record.model:
        yield Check(
            name="predictions", state="failed", detail="the predictions are of another model or split"
        )
        return
    yield Check(name="predictions", state="passed", detail=f"{predictions.file}, sha256 as submitted")
    data.prepare(
        record.split.name,
        source=record.split.source,
        home=home,
        workers=workers,
        offline=offline,
        progress=progress,
    )
    (again,) = scoring.score_run(
        folder,
        protocols=[record.protocol],
        networks=record.networks,
        leave_out=sorted({name.partition("@")[0] for name in record.unavailable}),
        home=home,
        # What somebody computed before is no proof.
        compute=scoring.Compute(workers=workers, precision=record.precision, cache=False),
        allow_missing=bool(record.coverage.excluded),
        seed=record.seed,
        progress=progress,
    )
    yield from compare_scores(record, again)


def _archive(
    predictions: Predictions, path: Path, scratch: Path, offline: bool | None, progress: Progress
) -> Path:
    if predictions.address is None:
        archive = path.parent / predictions.file
        if archive.is_symlink() or not archive.is_file():
            raise DataMissingError(f"there is no archive {archive}", "put it beside the submission")
        if archive.stat().st_size != predictions.size or files.sha256_file(archive) != predictions.sha256:
            raise FileFormatError(f"{archive} is not the archive that was submitted", "submit the run again")
        return archive
    wanted = RemoteFile(
        name=predictions.file,
        urls=(predictions.address,),
        size=predictions.size,
        sha256=predictions.sha256,
    )
    fetch_file(wanted, scratch, offline=offline, command=f"mcbench submit --verify {path}", progress=progress)
    return scratch / predictions.file


def compare_scores(submitted: ScoreRecord, again: ScoreRecord) -> Iterator[Check]:
    """Yield what differs between a submitted score and the one that was computed again.

    Args:
        submitted: its values may differ by 1e-3 of themselves, or by 1e-6.
        again: of the same run under the same protocol.
    """
    for what, one, other in (
        ("predictions", submitted.predictions_sha256, again.predictions_sha256),
        ("true frames", submitted.ground_truth_sha256, again.ground_truth_sha256),
        ("coverage", submitted.coverage.model_dump(), again.coverage.model_dump()),
    ):
        if one != other:
            yield Check(
                name="recomputed", state="failed", detail=f"the {what} are not those of the submission"
            )
    for name, value in submitted.metrics.items():
        found = again.metrics.get(name)
        if found is None:
            reason = again.unavailable[name].reason if name in again.unavailable else "it is not computed"
            hint = again.unavailable[name].command if name in again.unavailable else ""
            detail = f"{name} cannot be computed here: {reason}"
            yield Check(name="recomputed", state="failed", detail=detail, hint=hint)
        elif not math.isclose(found.value, value.value, rel_tol=_TOLERANCE, abs_tol=_FLOOR):
            yield Check(
                name="recomputed",
                state="failed",
                detail=f"{name} was submitted as {value.value:.6g} and is {found.value:.6g}",
            )
        else:
            yield Check(name="recomputed", state="passed", detail=f"{name} is {found.value:.6g}")

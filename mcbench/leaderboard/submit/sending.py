"""From a scored run to submission files and the text of a pull request."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mcbench import files, scoring
from mcbench.errors import DataMissingError, MismatchError
from mcbench.leaderboard.submissions import Address, Predictions, Submission, submission_place
from mcbench.leaderboard.submit.checking import Check, check_run, check_score
from mcbench.leaderboard.submit.packing import pack_predictions
from mcbench.leaderboard.submit.placing import is_unchanged, replaced_by
from mcbench.leaderboard.text import markdown
from mcbench.records import RunRecord, ScoreRecord, now

PREDICTIONS = "predictions.zip"


@dataclass(frozen=True)
class Wishes:
    """What a submitter says besides the run.

    Attributes:
        closed: whether the metrics are to be computed again from the predictions.
        address: where the predictions' archive will be; None to put it beside the submission.
        submitter: a name.
        links: `paper`, `code`, `page` -> address.
        allow_dirty: submit what was made with uncommitted changes; the leaderboard marks it.
        replace: put it in the place of a submission with other content.
    """

    closed: bool = False
    address: Address | None = None
    submitter: str = ""
    links: dict[Literal["paper", "code", "page"], Address] = field(default_factory=dict)
    allow_dirty: bool = False
    replace: bool = False


@dataclass(frozen=True)
class Sent:
    """What was written.

    Attributes:
        paths: the submission files, whether written or left as they were.
        unchanged: those of them that held this submission already.
        replaced: those of them that held another one -> who had made it and when.
        archive: the predictions, where the division is closed.
        checks: protocol (or empty, for the run) -> what was looked at.
        text: of the pull request, in Markdown.
    """

    paths: tuple[Path, ...]
    unchanged: tuple[Path, ...]
    replaced: dict[Path, str]
    archive: Path | None
    checks: dict[str, list[Check]]
    text: str


def submit_run(
    folder: Path,
    out: Path,
    *,
    protocols: Sequence[str] = (),
    wishes: Wishes | None = None,
    home: Path | None = None,
) -> Sent:
    """Check a scored run and write its submissions below `out/submissions`.

    Args:
        folder: RESULTS/MODEL/SPLIT, with `run.json`, `frames` and `scores`.
        out: the leaderboard's folder.
        protocols: which scores; all that are there if empty.
        wishes: what else to say.
        home: mcbench's folder.

    Raises:
        DataMissingError: there is no run, or no score of it.
        FileFormatError: a record or frame cannot be read.
        MismatchError: a check failed; the message has the first, the hint what to do. Or a submission with
            other content is there, and `wishes.replace` is not set.
    """
    wishes = wishes or Wishes()
    if not (folder / "run.json").is_file():
        raise DataMissingError(f"no run lies in {folder} (no run.json)", "give RESULTS/MODEL/SPLIT")
    run = RunRecord.read(folder / "run.json")
    records = _scores(folder, protocols)
    checks = {"": check_run(run, folder, records)}
    checks |= {protocol: check_score(record, home=home) for protocol, record in records.items()}
    _refuse_failed(checks, allow_dirty=wishes.allow_dirty)
    # Packed aside: an archive must not change under a submission that is not to be replaced.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as scratch:
        packed = Path(scratch) / PREDICTIONS
        predictions = pack_predictions(folder, packed, address=wishes.address) if wishes.closed else None
        wanted = _submissions(run, records, predictions, out, wishes)
        replaced = replaced_by(wanted, replace=wishes.replace)
        archive = None
        if predictions is not None:
            # An archive that will lie elsewhere stays with the run: it has no place in the repository.
            archive = (next(iter(wanted)).parent if wishes.address is None else folder) / PREDICTIONS
            with files.atomic_file(archive) as temporary:
                shutil.copyfile(packed, temporary)
    unchanged = tuple(path for path, submission in wanted.items() if is_unchanged(path, submission))
    for path, submission in wanted.items():
        if path not in unchanged:
            submission.write(path)
    text = pull_request_text(run, records, checks, predictions, wishes)
    return Sent(tuple(wanted), unchanged, replaced, archive, checks, text)


def _submissions(
    run: RunRecord,
    records: dict[str, ScoreRecord],
    predictions: Predictions | None,
    out: Path,
    wishes: Wishes,
) -> dict[Path, Submission]:
    return {
        out / "submissions" / submission_place(record): Submission(
            division="closed" if wishes.closed else "open",
            score=record,
            predictions=predictions,
            submitter=wishes.submitter,
            links=wishes.links,
            run_dirty=run.environment.git_dirty,
            submitted=now(),
        )
        for record in records.values()
    }


def _scores(folder: Path, protocols: Sequence[str]) -> dict[str, ScoreRecord]:
    if protocols:
        paths = [scoring.score_path(folder, scoring.protocol(name).name) for name in protocols]
    else:
        paths = sorted(path for path in (folder / "scores").glob("*.json") if path.name[0] != ".")
    if lacking := [path for path in paths if not path.is_file()] or not paths:
        what = lacking[0] if isinstance(lacking, list) else folder / "scores"
        raise DataMissingError(f"there is no score {what}", f"mcbench score {folder}")
    records = [ScoreRecord.read(path) for path in paths]
    return {record.protocol: record for record in records}


def _refuse_failed(checks: dict[str, list[Check]], *, allow_dirty: bool) -> None:
    for protocol, found in checks.items():
        for check in found:
            if check.state == "failed" and not (allow_dirty and check.name == "changes"):
                where = f"{protocol}: " if protocol else ""
                raise MismatchError(f"{where}{check.name}: {check.detail}", check.hint)


def pull_request_text(
    run: RunRecord,
    records: dict[str, ScoreRecord],
    checks: dict[str, list[Check]],
    predictions: Predictions | None,
    wishes: Wishes,
) -> str:
    """Return the pull request's title (first line) and text, in Markdown with everything escaped."""
    model, split = run.model, run.split
    division = "closed" if predictions is not None else "open"
    lines = [
        f"Submission: {markdown(model.display_name)} on {markdown(split.name)} ({division} division)",
        "",
        f"- model: {markdown(model.id)} ({markdown(model.kind)})",
        f"- data: {markdown(split.name)}, {markdown(split.source)} source, `{split.data_sha256[:12]}`",
    ]
    lines += [f"- {what}: {address}" for what, address in sorted(wishes.links.items())]
    if predictions is not None:
        where = predictions.address or f"{predictions.file}, in this pull request"
        lines += [
            f"- predictions: {where}, {predictions.size} bytes, sha256 `{predictions.sha256}`",
            "- continuous integration will fetch them, compute every metric again and refuse other numbers",
        ]
    else:
        lines.append("- self-reported: continuous integration checks the file, not the numbers")
    lines += [
        "",
        "| protocol | metric | value | 95 % interval | videos |",
        "| --- | --- | ---: | --- | ---: |",
    ]
    for protocol, record in records.items():
        for name, value in record.metrics.items():
            ends = (value.ci_low, value.ci_high)
            interval = (
                "" if None in ends else " to ".join(scoring.number(end) for end in ends if end is not None)
            )
            cells = [markdown(protocol), markdown(name), scoring.number(value.value), interval]
            lines.append(f"| {' | '.join(cells)} | {value.n_videos} |")
    lines += ["", "Checks:", ""]
    for protocol, found in checks.items():
        where = f"{markdown(protocol)}, " if protocol else ""
        lines += [f"- {check.state}: {where}{check.name}: {markdown(check.detail)}" for check in found]
    return "\n".join(lines) + "\n"

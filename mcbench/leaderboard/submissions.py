"""Submissions: score records that others may send, read with the caution that a stranger's file needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import AfterValidator, Field, model_validator

from mcbench import files
from mcbench.errors import FileFormatError, McbenchError
from mcbench.leaderboard.plausibility import impossible
from mcbench.leaderboard.tables import Division
from mcbench.records import Part, Record, ScoreRecord, Sha256

MOST_BYTES = 16_000_000
"""Of one submission; that of 1,544 videos with every protocol's values by video has about two million."""
_LONGEST = 2_000
_SHOWN = 80
_HINT = "write it with: mcbench submit RESULTS/MODEL/SPLIT"
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/?#@!$&'*+,;=%:-]*)?")


def _https(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"{address[:_SHOWN]!r} is no https address")
    return address


Address = Annotated[str, Field(max_length=500), AfterValidator(_https)]


class Predictions(Part):
    """An archive of a run's predictions: `run.json` and `frames/VIDEO/000000.png ...`."""

    file: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,100}\.(zip|tar|tar\.gz|tgz|tar\.xz|7z)$")
    ]
    """Its name. Without an address it lies beside the submission."""
    address: Address | None = None
    size: Annotated[int, Field(ge=1)]
    """Bytes."""
    sha256: Sha256


class Submission(Record):
    """`submissions/MODEL/SPLIT/PROTOCOL.json`: a score, and what it takes to believe it."""

    kind: Literal["submission"] = "submission"
    division: Division
    score: ScoreRecord
    predictions: Predictions | None = None
    """What continuous integration computes the metrics from, in the closed division."""
    submitter: Annotated[str, Field(max_length=100)] = ""
    links: dict[Literal["paper", "code", "page"], Address] = Field(default_factory=dict)
    run_dirty: bool | None = None
    """Whether the code that generated had uncommitted changes; None where that is not known."""
    submitted: Annotated[str, Field(max_length=40)]
    """UTC time at which the file was written."""

    @model_validator(mode="after")
    def _closed_has_predictions(self) -> Submission:
        if self.division == "closed" and self.predictions is None:
            raise ValueError("the closed division needs the predictions")
        return self

    @property
    def place(self) -> Path:
        """Where it belongs below `submissions`: MODEL/SPLIT/PROTOCOL.json."""
        return submission_place(self.score)


def submission_place(score: ScoreRecord) -> Path:
    """Return where the submission of a score belongs below `submissions`.

    Raises:
        InputError: the model's id or the split's name cannot be part of a path.
        FileFormatError: it names no model or no split.
    """
    if score.model is None or score.split is None:
        raise FileFormatError(
            "a score that names neither model nor split cannot be submitted",
            "a score of `mcbench compare` has no place in a leaderboard: score a run",
        )
    parts = [files.safe_name(score.model.id, "model's id")]
    parts += [files.safe_name(part, "split's name") for part in score.split.name.split("/")]
    return Path(*parts, f"{files.safe_name(score.protocol.replace('/', '-'), 'protocol')}.json")


def read_submission(path: Path) -> Submission:
    """Read a submission, or a bare score record as the first submissions were.

    A bare record is of the open division. Nothing of a stranger's file is trusted: its size, the depth and
    length of what it holds, its numbers (`plausibility.impossible`) and its place are checked.

    Args:
        path: ends in MODEL/SPLIT/PROTOCOL.json.

    Raises:
        FileFormatError: naming the file and what is wrong in it.
    """
    data = _parse(path)
    submission = _of_data(path, data)
    try:
        place = submission.place
    except McbenchError as error:
        raise FileFormatError(f"{path}: {error.message}", error.hint) from error
    if path.absolute().parts[-len(place.parts) :] != place.parts:
        raise FileFormatError(
            f"{path} holds the score of another model, split or protocol: it belongs to {place.as_posix()}",
            "one file a model, split and protocol, each in its place",
        )
    if problems := impossible(submission.score):
        raise FileFormatError(f"{path}: {problems[0]}", "score the run again and submit that")
    return submission


def read_score(path: Path) -> ScoreRecord:
    """Return the score that a file holds, be it a submission or a record of `mcbench score`.

    Raises:
        FileFormatError: it is neither.
    """
    return _of_data(path, _parse(path)).score


def _parse(path: Path) -> Any:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror or error}") from error
    if size > MOST_BYTES:
        raise FileFormatError(f"{path} has {size} bytes, more than {MOST_BYTES}", _HINT)
    text = files.read_text(path)
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except RecursionError as error:
        raise FileFormatError(f"{path}: it is nested too deeply", _HINT) from error
    except ValueError as error:
        raise FileFormatError(f"{path} is no JSON that can be read: {str(error)[:200]}", _HINT) from error
    # Where no two quotes are far apart and none is escaped, no text can be long: most files end here.
    if '\\"' in text or max(map(len, text.split('"'))) > _LONGEST:
        for where, length in _long_texts(data):
            raise FileFormatError(
                f"{path}: {where[:_SHOWN]} holds {length} characters, more than {_LONGEST}", _HINT
            )
    return data


def _of_data(path: Path, data: Any) -> Submission:
    version = data.get("schema_version") if isinstance(data, dict) else None
    if not isinstance(data, dict) or version != 1:
        known = "which this mcbench does not know" if version is not None else "so it is no record"
        raise FileFormatError(
            f"{path} has the schema version {str(version)[:_SHOWN]}, {known}",
            "use the mcbench version that wrote it, or submit again with this one",
        )
    try:
        if "kind" in data:
            return Submission.model_validate(data)
        score = ScoreRecord.model_validate(data)
        return Submission(division="open", score=score, submitted=score.created)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part)[:_SHOWN] for part in first["loc"]) or "the file"
        raise FileFormatError(f"{path}: {field}: {first['msg']}", _HINT) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {doubled[:_SHOWN]!r} stands twice in one object")
    return found


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _long_texts(data: Any, where: str = "the file") -> Iterator[tuple[str, int]]:
    if isinstance(data, str):
        if len(data) > _LONGEST:
            yield where, len(data)
    elif isinstance(data, dict):
        for name, value in data.items():
            if len(name) > _LONGEST:
                yield f"a name in {where}", len(name)
            if not isinstance(value, int | float):
                yield from _long_texts(value, name)
    elif isinstance(data, list):
        for value in data:
            if not isinstance(value, int | float):
                yield from _long_texts(value, where)

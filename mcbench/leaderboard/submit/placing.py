"""Putting submissions where they belong, and never silently over somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mcbench.errors import McbenchError, MismatchError
from mcbench.leaderboard.submissions import Submission, read_submission
from mcbench.leaderboard.text import plain


def replaced_by(wanted: Mapping[Path, Submission], *, replace: bool) -> dict[Path, str]:
    """Return the files that a submission would replace, with whose they are; writes nothing.

    Args:
        wanted: file -> submission that is to lie there.
        replace: whether files of other content may be replaced.

    Returns:
        file -> who made what lies there and when, of the files that hold something else.

    Raises:
        MismatchError: such a file is there, and `replace` is False.
    """
    found = {}
    for path, submission in wanted.items():
        if not path.exists() or is_unchanged(path, submission):
            continue
        found[path] = _whose(path)
        if not replace:
            raise MismatchError(
                f"{path} is there already with other content: {found[path]}",
                "--replace puts yours in its place; --out FOLDER writes to another leaderboard",
            )
    return found


def is_unchanged(path: Path, submission: Submission) -> bool:
    """Return whether a file holds this very submission, whenever it was submitted."""
    try:
        there = read_submission(path)
    except McbenchError:
        return False
    return there.model_copy(update={"submitted": submission.submitted}) == submission


def _whose(path: Path) -> str:
    try:
        there = read_submission(path)
    except McbenchError:
        return "a file that is no submission"
    model = there.score.model
    what = f"{plain(model.display_name)} " if model is not None else ""
    by = plain(there.submitter) or "somebody who gave no name"
    return f"{what}submitted by {by}, {plain(there.submitted)}"

"""A submission never takes another one's place unasked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mcbench.errors import MismatchError
from mcbench.leaderboard import read_submission
from mcbench.leaderboard.submit import Wishes, submit_run
from tests.leaderboard.submit.sending import edit, send


def test_the_same_submission_again_leaves_the_file_as_it_is(place: Path) -> None:
    for wishes in ({"submitter": "A. Person"}, {"submitter": "A. Person", "closed": True, "replace": True}):
        before = send(place, **wishes).read_bytes()
        sent = submit_run(
            place / "run", place / "board", wishes=Wishes(submitter="A. Person", closed="closed" in wishes),
            home=place / "home",
        )  # fmt: skip
        assert (sent.unchanged, sent.replaced) == (sent.paths, {})
        assert sent.paths[0].read_bytes() == before


@pytest.mark.parametrize("closed", [False, True])
def test_another_submission_is_replaced_only_when_asked(place: Path, closed: bool) -> None:
    path = send(place, submitter="A. Person", closed=True)
    edit(path, lambda record: record.update(submitted="2026-01-02T03:04:05+00:00"))
    edit(place / "run/run.json", lambda record: record.update(created="2026-02-02T03:04:05+00:00"))
    before = {one: one.read_bytes() for one in path.parent.iterdir()}
    with pytest.raises(MismatchError, match=r"by A\. Person, 2026-01-02T03:04:05") as error:
        send(place, submitter="B. Person", closed=closed)
    assert "--replace" in error.value.hint
    assert {one: one.read_bytes() for one in path.parent.iterdir()} == before, "nor the archive"
    send(place, submitter="B. Person", closed=closed, replace=True)
    assert read_submission(path).submitter == "B. Person"


def test_a_bare_score_record_or_a_damaged_file_is_not_overwritten_either(place: Path) -> None:
    path = place / "board/submissions/copy-reference/multi-character/disco-2.json"
    path.parent.mkdir(parents=True)
    shutil.copyfile(place / "run/scores/disco-2.json", path)
    with pytest.raises(MismatchError, match="by somebody who gave no name"):
        send(place, submitter="B. Person")
    path.write_text("{")
    with pytest.raises(MismatchError, match="no submission"):
        send(place, submitter="B. Person")

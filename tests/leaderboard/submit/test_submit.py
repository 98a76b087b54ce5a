"""Submitting a small real run, and verifying it: real frames, real scores, a real archive."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from mcbench.cli import app
from mcbench.errors import DataMissingError, InputError, McbenchError, MismatchError
from mcbench.leaderboard import collect, make_tables, read_submission
from mcbench.leaderboard.submit import (
    find_submissions,
    pack_predictions,
    submit_run,
)
from mcbench.records import RunRecord, ScoreRecord
from mcbench.video import read_image, write_png
from tests.leaderboard.submit.sending import edit, failures, send, verify


def test_an_open_submission_holds_the_score_and_passes(place: Path) -> None:
    path = send(place, submitter="A. Person", links={"paper": "https://example.org/p"})
    assert path == place / "board/submissions/copy-reference/multi-character/disco-2.json"
    one = read_submission(path)
    assert one.score == ScoreRecord.read(place / "run/scores/disco-2.json")
    assert (one.division, one.predictions, one.run_dirty) == ("open", None, False)
    found = verify(place, path)
    assert found.passed, failures(found)
    assert any("it will be listed, but not ranked" in check.detail for check in found.checks), (
        "3 of 20 videos"
    )
    (table,) = make_tables(collect([], place / "board/submissions"))
    assert table.rows[0].submitter == "A. Person"


def test_the_text_of_the_pull_request_says_it_all_and_is_escaped(place: Path) -> None:
    for path in (place / "run/run.json", place / "run/scores/disco-2.json"):
        edit(path, lambda record: record["model"].update(display_name="<b>|x|"))
    text = submit_run(place / "run", place / "board", home=place / "home").text
    title, *lines = text.splitlines()
    assert title == r"Submission: &lt;b&gt;\|x\| on multi-character (open division)"
    psnr = ScoreRecord.read(place / "run/scores/disco-2.json").metrics["psnr"]
    assert any(line.startswith(f"| disco/2 | psnr | {psnr.value:.4f} | ") for line in lines)
    assert "- passed: hashes: the frames of 3 videos, and their scores" in lines


def test_a_closed_one_is_computed_again(place: Path) -> None:
    path = send(place, closed=True)
    assert (path.parent / "predictions.zip").is_file()
    found = verify(place, path)
    assert found.passed, failures(found)
    computed = [check.detail for check in found.checks if check.name == "recomputed"]
    assert len(computed) == 4
    assert any(detail.startswith("psnr is ") for detail in computed)


def test_the_archive_is_the_same_bytes_each_time(place: Path) -> None:
    one, other = (pack_predictions(place / "run", place / f"{n}.zip") for n in "ab")
    assert one.sha256 == other.sha256
    with zipfile.ZipFile(place / "a.zip") as packed:
        assert packed.namelist()[:2] == ["run.json", "frames/a/000000.png"]


def test_better_numbers_than_the_predictions_have_are_caught(place: Path) -> None:
    path = send(place, closed=True)

    def improve(record: dict[str, Any]) -> None:
        psnr = record["score"]["metrics"]["psnr"]
        psnr["value"] += 1.0
        psnr["by_video"] = {video: number + 1.0 for video, number in psnr["by_video"].items()}

    edit(path, improve)
    found = verify(place, path)
    assert not found.passed
    assert any(detail.startswith("psnr was submitted as") for detail in failures(found))


def test_better_frames_than_the_numbers_have_are_caught(place: Path) -> None:
    path = send(place, closed=True)
    frame = place / "run/frames/a/000002.png"
    write_png(frame, np.clip(read_image(frame).astype(int) + 9, 0, 255).astype(np.uint8))
    predictions = pack_predictions(place / "run", path.parent / "predictions.zip")
    edit(path, lambda record: record.update(predictions=predictions.model_dump(mode="json")))
    assert not verify(place, path).passed


def test_an_archive_of_other_bytes_is_refused(place: Path) -> None:
    path = send(place, closed=True)
    with (path.parent / "predictions.zip").open("ab") as stream:
        stream.write(b"more")
    assert "not the archive that was submitted" in failures(verify(place, path))[0]
    (path.parent / "predictions.zip").unlink()
    assert "there is no archive" in failures(verify(place, path))[0]


@pytest.mark.parametrize("member", ["../../escape.txt", "/escape.txt"])
def test_an_archive_that_would_write_elsewhere_is_refused(place: Path, member: str) -> None:
    path = send(place, closed=True)
    archive = path.parent / "predictions.zip"
    with zipfile.ZipFile(archive, "a") as packed:
        packed.writestr(member, "x")
    from mcbench import files

    changed = {"size": archive.stat().st_size, "sha256": files.sha256_file(archive)}
    edit(path, lambda record: record["predictions"].update(changed))
    found = verify(place, path)
    assert not found.passed
    assert not list(place.rglob("escape.txt"))


def test_predictions_of_another_split_are_refused(place: Path) -> None:
    path = send(place, closed=True)
    edit(place / "run/run.json", lambda record: record["split"].update(data_sha256="0" * 64))
    predictions = pack_predictions(place / "run", path.parent / "predictions.zip")
    edit(path, lambda record: record.update(predictions=predictions.model_dump(mode="json")))
    assert failures(verify(place, path)) == ["the predictions are of another model or split"]


def test_names_that_lead_out_of_the_archive_are_no_videos_of_the_benchmark(place: Path) -> None:
    path = send(place, closed=True)
    edit(path, lambda record: record["score"]["split"].update(expected=["../../../etc", "b", "c"]))
    assert "are not the 3 of multi-character" in failures(verify(place, path))[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda score: score.update(protocol_sha256="0" * 64), "settings of disco/2 are not those"),
        (lambda score: score["metrics"].update(own=score["metrics"]["psnr"]), "has no metric 'own'"),
        (lambda score: score["split"].update(subset="demo", source="generated"), "are not the 4 of"),
        (lambda score: score["split"].update(source="elsewhere"), "elsewhere"),
        (
            lambda score: score.update(weights={"x": {"name": "inception", "sha256": "0" * 64}}),
            "inception was another file",
        ),
    ],
)
def test_a_score_that_this_mcbench_would_not_make_is_refused(
    place: Path, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    path = send(place)
    edit(path, lambda record: change(record["score"]))
    one = path
    if "demo" in words or "4 of" in words:
        one = path.parent / "demo" / path.name
        one.parent.mkdir()
        path.rename(one)
    assert any(words in detail for detail in failures(verify(place, one)))


def test_a_link_to_another_file_is_refused(place: Path) -> None:
    path = send(place)
    kept = place / "kept.json"
    path.rename(kept)
    path.symlink_to(kept)
    assert failures(verify(place, path)) == [f"{path} is a link"]


def test_linked_predictions_are_fetched_and_held_to_their_hash(place: Path) -> None:
    # An address of a submission is https; a server here is not, so the archive is asked for as CI would.
    from mcbench.leaderboard.submissions import Predictions
    from mcbench.leaderboard.submit.verifying import _archive
    from mcbench.progress import SilentProgress

    predictions = pack_predictions(place / "run", place / "served" / "predictions.zip")
    handler = partial(_Quiet, directory=str(place / "served"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/predictions.zip"
    try:
        linked = Predictions.model_construct(**predictions.model_dump() | {"address": address})
        archive = _archive(linked, place / "x.json", place / "scratch", False, SilentProgress())
        assert archive.read_bytes() == (place / "served/predictions.zip").read_bytes()
        wrong = linked.model_copy(update={"sha256": "0" * 64})
        with pytest.raises(McbenchError):
            _archive(wrong, place / "x.json", place / "other", False, SilentProgress())
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        return


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda run: edit(run / "run.json", lambda r: r["environment"].update(git_dirty=True)),
            "uncommitted",
        ),
        (
            lambda run: edit(run / "run.json", lambda r: r.update(seed=0, model=r["model"] | {"id": "x"})),
            "another run",
        ),
        (
            lambda run: write_png(run / "frames/a/000001.png", np.zeros((40, 28, 3), np.uint8)),
            "frames of a are not",
        ),
        (
            lambda run: edit(run / "scores/disco-2.json", lambda r: r.update(predictions_sha256="0" * 64)),
            "of other frames",
        ),
        (
            lambda run: edit(run / "scores/disco-2.json", lambda r: r["metrics"]["l1"].update(value=-1.0)),
            "l1 cannot be -1",
        ),
    ],
)
def test_a_run_that_is_not_what_it_says_is_not_submitted(
    place: Path, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(place / "run")
    with pytest.raises(MismatchError, match=words) as error:
        submit_run(place / "run", place / "board", home=place / "home")
    assert error.value.hint
    assert not (place / "board").exists()


def test_uncommitted_changes_may_be_submitted_and_are_marked(place: Path) -> None:
    edit(place / "run/run.json", lambda record: record["environment"].update(git_dirty=True))
    path = send(place, allow_dirty=True)
    (table,) = make_tables(collect([], place / "board/submissions"))
    assert table.rows[0].commit_mark == "*"
    assert verify(place, path).passed


def test_own_clips_cannot_be_submitted(place: Path) -> None:
    for path in (place / "run/run.json", place / "run/scores/disco-2.json"):
        edit(path, lambda record: record["split"].update(benchmark="local/mine"))
    with pytest.raises(MismatchError, match="your own clips"):
        submit_run(place / "run", place / "board", home=place / "home")


def test_what_is_absent_is_named(place: Path) -> None:
    with pytest.raises(DataMissingError, match=r"no run\.json"):
        submit_run(place, place / "board")
    with pytest.raises(DataMissingError, match="mcbench score"):
        submit_run(place / "run", place / "board", protocols=["mcbench/1"])
    shutil.rmtree(place / "run/scores")
    with pytest.raises(DataMissingError, match="mcbench score"):
        submit_run(place / "run", place / "board")
    with pytest.raises(DataMissingError, match="no submission"):
        find_submissions([place / "absent"])


@pytest.fixture
def shell(place: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setenv("MCBENCH_HOME", str(place / "home"))
    return lambda *arguments: CliRunner().invoke(app, ["submit", *map(str, arguments)])


def test_the_command_writes_prints_and_verifies(place: Path, shell: Callable[..., Result]) -> None:
    board = place / "board"
    done = shell(place / "run", "--out", board, "--closed", "--code", "https://example.org/c")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Submission: ")
    assert (place / "run/pull-request.md").read_text() == done.stdout
    assert (
        "unchanged: "
        in shell(place / "run", "--out", board, "--closed", "--code", "https://example.org/c").stderr
    )
    other = (place / "run", "--out", board, "--closed", "--submitter", "B. Person")
    assert isinstance(shell(*other).exception, MismatchError)
    assert "which was copy-reference submitted by somebody" in shell(*other, "--replace").stderr.lower()
    assert shell("--verify", board / "submissions", "--workers", 1).exit_code == 0
    path = board / "submissions/copy-reference/multi-character/disco-2.json"
    path.write_text(path.read_text().replace('"closed"', '"clos"'))
    bad = shell("--verify", path, "--json", "--workers", 1)
    assert bad.exit_code == 1
    (found,) = json.loads(bad.stdout)
    assert (found["passed"], found["checks"][0]["name"]) == (False, "structure")


@pytest.mark.parametrize(
    "arguments", [(), ("run", "--verify", "x"), ("run", "--address", "https://a.b/c.zip")]
)
def test_options_that_contradict(shell: Callable[..., Result], arguments: tuple[str, ...]) -> None:
    assert isinstance(shell(*arguments).exception, InputError)


def test_an_address_puts_the_archive_beside_the_run(place: Path, shell: Callable[..., Result]) -> None:
    address = "https://example.org/predictions.zip"
    done = shell(place / "run", "--out", place / "board", "--closed", "--address", address)
    assert done.exit_code == 0, done.output
    assert (place / "run/predictions.zip").is_file()
    assert not list((place / "board").rglob("*.zip"))
    assert address in done.stdout
    run = RunRecord.read(place / "run/run.json")
    assert run.model.id == "copy-reference"

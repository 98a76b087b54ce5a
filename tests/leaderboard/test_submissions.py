"""A stranger's file: what is read, and everything that is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcbench.errors import FileFormatError
from mcbench.leaderboard import Submission, collect, read_score, read_submission, render
from mcbench.leaderboard.submissions import Predictions
from mcbench.records import ModelDescription, ScoreRecord
from tests.leaderboard import factory

Change = Callable[[dict[str, Any]], Any]
PREDICTIONS = Predictions(
    file="predictions.zip", address="https://example.org/p.zip", size=5, sha256=factory.digest("zip")
)


def submission(record: ScoreRecord | None = None, **changes: Any) -> Submission:
    fields: dict[str, Any] = {
        "division": "open",
        "score": record or factory.score(),
        "submitted": "2026-11-21T10:00:00+00:00",
    }
    return Submission(**fields | changes)


def put(folder: Path, one: Submission) -> Path:
    path = folder / one.place
    one.write(path)
    return path


def test_a_submission_comes_back_as_it_was_written(tmp_path: Path) -> None:
    one = submission(
        division="closed",
        predictions=PREDICTIONS,
        submitter="Zoë",
        links={"code": "https://example.org/c"},
        run_dirty=False,
    )
    path = put(tmp_path, one)
    assert path == tmp_path / "ours/multi-character/demo/disco-2.json"
    assert read_submission(path) == one
    assert read_score(path) == one.score
    frame = collect([], tmp_path)
    assert set(frame["division"]) == {"closed"}
    assert json.loads(frame["links"][0]) == {
        "code": "https://example.org/c",
        "predictions": "https://example.org/p.zip",
    }


def test_divisions_are_apart(tmp_path: Path) -> None:
    put(tmp_path, submission(factory.score("a"), division="closed", predictions=PREDICTIONS))
    put(tmp_path, submission(factory.score("b")))
    put(tmp_path, submission(factory.score("c")))
    text = render(collect([], tmp_path), tmp_path)["README.md"]
    closed, opened = text.split("open division: self-reported")
    assert "closed division: recomputed" in closed
    assert "| a |" in closed
    assert "| b |" in opened
    assert "| a |" not in opened


def test_closed_without_predictions_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, submission())
    path.write_text(path.read_text().replace('"division": "open"', '"division": "closed"'))
    with pytest.raises(FileFormatError, match="needs the predictions"):
        read_submission(path)


def deep(data: dict[str, Any]) -> str:
    return "[" * 200_000


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: "", "no JSON"),
        (lambda data: json.dumps(data)[:-40], "no JSON"),
        (lambda data: "[]", "schema version"),
        (lambda data: "7", "schema version"),
        (lambda data: json.dumps(data | {"schema_version": 99}), "schema version 99"),
        (lambda data: json.dumps(data | {"schema_version": "1"}), "schema version"),
        (lambda data: json.dumps({k: v for k, v in data.items() if k != "schema_version"}), "schema version"),
        (deep, "nested too deeply"),
        (lambda data: json.dumps(data).replace("20.0", "NaN"), "NaN is no number"),
        (lambda data: json.dumps(data).replace("20.0", "Infinity"), "Infinity is no number"),
        (lambda data: json.dumps(data).replace("20.0", "-Infinity"), "-Infinity is no number"),
        (lambda data: json.dumps(data).replace("20.0", "1e999"), "finite"),
        (lambda data: json.dumps(data).replace("20.0", "9" * 5000), "no JSON"),
        (lambda data: json.dumps(data | {"submitter": "a" * 10_000_000}), "holds 10000000 characters"),
        (lambda data: json.dumps(data | {"a" * 10_000_000: 1}), "a name in the file holds 10000000"),
        (lambda data: json.dumps(data) + " " * 17_000_000, "more than 16000000"),
        (lambda data: json.dumps(data)[:-1] + ', "division": "open"}', "'division' stands twice"),
        (lambda data: json.dumps(data | {"division": "gold"}), "division"),
        (lambda data: json.dumps(data | {"extra": 1}), "extra"),
        (lambda data: json.dumps(data | {"kind": "other"}), "kind"),
        (lambda data: json.dumps(data | {"links": {"code": "javascript:alert(1)"}}), "no https address"),
        (
            lambda data: json.dumps(data | {"links": {"code": "https://a.b/) [x](http://c"}}),
            "no https address",
        ),
        (lambda data: json.dumps(data | {"links": {"other": "https://a.b"}}), "links.other"),
    ],
)
def test_what_is_no_submission_is_refused_with_its_name(tmp_path: Path, change: Change, words: str) -> None:
    path = put(tmp_path, submission())
    path.write_text(change(json.loads(path.read_text())))
    with pytest.raises(FileFormatError) as error:
        read_submission(path)
    assert words in error.value.message
    assert "disco-2.json" in error.value.message
    assert len(error.value.message) < 700 + len(str(path)), "a hostile file does not flood the terminal"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = put(tmp_path, submission())
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(FileFormatError, match="not UTF-8"):
        read_submission(path)


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"fid": -3.0}, "fid cannot be -3"),
        ({"fvd@embedded": -0.5}, "fvd@embedded cannot be -0.5"),
        ({"ssim": 1.2}, "ssim cannot be 1.2"),
        ({"psnr": 101.0}, "psnr cannot be 101"),
        ({"lpips": -0.1}, "lpips cannot be -0.1"),
        ({"psnr": factory.value("psnr", 20.0, ci_low=21.0, ci_high=19.0)}, "ends below its begin"),
        ({"psnr": factory.value("psnr", 20.0, n_videos=9)}, "cannot be of 9 videos"),
        ({"psnr": factory.value("psnr", 20.0, n_items=0)}, "0 items"),
        ({"psnr": factory.value("psnr", 20.0, by_video={"a": 10.0, "b": 20.0})}, "mean of its values"),
        (
            {"psnr": factory.value("psnr", 20.0, by_video={"a": 20.0}, by_video_items={"b": 1})},
            "other videos",
        ),
        (
            {"psnr": factory.value("psnr", 20.0, by_video={"a": 20.0}, by_video_items={"a": 0})},
            "without items",
        ),
        ({"psnr": factory.value("psnr", 20.0, higher_is_better=False)}, "better when higher"),
    ],
)
def test_numbers_that_cannot_be_are_refused(tmp_path: Path, metrics: dict[str, Any], words: str) -> None:
    path = put(tmp_path, submission(factory.score("a", metrics)))
    with pytest.raises(FileFormatError) as error:
        collect([], tmp_path)
    assert words in error.value.message
    assert str(path) in error.value.message


@pytest.mark.parametrize(
    ("coverage", "words"),
    [
        ({"videos_scored": 4}, "4 videos cannot have been scored of 3"),
        ({"frames_scored": -1}, "-1 frames"),
        ({"missing_videos": ("dance-00",)}, "called missing"),
    ],
)
def test_a_coverage_that_cannot_be_is_refused(tmp_path: Path, coverage: dict[str, Any], words: str) -> None:
    put(tmp_path, submission(factory.score("a", coverage=factory.coverage(**coverage))))
    with pytest.raises(FileFormatError, match=words):
        collect([], tmp_path)


def test_kernel_distances_may_be_below_zero_and_weighted_means_add_up(tmp_path: Path) -> None:
    weighted = factory.value(
        "psnr",
        18.0,
        by_video={"a": 10.0, "b": 20.0},
        by_video_items={"a": 1, "b": 4},
        ci_low=1.0,
        ci_high=30.0,
    )
    put(tmp_path, submission(factory.score("a", {"kid@embedded": -0.2, "psnr": weighted})))
    assert len(collect([], tmp_path)) == 2


def test_a_file_in_the_place_of_another_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, submission())
    for wrong in ("theirs/multi-character/demo", "ours/multi-character", "ours/multi-character/demo/more"):
        other = tmp_path / wrong / "disco-2.json"
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_text(path.read_text())
        with pytest.raises(FileFormatError, match=r"belongs to ours/multi-character/demo/disco-2.json"):
            read_submission(other)


@pytest.mark.parametrize("model", ["../up", "a/b", "é", ".hidden", "a b", ""])
def test_a_model_whose_id_is_no_part_of_a_path_is_refused(tmp_path: Path, model: str) -> None:
    record = factory.score(ModelDescription(id=model, display_name="x", kind="builtin"))
    path = tmp_path / "a" / "multi-character" / "demo" / "disco-2.json"
    path.parent.mkdir(parents=True)
    path.write_text(record.model_dump_json())
    with pytest.raises(FileFormatError, match="cannot be used as a model's id"):
        read_submission(path)


def test_a_score_that_is_submitted_twice_is_refused(tmp_path: Path) -> None:
    one = submission()
    put(tmp_path / "here", one)
    put(tmp_path / "there", one)
    with pytest.raises(FileFormatError, match=r"here.*there.*same score"):
        collect([], tmp_path)


def test_the_same_predictions_scored_twice_are_refused(tmp_path: Path) -> None:
    put(tmp_path / "here", submission())
    put(tmp_path / "there", submission(factory.score(created="2026-11-22T00:00:00+00:00")))
    with pytest.raises(FileFormatError, match="same score"):
        collect([], tmp_path)


def test_names_of_any_script_and_of_ill_will_stay_text(tmp_path: Path) -> None:
    for index, name in enumerate(
        ("モデル 模型", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "a|b`*_[x](y)")
    ):
        model = ModelDescription(id=f"m{index}", display_name=name, kind="builtin")
        put(tmp_path, submission(factory.score(model), submitter=name))
    rendered = render(collect([], tmp_path), tmp_path)
    assert "モデル 模型" in rendered["README.md"]
    assert "<script>alert" not in rendered["README.md"]
    assert "<script>alert" not in rendered["index.html"]
    assert "\n=cmd" not in rendered["leaderboard.csv"]
    assert ",=cmd" not in rendered["leaderboard.csv"]
    rows = [line for line in rendered["README.md"].splitlines() if line.startswith("| ")]
    assert len({line.replace("\\|", "").count("|") for line in rows}) == 1
    assert json.loads(rendered["leaderboard.json"])["tables"][0]["rows"]

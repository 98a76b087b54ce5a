from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcbench.errors import FileFormatError
from mcbench.leaderboard import collect
from mcbench.leaderboard.collect import COLUMNS
from tests.leaderboard import factory


def test_one_row_a_metric_with_what_the_record_says(tmp_path: Path) -> None:
    record = factory.score(
        "warp",
        {"psnr": 19.5, "fvd@embedded": 40.0},
        unavailable={"lpips": factory.unavailable("no weights", "mcbench weights fetch lpips-vgg")},
    )
    path = factory.put(tmp_path, record)
    frame = collect([tmp_path])
    assert tuple(frame.columns) == COLUMNS
    assert list(frame["metric"]) == ["fvd@embedded", "lpips", "psnr"]
    fvd, lpips, psnr = frame.to_dict("records")
    assert psnr["value"] == 19.5
    assert psnr["ci_low"] == pytest.approx(18.525)
    assert psnr["split"] == "multi-character/demo"
    assert psnr["record_path"] == str(path)
    assert psnr["run_path"] == str(tmp_path / "warp/multi-character/demo")
    assert psnr["date"] == "2026-11-21"
    assert fvd["ci_low"] is None
    assert fvd["dimensions"] == 128
    assert lpips["value"] is None
    assert (lpips["unavailable"], lpips["command"]) == ("no weights", "mcbench weights fetch lpips-vgg")


def test_nested_splits_several_folders_and_submissions(tmp_path: Path) -> None:
    local = factory.split(benchmark="local/mine", subset="default", source="local")
    factory.put(tmp_path / "one", factory.score("a", split=local))
    factory.put(tmp_path / "two", factory.score("b"))
    factory.score("c").write(tmp_path / "sent" / "c" / "multi-character" / "demo" / "disco-2.json")
    frame = collect([tmp_path / "one", tmp_path / "two"], tmp_path / "sent")
    assert set(frame["model"]) == {"a", "b", "c"}
    assert set(frame[frame["model"] == "a"]["split"]) == {"local/mine"}
    assert set(frame[frame["model"] == "c"]["run_path"]) == {None}


def test_a_record_found_twice_counts_once_with_its_videos(tmp_path: Path) -> None:
    factory.put(tmp_path / "results", factory.score())
    sent = tmp_path / "sent/ours/multi-character/demo/disco-2.json"
    factory.score().write(sent)
    frame = collect([tmp_path / "results"], tmp_path / "sent")
    assert len(frame) == 3
    assert set(frame["record_path"]) == {str(sent)}
    assert set(frame["run_path"]) == {str(tmp_path / "results/ours/multi-character/demo")}


def test_nothing_found_is_an_empty_frame(tmp_path: Path) -> None:
    assert collect([tmp_path], tmp_path / "absent").empty


def test_leftovers_of_a_killed_writer_are_no_records(tmp_path: Path) -> None:
    path = factory.put(tmp_path, factory.score())
    path.with_name(".partial-abc.json").write_text("{")
    (tmp_path / ".partial-run" / "scores").mkdir(parents=True)
    (tmp_path / ".partial-run" / "scores" / "x.json").write_text("{")
    assert set(collect([tmp_path])["record_path"]) == {str(path)}


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"schema_version": 1', '"schema_version": 99'),
        lambda text: text.replace('"value": 20.0', '"value": NaN'),
        lambda text: text.replace('"value": 20.0', '"value": Infinity'),
        lambda text: text.replace('"networks": "embedded"', '"networks": "other"'),
        lambda text: "[]",
    ],
)
def test_a_damaged_record_is_named(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    path = factory.put(tmp_path, factory.score())
    path.write_text(damage(path.read_text()))
    with pytest.raises(FileFormatError, match=r"disco-2\.json"):
        collect([tmp_path])


def test_a_record_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = factory.put(tmp_path, factory.score())
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match="not UTF-8"):
        collect([tmp_path])


@pytest.mark.parametrize("missing", ["split", "model"])
def test_a_score_without_split_or_model_is_refused(tmp_path: Path, missing: str) -> None:
    path = factory.put(tmp_path, factory.score())
    path.write_text(json.dumps(json.loads(path.read_text()) | {missing: None}))
    with pytest.raises(FileFormatError, match="neither which model nor which split"):
        collect([tmp_path])


def test_a_record_without_metrics_is_refused(tmp_path: Path) -> None:
    factory.put(tmp_path, factory.score(metrics={}))
    with pytest.raises(FileFormatError, match="no metric"):
        collect([tmp_path])


def test_uncommitted_changes_of_the_run_taint_the_score(tmp_path: Path) -> None:
    factory.put(tmp_path, factory.score())
    run = tmp_path / "ours/multi-character/demo/run.json"
    assert set(collect([tmp_path])["dirty"]) == {False}
    run.write_text(run.read_text().replace('"git_dirty": false', '"git_dirty": true'))
    assert set(collect([tmp_path])["dirty"]) == {True}
    run.write_text("{")
    with pytest.raises(FileFormatError, match=r"run\.json"):
        collect([tmp_path])

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest

from mcbench.errors import FileFormatError
from mcbench.records import ClipRecord, Coverage, MetricValue, SplitRecord, VideoJob

CLIP: dict[str, Any] = {
    "id": "mc-01",
    "benchmark": "multi-character",
    "source": "generated",
    "n_frames": 3,
    "fps": 12.5,
    "size": (896, 640),
    "frames_sha256": "0" * 64,
    "truth": ("poses", "depth"),
}


def test_a_record_reads_back_equal(tmp_path: Path) -> None:
    record = ClipRecord(**CLIP)
    record.write(tmp_path / "clip.json")
    assert ClipRecord.read(tmp_path / "clip.json") == record


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"surprise": 1}, "surprise"),
        ({"n_frames": 0}, "n_frames"),
        ({"fps": 0}, "fps"),
        ({"size": [0, 5]}, "size"),
        ({"frames_sha256": "abc"}, "frames_sha256"),
        ({"truth": ["smell"]}, "truth"),
        ({"schema_version": 99}, "schema_version"),
    ],
)
def test_a_wrong_field_is_named_with_its_file(tmp_path: Path, change: dict[str, Any], field: str) -> None:
    path = tmp_path / "clip.json"
    path.write_text(json.dumps({**CLIP, **change}))
    with pytest.raises(FileFormatError, match=rf"clip\.json is not a valid ClipRecord: {field}"):
        ClipRecord.read(path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": "x"', "\x00"])
def test_broken_json_is_an_error_of_the_file(tmp_path: Path, content: str) -> None:
    path = tmp_path / "clip.json"
    path.write_text(content)
    with pytest.raises(FileFormatError, match=r"clip\.json"):
        ClipRecord.read(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_must_be_finite(value: float) -> None:
    with pytest.raises(pydantic.ValidationError):
        MetricValue(value=value, n_videos=1, n_items=1, higher_is_better=True)


def test_records_cannot_be_changed() -> None:
    job = VideoJob(model="m", video="v", clip_folder="c", out_folder="o", n_frames=1)
    with pytest.raises(pydantic.ValidationError):
        job.seed = 3


def test_coverage_is_complete_only_if_all_videos_and_frames_are_scored() -> None:
    whole = Coverage(videos_expected=2, videos_scored=2, frames_expected=9, frames_scored=9)
    assert whole.complete
    assert not whole.model_copy(update={"frames_scored": 8}).complete
    assert not whole.model_copy(update={"videos_scored": 1}).complete


def test_a_split_is_asked_for_by_its_name() -> None:
    split = SplitRecord(
        benchmark="multi-character",
        subset="default",
        source="generated",
        canonical_size=(896, 640),
        networks="embedded",
        data_sha256="0" * 64,
        expected=("mc-01",),
    )
    assert split.name == "multi-character"
    assert split.model_copy(update={"subset": "demo"}).name == "multi-character/demo"

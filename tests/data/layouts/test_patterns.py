from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from mcbench.data.layouts.patterns import ClipPattern, PathPattern, candidates, fill, find_files, matches
from tests.data.layouts.making import touch


@pytest.mark.parametrize(
    ("pattern", "complaint"),
    [
        ("/images/{clip}", "no relative path"),
        ("../{clip}.mp4", "no relative path"),
        ("{clip}//a", "no relative path"),
        ("{clip}\\a", "cannot have"),
        ("c:{clip}", "cannot have"),
        ("**/{clip}", "cannot have"),
        ("{clip}/{clip}", "twice"),
        ("{Clip}/a", "brace"),
        ("{clip/a", "brace"),
        ("images/*.png", "lacks"),
        ("", "no relative path"),
    ],
)
def test_patterns_that_cannot_be(pattern: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        TypeAdapter(ClipPattern).validate_python(pattern)


def test_a_pattern_need_not_name_a_clip() -> None:
    assert TypeAdapter(PathPattern).validate_python("data/*.csv") == "data/*.csv"


def test_names_stars_and_letters(tmp_path: Path) -> None:
    touch(
        tmp_path, "train/a b.MP4", "train/.x.mp4", "test/c.mp4", "test/c.mp4.part", "c.mp4", "train/d/e.mp4"
    )
    found = matches(tmp_path, "{split}/{clip}.mp4")
    assert [(match.values["split"], match.values["clip"]) for match in found] == [
        ("test", "c"),
        ("train", "a b"),
    ]
    assert [match.path.name for match in matches(tmp_path, "t*/?.mp4")] == ["c.mp4"]


def test_signs_of_regular_expressions_are_plain_text(tmp_path: Path) -> None:
    touch(tmp_path, "a.b+(1).mp4", "axb+(1).mp4")
    assert [match.path.name for match in matches(tmp_path, "a.b+(1).mp4")] == ["a.b+(1).mp4"]


def test_what_is_named_is_filled_in() -> None:
    assert fill("{split}/{clip}/*.png", {"clip": "00001"}) == "{split}/00001/*.png"


def test_the_least_depth_counts_and_all_folders_of_it(tmp_path: Path) -> None:
    touch(tmp_path, "one/data/a/1.png", "two/data/b/1.png", "two/data/deeper/data/c/1.png")
    assert [path.parent.name for path in find_files(tmp_path, ("data/{clip}/*.png",))] == ["a", "b"]
    depths = [len(found) for _, found in candidates(tmp_path, ("data/{clip}",))]
    assert depths == [3, 1]


def test_how_deep_is_looked(tmp_path: Path) -> None:
    touch(tmp_path, "1/2/3/a.csv", "x/1/2/3/4/b.csv")
    assert [path.name for path in find_files(tmp_path, ("a.csv",))] == ["a.csv"]
    assert find_files(tmp_path, ("b.csv",)) == ()


def test_an_earlier_pattern_goes_before_a_lesser_depth(tmp_path: Path) -> None:
    touch(tmp_path, "deep/first.csv", "second.csv")
    assert [path.name for path in find_files(tmp_path, ("first.csv", "second.csv"))] == ["first.csv"]
    assert [path.name for path in find_files(tmp_path, ("none.csv", "second.csv"))] == ["second.csv"]

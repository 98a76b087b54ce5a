from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mcbench.data.manifest import Subset
from mcbench.data.manifest.ranges import expand_ranges


def test_ranges_and_plain_names() -> None:
    assert expand_ranges(["a", "00338..00340", "x-9", "mc-01..mc-02"]) == (
        "a", "00338", "00339", "00340", "x-9", "mc-01", "mc-02",
    )  # fmt: skip


@given(st.integers(0, 9999), st.integers(0, 300), st.sampled_from(["", "clip", "a.b-"]))
def test_a_range_holds_all_names_between_its_ends(first: int, more: int, prefix: str) -> None:
    names = [f"{prefix}{number:05d}" for number in range(first, first + more + 1)]
    assert list(expand_ranges([f"{names[0]}..{names[-1]}"])) == names


@pytest.mark.parametrize(
    "text", ["1..a", "a..b", "01..001", "a1..b2", "5..3", "..3", "3..", "1..2..3", "000000..999999", ".."]
)
def test_ranges_that_cannot_be(text: str) -> None:
    with pytest.raises(ValidationError, match="is no range"):
        Subset(clips=(text,))


def test_a_range_that_names_a_clip_again() -> None:
    with pytest.raises(ValidationError, match="named twice"):
        Subset(clips=("2", "1..3"))


def test_the_number_of_videos_is_that_of_the_range() -> None:
    assert Subset(clips=("00301..00340",), videos=40).clips is not None
    with pytest.raises(ValidationError, match="40 clips are named"):
        Subset(clips=("00301..00340",), videos=41)

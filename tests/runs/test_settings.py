"""When a run goes on from what lies in its folder, and when it refuses to."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcbench import data
from mcbench.errors import MismatchError
from mcbench.records import RunRecord
from mcbench.runs import RunRequest, run_model
from tests.data.making import folder_of_videos


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """`home/` with local/videos, which has no poses."""
    videos = folder_of_videos(tmp_path / "videos")
    assert data.prepare("local", from_path=videos, name="videos", home=tmp_path / "home").complete
    return tmp_path


def run(place: Path, model: str, **options: object) -> RunRecord:
    request = RunRequest(
        model=model,
        split="local/videos",
        out=place / "results",
        home=place / "home",
        **options,  # type: ignore[arg-type]
    )
    return run_model(request)


def test_a_run_that_failed_entirely_does_not_block_another(place: Path) -> None:
    failed = run(place, "warp")
    assert {video.status for video in failed.videos} == {"failed"}
    assert not list((place / "results").glob("_truth/**/*.mp4")), "there is nothing to play beside it"
    again = run(place, "warp", size=(32, 24), seed=3)
    assert (again.size, again.seed) == ((32, 24), 3)


def test_every_setting_that_differs_is_named(place: Path) -> None:
    run(place, "copy-reference", size=(32, 24))
    assert list((place / "results").glob("_truth/**/*.mp4"))
    with pytest.raises(MismatchError) as caught:
        run(place, "copy-reference", seed=1, limit_frames=2)
    for said in ("seed (0 there, 1 now)", "size (32x24 there, none now)", "frame limit (none there, 2 now)"):
        assert said in str(caught.value)

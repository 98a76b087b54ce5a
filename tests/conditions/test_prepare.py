"""Jobs that compute conditions: what is written, what is refused, and that the rest goes on."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mcbench.conditions import find_condition
from mcbench.conditions.bodies import body_masks
from mcbench.conditions.making import paint_labels
from mcbench.conditions.prepare import (
    ConditionJob,
    list_conditions,
    prepare_condition,
    prepare_conditions,
)
from mcbench.conditions.store import clip_conditions_folder
from mcbench.data.places import SourceListing
from mcbench.errors import DataMissingError, InputError, MismatchError, WeightsMissingError
from tests.conditions.clips import SIZE, make_clip, standing_poses
from tests.data.making import folder_of_videos

DRAW = """
import pathlib, shutil, sys
frames, out = (pathlib.Path(argument) for argument in sys.argv[1:3])
for frame in sorted(frames.glob("*.png"))[: int(sys.argv[3])]:
    shutil.copy(frame, out / frame.name)
"""


@pytest.fixture
def videos_home(tmp_path: Path) -> Path:
    """A home folder with local/videos prepared from small videos."""
    from mcbench import data

    report = data.prepare(
        "local", from_path=folder_of_videos(tmp_path / "videos"), name="videos", home=tmp_path / "home"
    )
    assert report.complete
    return tmp_path / "home"


def test_a_whole_split_by_two_processes_then_nothing_left_to_do(videos_home: Path) -> None:
    first = prepare_conditions("local/videos", {"flow": "dis"}, home=videos_home, workers=2)
    assert first.complete
    assert len(first.with_status("done")) == len(first.conditions) > 1
    again = prepare_conditions("local/videos", {"flow": "dis"}, home=videos_home)
    assert {each.status for each in again.conditions} == {"skipped"}
    assert [each.label for each in again.conditions] == [each.label for each in first.conditions]
    (count,) = list_conditions("local/videos", home=videos_home)
    assert (count.kind, count.estimator, count.clips) == ("flow", "dis", count.of)


def test_one_clip_without_poses_fails_and_the_others_go_on(videos_home: Path) -> None:
    report = prepare_conditions("local/videos", {"masks": "from-pose", "flow": "dis"}, home=videos_home)
    assert not report.complete
    failed = report.with_status("failed")
    assert {each.kind for each in failed} == {"masks"}
    assert "mcbench data conditions local/videos --pose" in failed[0].reason
    assert {each.kind for each in report.with_status("done")} == {"flow"}


def test_some_clips_only(videos_home: Path) -> None:
    clip = prepare_conditions("local/videos", {"flow": "dis"}, home=videos_home).conditions[0].clip
    report = prepare_conditions("local/videos", {"flow": "dis"}, home=videos_home, clips=[clip])
    assert [each.clip for each in report.conditions] == [clip]
    with pytest.raises(InputError, match="nobody"):
        prepare_conditions("local/videos", {"flow": "dis"}, home=videos_home, clips=["nobody"])


@pytest.mark.parametrize(
    ("estimators", "error", "told"),
    [
        ({}, InputError, "no condition"),
        ({"flow": "farneback"}, InputError, "farneback"),
        ({"flow": "raft"}, WeightsMissingError, "raft-large"),
        ({"flow": "dataset"}, InputError, "not estimated"),
        ({"masks": "selfie"}, InputError, "selfie"),
        ({"depth": "midas"}, InputError, "midas"),
        ({"poses": "openpose"}, InputError, "openpose"),
        ({"densepose": "draw {frames}"}, InputError, "where its drawings go"),
        ({"densepose": "draw '{out}"}, InputError, "cannot be split"),
    ],
)
def test_what_cannot_work_is_told_before_anything_begins(
    videos_home: Path, estimators: dict[str, str], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        prepare_conditions("local/videos", estimators, home=videos_home)  # type: ignore[arg-type]


def test_a_split_that_is_not_prepared(tmp_path: Path) -> None:
    with pytest.raises((DataMissingError, InputError)):
        prepare_conditions("local/nothing", {"flow": "dis"}, home=tmp_path)


def test_what_a_killed_call_left_is_removed(videos_home: Path) -> None:
    report = prepare_conditions("local/videos", {"flow": "dis"}, home=videos_home)
    from mcbench.data import open_split

    folder = clip_conditions_folder(open_split("local/videos", home=videos_home).clips[0])
    (folder / ".partial-abc").mkdir()
    assert prepare_conditions("local/videos", {"flow": "dis"}, home=videos_home).complete
    assert not (folder / ".partial-abc").exists()
    assert report.complete


def test_masks_from_pose_are_the_dilated_bodies_with_the_nearer_in_front(tmp_path: Path) -> None:
    poses = standing_poses()
    clip = make_clip(tmp_path, poses=poses)
    prepare_condition(ConditionJob(clip_folder=str(clip.folder), kind="masks", estimator="from-pose"))
    found = find_condition(clip, "masks")
    bodies = body_masks(poses.keypoints[0], poses.visibility[0], SIZE) > 0
    labels = found.masks(0)
    assert ((labels > 0) == bodies.any(axis=0)).all()
    # The second has his feet lower down: he is nearer, and all of him is seen.
    assert ((labels == 2) == bodies[1]).all()
    assert found.record is not None
    assert found.record.inputs == {"poses": "exact"}


def test_labels_are_painted_far_to_near_and_unknown_first() -> None:
    people = np.ones((3, 1, 3), bool)
    people[1, 0, 0] = False
    depth = np.array([np.nan, 1.0, 2.0], np.float32)
    assert paint_labels(people, depth).tolist() == [[3, 2, 2]]


def command(tmp_path: Path, n_frames: int) -> str:
    script = tmp_path / "draw it.py"
    script.write_text(DRAW)
    return f"{sys.executable} '{script}' {{frames}} {{out}} {n_frames}"


def densepose_job(folder: Path, text: str) -> ConditionJob:
    return ConditionJob(clip_folder=str(folder), kind="densepose", estimator=text)


def test_drawings_by_a_program(tmp_path: Path) -> None:
    clip = make_clip(tmp_path)
    record = prepare_condition(densepose_job(clip.folder, command(tmp_path, 3)))
    assert record.estimator.name == "command"
    drawing: NDArray[np.uint8] = find_condition(clip, "densepose").drawing(1)
    np.testing.assert_array_equal(drawing, clip.frame(1))


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("there-is-no-such-program {out}", InputError, "no program"),
        (f"{sys.executable} -c 'raise SystemExit(\"lost\")' {{out}}", MismatchError, "lost"),
    ],
)
def test_programs_that_fail(tmp_path: Path, text: str, error: type[Exception], told: str) -> None:
    clip = make_clip(tmp_path)
    with pytest.raises(error, match=told):
        prepare_condition(densepose_job(clip.folder, text))
    with pytest.raises(DataMissingError):
        find_condition(clip, "densepose")


def test_a_program_that_draws_too_few_frames(tmp_path: Path) -> None:
    clip = make_clip(tmp_path)
    with pytest.raises(MismatchError, match="2 frames"):
        prepare_condition(densepose_job(clip.folder, command(tmp_path, 2)))


def test_a_command_is_never_read_by_a_shell(tmp_path: Path) -> None:
    clip = make_clip(tmp_path)
    trap = tmp_path / "trap"
    text = f"{command(tmp_path, 3)} ; touch {trap}"
    prepare_condition(densepose_job(clip.folder, text))
    assert not trap.exists()


def test_a_listing_is_left_as_it_was(videos_home: Path) -> None:
    path = videos_home / "prepared" / "local" / "videos" / "local" / "source.json"
    before = path.read_bytes()
    prepare_conditions("local/videos", {"flow": "dis"}, home=videos_home)
    assert path.read_bytes() == before
    assert SourceListing.read(path)

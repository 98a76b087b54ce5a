"""Poses out of a data set's OpenPose files, followed through the clip; whole bodies beside poses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mcbench.conditions import find_condition
from mcbench.conditions.prepare import ConditionJob, PeopleFound, people_found, prepare_condition
from mcbench.conditions.store import WHOLE_BODIES, condition_folder, write_whole_bodies
from mcbench.data import Clip
from mcbench.errors import DataMissingError, FileFormatError
from mcbench.estimators.pose import People
from mcbench.estimators.pose.openpose_json import write_openpose
from tests.conditions.clips import SIZE, make_clip, standing_poses

N_FRAMES = 6


def dataset_job(clip: Clip) -> ConditionJob:
    return ConditionJob(clip_folder=str(clip.folder), kind="poses", estimator="dataset")


def with_openpose(tmp_path: Path) -> Clip:
    """A clip whose OpenPose files list two people, in turned order in every other frame."""
    clip = make_clip(tmp_path, n_frames=N_FRAMES, beside=("openpose",))
    points = standing_poses(N_FRAMES).keypoints
    boxes = np.concatenate([points.min(axis=2), points.max(axis=2)], axis=-1)
    folder = clip.folder / "beside" / "openpose"
    folder.mkdir(parents=True)
    for index in range(N_FRAMES):
        order = [0, 1] if index % 2 == 0 else [1, 0]
        people = People(
            points[index][order],
            np.full((2, 18), 0.9, np.float32),
            boxes[index][order].astype(np.float32),
            np.full(2, 0.9, np.float32),
        )
        write_openpose(folder / f"{index:06d}.json", people, SIZE)
    return clip


def test_people_keep_their_places_whatever_order_the_files_list_them_in(tmp_path: Path) -> None:
    clip = with_openpose(tmp_path)
    record = prepare_condition(dataset_job(clip))
    assert record.facts == {"people": 2, "found_in": "6, 6"}
    told = PeopleFound(clip=clip.record.id, frames=(N_FRAMES, N_FRAMES), n_frames=N_FRAMES)
    assert people_found(record) == told
    assert people_found(record.model_copy(update={"facts": {"people": 2}})) is None, "of an older record"
    found = find_condition(clip, "poses")
    assert found.estimator == "dataset"
    np.testing.assert_allclose(found.poses().keypoints, standing_poses(N_FRAMES).keypoints, atol=1e-3)
    assert (found.poses().visibility == 2).all()


def test_a_clip_that_came_without_files(tmp_path: Path) -> None:
    with pytest.raises(DataMissingError, match="without OpenPose"):
        prepare_condition(dataset_job(make_clip(tmp_path)))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    clip = with_openpose(tmp_path)
    path = clip.folder / "beside" / "openpose" / "000003.json"
    path.write_text(json.dumps({"people": [{"pose_keypoints_2d": [1, 2]}]}))
    with pytest.raises(FileFormatError, match=r"000003\.json"):
        prepare_condition(dataset_job(clip))
    with pytest.raises(DataMissingError):
        find_condition(clip, "poses")


def test_whole_bodies_lie_beside_poses(tmp_path: Path) -> None:
    clip = with_openpose(tmp_path)
    prepare_condition(dataset_job(clip))
    found = find_condition(clip, "poses")
    with pytest.raises(DataMissingError) as caught:
        found.whole_bodies()
    assert caught.value.hint.endswith("--pose dwpose")
    points = np.random.default_rng(0).uniform(0, 40, (N_FRAMES, 2, 134, 2)).astype(np.float32)
    sure = np.full((N_FRAMES, 2, 134), 0.5, np.float32)
    folder = condition_folder(clip, "poses", "dataset")
    write_whole_bodies(folder, points, sure)
    for read, written in zip(found.whole_bodies(), (points, sure), strict=True):
        np.testing.assert_array_equal(read, written)
    (folder / WHOLE_BODIES).write_bytes(b"PK damaged")
    with pytest.raises(FileFormatError, match="wholebody"):
        found.whole_bodies()
